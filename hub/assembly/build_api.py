"""Build the HTTP API and the services that its routes call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hub.accounts import People
from hub.accounts.openid import OpenId
from hub.ai.model_settings import ModelRegistry
from hub.api import Api, AuditTrail, Authenticator, HttpSettings, HubInfo, Router, create_api
from hub.api.analysis_jobs import Jobs
from hub.api.change_log import ChangeLog
from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.live import dashboard_socket, public_socket, sse
from hub.api.live.broadcaster import Broadcaster
from hub.api.login_attempts import LoginAttempts
from hub.api.rest_resources import RestResources
from hub.api.routes import (
    account,
    analyses,
    analyze,
    areas,
    ask,
    audit,
    clock,
    commands,
    conversations,
    credentials,
    dashboards,
    deliveries,
    device_rules,
    devices,
    diagnoses,
    docs,
    enrolments,
    expected_range,
    fleet_health,
    history,
    import_export,
    logs,
    mappings,
    mcp,
    messages,
    metrics,
    models,
    notifications,
    openid,
    own_notifications,
    passkeys,
    people,
    probes,
    session,
    status,
    telemetry,
    terms,
    topics,
    trend,
)
from hub.api.submit_timeout import with_timeout
from hub.assembly.build_alerts import alert_routers, incident_service
from hub.assembly.build_feeds import Feeds, build_feeds
from hub.assembly.build_rules import rule_routers
from hub.assembly.parts import AiServices, BrokerServices, ConfigFiles, Core
from hub.model import Input, ReplaceAreas
from hub.services.alert_handling import AlertHandling
from hub.services.alerts import Alerts
from hub.services.areas import Areas
from hub.services.assignable import AssignablePeople
from hub.services.commands import Commands
from hub.services.dashboards import Dashboards
from hub.services.devices import Devices
from hub.services.enrolments import Enrolments
from hub.services.fleet_health import FleetHealthService
from hub.services.hub_health import HubHealth
from hub.services.posted_telemetry import PostedTelemetry
from hub.services.reading_gauges import reading_gauges
from hub.tools import ModelContextServer

Submit = Callable[[Input], Awaitable[Any]]


def build_api(
    core: Core,
    broker: BrokerServices,
    ai: AiServices,
    files: ConfigFiles,
    *,
    info: HubInfo,
    health: HubHealth,
    http: HttpSettings,
    max_dashboards: int = 64,
    max_listeners: int = 128,
) -> tuple[Api, Broadcaster]:
    """Return the application and the broadcaster of its event streams. The caller runs ``broadcaster.run()`` as a task.

    Args:
        core: State, history and pipeline.
        broker: Services that read from the broker and write to it.
        ai: The services that use language models.
        files: The files with rules, calculated metrics, reactions and mappings.
        info: Version, install id, limits and other facts about this hub.
        health: Health of the hub.
        http: Settings of the API.
        max_dashboards: Maximum number of clients of ``/api/live`` at the same time.
        max_listeners: Maximum number of clients of ``/events/devices`` and ``/ws`` together at the same time.
    """
    submit = with_timeout(core.ingest_queue.submit)
    visible = core.visible
    device_service = Devices(registry=visible.devices, engine=visible.alerts, submit=submit, now=core.now)
    alert_service = Alerts(
        registry=visible.devices,
        engine=visible.alerts,
        store=visible.history,
        pending=ai.diagnosis.pending,
    )
    incidents = incident_service(core, alert_service)
    feeds = build_feeds(core, broker, ai, device_service, alert_service, incidents, max_dashboards, max_listeners)
    site = Areas(info.data, core.registry, submit, core.now)
    core.ingest_queue.put(ReplaceAreas(site.tree.around(), core.now()))  # devices may have been assigned to others
    for file in (files.rules, files.calculated, files.reactions):
        file.area_ids = lambda areas: site.tree.ids(areas)
    trail = AuditTrail(core.audit)
    auth = Authenticator(http, People(info.data, http.token), LoginAttempts(), site.within)
    core.notifications.directory.accounts = auth.people.accounts
    core.notifications.directory.within = site.within
    core.notifications.hub_watch.failing = health.failing
    ai.tools.queries.hub_problems = lambda: [*health.missing(), *health.degraded()]
    handling = AlertHandling(
        alerts=alert_service,
        people=AssignablePeople(auth.people.accounts, site.within, visible.devices),
        store=visible.history,
        submit=submit,
        now=core.now,
    )

    own_dashboards = Dashboards(info.data, visible.devices, core.now)
    lost = {"areas.json": site.faults, "dashboards.json": own_dashboards.faults}
    lost["notifications.json"] = core.notifications.config.faults
    health.faults.update({name: faults for name, faults in lost.items() if faults})

    async def forget_person(account_id: str, by: str) -> None:
        await ai.memory.forget_person(account_id)
        await own_dashboards.forget_person(account_id)
        await handling.unassign_all(account_id, by=by)
        await core.notifications.config.forget_person(account_id)

    slots = ConcurrencyLimit(http.ai_requests)
    changes = ChangeLog(core.ingest_queue.submit, core.now)
    routers = [
        devices.routes(device_service, broker.desired_state, alert_service, ai.diagnosis, slots, changes, site),
        areas.routes(site, visible.devices, changes),
        dashboards.routes(own_dashboards, auth.people.accounts),
        fleet_health.routes(FleetHealthService(visible.devices)),
        terms.routes(),
        device_rules.routes(visible.devices, visible.alerts, visible.history),
        messages.routes(visible.devices, broker.messages, core.now),
        *alert_routers(
            core, alert_service, handling, ai, incidents, submit, info.version, lambda scope: site.tree.bound(scope)
        ),
        diagnoses.routes(ai.diagnosis, alert_service, visible.history, slots),
        commands.routes(Commands(registry=visible.devices, store=visible.history, submit=submit, now=core.now)),
        telemetry.routes(PostedTelemetry(submit, broker.dialects.root, core.now)),
        *_history_routers(core, submit),
        *rule_routers(core, ai, files, health.faults, changes),
        *_settings_routers(core, broker, ai.models, files, health.faults, changes),
        notifications.routes(core.notifications, changes, core.now, lambda scope: site.tree.bound(scope)),
        deliveries.routes(core.notifications),
        own_notifications.routes(core.notifications.config, core.now),
        *_hub_routers(core, ai, feeds, info, health),
        *_ai_routers(core, ai, http, slots),
        *_stream_routers(core, ai, feeds.broadcaster, slots, trail),
        session.routes(auth, changes, http.openid.name if http.openid else None),
        openid.routes(auth, OpenId(http.openid, auth.people) if http.openid else None, changes),
        account.routes(auth, changes, site, ai.providers),
        passkeys.routes(auth, changes),
        people.routes(auth, changes, site, ai.providers.budget, forget_person),
        enrolments.routes(Enrolments(info.data, broker.credentials, core.registry.known, core.now), auth, changes),
        audit.routes(trail.log, core.shutdown),
        docs.routes(http.web_dir),
    ]
    routers.append(mcp.routes(ModelContextServer(ai.tools, RestResources(routers), info.version)))
    return create_api(routers, http, auth, trail, info.version), feeds.broadcaster


def _history_routers(core: Core, submit: Submit) -> list[Router]:
    visible = core.visible
    return [
        history.routes(visible.devices, visible.history, core.now),
        import_export.routes(
            registry=core.registry,
            store=core.store,
            readable=visible.history,
            submit=submit,
            now=core.now,
            shutdown=core.shutdown,
        ),
        expected_range.routes(visible.devices, visible.history, core.now),
        logs.routes(visible.history),
    ]


def _settings_routers(
    core: Core,
    broker: BrokerServices,
    model_settings: ModelRegistry,
    files: ConfigFiles,
    faults: dict[str, list[str]],
    changes: ChangeLog,
) -> list[Router]:
    return [
        mappings.routes(files.mappings, broker.dialects, faults, changes, core.now),
        credentials.routes(broker.credentials, changes),
        models.routes(model_settings, changes),
        topics.routes(broker.explorer, broker.messages),
    ]


def _hub_routers(core: Core, ai: AiServices, feeds: Feeds, info: HubInfo, health: HubHealth) -> list[Router]:
    return [
        trend.routes(feeds.stats.trend),
        status.routes(info, health, feeds.throughput, ai.providers, core.visible.devices),
        clock.routes(health.clock, core.now),
        probes.routes(health),
        metrics.routes(
            core.metrics,
            feeds.stats,
            health,
            feeds.broadcaster,
            lambda: reading_gauges(core.registry, info.metrics_readings),
        ),
    ]


def _ai_routers(core: Core, ai: AiServices, http: HttpSettings, slots: ConcurrencyLimit) -> list[Router]:
    jobs = Jobs(core.shutdown)
    return [
        ask.routes(ai.assistant, slots, core.shutdown, http.question_chars),
        conversations.routes(ai.memory, slots, core.shutdown),
        analyze.routes(ai.analyzer, ConcurrencyLimit(http.ai_requests, analyze.busy), http, jobs),
        analyses.routes(ai.analyzer, core.visible.history.library, slots, jobs),
    ]


def _stream_routers(
    core: Core, ai: AiServices, broadcaster: Broadcaster, slots: ConcurrencyLimit, trail: AuditTrail
) -> list[Router]:
    visible = core.visible
    return [
        sse.routes(broadcaster, visible.devices, visible.history),
        public_socket.routes(
            registry=visible.devices,
            engine=visible.alerts,
            assistant=ai.assistant,
            diagnosis=ai.diagnosis,
            broadcaster=broadcaster,
            slots=slots,
            trail=trail,
        ),
        dashboard_socket.routes(broadcaster.live, core.shutdown),
    ]
