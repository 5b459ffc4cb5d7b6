"""What flows through the hub at the moment, and who sends most of it: for ``/api/status`` and ``/metrics``."""

from __future__ import annotations

import heapq
import time
from operator import itemgetter

from hub.api.live.broadcaster import Broadcaster
from hub.api.schemas.throughput import BusyShape, FlowShape
from hub.api.services import Services
from hub.registry.registry import DeviceRegistry

BUSIEST = 10
LOOK_S = 4.0


def flow(services: Services, broadcaster: Broadcaster) -> FlowShape:
    return {
        "rate": round(broadcaster.rate, 1),
        "lag_ms": services.counters.lag(services.now()),
        "queue": len(services.ingest_queue),
        "unacknowledged": services.link().held,
        "dropped": services.dropped(),
        "store_stalled": services.counters.store_stalled,
    }


class Busiest:
    """The devices with the shortest usual interval between messages, of those that are online. Looked for at most
    every few seconds: a fleet may be 100,000."""

    def __init__(self, registry: DeviceRegistry) -> None:
        self._registry = registry
        self._looked: float | None = None
        self._found: list[BusyShape] = []

    def __call__(self) -> list[BusyShape]:
        now = time.monotonic()
        if self._looked is None or now - self._looked >= LOOK_S:
            online = (each for each in self._registry.devices() if each.presence == "online")
            speaking = (
                (interval, each) for each in online if (interval := self._registry.fast_path.expected_interval(each))
            )
            self._found = [
                {"device_id": each.id, "name": each.display_name, "rate": round(1_000 / interval, 2)}
                for interval, each in heapq.nsmallest(BUSIEST, speaking, key=itemgetter(0))
            ]
            self._looked = now
        return self._found
