"""``make flaky``: which files are run many times, in which turns, and what is reported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from flaky import TESTS, timed_files

SOMETIMES = """
from pathlib import Path
import time

def test_sometimes():
    counter = Path(__file__).with_suffix(".count")
    count = len(counter.read_text()) if counter.exists() else 0
    counter.write_text("x" * (count + 1))
    assert count % 2 == 0

def test_always():
    pass
"""


def flaky(*words: object) -> tuple[int, str]:
    command = [sys.executable, str(TESTS / "flaky.py"), *map(str, words)]
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # a start costs a third without them
    done = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False, env=environ)
    return done.returncode, done.stdout


def test_a_test_that_fails_sometimes_is_counted(tmp_path: Path):
    file = tmp_path / "test_sometimes.py"
    file.write_text(SOMETIMES)
    status, said = flaky(file, "--runs", 2, "--state", tmp_path / "state")
    assert status == 1
    assert "test_sometimes.py::test_sometimes failed 1 of 2 times" in said
    assert "test_always" not in said


def test_files_are_run_in_turns_until_the_time_is_up(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / f"test_{name}.py").write_text("import time\ndef test_it(): pass\n")
    (tmp_path / "test_pure.py").write_text("def test_it(): pass\n")
    words = ["--tests", tmp_path, "--state", tmp_path / "state", "--runs", 1]
    status, said = flaky(*words)
    assert status == 0
    assert "test_pure.py" not in said
    (tmp_path / "test_c.py").write_text("import signal\ndef test_it(): pass\n")
    _, said = flaky(*words)
    assert [line.split("/")[-1].split(":")[0] for line in said.splitlines()] == ["test_c.py", "test_a.py", "test_b.py"]
    _, said = flaky(*words, "--minutes", 0)
    assert "3 of 3 files are for the next time" in said


def test_timed_files_are_recognized_by_what_they_import(tmp_path: Path):
    names = {path.relative_to(TESTS).as_posix() for path in timed_files(TESTS)}
    assert {
        "test_kill.py",
        "test_mqtt_clients.py",
        "test_reload.py",
        "e2e/test_web_fleet.py",
        "test_faults.py",
    } <= names
    assert not {"test_topics.py", "test_units.py", "test_command_tracker.py"} & names
