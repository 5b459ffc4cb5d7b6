"""Log faults that may repeat with every message, but only at a limited rate."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable

INTERVAL_S = 600.0
"""A fault of the same kind is logged again after this many seconds."""
MAX_KINDS = 100
"""Maximum kinds of faults logged within an interval, so that a client that causes new kinds cannot fill the log."""


class FaultLog:
    """Logs faults, but not every repetition of the same kind of fault.

    The first fault of a kind is logged at once. For ``interval_s`` seconds after it, further faults of this kind are
    only counted.
    """

    def __init__(
        self, log: logging.Logger, interval_s: float = INTERVAL_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._interval_s = interval_s
        self._clock = clock
        self._written: dict[Hashable, tuple[float, int]] = {}  # by kind: time of the last line, faults since then

    def error(
        self,
        kind: Hashable,
        text: str,
        *values: object,
        cause: BaseException | None = None,
        level: int = logging.ERROR,
    ) -> bool:
        """Log a fault, unless a fault of the same kind was logged within the interval.

        Args:
            kind: what the rate limit applies to.
            text: the message, with ``%`` placeholders for ``values``.
            *values: the values for the placeholders.
            cause: an exception to log with its traceback.
            level: the log level.

        Returns:
            True if the fault was logged.
        """
        now = self._clock()
        at, repeated = self._written.pop(kind, (None, 0))
        if at is not None and now - at < self._interval_s:
            self._written[kind] = at, repeated + 1
            return False
        if len(self._written) >= MAX_KINDS:
            self._written = {each: one for each, one in self._written.items() if now - one[0] < self._interval_s}
        if len(self._written) >= MAX_KINDS:
            return False
        self._written[kind] = now, 0
        if repeated:
            text, values = text + " (repeated %d times since)", (*values, repeated)
        self._log.log(level, text, *values, exc_info=cause)
        return True

    def unexpected(self, text: str, *values: object, cause: BaseException) -> bool:
        """Log an unexpected exception with its traceback, unless a fault of the same kind was logged recently.

        ``text`` is the message, with ``%`` placeholders for ``values``. Exceptions of the same type that were raised in
        the same line are faults of one kind. Return True if the exception was logged.
        """
        place, trace = None, cause.__traceback__
        while trace is not None:
            place, trace = (trace.tb_frame.f_code.co_filename, trace.tb_lineno), trace.tb_next
        return self.error((type(cause), place), text, *values, cause=cause)
