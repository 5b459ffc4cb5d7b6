"""The history of an alert: what happened to it, who did it, and when. Entries are added, never changed."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.model.alert import Severity

AlertEntryKind = Literal[
    "raised",
    "changed",
    "severity_changed",
    "acknowledged",
    "unacknowledged",
    "acknowledgement_expired",
    "assigned",
    "unassigned",
    "muted",
    "unmuted",
    "mute_expired",
    "silenced",
    "unsilenced",
    "suppressed",
    "flapping_ended",
    "commented",
    "closed",
    "cleared",
    "withdrawn",
    "cause_confirmed",
    "cause_removed",
]


class AlertEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Entry of an alert's history.

    ``severity`` is the alert's severity after the entry. ``text`` is a comment, a note, the name of an assignee or a
    cause. In an entry which says that the alert was raised or changed, ``text`` is the alert's message.
    """

    alert: str
    device: str
    at: int  # by the hub's clock
    kind: AlertEntryKind
    severity: Severity
    by: str | None = None  # None: the hub itself
    text: str | None = None
    until: int | None = None  # of an acknowledgement or a mute
