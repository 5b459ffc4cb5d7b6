"""What flows through the hub, as JSON."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject


class FlowShape(ApiObject):
    """``rate`` in messages a second; ``lag_ms`` from a message's arrival to its commit; ``queue`` waits to be read,
    ``unacknowledged`` to be committed; ``dropped`` by the broker, for want of room, of any client's."""

    rate: float
    lag_ms: int
    queue: int
    unacknowledged: int
    dropped: int
    store_stalled: bool


class BusyShape(ApiObject, rename={"device": "device_id"}):
    """A device and its messages a second."""

    device: str
    name: str
    rate: float
