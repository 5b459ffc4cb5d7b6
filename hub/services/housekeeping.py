"""Periodic tasks: ticks for the pipeline, and deletion of old history.

Ticks enter the ingest queue like every other input. Each transaction deletes only a small part of the expired history,
so that deleting a year of history never delays a commit.
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
from hub.runtime.settings import StoreSection
from hub.store.base import Retention, Store

log = logging.getLogger(__name__)

TICK_S = 0.25
SWEEP_S = 600.0
HOUR_MS, DAY_MS = 3_600_000, 86_400_000


async def run_clock(ingest_queue: IngestQueue, link: MqttClient, now: Callable[[], int]) -> None:
    """Put a Tick with the present time into the ingest queue every :data:`TICK_S` seconds.

    No tick is added while many messages wait in the queue, because the store is slow.
    """
    while True:
        await asyncio.sleep(TICK_S)
        if len(ingest_queue) < 10_000:
            state = link.state
            ingest_queue.put(Tick(now(), state.since if state.subscribed else None))


async def run_retention(store: Store, settings: StoreSection, registry: DeviceRegistry, clock: Clock) -> None:
    """Delete expired history and audit entries every :data:`SWEEP_S` seconds, until the task is cancelled.

    Only a few rows are deleted at a time, with a pause after each deletion, so that new readings can be stored
    meanwhile. Ages are computed with the time of ``clock``.
    """
    try:
        while True:
            clock.check()
            try:
                while await store.expire(retentions(settings, registry.devices(), clock.believed())):
                    await asyncio.sleep(0.05)
                    clock.check()
                oldest = clock.believed() - settings.audit_days * DAY_MS
                while await store.audit.expire(oldest, settings.audit_entries):
                    await asyncio.sleep(0.05)
            except StoreError as error:
                log.warning("Cannot delete old history: %s. Retrying in %.0f minutes.", error, SWEEP_S / 60)
            await asyncio.sleep(SWEEP_S)
    finally:
        clock.check(last=True)  # the next run compares its clock with the end of this one


def most_clocks_disagree(devices: Iterable[Device]) -> bool:
    """Return True if most online devices sent a time that the hub did not believe (quality ``clock``).

    Then the hub's own clock is probably wrong.
    """
    online = [device for device in devices if device.presence == "online"]
    off = sum(any(latest.quality == "clock" for latest in device.metrics.values()) for device in online)
    return off * 2 > len(online)


def retentions(settings: StoreSection, devices: Iterable[Device], now: int) -> list[Retention]:
    """Return how long history is kept: first the exceptions, then the default for all other history.

    The exceptions are the entries of the setting ``store.keep``, in their order. If an exception names a label, the
    devices with this label are looked up in ``devices``. Ages are computed at ``now`` (epoch ms).
    """
    labelled: dict[str, set[str]] = {one.label: set() for one in settings.keep if one.label is not None}
    for device in devices if labelled else ():
        for label in device.display_labels:
            if label in labelled:
                labelled[label].add(device.id)
    default = (settings.retention_days, settings.minutes_days, settings.hours_days)
    exceptions = []
    for one in settings.keep:
        own = (one.retention_days, one.minutes_days, one.hours_days)
        days = [default[i] if own[i] is None else own[i] for i in range(3)]
        device_ids = None if one.label is None else frozenset(labelled[one.label])
        exceptions.append(_retention(days, now, one.metric, device_ids))
    return [*exceptions, _retention(default, now)]


def _retention(
    days: Sequence[int | None], now: int, metric: str | None = None, devices: frozenset[str] | None = None
) -> Retention:
    # Whole hours: otherwise each sweep would rewrite a chunk of every series to remove a few minutes.
    raw, minutes, hours = ((now - (count or 0) * DAY_MS) // HOUR_MS * HOUR_MS for count in days)
    return Retention(raw, min(raw, minutes), min(raw, minutes, hours), metric, devices)
