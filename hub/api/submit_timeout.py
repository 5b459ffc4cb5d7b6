"""How long a person waits for a change to be written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hub.errors import StoreBusy
from hub.model import Input

WRITE_S = 10.0


def in_time(submit: Callable[[Input], Awaitable[Any]]) -> Callable[[Input], Awaitable[Any]]:
    """``submit`` that raises StoreBusy when the history cannot be written for so long. The change is not taken back."""

    async def submitting(fact: Input) -> Any:
        try:
            async with asyncio.timeout(WRITE_S):
                return await submit(fact)
        except TimeoutError:
            hint = "It will be, as soon as the history can be written: look again in a moment."
            raise StoreBusy("This is not written yet.", hint) from None

    return submitting
