"""Silences of alerts, as the API returns them. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Literal

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.responses import AlertShape
from hub.api.schemas.rules import ScopeShape
from hub.model import AlertSilence, Severity
from hub.rules.silence_times import next_interval


class WeeklyShape(ApiObject):
    """Weekly hours: from `start` to `end` on each of `days` (0 is Monday).

    `start` and `end` are minutes after midnight in the time zone `zone`.
    """

    days: list[int]
    start: int
    end: int
    zone: str


class SilenceShape(ApiObject):
    """A silence.

    - `state`: `active` silences alerts now, `pending` will silence alerts later, `expired` has ended
    - `next_start`, `next_end`: start and end of the interval that lasts now or comes next; both are null without such
      an interval, and `next_end` is null if the interval has no end
    - `alerts`: the number of open alerts that the silence matches
    """

    id: str
    note: str
    by: str
    at: int
    state: Literal["active", "pending", "expired"]
    starts_at: int
    ends_at: int | None
    weekly: WeeklyShape | None
    next_start: int | None
    next_end: int | None
    scope: ScopeShape
    rules: list[str]
    severities: list[Severity]
    alerts: int


class SilenceList(ApiObject):
    items: list[SilenceShape]


class SilencePreview(ApiObject):
    """What a silence would match: the number of open alerts, the newest of these alerts, and the number of devices.

    `devices` counts devices with and without open alerts. If the silence names rules, only the devices that these rules
    watch count.
    """

    count: int
    items: list[AlertShape]
    devices: int


def shape(found: AlertSilence, alerts: int, now: int) -> SilenceShape:
    """Return a silence as an object of the API, with its state at the time ``now``.

    ``alerts`` is the number of open alerts that the silence matches.
    """
    start, end = (None if found.finished else next_interval(found, now)) or (None, None)
    return SilenceShape.of(
        found,
        state="expired" if found.finished else "active" if found.active else "pending",
        weekly=WeeklyShape.of(found.weekly) if found.weekly else None,
        next_start=start,
        next_end=end,
        scope=ScopeShape.of(found.scope),
        alerts=alerts,
    )
