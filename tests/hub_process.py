"""``hub`` as a process that starts fast: forked from one that has imported the hub once for all tests of a worker.

Half of a start is imports, and the tests start hubs some hundred times. What runs in the process is the command itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_COMMANDS = ("backup", "certificate", "demo", "device", "doctor", "export", "link", "serve", "token")
_CONTEXT.set_forkserver_preload([*(f"hub.commandline.{name}" for name in _COMMANDS), "uvloop"])


def without_settings() -> dict[str, str]:
    """Return the environment of the tests without the variables that configure a hub."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("OPENAI_", "OLLAMA_", "HUB_"))}


class HubProcess:
    """A running ``hub`` command, with the methods of :class:`subprocess.Popen`.

    Its output is appended to ``log``, what it writes to standard error to ``errors`` if given. It has the working
    directory and the umask of the caller.
    """

    def __init__(self, words: list[str], log: Path, environ: Mapping[str, str], *, errors: Path | None = None) -> None:
        os.umask(umask := os.umask(0))
        start = _Start(words, log, errors or log, dict(environ), Path.cwd(), umask)
        # A daemon: if a test fails before it stops the hub, the end of the test run does.
        self._process = _CONTEXT.Process(target=_run, args=(start,), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(f"hub process {self.pid}", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(*words: object, status: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a ``hub`` command to its end. It must exit with ``status`` if given, and print no traceback."""
    with tempfile.TemporaryDirectory() as folder:
        log, errors = Path(folder, "output"), Path(folder, "errors")
        process = HubProcess([str(word) for word in words], log, without_settings(), errors=errors)
        done = subprocess.CompletedProcess(words, process.wait(240), log.read_text(), errors.read_text())
    assert status in (None, done.returncode), done
    assert "Traceback" not in done.stderr, done
    return done


@dataclass(frozen=True)
class _Start:
    words: list[str]
    log: Path
    errors: Path
    environ: dict[str, str]
    directory: Path
    umask: int


def _run(start: _Start) -> None:
    """Run a ``hub`` command in this new process, and end it with the command's exit status."""
    os.chdir(start.directory)
    for standard, file in ((1, start.log), (2, start.errors)):
        output = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, standard)
        os.close(output)
    os.umask(start.umask)
    os.environ.clear()
    os.environ.update(start.environ)
    sys.argv = ["hub", *start.words]
    from hub.commandline.main import main

    sys.exit(main(start.words))
