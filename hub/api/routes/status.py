"""``/api/status``: the state of the hub itself."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.ai.providers import ProviderChain
from hub.api.errors import Json
from hub.api.hub_info import HubInfo
from hub.api.live.throughput import Throughput
from hub.api.routes.clock import clock_shape
from hub.api.schemas import status as shapes
from hub.api.schemas.responses import WriterShape
from hub.mqtt.client import MqttClientState
from hub.services.hub_health import HubHealth, MemoryUse
from hub.store.base import StoreStats


def routes(info: HubInfo, health: HubHealth, throughput: Throughput, providers: ProviderChain) -> APIRouter:
    router = APIRouter(tags=["hub"])

    @router.get("/api/status", response_model=shapes.Status)
    async def status() -> Response:
        at = health.now()
        answer: shapes.Status = {
            "version": info.version,
            "install_id": info.install_id,
            "started_at": info.started_at,
            "uptime_s": (at - info.started_at) // 1000,
            "broker": _broker(health.broker()),
            "store": _store(info, health.store_stats()),
            "ai": {
                "chat": [WriterShape.of(one) for one in providers.describe()],
                "vision": [WriterShape.of(one) for one in providers.vision()],
            },
            "degraded": health.degraded(),
            "counters": throughput.counters(),
            "flow": throughput.flow(),
            "busiest": throughput.busiest(),
            "limits": info.limits,
            "clock": clock_shape(health.clock, at),
            "memory": _memory(health.memory()),
        }
        return Json(answer)

    return router


def _broker(state: MqttClientState) -> shapes.BrokerShape:
    return {
        "address": state.address,
        "connected": state.connected,
        "subscribed": state.subscribed,
        "protocol": state.protocol,
        "username": state.username,
        "since": state.since,
        "reconnects": state.reconnects,
        "error": state.error,
        "refused": [{"filter": topic, "reason": reason} for topic, reason in state.refused],
    }


def _memory(use: MemoryUse) -> shapes.MemoryShape:
    return {"metrics": use.metrics, "total_metrics": use.total_metrics, "left_out": use.left_out}


def _store(info: HubInfo, stats: StoreStats) -> shapes.StoreShape:
    return {
        "path": str(info.data),
        "bytes": stats.bytes,
        "last_commit": stats.last_commit,
        "unreadable": stats.unreadable,
        "retention_days": info.retention.retention_days,
        "minutes_days": info.retention.minutes_days,
        "hours_days": info.retention.hours_days,
    }
