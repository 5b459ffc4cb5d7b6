"""``/api/notifications``: channels, routes and reports of notifications. Secrets can be written but never read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from msgspec.structs import replace
from starlette.responses import Response

from hub.accounts.profile import check_time_zone
from hub.api.audit_draft import note
from hub.api.auth import By
from hub.api.change_log import Change, ChangeLog
from hub.api.errors import Json
from hub.api.field_changes import field_changes
from hub.api.schemas import notification_requests as requests
from hub.api.schemas import notification_texts as texts
from hub.api.schemas import notifications as shapes
from hub.model import Scope
from hub.notifications.base import masked_url
from hub.notifications.channels import CHANNEL_KINDS, webpush
from hub.notifications.locales import MessageLocale
from hub.notifications.messages import MessageStyle
from hub.notifications.service import Notifications
from hub.notifications.settings import NotificationChannel
from hub.notifications.templates import DEFAULT_TEMPLATE
from hub.server_urls import check_url
from hub.text_template import ALERT_FIELDS, FIELDS

ChannelId = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,32}$")]


def routes(
    notifications: Notifications, changes: ChangeLog, now: Callable[[], int], bound: Callable[[Scope], Scope]
) -> APIRouter:
    """Create the routes. ``bound`` puts ids in place of the names of areas in a scope."""
    router = APIRouter(tags=["notifications"])
    config, store = notifications.config, notifications.store

    async def settings() -> Response:
        counts, found = await store.counts(), config.settings
        return Json(
            shapes.NotificationsShape(
                kinds=[shapes.kind_shape(each) for each in CHANNEL_KINDS.values() if each.kind != webpush.CHANNEL],
                channels=[shapes.channel_shape(each, counts) for each in found.channels],
                routes=[shapes.route_shape(each) for each in found.routes],
                reports=[texts.ReportShape.of(each) for each in found.reports],
                default_template=texts.TemplateShape.of(DEFAULT_TEMPLATE),
                template_fields=list(FIELDS),
                alert_fields=list(ALERT_FIELDS),
                link_url=notifications.composer.home(),
                **general(),
            )
        )

    async def changed(by: str, before: Any, after: Any, change: Change) -> Response:
        note(changes=field_changes(before, after))
        await changes.write(by, change)
        return await settings()

    def general() -> dict[str, Any]:
        """Return the general settings (all but channels, routes and reports) for the audit log, without secrets."""
        found = config.settings
        heartbeat = masked_url(found.heartbeat_url) if found.heartbeat_url else ""
        return {
            "base_url": found.base_url,
            "heartbeat": heartbeat,
            "mqtt_events": found.mqtt_events,
            "home_assistant": found.home_assistant,
        }

    def describe(channel_id: str) -> dict[str, Any] | None:
        """Return the settings of a channel for the audit log, without secrets; None if there is no such channel."""
        found = next((each for each in config.settings.channels if each.id == channel_id), None)
        if found is None:
            return None
        shape = shapes.channel_shape(found, {})
        return {"kind": shape.kind, "name": shape.name, "target": shape.target, **shape.values, "shared": shape.shared}

    @router.get("/api/notifications", response_model=shapes.NotificationsShape)
    async def get_notification_settings() -> Response:
        """Return the channels, the routes, and the kinds of channels with their settings."""
        return await settings()

    @router.put("/api/notifications", response_model=shapes.NotificationsShape)
    async def set_notification_settings(body: requests.GeneralWanted, by: By) -> Response:
        """Change the hub's address in links, the heartbeat, and what is published over MQTT."""
        for name in ("base_url", "heartbeat_url"):
            if value := getattr(body, name):
                check_url(name, value)
        before = general()
        await config.put_general(**body.model_dump(exclude_none=True))
        change = Change("notifications.settings", "changed the settings of notifications")
        return await changed(by, before, general(), change)

    @router.put("/api/notifications/channels/{channel_id}", response_model=shapes.NotificationsShape)
    async def save_channel(channel_id: ChannelId, body: requests.ChannelWanted, by: By) -> Response:
        """Create or change a channel. It is used at once. Return 422 for settings that cannot work."""
        before = describe(channel_id)
        await config.put_channel(_channel(channel_id, body))
        change = Change("notifications.channel", f"saved the channel {body.name}", {"name": body.name})
        return await changed(by, before, describe(channel_id), change)

    @router.delete("/api/notifications/channels/{channel_id}", response_model=shapes.NotificationsShape)
    async def remove_channel(channel_id: ChannelId, by: By) -> Response:
        """Remove a channel. Deliveries that wait for it are not sent."""
        before = describe(channel_id)
        await config.remove_channel(channel_id)
        name = before["name"] if before else channel_id
        change = Change("notifications.channel_removed", f"removed the channel {name}", {"name": name})
        return await changed(by, before, None, change)

    @router.post("/api/notifications/channels/{channel_id}/test", response_model=shapes.ChannelTestShape)
    async def test_channel(channel_id: ChannelId, body: requests.ChannelTest, request: Request) -> Response:
        """Send a test message over a channel with these settings. Nothing is saved.

        With `address`, the message goes to this address, in your language; otherwise to the target of the channel, in
        the language of the channel.
        """
        channel = config.checked_channel(_channel(channel_id, body))
        if body.address is not None:
            channel.type.check_address(body.address)
        language = request.state.proof.language if body.address else channel.locale.language
        failure = await notifications.direct.test(channel, body.address or "", language)
        note(kind=body.kind, error=failure.text if failure else None)
        if failure is None:
            if channel == config.settings.channel(channel_id):
                notifications.restart_channel(channel_id)
            return Json(shapes.ChannelTestShape(True, None, None))
        return Json(shapes.ChannelTestShape(False, failure.reason, failure.text))

    @router.put("/api/notifications/routes", response_model=shapes.NotificationsShape)
    async def set_routes(body: requests.RoutesWanted, by: By) -> Response:
        """Replace the routes. The first route that matches an alert decides who is notified of it."""
        wanted = tuple(replace(route, scope=bound(route.scope)) for route in (each.route() for each in body.routes))
        for route in wanted:
            for window in route.hours:
                check_time_zone(window.zone)
        before = {route.name: route for route in config.settings.routes}
        await config.put_routes(wanted)
        change = Change("notifications.routes", "changed the routes of notifications")
        return await changed(by, before, {route.name: route for route in wanted}, change)

    @router.put("/api/notifications/reports", response_model=shapes.NotificationsShape)
    async def set_reports(body: requests.ReportsWanted, by: By) -> Response:
        """Replace the reports. A report that was due within the last hour is sent at once."""
        wanted = tuple(each.wanted() for each in body.reports)
        for report in wanted:
            check_time_zone(report.zone)
        before = {report.name: report for report in config.settings.reports}
        await config.put_reports(wanted)
        change = Change("notifications.reports", "changed the reports of notifications")
        return await changed(by, before, {report.name: report for report in wanted}, change)

    @router.post("/api/notifications/reports/preview", response_model=texts.ReportPreviewShape)
    async def preview_report(body: requests.ReportPreviewWanted, request: Request) -> Response:
        """Return a report as it would be sent to you now, in your language and units. Nothing is sent."""
        check_time_zone(body.zone)
        found = await notifications.reports.write(body.kind, body.hours, body.zone, request.state.proof.locale)
        return Json(texts.ReportPreviewShape.of(found))

    @router.post("/api/notifications/dry-run", response_model=shapes.DryRunShape, responses={404: {}})
    async def try_routes(body: requests.DryRunWanted) -> Response:
        """Return who would be notified of an alert at a given time. Nothing is sent."""
        at = now() if body.at is None else body.at
        found = notifications.dry_run(body.device_id, body.rule_id, body.severity, at)
        return Json(shapes.dry_run_shape(found))

    @router.post("/api/notifications/preview", response_model=texts.PreviewShape, responses={404: {}})
    async def preview_message(body: requests.PreviewWanted, request: Request) -> Response:
        """Return the message that a template makes of an alert. Nothing is sent.

        It is in `language`, or in your language and units if `language` is null.

        Return 422 if the template is not valid, and 404 if there is no alert yet.
        """
        locale = request.state.proof.locale if body.language is None else MessageLocale(body.language)
        style = MessageStyle(body.wanted(), locale=locale)
        found = await notifications.preview(style, body.status, body.alert_id)
        return Json(texts.PreviewShape(found.title, found.text, found.alerts[0].id))

    return router


def _channel(channel_id: str, body: requests.ChannelWanted) -> NotificationChannel:
    values, template = dict(body.values), body.template.wanted()
    return NotificationChannel(
        channel_id, body.kind, body.name, values, body.shared, body.enabled, template, body.language
    )
