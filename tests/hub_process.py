"""``hub`` as a process that starts fast: forked from one that has imported the hub once for all tests of a worker.

Half of a start is imports, and the tests start hubs some hundred times. What runs in the process is the command itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["hub.commandline.serve", "hub.commandline.demo", "uvloop"])


def without_settings() -> dict[str, str]:
    """Return the environment of the tests without the variables that configure a hub."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("OPENAI_", "OLLAMA_", "HUB_"))}


class HubProcess:
    """A running ``hub`` command, with the methods of :class:`subprocess.Popen`. Its output is appended to ``log``."""

    def __init__(self, words: list[str], log: Path, environ: Mapping[str, str]) -> None:
        # A daemon: if a test fails before it stops the hub, the end of the test run does.
        self._process = _CONTEXT.Process(target=_run, args=(words, log, dict(environ)), daemon=True)
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


def _run(words: list[str], log: Path, environ: dict[str, str]) -> None:
    """Run a ``hub`` command in this new process, and end it with the command's exit status."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["hub", *words]
    from hub.commandline.main import main

    sys.exit(main(words))
