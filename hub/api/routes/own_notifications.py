"""``/api/account/notifications``: how the signed-in person is notified."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.accounts.profile import check_time_zone
from hub.api.errors import Json
from hub.api.routes.account import account_of
from hub.api.schemas import notification_requests as requests
from hub.api.schemas import notifications as shapes
from hub.errors import Invalid
from hub.notifications.channels import webpush
from hub.notifications.receivers import quiet_until
from hub.notifications.settings import NotificationConfig, PersonNotifications

WEEK_MS = 7 * 86_400_000
SET_CHANNEL = "PUT /api/notifications/channels/{channel_id}"


def routes(config: NotificationConfig, now: Callable[[], int]) -> APIRouter:
    router = APIRouter(tags=["notifications"])

    async def own(account_id: str) -> Response:
        push_key = await config.push_key()
        return Json(
            shapes.own_shape(config.settings.people.get(account_id, PersonNotifications()), config.settings, push_key)
        )

    @router.get("/api/account/notifications", response_model=shapes.OwnNotificationsShape)
    async def get_own_notifications(request: Request) -> Response:
        """Return how you are notified. Return 403 without an account."""
        return await own(account_of(request).id)

    @router.put("/api/account/notifications", response_model=shapes.OwnNotificationsShape)
    async def set_own_notifications(body: requests.OwnNotifications, request: Request) -> Response:
        """Set over which channels you are notified, and your quiet hours."""
        account = account_of(request)
        wanted = body.wanted()
        for window in wanted.quiet:
            check_time_zone(window.zone)
        at = now()
        if (quiet_until(wanted.quiet, at) or at) - at >= WEEK_MS:
            raise Invalid("The quiet hours cover the whole week: no message would ever be sent.", "Leave some time.")
        if not request.state.permits(SET_CHANNEL):
            for each in wanted.addresses:
                if each.channel == webpush.CHANNEL:
                    await webpush.check_public(each.address)
        await config.put_person(account.id, wanted)
        return await own(account.id)

    return router
