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

    - `i`: the handles of the devices: numbers in place of their ids
    - `v`: the values
    - `u`: the units
    - `k`: how to show the values: for each device an index in `kinds` of the same frame, or one index for all devices
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
    """The changes since the last frame. Devices are named by their handles: numbers in place of their ids.

    - `i`, `seen`, `presence`, `severity`: columns of equal length about the devices that changed; `i` has their handles
    - `m`: new values, as two columns for each metric: handles and values
    - `units`: new units, as two columns for each metric: handles and units
    - `shown`: new ways to show values, as two columns for each metric: handles and indexes in `kinds`
    - `new`: devices that are new, or whose name, area, model or labels changed
    - `gone`: handles of deleted devices
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
    """A step of a diagnosis that is being written.

    `id` identifies the diagnosis: the page that subscribed to the topic `run/ID` gets the steps with the id `ID`.
    """

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
    """The first message of a page.

    To resume an earlier connection, it has that connection's `epoch` and the number of its last frame (`since`).
    """

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
    """Tells the hub whether the page is in the background. While `hidden` is true, the page gets no frames."""

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
    """Add the messages of ``/api/live``, in both directions, to the OpenAPI description."""

    @app.webhooks.post("live", tags=["live"], summary="Messages from the hub on /api/live", response_model=None)
    def from_hub(message: LiveFromHub) -> Any:
        """One JSON object that the hub sends to a page. docs/live.md describes when each message is sent."""

    @app.webhooks.post("live-page", tags=["live"], summary="Messages from a page on /api/live", response_model=None)
    def from_page(message: LiveFromPage) -> Any:
        """Each message is one JSON object. `hello` is the first one."""
