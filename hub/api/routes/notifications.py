"""``/api/notifications``: channels, routes and deliveries of notifications. Secrets can be written but never read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from hub.accounts.profile import check_time_zone
from hub.api.audit_draft import note
from hub.api.auth import By
from hub.api.change_log import Change, ChangeLog
from hub.api.errors import Json
from hub.api.field_changes import field_changes
from hub.api.routes.account import account_of
from hub.api.schemas import notification_requests as requests
from hub.api.schemas import notification_texts as texts
from hub.api.schemas import notifications as shapes
from hub.errors import Invalid
from hub.model import DeliveryState, WeeklyWindow
from hub.notifications.base import check_url, masked_url
from hub.notifications.channels import CHANNEL_KINDS, webpush
from hub.notifications.receivers import quiet_until
from hub.notifications.service import Notifications
from hub.notifications.settings import NotificationChannel, PersonNotifications
from hub.notifications.templates import ALERT_FIELDS, DEFAULT_TEMPLATE, FIELDS

ChannelId = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,32}$")]
WEEK_MS = 7 * 86_400_000
SET_CHANNEL = "PUT /api/notifications/channels/{channel_id}"
Number = Annotated[int, Path(ge=1, le=2**53)]


def routes(notifications: Notifications, changes: ChangeLog, now: Callable[[], int]) -> APIRouter:
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
        """Return the settings that are not lists, without secrets, for the audit log."""
        found = config.settings
        heartbeat = masked_url(found.heartbeat_url) if found.heartbeat_url else ""
        return {
            "base_url": found.base_url,
            "heartbeat": heartbeat,
            "mqtt_events": found.mqtt_events,
            "home_assistant": found.home_assistant,
        }

    def describe(channel_id: str) -> dict[str, Any] | None:
        """Return a channel for the audit log, without secrets."""
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
    async def test_channel(channel_id: ChannelId, body: requests.ChannelTest) -> Response:
        """Send a test message with these settings. Nothing is saved."""
        channel = config.checked_channel(_channel(channel_id, body))
        if body.address is not None:
            channel.type.check_address(body.address)
        failure = await notifications.direct.test(channel, body.address or "")
        note(kind=body.kind, error=failure.text if failure else None)
        if failure is None:
            if channel == config.settings.channel(channel_id):
                notifications.restart_channel(channel_id)
            return Json(shapes.ChannelTestShape(True, None, None))
        return Json(shapes.ChannelTestShape(False, failure.reason, failure.text))

    @router.put("/api/notifications/routes", response_model=shapes.NotificationsShape)
    async def set_routes(body: requests.RoutesWanted, by: By) -> Response:
        """Replace the routes. The first that matches an alert decides who is notified of it."""
        wanted = tuple(each.route() for each in body.routes)
        for route in wanted:
            _check_zones(route.hours)
        before = {route.name: route for route in config.settings.routes}
        await config.put_routes(wanted)
        change = Change("notifications.routes", "changed the routes of notifications")
        return await changed(by, before, {route.name: route for route in wanted}, change)

    @router.put("/api/notifications/reports", response_model=shapes.NotificationsShape)
    async def set_reports(body: requests.ReportsWanted, by: By) -> Response:
        """Replace the reports. One that was due within the last hour is sent at once."""
        wanted = tuple(each.wanted() for each in body.reports)
        for report in wanted:
            check_time_zone(report.zone)
        before = {report.name: report for report in config.settings.reports}
        await config.put_reports(wanted)
        change = Change("notifications.reports", "changed the reports of notifications")
        return await changed(by, before, {report.name: report for report in wanted}, change)

    @router.post("/api/notifications/reports/preview", response_model=texts.ReportPreviewShape)
    async def preview_report(body: requests.ReportPreviewWanted) -> Response:
        """Return a report as it would be sent now. Nothing is sent."""
        check_time_zone(body.zone)
        found = await notifications.reports.write(body.kind, body.hours, body.zone)
        return Json(texts.ReportPreviewShape.of(found))

    @router.post("/api/notifications/dry-run", response_model=shapes.DryRunShape, responses={404: {}})
    async def try_routes(body: requests.DryRunWanted) -> Response:
        """Return who would be notified of an alert at a given time. Nothing is sent."""
        at = now() if body.at is None else body.at
        found = notifications.dry_run(body.device_id, body.rule_id, body.severity, at)
        return Json(shapes.dry_run_shape(found))

    @router.post("/api/notifications/preview", response_model=texts.PreviewShape, responses={404: {}})
    async def preview_message(body: requests.PreviewWanted) -> Response:
        """Return the message about an alert as a template makes it. Nothing is sent.

        Return 422 if the template is not valid, and 404 if there is no alert yet.
        """
        found = await notifications.preview(body.wanted(), body.status, body.alert_id)
        return Json(texts.PreviewShape(found.title, found.text, found.alerts[0].id))

    @router.get("/api/notifications/deliveries", response_model=shapes.DeliveryList)
    async def list_deliveries(
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
        state: DeliveryState | None = None,
        channel: Annotated[str | None, Query(max_length=32)] = None,
    ) -> Response:
        """Return deliveries with their attempts, newest first. `state=failed` lists those that were given up."""
        found = await store.deliveries(limit, before, state, channel)
        last = found[-1].number if len(found) == limit else None
        return Json(shapes.DeliveryList([shapes.delivery_shape(each) for each in found], last))

    @router.post("/api/notifications/deliveries/{number}/retry", status_code=202)
    async def retry_delivery(number: Number) -> Response:
        """Retry now a delivery that was given up or waits. Return 404 if there is none with this number."""
        await notifications.retry(number)
        return Json({}, status_code=202)

    @router.get("/api/account/notifications", response_model=shapes.OwnNotificationsShape)
    async def get_own_notifications(request: Request) -> Response:
        """Return how you are notified. Return 403 without an account."""
        return await own(account_of(request).id)

    @router.put("/api/account/notifications", response_model=shapes.OwnNotificationsShape)
    async def set_own_notifications(body: requests.OwnNotifications, request: Request) -> Response:
        """Set over which channels you are notified, and your quiet hours."""
        account = account_of(request)
        wanted = body.wanted()
        _check_zones(wanted.quiet)
        at = now()
        if (quiet_until(wanted.quiet, at) or at) - at >= WEEK_MS:
            raise Invalid("The quiet hours cover the whole week: no message would ever be sent.", "Leave some time.")
        if not request.state.permits(SET_CHANNEL):
            for each in wanted.addresses:
                if each.channel == webpush.CHANNEL:
                    await webpush.check_public(each.address)
        await config.put_person(account.id, wanted)
        return await own(account.id)

    async def own(account_id: str) -> Response:
        push_key = await config.push_key()
        return Json(
            shapes.own_shape(config.settings.people.get(account_id, PersonNotifications()), config.settings, push_key)
        )

    return router


def _channel(channel_id: str, body: requests.ChannelWanted) -> NotificationChannel:
    values, template = dict(body.values), body.template.wanted()
    return NotificationChannel(channel_id, body.kind, body.name, values, body.shared, body.enabled, template)


def _check_zones(windows: tuple[WeeklyWindow, ...]) -> None:
    for window in windows:
        check_time_zone(window.zone)
