"""``/api/status``: the state of the hub."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.ai.providers import ProviderChain
from hub.api.errors import Json
from hub.api.hub_info import HubInfo
from hub.api.live.throughput import Throughput
from hub.api.routes.clock import clock_shape
from hub.api.schemas import status as shapes
from hub.api.schemas.diagnoses import WriterShape
from hub.mqtt.client import MqttClientState
from hub.registry.reader import DeviceReader
from hub.services.hub_health import HubHealth
from hub.store.base import StoreStats


def routes(
    info: HubInfo, health: HubHealth, throughput: Throughput, providers: ProviderChain, devices: DeviceReader
) -> APIRouter:
    router = APIRouter(tags=["hub"])

    @router.get("/api/status", response_model=shapes.Status)
    async def get_status() -> Response:
        """Return the state of the hub: broker, history, models, throughput, limits, clock and memory."""
        now = health.now()
        answer = shapes.Status(
            version=info.version,
            install_id=info.install_id,
            started_at=info.started_at,
            uptime_s=(now - info.started_at) // 1000,
            broker=_broker(health.broker()),
            store=_store(info, health.store_stats()),
            ai=shapes.AiShape(
                chat=[WriterShape.of(one) for one in providers.describe()],
                vision=[WriterShape.of(one) for one in providers.vision()],
            ),
            degraded=health.degraded(),
            counters=throughput.counters(),
            flow=throughput.flow(),
            busiest=[each for each in throughput.busiest() if devices.known(each.device)],
            limits=info.limits,
            clock=clock_shape(health.clock, now),
            memory=shapes.MemoryShape.of(health.memory()),
        )
        return Json(answer)

    return router


def _broker(state: MqttClientState) -> shapes.BrokerShape:
    refused = [shapes.RefusedFilter(filter=topic, reason=reason) for topic, reason in state.refused]
    return shapes.BrokerShape.of(state, refused=refused)


def _store(info: HubInfo, stats: StoreStats) -> shapes.StoreShape:
    return shapes.StoreShape.of(
        stats,
        path=str(info.data),
        retention_days=info.retention.retention_days,
        minutes_days=info.retention.minutes_days,
        hours_days=info.retention.hours_days,
    )
