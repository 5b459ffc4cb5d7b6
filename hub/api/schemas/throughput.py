"""JSON schemas of the throughput figures: messages, readings, queue, commits."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject


class FlowShape(ApiObject):
    """Throughput and losses.

    - `rate`: messages a second
    - `lag_ms`: time from the arrival of a message to its commit
    - `queue`: messages that wait for the pipeline
    - `unacknowledged`: messages that wait for their commit
    - `dropped`: messages to any client that the broker dropped because its queue was full
    """

    rate: float
    lag_ms: int
    queue: int
    unacknowledged: int
    dropped: int
    store_stalled: bool


class BusyShape(ApiObject, rename={"device": "device_id"}):
    """A device and how many messages it sends a second."""

    device: str
    name: str
    rate: float
