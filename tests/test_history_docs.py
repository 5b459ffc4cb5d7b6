"""The commands, programs and settings in docs/history.md work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from hub.assembly.load_settings import load_settings
from hub.store.sqlite import SqliteStore
from store_samples import delta, record

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/history.md").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, re.S)


def run(folder: Path, *arguments: str) -> str:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
    environ["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_commands_and_programs_of_history_docs_run(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "data")
    await store.commit(1, delta(0, *[record("pump-1", i, vibration_x=float(i)) for i in range(5)]))
    await store.close()
    [commands] = blocks("sh")
    for line in commands.splitlines():
        arguments = line.partition("#")[0].replace("'", "").split()
        assert arguments[0] == "hub"
        run(tmp_path, "-m", *arguments)
    assert len((tmp_path / "pump.csv").read_text("utf-8").splitlines()) == 6
    arrow, viewer = (run(tmp_path, "-c", block) for block in blocks("python"))
    assert "value_mean: double" in arrow
    assert viewer.startswith("pump-1 vibration_x 5 (")


def test_settings_of_history_docs_are_valid() -> None:
    [settings] = blocks("toml")
    store = load_settings(overrides=tomllib.loads(settings), environ={}).store
    assert [each.label for each in store.keep] == [None, "test bench"]
