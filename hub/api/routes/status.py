"""How the hub itself is: ``/api/status``, ``/healthz``, ``/readyz``, ``/metrics``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.live.broadcaster import Broadcaster
from hub.api.live.throughput import Busiest, flow
from hub.api.schemas import serializers
from hub.api.schemas import status as shapes
from hub.api.services import HttpSettings, Services
from hub.api.trend import TrendShape
from hub.mqtt.client import MqttClientState
from hub.registry.capacity import METRIC_BYTES
from hub.runtime.metrics import CONTENT_TYPE, MetricsSample


def routes(services: Services, http: HttpSettings, broadcaster: Broadcaster) -> APIRouter:
    router = APIRouter(tags=["hub"])
    busiest = Busiest(services.registry)

    @router.get("/api/status/trend", response_model=TrendShape)
    async def trend() -> Response:
        """The figures of the last five minutes: open alerts, silent devices, messages a second."""
        return Json(broadcaster.trend.shape())

    @router.get("/api/status", response_model=shapes.Status)
    async def status() -> Response:
        now, kept, state = services.now(), services.store.stats(), services.link()
        answer: shapes.Status = {
            "version": services.version,
            "install_id": services.install_id,
            "started_at": services.started_at,
            "uptime_s": (now - services.started_at) // 1000,
            "broker": {
                "address": state.address,
                "connected": state.connected,
                "subscribed": state.subscribed,
                "protocol": state.protocol,
                "username": state.username,
                "since": state.since,
                "reconnects": state.reconnects,
                "error": state.error,
                "refused": [{"filter": topic, "reason": reason} for topic, reason in state.refused],
            },
            "store": {
                "path": str(services.data),
                "bytes": kept.bytes,
                "last_commit": kept.last_commit,
                "unreadable": kept.unreadable,
                "retention_days": services.kept.retention_days,
                "minutes_days": services.kept.minutes_days,
                "hours_days": services.kept.hours_days,
            },
            "ai": {
                "chat": [serializers.writer(one) for one in services.providers.describe()],
                "vision": [serializers.writer(one) for one in services.providers.vision()],
            },
            "degraded": _degraded(services),
            "counters": _counters(services),
            "flow": flow(services, broadcaster),
            "busiest": busiest(),
            "limits": {
                "image_bytes": http.image_bytes,
                "audio_bytes": http.audio_bytes,
                "document_bytes": http.document_bytes,
                "body_bytes": http.body_bytes,
                "ai_requests": http.ai_requests,
            },
            "clock": _clock(services),
            "memory": {
                "metrics": -(-services.registry.capacity.used // METRIC_BYTES),
                "total_metrics": services.registry.limits.total_metrics,
                "left_out": len(services.registry.capacity.left_out),
            },
        }
        return Json(answer)

    @router.post("/api/clock/trust", response_model=shapes.ClockShape)
    async def trust_clock() -> Response:
        """Say that the hub's clock is right, where the hub doubts it: old history is deleted again."""
        if services.clock is not None:
            services.clock.trust()
        return Json(_clock(services))

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz", response_model=shapes.Health, responses={503: {"model": shapes.Health}})
    async def healthz(request: Request) -> Response:
        """200 while the process answers and all its tasks run. ``failed`` names those that do not, for whoever shows
        the token."""
        failed = list(services.failed())
        return _probe(request, "failing" if failed else "ok", failed=failed)

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", response_model=shapes.Readiness, responses={503: {"model": shapes.Readiness}})
    async def readyz(request: Request) -> Response:
        """200 once the broker has granted a subscription and the history can be written. ``missing`` says what is
        waited for, ``degraded`` what does not work although the hub is ready, for whoever shows the token."""
        missing = _missing(services)
        return _probe(request, "waiting" if missing else "ready", _degraded(services), missing=missing)

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """For Prometheus."""
        return Response(
            services.metrics.render(_reading(services, broadcaster, busiest), services.version), media_type=CONTENT_TYPE
        )

    return router


def _probe(request: Request, status: str, degraded: Sequence[str] = (), **details: list[str]) -> Response:
    """Answer 503 while there are details. They name addresses, so they are left out without proof."""
    shown = {**details, **({"degraded": degraded} if degraded else {})}
    answer = {"status": status, **(shown if request.state.proof is not None else {})}
    return Json(answer, 503 if any(details.values()) else 200)


def _clock(services: Services) -> shapes.ClockShape:
    now, clock = services.now(), services.clock
    if clock is None:
        return {"now": now, "believed": now, "doubted_at": None}
    return {"now": now, "believed": clock.believed(), "doubted_at": clock.kept.doubted_at}


def _missing(services: Services) -> list[str]:
    state = services.link()
    missing = []
    if not state.connected:
        missing.append(f"broker: not connected to {state.address}" + (f" ({state.error})" if state.error else ""))
    elif not state.subscribed:
        if state.refused:
            missing.append(f"broker: {state.address} refuses every subscription: {_named(state)}")
        else:
            missing.append(f"broker: {state.address} has not confirmed the subscription")
    if services.counters.store_stalled:
        missing.append("store: the history cannot be written")
    return missing


def _degraded(services: Services) -> list[str]:
    """Return what does not work although the hub is ready."""
    state = services.link()
    found = [f"left out: {fault}" for faults in services.faults.values() for fault in faults]
    if state.subscribed and state.refused:
        found.append(f"broker: {state.address} refuses the subscription to {_named(state)}")
    return [*found, *_doubted_clock(services), *_full_memory(services)]


def _doubted_clock(services: Services) -> Iterator[str]:
    clock = _clock(services)
    if clock["doubted_at"] is not None:
        shown, believed = (f"{datetime.fromtimestamp(clock[key] / 1000, UTC):%Y-%m-%d}" for key in ("now", "believed"))
        yield (
            f"clock: it shows {shown}, the hub last believed {believed}; no old history is deleted until the clock is "
            "set right, or confirmed with hub doctor --trust-clock"
        )


def _full_memory(services: Services) -> Iterator[str]:
    registry = services.registry
    if left := len(registry.capacity.left_out):
        yield f"memory: {left:,} stored devices do not fit and are left out; give the hub more memory and restart it"
    if len(registry) >= registry.limits.devices:
        yield f"devices: {len(registry):,} of {registry.limits.devices:,} (limits.devices); new ones are refused"
    elif registry.capacity.full:
        yield (
            f"memory: no room for new devices (limits.total_metrics is {registry.limits.total_metrics:,}); they are "
            "refused. Remove devices, or give the hub more memory"
        )


def _named(state: MqttClientState) -> str:
    return ", ".join(f"{topic} ({reason})" for topic, reason in state.refused)


def _counters(services: Services) -> dict[str, int]:
    counters = services.counters
    return {
        "received": services.ingest_queue.received,
        "stored": counters.stored,
        "rejected": counters.rejected,
        "shed": services.ingest_queue.shed,
        "duplicates": counters.duplicates,
        "batches": counters.batches,
    }


def _reading(services: Services, broadcaster: Broadcaster, busiest: Busiest) -> MetricsSample:
    kept = services.store.stats()
    counts: dict[str, Any] = _counters(services)
    flowing = flow(services, broadcaster)
    return MetricsSample(
        **counts,
        queue=flowing["queue"],
        unacknowledged=flowing["unacknowledged"],
        dropped=flowing["dropped"],
        rate=flowing["rate"],
        lag_s=flowing["lag_ms"] / 1000,
        store_stalled=flowing["store_stalled"],
        devices=broadcaster.devices.by_presence(),
        alerts=broadcaster.alerts.by_severity(),
        commit_age_s=None if kept.last_commit is None else max(0, services.now() - kept.last_commit) / 1000,
        store_bytes=kept.bytes,
        broker_connected=services.link().connected,
        live_clients=len(broadcaster.live.clients),
        listeners=broadcaster.listeners,
        device_rates={each["device_id"]: each["rate"] for each in busiest()},
    )
