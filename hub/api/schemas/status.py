"""Responses of ``/api/status``, ``/healthz`` and ``/readyz``."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.diagnoses import WriterShape
from hub.api.schemas.throughput import BusyShape, FlowShape


class Health(ApiObject):
    """Liveness. `failed` lists the tasks that have stopped. It is absent for a request that is not authenticated."""

    status: Literal["ok", "failing"]
    failed: list[str] | UnsetType = UNSET


class Readiness(ApiObject):
    """Whether the hub is ready. `missing` lists what it is waiting for, `degraded` what does not work.

    With the status `standby`, it waits until another hub stops using the same database. Both lists are absent for a
    request that is not authenticated.
    """

    status: Literal["ready", "waiting", "standby"]
    missing: list[str] | UnsetType = UNSET
    degraded: list[str] | UnsetType = UNSET


class RefusedFilter(ApiObject):
    filter: str
    reason: str


class BrokerShape(ApiObject):
    """The connection to the broker. `username` is null if the hub connects without a user name.

    `refused` are the subscriptions that the broker refused.
    """

    address: str
    connected: bool
    subscribed: bool
    protocol: str | None
    username: str | None
    since: int | None
    reconnects: int
    error: str | None
    refused: list[RefusedFilter]


class StoreShape(ApiObject):
    path: str
    bytes: int
    last_commit: int | None
    unreadable: int
    retention_days: int
    minutes_days: int
    hours_days: int


class AiShape(ApiObject):
    """The models that answer questions and those that describe pictures, in the order in which they are tried."""

    chat: list[WriterShape]
    vision: list[WriterShape]


class ClockShape(ApiObject):
    """The hub's clock.

    `doubted_at` is the time that the clock showed when the hub stopped trusting it; null while the hub trusts it.
    `believed` is the time that the hub uses to decide which history is old enough to delete.
    """

    now: int
    believed: int
    doubted_at: int | None


class MemoryShape(ApiObject):
    """The memory that devices use, counted in metrics. A device without metrics counts as several metrics.

    `left_out` is the number of stored devices that did not fit into memory when the hub started.
    """

    metrics: int
    total_metrics: int
    left_out: int


class Status(ApiObject):
    version: str
    install_id: str
    started_at: int
    uptime_s: int
    broker: BrokerShape
    store: StoreShape
    ai: AiShape
    degraded: list[str]
    counters: dict[str, int]
    flow: FlowShape
    busiest: list[BusyShape]
    limits: dict[str, int]
    clock: ClockShape
    memory: MemoryShape
