"""Throttle wrong credentials by client and by account name: after ten wrong attempts, further ones are delayed.

Such attempts are answered late and with 429. The right token and a valid session are accepted at once from any address,
so nobody can lock others out. The counters are a table of fixed size, indexed by a keyed hash of the client or name:
its memory does not grow with the number of addresses, and no address can remove its own counter. Clients that share a
counter share their attempts, which delays an honest client by a second at most.
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
"""Seconds in which all ``BURST`` wrong attempts of a client are forgiven, one after another at equal intervals."""
HOLD_S = 1.0
"""Seconds by which the answer is delayed if the client has used up its ``BURST`` wrong attempts."""
_COUNTERS = 16_384
_INTERVAL_S = WINDOW_S / BURST


class LoginAttempts:
    """Counters of wrong attempts by client or account name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(16)
        # By counter, the time when all its attempts are regained (generic cell rate algorithm).
        self._regained = array("d", bytes(8 * _COUNTERS))

    def count_wrong(self, client: str) -> int:
        """Count a wrong attempt. Return 0, or beyond the limit the seconds until another attempt is allowed."""
        index = self._index(client)
        now = self._clock()
        regained = max(self._regained[index], now)
        if regained + _INTERVAL_S - now > WINDOW_S:
            return math.ceil(regained + _INTERVAL_S - now - WINDOW_S)
        self._regained[index] = regained + _INTERVAL_S
        return 0

    async def count_wrong_and_wait(self, *counted: str) -> int:
        """Count a wrong attempt for each of ``counted``, which are clients or account names.

        Return 0 if none of them is beyond its limit. Otherwise wait for :data:`HOLD_S` seconds, which delays the
        response, and return the seconds until all of them may try again.
        """
        wait = max(self.count_wrong(each) for each in counted)
        if wait:
            await asyncio.sleep(HOLD_S)
        return wait

    def _index(self, client: str) -> int:
        digest = blake2b(client.encode("utf-8", "replace"), key=self._secret, digest_size=8).digest()
        return int.from_bytes(digest) % _COUNTERS
