"""What ``/api/status``, ``/healthz`` and ``/readyz`` answer."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.responses import WriterShape
from hub.api.schemas.throughput import BusyShape, FlowShape


class Health(ApiObject):
    """``failed`` names the tasks that no longer run, for whoever shows the token."""

    status: Literal["ok", "failing"]
    failed: list[str] | UnsetType = UNSET


class Readiness(ApiObject):
    """``missing`` says what the hub waits for, ``degraded`` what does not work, for whoever shows the token."""

    status: Literal["ready", "waiting"]
    missing: list[str] | UnsetType = UNSET
    degraded: list[str] | UnsetType = UNSET


class RefusedFilter(ApiObject):
    filter: str
    reason: str


class BrokerShape(ApiObject):
    """``username`` is the user that the hub is connected as, null without one."""

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
    """Who answers and who looks at pictures, in order of use."""

    chat: list[WriterShape]
    vision: list[WriterShape]


class ClockShape(ApiObject):
    """``doubted_at`` is what the clock showed when it was first doubted, null while it is trusted. Old history is
    deleted by the time ``believed``."""

    now: int
    believed: int
    doubted_at: int | None


class MemoryShape(ApiObject):
    """How much of the memory for devices is taken, in metrics: a device itself counts as some. ``left_out`` devices
    are stored, but did not fit at the start."""

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
