"""``python -m hub.leash PARENT COMMAND…``: become COMMAND and end when PARENT does, however it ends.

A program of its own, so that every child of the hub is held in the same way: also ``kill -9`` of the hub leaves no
broker and no simulator behind. Linux lets the kernel tell (prctl(2), PR_SET_PDEATHSIG survives exec); elsewhere
this process stays in between and watches.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def command(*words: str) -> list[str]:
    """The command line that runs ``words`` on a leash held by this process."""
    return [sys.executable, "-m", "hub.leash", str(os.getpid()), *words]


def main(arguments: Sequence[str]) -> int:
    parent, words = int(arguments[0]), list(arguments[1:])
    if platform.system() == "Linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was gone before we could ask to be told
            return 1
        os.execvp(words[0], words)  # noqa: S606  # the point of this program: no shell in between
    return _watch(parent, words)


def _watch(parent: int, words: list[str]) -> int:
    child = subprocess.Popen(words)  # noqa: S603  # our own command line
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while child.poll() is None:
        if os.getppid() != parent:
            child.terminate()
        time.sleep(0.5)
    return child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
