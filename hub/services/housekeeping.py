"""What has to happen by itself: the clock's ticks, and the end of old history.

The ticks enter the pipeline's queue as facts like everything else. Retention works in small slices, so that a year
of history never stands in the way of a commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from hub.errors import StoreError
from hub.ingest.queue import IngestQueue
from hub.model import Device, Tick
from hub.mqtt.client import MqttClient
from hub.registry.registry import DeviceRegistry
from hub.runtime.clock import Clock
from hub.runtime.settings import StoreSection as Kept
from hub.store.base import Retention, Store

log = logging.getLogger(__name__)

TICK_S = 0.25
SWEEP_S = 600.0
HOUR_MS, DAY_MS = 3_600_000, 86_400_000


async def run_clock(ingest_queue: IngestQueue, link: MqttClient, now: Callable[[], int]) -> None:
    """Tell the pipeline the time, four times a second; it skips a beat rather than queue up behind a slow store."""
    while True:
        await asyncio.sleep(TICK_S)
        if len(ingest_queue) < 10_000:
            state = link.state
            ingest_queue.put(Tick(now(), state.since if state.subscribed else None))


async def run_retention(store: Store, kept: Kept, registry: DeviceRegistry, clock: Clock) -> None:
    """Every ten minutes remove what is older than it is kept, slice by slice. How old it is goes by a clock that can
    be believed."""
    try:
        while True:
            clock.check()
            try:
                while await store.expire(retentions(kept, registry.devices(), clock.believed())):
                    await asyncio.sleep(0.05)
                    clock.check()
            except StoreError as error:
                log.warning("old history could not be removed now, it will be tried again: %s", error)
            await asyncio.sleep(SWEEP_S)
    finally:
        clock.check(last=True)  # the end of this run is what the next one is judged by


def most_disagree(devices: Iterable[Device]) -> bool:
    """Return True if most devices that are online say times that are a day or more off."""
    online = [device for device in devices if device.presence == "online"]
    off = sum(any(latest.quality == "clock" for latest in device.metrics.values()) for device in online)
    return off * 2 > len(online)


def retentions(kept: Kept, devices: Iterable[Device], now: int) -> list[Retention]:
    """What the store has to keep: the exceptions in their order, then what holds for all the rest."""
    labelled: dict[str, set[str]] = {one.label: set() for one in kept.keep if one.label is not None}
    for device in devices if labelled else ():
        for label in device.display_labels:
            if label in labelled:
                labelled[label].add(device.id)
    general = (kept.retention_days, kept.minutes_days, kept.hours_days)
    found = []
    for one in kept.keep:
        own = (one.retention_days, one.minutes_days, one.hours_days)
        days = [general[i] if own[i] is None else own[i] for i in range(3)]
        fitting = None if one.label is None else frozenset(labelled[one.label])
        found.append(_retention(days, now, one.metric, fitting))
    return [*found, _retention(general, now)]


def _retention(
    days: Sequence[int | None], now: int, metric: str | None = None, devices: frozenset[str] | None = None
) -> Retention:
    # By whole hours: else each sweep would cut a few minutes off a chunk of every series.
    raw, minutes, hours = ((now - (count or 0) * DAY_MS) // HOUR_MS * HOUR_MS for count in days)
    return Retention(raw, min(raw, minutes), min(raw, minutes, hours), metric, devices)
