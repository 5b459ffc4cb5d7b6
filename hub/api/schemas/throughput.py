"""Throughput figures as the API returns them: messages, readings, queue, commits."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject


class FlowShape(ApiObject):
    """Throughput and losses of the hub.

    - `rate`: messages a second, over the last two seconds
    - `last_minute`: messages in the last minute
    - `lag_ms`: time from the arrival of a message to its commit
    - `queue`: messages that wait for the pipeline
    - `unacknowledged`: messages that wait for their commit
    - `dropped`: messages that the broker dropped because the queue of a client (any client, not only the hub) was full
    """

    rate: float
    last_minute: int
    lag_ms: int
    queue: int
    unacknowledged: int
    dropped: int
    store_stalled: bool


class BusyShape(ApiObject, rename={"device": "device_id"}):
    """A device and the number of messages that it sends a second."""

    device: str
    name: str
    rate: float
