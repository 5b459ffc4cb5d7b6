"""Throttle wrong credentials by client and by person: after ten attempts, further ones are answered late and with 429.

Only answers to wrong credentials are delayed. The right token and a valid session are accepted at once from any
address, so nobody can lock others out. The counters are a fixed table, indexed by a keyed hash of the client: memory
does not grow with the number of addresses, and no address can evict its own counter. Clients that share a counter share
their attempts, which delays an honest one by a second at most.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from array import array
from collections.abc import Callable
from hashlib import blake2b

BURST = 10
WINDOW_S = 60.0
"""A client has ``BURST`` wrong attempts, and regains them evenly over this time."""
HOLD_S = 1.0
"""Delay of the answer to a wrong attempt beyond them."""
_COUNTERS = 16_384
_INTERVAL_S = WINDOW_S / BURST


class LoginAttempts:
    """Counters of wrong attempts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(16)
        # By counter, the time when all its attempts are regained (generic cell rate algorithm).
        self._regained = array("d", bytes(8 * _COUNTERS))

    def wrong(self, client: str) -> int:
        """Count a wrong attempt. Return 0, or the seconds to wait if the client has no attempts left."""
        index = self._index(client)
        now = self._clock()
        regained = max(self._regained[index], now)
        if regained + _INTERVAL_S - now > WINDOW_S:
            return math.ceil(regained + _INTERVAL_S - now - WINDOW_S)
        self._regained[index] = regained + _INTERVAL_S
        return 0

    async def wrong_held(self, *counted: str) -> int:
        """Count a wrong attempt for each of ``counted``, and delay the caller if one of them has no attempts left."""
        wait = max(self.wrong(each) for each in counted)
        if wait:
            await asyncio.sleep(HOLD_S)
        return wait

    def _index(self, client: str) -> int:
        digest = blake2b(client.encode("utf-8", "replace"), key=self._secret, digest_size=8).digest()
        return int.from_bytes(digest) % _COUNTERS
