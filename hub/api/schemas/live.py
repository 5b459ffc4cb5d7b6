"""The messages of ``/api/live`` as typed dictionaries. docs/live.md describes the protocol.

FastAPI does not describe WebSockets, so :func:`describe` adds them to the OpenAPI description as webhooks. ``/docs``
shows them, and the dashboard's types are generated from them.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from fastapi import FastAPI
from typing_extensions import TypedDict

from hub.api.schemas import devices as devices_schemas
from hub.api.schemas import progress, responses
from hub.api.schemas.commands import CommandShape
from hub.api.schemas.incidents import IncidentShape
from hub.model import Value

Code = Literal[0, 1, 2, 3]
"""A severity (0 ok, 1 info, 2 warning, 3 critical) or a presence (0 online, 1 stale, 2 offline)."""


class LiveDevices(TypedDict):
    """Devices as columns of equal length: the entries at the same index are about the same device.

    `i` has the handles of the devices: numbers that later messages use in place of the ids.
    """

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
    """One metric of all devices that have it, as columns: the entries at the same index are about the same device.

    `i` has the handles of the devices (numbers in place of the ids), `v` the values, and `u` the units. `k` says how to
    show the values. It is an index in the frame's list `kinds` for each device, or a single index if it is the same for
    all devices.
    """

    i: list[int]
    v: list[Value]
    u: list[str | None]
    k: NotRequired[int | list[int]]


class LiveSnapshot(TypedDict):
    """All devices. `ts` is the hub's present time (epoch ms)."""

    type: Literal["snapshot"]
    epoch: str
    seq: int
    ts: int
    root: str
    devices: LiveDevices
    kinds: NotRequired[list[devices_schemas.MetricFacts]]
    metrics: dict[str, LiveMetric]


class LiveDelta(TypedDict):
    """The changes since the last frame.

    `i`, `seen`, `presence` and `severity` are columns of equal length. `i` has the handles of the devices that changed:
    numbers in place of their ids. `m`, `units` and `shown` have an entry for each metric that changed. It consists of
    two columns: the handles of devices, and their new values (`m`), units (`units`), or indexes in the list `kinds` of
    this frame, which says how to show the values (`shown`). `gone` has the handles of removed devices.
    """

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
    """The answer to a page that connects again and has missed only changes, so that it needs no new snapshot.

    The page named its last frame in its message `hello`. The next frame is a delta with the changes since then.
    """

    type: Literal["resumed"]
    epoch: str
    seq: int


class LiveResync(TypedDict):
    """The page cannot continue its earlier connection. A snapshot follows."""

    type: Literal["resync"]
    reason: str


class LiveAlerts(TypedDict):
    """All open alerts and incidents."""

    type: Literal["alerts"]
    items: list[responses.AlertShape]
    incidents: list[IncidentShape]


class LiveAlert(TypedDict):
    """An alert that has changed, with its present state."""

    type: Literal["alert"]
    alert: responses.AlertShape


class LiveIncident(TypedDict):
    """An incident that has changed, with its present state."""

    type: Literal["incident"]
    incident: IncidentShape


class LiveCommand(TypedDict):
    """A command that was created or has changed its state."""

    type: Literal["command"]
    command: CommandShape


class LiveAi(TypedDict):
    provider: str
    model: str


class LiveBroker(TypedDict):
    """The state of the connection to the broker.

    `since` is the time of the last change of `connected`; it is null before the first connection.
    """

    connected: bool
    address: str
    since: int | None


class LiveStats(TypedDict):
    """Figures of the hub: messages a second (`rate`), percent of one core (`cpu`), bytes of memory (`rss`)."""

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
    last_minute: int
    cpu: float
    rss: int
    ai: LiveAi | None
    broker: LiveBroker


class LivePong(TypedDict):
    type: Literal["pong"]
    ts: float | None


class LiveRun(progress.RunStepShape, kw_only=True):
    """A step of a diagnosis that is being written. `id` is the id in the `topic` that the page subscribed to."""

    type: Literal["run"]
    id: str


LiveFromHub = (
    LiveSnapshot
    | LiveDelta
    | LiveResumed
    | LiveResync
    | LiveAlerts
    | LiveAlert
    | LiveIncident
    | LiveCommand
    | LiveRun
    | LiveStats
    | LivePong
)


class LiveHello(TypedDict):
    """The first message of a page. With `epoch` and `since`, a frame number, the page resumes an earlier connection."""

    type: Literal["hello"]
    since: NotRequired[int]
    epoch: NotRequired[str]


class LiveAck(TypedDict):
    """The page has processed all frames up to `seq`."""

    type: Literal["ack"]
    seq: int


class LivePing(TypedDict):
    type: Literal["ping"]
    ts: float


class LiveHidden(TypedDict):
    """The page is in the background and needs no frames, or is visible again."""

    type: Literal["hidden"]
    hidden: bool


class LiveTopic(TypedDict):
    """A request to receive the steps of a diagnosis that is being written, or to receive them no longer.

    `topic` is `run/` and the id of the run.
    """

    type: Literal["subscribe", "unsubscribe"]
    topic: str


LiveFromPage = LiveHello | LiveAck | LivePing | LiveHidden | LiveTopic


def describe(app: FastAPI) -> None:
    """Add the messages from the hub and those from a page to the OpenAPI description."""

    @app.webhooks.post("live", tags=["live"], summary="Messages from the hub on /api/live", response_model=None)
    def from_hub(message: LiveFromHub) -> Any:
        """One JSON object that the hub sends to a page. docs/live.md describes when each message is sent."""

    @app.webhooks.post("live-page", tags=["live"], summary="Messages from a page on /api/live", response_model=None)
    def from_page(message: LiveFromPage) -> Any:
        """Each message is one JSON object. `hello` is the first one."""
