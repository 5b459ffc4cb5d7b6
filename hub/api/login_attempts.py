"""Wrong credentials by client: after ten at once, each further one is answered late and with 429.

Only answers to wrong credentials are slowed. The right token and a valid session pass at once from any address, so
nobody can lock others out. The counters are a fixed table indexed by a keyed hash of the client: memory does not grow
with the number of addresses, and no address can evict its own counter. Two clients that share a counter share their
wrong attempts, which costs an honest one a second at most.
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
"""A client is given ``BURST`` wrong attempts at once and regains them evenly over this time."""
HOLD_S = 1.0
"""How long the answer to a wrong attempt beyond them is held back."""
_COUNTERS = 16_384
_INTERVAL_S = WINDOW_S / BURST


class LoginAttempts:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(16)
        # For each counter, the time at which all its attempts are regained (the generic cell rate algorithm).
        self._regained = array("d", bytes(8 * _COUNTERS))

    def wrong(self, client: str) -> int:
        """Count a wrong attempt. Return 0, or the seconds until the client has an attempt left if it had none."""
        index = self._index(client)
        now = self._clock()
        regained = max(self._regained[index], now)
        if regained + _INTERVAL_S - now > WINDOW_S:
            return math.ceil(regained + _INTERVAL_S - now - WINDOW_S)
        self._regained[index] = regained + _INTERVAL_S
        return 0

    async def wrong_held(self, client: str) -> int:
        """As :meth:`wrong`, and hold the caller up where the client has no attempt left."""
        wait = self.wrong(client)
        if wait:
            await asyncio.sleep(HOLD_S)
        return wait

    def _index(self, client: str) -> int:
        digest = blake2b(client.encode("utf-8", "replace"), key=self._secret, digest_size=8).digest()
        return int.from_bytes(digest) % _COUNTERS
