"""What has to happen by itself: the clock's ticks, and the end of old history.

The ticks enter the pipeline's queue as facts like everything else. Retention works in small slices, so that a year
of history never stands in the way of a commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hub.errors import StoreError
from hub.inbox import Inbox
from hub.model import Tick
from hub.mqtt.link import Link
from hub.store.base import Store

log = logging.getLogger(__name__)

TICK_S = 0.25
SWEEP_S = 600.0
DAY_MS = 86_400_000


async def run_clock(inbox: Inbox, link: Link, now: Callable[[], int]) -> None:
    """Tell the pipeline the time, four times a second; it skips a beat rather than queue up behind a slow store."""
    while True:
        await asyncio.sleep(TICK_S)
        if len(inbox) < 10_000:
            state = link.state
            inbox.tell(Tick(now(), state.since if state.subscribed else None))


async def run_retention(store: Store, retention_days: int, now: Callable[[], int]) -> None:
    """Every ten minutes remove what is older than ``retention_days``, slice by slice."""
    while True:
        try:
            while await store.expire(now() - retention_days * DAY_MS):
                await asyncio.sleep(0.05)
        except StoreError as error:
            log.warning("old history could not be removed now, it will be tried again: %s", error)
        await asyncio.sleep(SWEEP_S)
