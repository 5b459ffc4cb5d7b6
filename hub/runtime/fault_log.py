"""Log lines for faults that may come with every message: once in a while, with how often they came in between."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable

INTERVAL_S = 600.0
"""The same fault is written again after this long."""
KINDS = 100
"""Kinds of faults written within an interval. Further ones wait: whoever makes up new ones fills no log either."""


class FaultLog:
    """Writes the first fault of a kind at once and counts those that follow within the interval."""

    def __init__(
        self, log: logging.Logger, interval_s: float = INTERVAL_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._interval_s = interval_s
        self._clock = clock
        self._written: dict[Hashable, tuple[float, int]] = {}  # by kind: when, and how many have come since

    def error(
        self,
        kind: Hashable,
        text: str,
        *values: object,
        cause: BaseException | None = None,
        level: int = logging.ERROR,
    ) -> bool:
        """Write ``text % values``, with the traceback of ``cause`` if there is one, unless this ``kind`` of fault was
        written within the interval. Return whether it was written."""
        now = self._clock()
        at, repeated = self._written.pop(kind, (None, 0))
        if at is not None and now - at < self._interval_s:
            self._written[kind] = at, repeated + 1
            return False
        if len(self._written) >= KINDS:
            self._written = {each: one for each, one in self._written.items() if now - one[0] < self._interval_s}
        if len(self._written) >= KINDS:
            return False
        self._written[kind] = now, 0
        if repeated:
            text, values = text + " (repeated %d times since)", (*values, repeated)
        self._log.log(level, text, *values, exc_info=cause)
        return True

    def unexpected(self, text: str, *values: object, cause: BaseException) -> bool:
        """Write an error that nobody foresaw with its traceback; its kind is its type and where it was raised."""
        place, trace = None, cause.__traceback__
        while trace is not None:
            place, trace = (trace.tb_frame.f_code.co_filename, trace.tb_lineno), trace.tb_next
        return self.error((type(cause), place), text, *values, cause=cause)
