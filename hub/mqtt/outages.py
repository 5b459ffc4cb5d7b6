"""Outages of the connection to the broker: each is reported when it begins and when it ends.

During one outage, attempts that fail for the same reason are logged once in ten minutes. A connection that is lost
again and again can fill neither the log nor the activity log: at most :data:`MAX_OUTAGES` outages are reported within
:data:`INTERVAL_S` seconds.
"""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from collections.abc import Callable

from hub.mqtt.client import OutageListener
from hub.runtime.fault_log import FaultLog

INTERVAL_S = 600.0
MAX_OUTAGES = 10


class Outages:
    """Reports when the connection to the broker is lost and when it works again, to the log and to a listener."""

    def __init__(
        self, log: logging.Logger, address: str, listener: OutageListener, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._address = address
        self._listener = listener
        self._clock = clock
        self._begun: deque[float] = deque(maxlen=MAX_OUTAGES)  # when the last reported outages began
        self._faults = FaultLog(log, INTERVAL_S, clock)
        self._reported = False  # whether the present outage was reported

    def lost(self, reason: str, text: str) -> None:
        """Report that the connection to the broker was lost, or that an attempt to connect has failed.

        Args:
            reason: Why, as text for people.
            text: The log message, with ``%s`` for the broker's address and the reason.
        """
        if not self._reported and (len(self._begun) < MAX_OUTAGES or self._clock() - self._begun[0] >= INTERVAL_S):
            self._reported = True
            self._begun.append(self._clock())
            self._faults = FaultLog(self._log, INTERVAL_S, self._clock)
            self._listener(False, self._address, reason)
        if self._reported:
            # Reasons that differ only in a number count as equal. Otherwise a hostile broker could fill the log.
            self._faults.error(re.sub(r"\d+", "0", reason), text, self._address, reason, level=logging.WARNING)

    def restored(self) -> None:
        """Report that the connection to the broker works again. Do nothing if its loss was not reported."""
        if self._reported:
            self._reported = False
            self._log.warning("Reconnected to the MQTT broker at %s.", self._address)
            self._listener(True, self._address, None)
