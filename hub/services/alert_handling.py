"""Acknowledge, assign, mute, comment and close alerts on behalf of people, and read the history of an alert.

Alerts are changed through the ingest queue only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hub.errors import Conflict, Invalid, NotFound
from hub.model import (
    Acknowledge,
    Alert,
    AlertEntry,
    AlertRequest,
    AssignAlert,
    CloseAlert,
    CommentAlert,
    Input,
    MuteAlert,
    Unacknowledge,
    UnmuteAlert,
)
from hub.services.alerts import Alerts, ExplainedAlert
from hub.services.assignable import AssignablePeople
from hub.store.reader import HistoryReader

MAX_AHEAD_MS = 366 * 86_400_000
"""Maximum time in ms from now to the end of an acknowledgement, a mute or a silence."""


class AlertHandling:
    """Service to acknowledge, assign, mute, comment and close alerts.

    Unless stated otherwise, methods raise NotFound for an unknown alert and Conflict for a cleared alert.
    """

    def __init__(
        self,
        *,
        alerts: Alerts,
        people: AssignablePeople,
        store: HistoryReader,
        submit: Callable[[Input], Awaitable[Any]],
        now: Callable[[], int],
    ) -> None:
        self._alerts = alerts
        self.people = people
        self._store = store
        self._submit = submit
        self._now = now

    async def acknowledge(self, alert_id: str, *, by: str, note: str | None, until: int | None) -> ExplainedAlert:
        """Acknowledge an alert until the time ``until`` (epoch ms), or until it is cleared if ``until`` is None.

        If the alert is already acknowledged until the same time, only add the note, as a comment.
        """
        return await self._change(Acknowledge(alert_id, by, self._now(), note, self._future(until)))

    async def unacknowledge(self, alert_id: str, *, by: str) -> ExplainedAlert:
        """Remove an acknowledgement."""
        return await self._change(Unacknowledge(alert_id, by, self._now()))

    async def assign(self, alert_id: str, account: str | None, *, by: str) -> ExplainedAlert:
        """Assign an alert to an account, or to nobody. Raises Invalid if the account may not see the device."""
        found = await self._alerts.get(alert_id)
        assignee = None if account is None else self.people.require(account, found.alert.device)
        return await self._change(AssignAlert(alert_id, assignee, by, self._now()))

    async def unassign_all(self, account: str, *, by: str) -> None:
        """Assign the open alerts of a removed account to nobody."""
        for alert in self._alerts.open_now():
            if alert.assignee is not None and alert.assignee.id == account:
                try:
                    await self._change(AssignAlert(alert.id, None, by, self._now()))
                except (NotFound, Conflict):
                    continue  # it has cleared

    async def mute(self, alert_id: str, *, by: str, until: int | None) -> ExplainedAlert:
        """Mute an alert until the time ``until`` (epoch ms), or until it is cleared if ``until`` is None."""
        return await self._change(MuteAlert(alert_id, by, self._now(), self._future(until)))

    async def unmute(self, alert_id: str, *, by: str) -> ExplainedAlert:
        """End the mute of an alert."""
        return await self._change(UnmuteAlert(alert_id, by, self._now()))

    async def close(self, alert_id: str, *, by: str, note: str | None) -> ExplainedAlert:
        """Clear an alert although its condition may still hold. Only new messages can raise another alert."""
        return await self._change(CloseAlert(alert_id, by, self._now(), note))

    async def comment(self, alert_id: str, text: str, *, by: str) -> ExplainedAlert:
        """Add a comment to an open or cleared alert. Raises Conflict if the alert has too many comments."""
        alert = await self._alerts.as_stored(alert_id)
        try:
            changed = await self._submit(CommentAlert(alert, by, self._now(), text))
        except NotFound:  # it has cleared since it was read, or its device was deleted
            alert = await self._alerts.as_stored(alert_id)
            changed = await self._submit(CommentAlert(alert, by, self._now(), text))
        return await self._explained(changed)

    async def history(self, alert_id: str, limit: int, before: int | None) -> list[tuple[int, AlertEntry]]:
        """Return at most ``limit`` numbered entries of an alert's history, newest first.

        With ``before``, only entries with lower numbers are returned. Cleared alerts have a history, too.
        """
        await self._alerts.get(alert_id)
        return await self._store.alert_history(alert_id, limit, before)

    def _future(self, until: int | None) -> int | None:
        now = self._now()
        if until is not None and not now < until <= now + MAX_AHEAD_MS:
            raise Invalid("until is not in the future.", "Allowed: epoch ms within the next 366 days, or null.")
        return until

    async def _change(self, change: AlertRequest) -> ExplainedAlert:
        alert_id = change.alert if isinstance(change.alert, str) else change.alert.id
        if (await self._alerts.get(alert_id)).alert.open:
            try:
                return await self._explained(await self._submit(change))
            except NotFound:
                await self._alerts.get(alert_id)  # its device was deleted
        raise Conflict("This alert has cleared.", "Only an open alert can be acknowledged, assigned, muted or closed.")

    async def _explained(self, alert: Alert) -> ExplainedAlert:
        return (await self._alerts.explain([alert]))[0]
