"""``/metrics``: the hub's metrics for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.live.broadcaster import Broadcaster
from hub.api.live.dashboard_stats import DashboardStats
from hub.runtime.metrics import CONTENT_TYPE, Metrics, MetricsSample, ReadingGauge
from hub.services.hub_health import HubHealth


def routes(
    prometheus: Metrics,
    stats: DashboardStats,
    health: HubHealth,
    broadcaster: Broadcaster,
    readings: Callable[[], tuple[list[ReadingGauge], bool]],
) -> APIRouter:
    router = APIRouter(tags=["hub"])

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Return the hub's metrics in the Prometheus text format."""
        return Response(prometheus.render(sample()), media_type=CONTENT_TYPE)

    def sample() -> MetricsSample:
        (gauges, truncated), stored, flow = readings(), health.store_stats(), stats.throughput.flow()
        counters: dict[str, Any] = stats.throughput.counters()
        return MetricsSample(
            **counters,
            queue=flow.queue,
            unacknowledged=flow.unacknowledged,
            dropped=flow.dropped,
            rate=flow.rate,
            lag_s=flow.lag_ms / 1000,
            store_stalled=flow.store_stalled,
            devices=stats.devices.by_presence(),
            alerts=stats.alerts.by_severity(),
            commit_age_s=None if stored.last_commit is None else max(0, health.now() - stored.last_commit) / 1000,
            store_bytes=stored.bytes,
            broker_connected=health.broker().connected,
            live_clients=len(broadcaster.live.clients),
            listeners=broadcaster.listeners,
            tasks=len(asyncio.all_tasks()),
            readings=gauges,
            readings_truncated=truncated,
            device_rates={each.device: each.rate for each in stats.throughput.busiest()},
        )

    return router
