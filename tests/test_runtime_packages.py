"""The hub runs with the packages of requirements.lock only: no test package and no extra is imported."""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from brokers import free_port
from serving import until
from test_packaging import EXTRAS_LOCK, LOCK, ROOT, TEST_LOCK, locked


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create an environment with links to the packages of requirements.lock, and the hub."""
    home = tmp_path_factory.mktemp("runtime")
    venv.create(home, symlinks=True)
    [site] = home.glob("lib/python*/site-packages")
    for name in locked(LOCK):
        try:
            found = distribution(name)
        except PackageNotFoundError:  # of another platform
            continue
        for top in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(found.locate_file(top))))
    (site / "hub.pth").write_text(f"{ROOT}\n")
    return home / "bin/python"


def test_demo_starts_with_runtime_packages_only(python: Path, tmp_path: Path):
    others = sorted(set(locked(TEST_LOCK, EXTRAS_LOCK)) - set(locked(LOCK)))
    names = [name.replace("-", "_").lower() for name in others]
    code = f"from importlib.util import find_spec; print([n for n in {names} if find_spec(n)])"
    assert subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    log = tmp_path / "log"
    words = ["--http", f"127.0.0.1:{free_port()}", "--mqtt", f"127.0.0.1:{free_port()}", "--devices", "3", "--no-open"]
    with log.open("wb") as stream:
        demo = subprocess.Popen([python, "-m", "hub", "demo", *words], stdout=stream, stderr=stream, cwd=tmp_path)
    try:
        until(lambda: "ready http" in log.read_text() or demo.poll() is not None, 50)
        assert demo.poll() is None, log.read_text()
    finally:
        demo.terminate()
        assert demo.wait(20) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def test_other_commands_start_with_runtime_packages_only(python: Path, tmp_path: Path):
    """Each command imports its modules only when it runs."""
    for words in (["--version"], ["device", "list"], ["export", "-"], ["backup"], ["doctor", "--help"]):
        done = subprocess.run([python, "-m", "hub", *words], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        assert "No module named" not in done.stderr
    assert sys.executable != str(python)
