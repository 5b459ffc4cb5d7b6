"""Build the event streams, and the statistics about the hub that the dashboard shows."""

from __future__ import annotations

from dataclasses import dataclass

from hub.api.live import dashboard_socket
from hub.api.live.broadcaster import Broadcaster
from hub.api.live.dashboard_stats import DashboardStats
from hub.api.live.device_columns import Columns
from hub.api.live.run_subscriptions import RunSubscriptions
from hub.api.live.throughput import Throughput
from hub.assembly.parts import AiServices, BrokerServices, Core
from hub.services.alerts import Alerts
from hub.services.devices import Devices
from hub.services.visible_incidents import VisibleIncidents


@dataclass(frozen=True, kw_only=True)
class Feeds:
    """The statistics about the hub that the dashboard shows, and the sender of events.

    Attributes:
        throughput: Message rate, queues and losses.
        stats: The statistics on every page of the dashboard.
        broadcaster: Sends events to the clients' streams. Its ``run()`` has to be started as a task.
    """

    throughput: Throughput
    stats: DashboardStats
    broadcaster: Broadcaster


def build_feeds(
    core: Core,
    broker: BrokerServices,
    ai: AiServices,
    device_service: Devices,
    alert_service: Alerts,
    incidents: VisibleIncidents,
    max_dashboards: int,
    max_listeners: int,
) -> Feeds:
    """Create and connect the parts that send events to browsers and compute the statistics about the hub.

    Args:
        core: The registry, the rules, the pipeline and the event bus.
        broker: State of the broker and its connection.
        ai: The model providers and the diagnosis.
        device_service: The devices.
        alert_service: The alerts.
        incidents: The incidents.
        max_dashboards: Maximum number of dashboard pages that are connected at the same time.
        max_listeners: Maximum number of clients of the other event streams at the same time.

    Returns:
        The parts. The caller has to run ``broadcaster.run()`` as a task.
    """
    throughput = Throughput(
        registry=core.registry,
        ingest_queue=core.ingest_queue,
        counters=core.pipeline.counters,
        broker=broker.state,
        dropped=broker.dropped,
        now=core.now,
    )
    stats = DashboardStats(
        devices=device_service,
        alerts=alert_service,
        throughput=throughput,
        broker=broker.state,
        providers=ai.providers,
        now=core.now,
    )
    live = dashboard_socket.Live(
        Columns(core.registry, core.engine),
        devices=core.visible.devices,
        alerts=alert_service,
        incidents=incidents,
        stats=stats,
        run_subscriptions=RunSubscriptions(ai.diagnosis.runs),
        now=core.now,
        max_clients=max_dashboards,
    )
    broadcaster = Broadcaster(
        bus=core.bus,
        alerts=alert_service,
        incidents=incidents,
        live=live,
        stats=stats,
        throughput=throughput,
        shutdown=core.shutdown,
        max_listeners=max_listeners,
    )
    return Feeds(throughput=throughput, stats=stats, broadcaster=broadcaster)
