"""Limit how long a request waits for its change to be committed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hub.errors import StoreBusy
from hub.model import Input

WRITE_S = 10.0


def with_timeout(submit: Callable[[Input], Awaitable[Any]]) -> Callable[[Input], Awaitable[Any]]:
    """Return a function that calls ``submit`` and raises StoreBusy if that takes more than :data:`WRITE_S` seconds.

    After StoreBusy, the change stays queued and is made later.
    """

    async def submit_in_time(change: Input) -> Any:
        try:
            async with asyncio.timeout(WRITE_S):
                return await submit(change)
        except TimeoutError:
            hint = "It is made as soon as the history can be written. Check again in a moment."
            raise StoreBusy("The change is not saved yet.", hint) from None

    return submit_in_time
