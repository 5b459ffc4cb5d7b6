"""Apply the requests of people to an alert, such as to acknowledge, assign, mute or comment it.

The functions have no side effects: they return an event with the changed alert.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Literal

from msgspec.structs import replace

from hub.errors import Conflict
from hub.events import AlertAcknowledged, AlertEvent, AlertHandled, CauseConfirmed, Handling
from hub.model import (
    Acknowledge,
    Alert,
    AssignAlert,
    CommentAlert,
    ConfirmCause,
    Mute,
    MuteAlert,
    Unacknowledge,
    UnmuteAlert,
)
from hub.rules.alert_lifecycle import after

MAX_COMMENTS = 500
"""Maximum comments on one alert."""

Handle = Acknowledge | Unacknowledge | AssignAlert | MuteAlert | UnmuteAlert | CommentAlert | ConfirmCause
"""Requests of people that do not end the alert."""


@singledispatch
def apply_request(fact: Handle, alert: Alert) -> AlertEvent | None:
    """Apply a person's request to an alert, and return the event with the changed alert.

    Return None if the request changes nothing, because it repeats an earlier request. Raises Conflict if the state of
    the alert does not allow the change.
    """
    raise TypeError(type(fact).__name__)


@apply_request.register
def _acknowledge(fact: Acknowledge, alert: Alert) -> AlertEvent | None:
    state = after(alert.state, "acknowledge")
    if alert.state == state and alert.acknowledged_until == fact.until:
        return _commented(alert, fact.by, fact.at, fact.note) if fact.note else None
    changed = replace(
        alert,
        state=state,
        acknowledged_at=fact.at,
        acknowledged_by=fact.by,
        acknowledged_until=fact.until,
        note=fact.note,
    )
    return AlertAcknowledged(changed, fact.at, fact.by)


@apply_request.register
def _unacknowledge(fact: Unacknowledge, alert: Alert) -> AlertEvent | None:
    state = after(alert.state, "unacknowledge")
    return None if alert.state == state else AlertAcknowledged(_open_again(alert, "unacknowledge"), fact.at, fact.by)


@apply_request.register
def _assign(fact: AssignAlert, alert: Alert) -> AlertEvent | None:
    if (alert.assignee and alert.assignee.id) == (fact.assignee and fact.assignee.id):
        return None
    what: Handling = "assigned" if fact.assignee else "unassigned"
    return AlertHandled(replace(alert, assignee=fact.assignee), fact.at, what, fact.by)


@apply_request.register
def _mute(fact: MuteAlert, alert: Alert) -> AlertEvent | None:
    if alert.muted is not None and alert.muted.until == fact.until:
        return None
    return AlertHandled(replace(alert, muted=Mute(fact.by, fact.at, fact.until)), fact.at, "muted", fact.by)


@apply_request.register
def _unmute(fact: UnmuteAlert, alert: Alert) -> AlertEvent | None:
    return None if alert.muted is None else AlertHandled(replace(alert, muted=None), fact.at, "unmuted", fact.by)


@apply_request.register
def _comment(fact: CommentAlert, alert: Alert) -> AlertEvent | None:
    return _commented(alert, fact.by, fact.at, fact.text)


@apply_request.register
def _confirm(fact: ConfirmCause, alert: Alert) -> AlertEvent | None:
    return CauseConfirmed(replace(alert, confirmed=fact.confirmed), fact.at, fact.by)


def expiry(alert: Alert) -> int | None:
    """Return when the alert's acknowledgement or mute expires, whichever is earlier; None if neither does."""
    times = (alert.acknowledged_until, alert.muted.until if alert.muted else None)
    return min((time for time in times if time is not None), default=None)


def expired(alert: Alert, now: int) -> Iterator[AlertHandled]:
    """Yield an event if the alert's acknowledgement has expired, and another if its mute has.

    If both have expired, the alert in the second event has both changes.
    """
    if alert.acknowledged_until is not None and alert.acknowledged_until <= now:
        alert = _open_again(alert, "expire")
        yield AlertHandled(alert, now, "acknowledgement_expired")
    if alert.muted is not None and alert.muted.until is not None and alert.muted.until <= now:
        yield AlertHandled(replace(alert, muted=None), now, "mute_expired")


def _open_again(alert: Alert, happened: Literal["unacknowledge", "expire"]) -> Alert:
    nobody = dict.fromkeys(("acknowledged_at", "acknowledged_by", "acknowledged_until", "note"))
    return replace(alert, state=after(alert.state, happened), **nobody)


def _commented(alert: Alert, by: str, at: int, text: str) -> AlertHandled:
    """Return the event that adds a comment. Raises Conflict if the alert has :data:`MAX_COMMENTS` comments already."""
    if alert.comments >= MAX_COMMENTS:
        raise Conflict(f"This alert has {MAX_COMMENTS} comments.", "No more can be added.")
    return AlertHandled(replace(alert, comments=alert.comments + 1), at, "commented", by, text)
