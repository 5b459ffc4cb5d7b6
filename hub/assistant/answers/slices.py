"""Iterate over many items without blocking the event loop.

The items are processed in slices. Between two slices, the hub handles messages and requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
SLICE = 1_000
"""Number of items in a slice. At a few µs per item, a slice takes much less than 50 ms."""


async def in_slices(items: Sequence[T]) -> AsyncIterator[T]:
    """Yield the items one by one. After each slice of items, let other tasks run."""
    for start in range(0, len(items), SLICE):
        for item in items[start : start + SLICE]:
            yield item
        await asyncio.sleep(0)


def order_of(keys: Sequence[float], *, descending: bool = False) -> list[int]:
    """Return the indices that sort ``keys``, in ascending order by default. Equal keys keep their order."""
    values = np.asarray(keys, dtype=float)
    return list(map(int, np.argsort(-values if descending else values, kind="stable")))
