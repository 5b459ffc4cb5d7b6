"""The messages of ``/api/live`` as typed dictionaries, as docs/live.md tells them in words.

FastAPI describes no WebSocket, so :func:`describe` puts them into the API's description as what the hub sends by
itself (a webhook, in OpenAPI's words): ``/docs`` shows them, and the dashboard's types are generated from there.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from fastapi import FastAPI
from typing_extensions import TypedDict

from hub.api.schemas import devices as devices_schemas
from hub.api.schemas import progress, responses
from hub.api.schemas.commands import CommandShape
from hub.model import Value

Code = Literal[0, 1, 2, 3]
"""Of severity: ok, info, warning, critical. Of presence: online, stale, offline."""


class LiveDevices(TypedDict):
    """Columns that are aligned: entry ``k`` of each describes the device with the handle ``i[k]``."""

    i: list[int]
    id: list[str]
    name: list[str]
    area: list[str | None]
    model: list[str | None]
    dialect: list[str]
    labels: list[list[str]]
    presence: list[Code]
    severity: list[Code]
    seen: list[int | None]


class LiveMetric(TypedDict):
    """One metric of all devices that have it: handles, values and units, aligned. ``k`` says which of the frame's
    ``kinds`` each is, one number where all are the same."""

    i: list[int]
    v: list[Value]
    u: list[str | None]
    k: NotRequired[int | list[int]]


class LiveSnapshot(TypedDict):
    """The whole fleet. ``ts`` is the hub's clock."""

    type: Literal["snapshot"]
    epoch: str
    seq: int
    ts: int
    root: str
    devices: LiveDevices
    kinds: NotRequired[list[devices_schemas.MetricFacts]]
    metrics: dict[str, LiveMetric]


class LiveDelta(TypedDict):
    """What changed since the frame before. ``m``, ``units`` and ``shown`` hold handles and values, aligned, by metric;
    those of ``shown`` are places in this frame's ``kinds``."""

    type: Literal["delta"]
    seq: int
    ts: int
    i: NotRequired[list[int]]
    seen: NotRequired[list[int | None]]
    presence: NotRequired[list[Code]]
    severity: NotRequired[list[Code]]
    m: NotRequired[dict[str, tuple[list[int], list[Value]]]]
    new: NotRequired[LiveDevices]
    units: NotRequired[dict[str, tuple[list[int], list[str | None]]]]
    kinds: NotRequired[list[devices_schemas.MetricFacts]]
    shown: NotRequired[dict[str, tuple[list[int], list[int]]]]
    gone: NotRequired[list[int]]


class LiveResumed(TypedDict):
    type: Literal["resumed"]
    epoch: str
    seq: int


class LiveResync(TypedDict):
    type: Literal["resync"]
    reason: str


class LiveAlerts(TypedDict):
    """All open alerts."""

    type: Literal["alerts"]
    items: list[responses.AlertShape]


class LiveAlert(TypedDict):
    """One alert as it is now."""

    type: Literal["alert"]
    alert: responses.AlertShape


class LiveCommand(TypedDict):
    """A command that was asked for or has moved to another state."""

    type: Literal["command"]
    command: CommandShape


class LiveAi(TypedDict):
    provider: str
    model: str


class LiveBroker(TypedDict):
    connected: bool
    address: str


class LiveStats(TypedDict):
    """``rate`` in messages a second, ``cpu`` in percent of one core, ``rss`` in bytes; the rest are counts."""

    type: Literal["stats"]
    ts: int
    devices: int
    online: int
    stale: int
    offline: int
    open_alerts: int
    critical: int
    received: int
    stored: int
    rejected: int
    shed: int
    rate: float
    cpu: float
    rss: int
    ai: LiveAi | None
    broker: LiveBroker


class LivePong(TypedDict):
    type: Literal["pong"]
    ts: float | None


class LiveRun(progress.RunStepShape, kw_only=True):
    """A step of a text that is being written; ``id`` names the run."""

    type: Literal["run"]
    id: str


LiveFromHub = (
    LiveSnapshot
    | LiveDelta
    | LiveResumed
    | LiveResync
    | LiveAlerts
    | LiveAlert
    | LiveCommand
    | LiveRun
    | LiveStats
    | LivePong
)


class LiveHello(TypedDict):
    type: Literal["hello"]
    since: NotRequired[int]
    epoch: NotRequired[str]


class LiveAck(TypedDict):
    type: Literal["ack"]
    seq: int


class LivePing(TypedDict):
    type: Literal["ping"]
    ts: float


class LiveHidden(TypedDict):
    type: Literal["hidden"]
    hidden: bool


class LiveTopic(TypedDict):
    """``topic`` is ``run/`` and the run's id."""

    type: Literal["subscribe", "unsubscribe"]
    topic: str


LiveFromPage = LiveHello | LiveAck | LivePing | LiveHidden | LiveTopic


def describe(app: FastAPI) -> None:
    """Add both directions to the description of the API."""

    @app.webhooks.post("live", tags=["live"], summary="What /api/live sends to a page", response_model=None)
    def from_hub(message: LiveFromHub) -> Any:
        """One JSON object a message; see docs/live.md for when each comes."""

    @app.webhooks.post("live-page", tags=["live"], summary="What a page sends on /api/live", response_model=None)
    def from_page(message: LiveFromPage) -> Any:
        """``hello`` comes first."""
