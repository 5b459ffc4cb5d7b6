"""Handle SIGHUP: reload the settings, or stop the hub if the terminal was closed.

SIGHUP is ignored while the hub starts and stops.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Hangup:
    """Handler of SIGHUP. Create it as early as possible: SIGHUP ends the process until the handler exists."""

    def __init__(self) -> None:
        survives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup: the terminal may close
        self._terminal = not survives and _has_terminal()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    @contextmanager
    def handled(self, reload: Callable[[], object], stop: Callable[[], object]) -> Iterator[None]:
        """While the context is open, call ``reload`` on the running event loop at each SIGHUP.

        If the terminal of the process has been closed, SIGHUP calls ``stop`` instead.
        """
        loop = asyncio.get_running_loop()

        def handle(number: int, frame: object) -> None:
            closed = self._terminal and not _has_terminal()
            loop.call_soon_threadsafe(stop if closed else reload)

        # Not the loop's own handler: between its removal and SIG_IGN, SIGHUP would end the process.
        signal.signal(signal.SIGHUP, handle)
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
