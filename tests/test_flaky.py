"""``make flaky``: which files it runs, in which order, what it prints and what it stores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from conftest import MEASURED, SLOW_FIRST
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


TIMED = "import time\ndef test_it(): pass\n"


def flaky(tests: Path, *words: object) -> tuple[int, list[str]]:
    """Run ``make flaky`` on a folder of tests, one file at a time; return its status and the lines that it printed."""
    command = [sys.executable, TESTS / "flaky.py", "--tests", tests, "--state", tests / "state", "--jobs", 1, *words]
    environ = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }  # starting without plugins takes a third of the time
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=55, check=False, env=environ
    )
    return done.returncode, done.stdout.splitlines()


def order(lines: list[str]) -> list[str]:
    """Return the names of the files in the order in which they were run."""
    return [line.rsplit("/")[-1].split(":")[0] for line in lines if "%" in line]


def test_flaky_test_is_counted(tmp_path: Path):
    file = tmp_path / "test_sometimes.py"
    file.write_text(SOMETIMES)
    status, lines = flaky(tmp_path, file, "--runs", 2)
    assert status == 1
    assert lines == [
        f" 50% {file}: 1 clean runs",
        f"100% {file}: 1 of 2 tests failed",
        "test_sometimes.py::test_sometimes failed 1 of 2 times",
    ]


def test_files_run_in_rounds_until_time_is_up(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / f"test_{name}.py").write_text(TIMED)
    (tmp_path / "test_pure.py").write_text("def test_it(): pass\n")
    status, lines = flaky(tmp_path, "--runs", 2)
    assert status == 0
    assert order(lines) == ["test_a.py", "test_b.py"] * 2
    assert lines[-1] == "All 2 files had 2 clean runs."
    _, lines = flaky(tmp_path, "--runs", 3, "--minutes", 0)
    assert lines == ["2 of 2 files have runs left: start it again to go on."]


def test_clean_runs_at_same_commit_are_remembered(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / f"test_{name}.py").write_text(TIMED)
    flaky(tmp_path, "--runs", 1)
    (tmp_path / "test_c.py").write_text(TIMED)
    _, lines = flaky(tmp_path, "--runs", 2)
    assert order(lines) == ["test_c.py", "test_a.py", "test_b.py", "test_c.py"]
    _, lines = flaky(tmp_path, "--runs", 2)
    assert lines == ["All 3 files had 2 clean runs."]
    state = json.loads((tmp_path / "state").read_text())
    (tmp_path / "state").write_text(json.dumps({name: {**kept, "commit": "other"} for name, kept in state.items()}))
    _, lines = flaky(tmp_path, "--runs", 1)
    assert sorted(order(lines)) == ["test_a.py", "test_b.py", "test_c.py"]


def test_files_run_in_parallel(tmp_path: Path):
    meet = """
import pathlib, time

def test_both_run():
    folder = pathlib.Path(__file__).parent
    pathlib.Path(__file__).with_suffix(".here").touch()
    while len(list(folder.glob("*.here"))) < 2:
        time.sleep(0.01)
"""
    for name in ("a", "b"):
        (tmp_path / f"test_{name}.py").write_text(meet)
    status, lines = flaky(tmp_path, "--runs", 1, "--jobs", 2)
    assert status == 0
    assert sorted(order(lines)) == ["test_a.py", "test_b.py"]


def test_timed_files_are_found_by_imports(tmp_path: Path):
    names = {path.relative_to(TESTS).as_posix() for path in timed_files(TESTS)}
    assert {
        "test_kill.py",
        "test_mqtt_clients.py",
        "test_reload.py",
        "e2e/test_web_fleet.py",
        "test_faults.py",
    } <= names
    assert not {"test_topics.py", "test_units.py", "test_command_tracker.py"} & names


def test_files_that_conftest_names_exist():
    names = [path.name for path in TESTS.rglob("test_*.py")]
    assert [name for name in (*SLOW_FIRST, *MEASURED) if not any(each.startswith(name) for each in names)] == []
