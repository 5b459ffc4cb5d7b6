"""Go through many items without blocking the event loop: readings and requests are served between the slices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
SLICE = 1_000
"""Devices or metrics between two turns of the event loop. At a few µs for each, a slice takes well under 50 ms."""


async def in_slices(items: Sequence[T]) -> AsyncIterator[T]:
    """Yield the items one by one, and let other tasks run after each slice of them."""
    for start in range(0, len(items), SLICE):
        for item in items[start : start + SLICE]:
            yield item
        await asyncio.sleep(0)


def order_of(keys: Sequence[float], *, descending: bool = False) -> list[int]:
    """Return the indices of the keys in ascending order; equal keys keep their order."""
    values = np.asarray(keys, dtype=float)
    return list(map(int, np.argsort(-values if descending else values, kind="stable")))
