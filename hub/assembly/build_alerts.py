"""Build the API routes of alerts, incidents and silences, and the services that they call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hub.api import Router
from hub.api.routes import (
    alert_file,
    alert_handling,
    alert_reports,
    alert_silences,
    alerts,
    confirmed_causes,
    incidents,
)
from hub.assembly.parts import AiServices, Core
from hub.diagnosis.alert_file import AlertFiles
from hub.model import Input, Scope
from hub.notifications.alert_texts import alert_text
from hub.notifications.diagnosis_quotes import first_sentence_in
from hub.services.alert_handling import AlertHandling
from hub.services.alert_reports import AlertReports
from hub.services.alerts import Alerts
from hub.services.confirmed_causes import ConfirmedCauses
from hub.services.report_writer import ReportWriter
from hub.services.silences import Silences
from hub.services.visible_incidents import VisibleIncidents


def incident_service(core: Core, alert_service: Alerts) -> VisibleIncidents:
    """Return the service for incidents, restricted to those that the current request may see."""
    return VisibleIncidents(
        current=lambda: core.engine.incidents.by_id,
        devices=core.visible.devices,
        store=core.visible.history,
        alerts=alert_service,
    )


def alert_routers(
    core: Core,
    alert_service: Alerts,
    handling: AlertHandling,
    ai: AiServices,
    visible_incidents: VisibleIncidents,
    submit: Callable[[Input], Awaitable[Any]],
    version: str,
    bound: Callable[[Scope], Scope],
) -> list[Router]:
    """Return the routers for alerts, what people do with alerts, their confirmed causes, and silences.

    ``bound`` puts ids in place of the names of areas in a scope.
    """
    silences = Silences(
        store=core.store,
        alerts=alert_service,
        matches=lambda silence, alert, device: core.engine.silencing.matches(silence, alert, device),
        covers=lambda silence, device: core.engine.silencing.covers(
            silence, device, core.engine.rules_for(device) if silence.rules else ()
        ),
        find=core.registry.get,
        devices=core.registry.devices,
        submit=submit,
        now=core.now,
    )
    causes = ConfirmedCauses(
        alerts=alert_service,
        registry=core.visible.devices,
        submit=submit,
        signatures=ai.diagnosis.signatures,
        now=core.now,
    )
    reports = AlertReports(
        registry=core.visible.devices, engine=core.visible.alerts, store=core.visible.history, now=core.now
    )
    writer = ReportWriter(reports, core.visible.devices, core.visible.history, core.now, alert_text, first_sentence_in)
    core.notifications.reports.write = writer.write
    files = AlertFiles(
        registry=core.visible.devices,
        engine=core.visible.alerts,
        store=core.visible.history,
        alerts=alert_service,
        version=version,
        now=core.now,
    )
    return [
        alerts.routes(alert_service, core.visible.history, core.notifications.pictures, core.now),
        alert_handling.routes(handling),
        incidents.routes(visible_incidents),
        alert_silences.routes(silences, core.now, bound),
        confirmed_causes.routes(causes),
        alert_reports.routes(reports),
        alert_file.routes(files),
    ]
