"""Log lines for faults that may come with every message: once in a while, with how often they came in between."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable

INTERVAL_S = 600.0
"""The same fault is written again after this long."""
KINDS = 100
"""Kinds of faults that are told apart; beyond these all are forgotten and written anew."""


class FaultLog:
    """Writes the first fault of a kind at once and counts those that follow within the interval."""

    def __init__(
        self, log: logging.Logger, interval_s: float = INTERVAL_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._interval_s = interval_s
        self._clock = clock
        self._written: dict[Hashable, tuple[float, int]] = {}

    def error(self, kind: Hashable, text: str, *values: object, cause: BaseException | None = None) -> None:
        """Write ``text % values``, with the traceback of ``cause`` if there is one, unless this ``kind`` of fault was
        written within the interval."""
        now = self._clock()
        at, repeated = self._written.get(kind, (now - self._interval_s, 0))
        if now - at < self._interval_s:
            self._written[kind] = at, repeated + 1
            return
        if len(self._written) >= KINDS:
            self._written.clear()
        self._written[kind] = now, 0
        if repeated:
            text, values = text + " (repeated %d times since)", (*values, repeated)
        self._log.error(text, *values, exc_info=cause)

    def unexpected(self, text: str, *values: object, cause: BaseException) -> None:
        """Write an error that nobody foresaw with its traceback; its kind is its type and where it was raised."""
        place, trace = None, cause.__traceback__
        while trace is not None:
            place, trace = (trace.tb_frame.f_code.co_filename, trace.tb_lineno), trace.tb_next
        self.error((type(cause), place), text, *values, cause=cause)
