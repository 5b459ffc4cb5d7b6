"""Responses of ``/api/status``, ``/healthz`` and ``/readyz``."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.diagnoses import WriterShape
from hub.api.schemas.throughput import BusyShape, FlowShape


class Health(ApiObject):
    """Liveness. `failed` lists the tasks that have stopped; only with a token."""

    status: Literal["ok", "failing"]
    failed: list[str] | UnsetType = UNSET


class Readiness(ApiObject):
    """Readiness. `missing` lists what the hub is waiting for, `degraded` what does not work; only with a token."""

    status: Literal["ready", "waiting"]
    missing: list[str] | UnsetType = UNSET
    degraded: list[str] | UnsetType = UNSET


class RefusedFilter(ApiObject):
    filter: str
    reason: str


class BrokerShape(ApiObject):
    """Connection to the broker. `username` is null if the hub connects without one. `refused` are subscriptions."""

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
    """The models for questions and for pictures, in order of use."""

    chat: list[WriterShape]
    vision: list[WriterShape]


class ClockShape(ApiObject):
    """The hub's clock.

    `doubted_at` is what it showed when the hub stopped trusting it; null while it is trusted. `believed` is the time by
    which old history is deleted.
    """

    now: int
    believed: int
    doubted_at: int | None


class MemoryShape(ApiObject):
    """Memory used by devices, counted in metrics. A device without metrics counts as several.

    `left_out` is the number of stored devices that did not fit at start.
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
