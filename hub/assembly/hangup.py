"""SIGHUP: reload, or stop where it says that the terminal has closed. Harmless while the hub starts and ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Hangup:
    """Made once, as early as possible: from then on SIGHUP no longer ends the process."""

    def __init__(self) -> None:
        survives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup: the terminal may close
        self._terminal = not survives and _has_terminal()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    @contextmanager
    def handled(self, reload: Callable[[], object], stop: Callable[[], object]) -> Iterator[None]:
        """Call one of the two, on the running loop, for each SIGHUP that comes meanwhile."""
        loop = asyncio.get_running_loop()

        def heard(number: int, frame: object) -> None:
            gone = self._terminal and not _has_terminal()
            loop.call_soon_threadsafe(stop if gone else reload)

        # Not the loop's own handler: removing that would for a moment make SIGHUP deadly again.
        signal.signal(signal.SIGHUP, heard)
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
