"""What flows through the hub at the moment, and who sends most of it: for ``/api/status`` and ``/metrics``."""

from __future__ import annotations

import heapq

from hub.api.broadcast import Broadcaster
from hub.api.flow_shapes import BusyShape, FlowShape
from hub.api.services import Services
from hub.fleet import Fleet
from hub.model import Device

BUSIEST = 10


def flow(services: Services, broadcaster: Broadcaster) -> FlowShape:
    return {
        "rate": round(broadcaster.rate, 1),
        "lag_ms": services.counters.lag(services.now()),
        "queue": len(services.inbox),
        "unacknowledged": services.link().held,
        "dropped": services.dropped(),
        "store_stalled": services.counters.store_stalled,
    }


def busiest(fleet: Fleet) -> list[BusyShape]:
    """Those that are online, by their usual interval between messages."""
    speaking = (device for device in fleet.devices() if device.rhythm and device.presence == "online")
    return [
        {"device_id": device.id, "name": device.display_name, "rate": _rate(device)}
        for device in heapq.nlargest(BUSIEST, speaking, key=_rate)
    ]


def _rate(device: Device) -> float:
    return round(1_000 / device.rhythm, 2) if device.rhythm else 0.0
