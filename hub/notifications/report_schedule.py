"""The schedule of a report: when the report is sent, and to whom."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from hub.accounts.account import Role
from hub.model import ReportKind


class ReportSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a report is sent, and to whom.

    Attributes:
        name: Display name.
        days: Days of the week, 0 is Monday.
        at: Minute of the day in the time zone ``zone``.
        hours: How many hours a shift summary looks back; a digest always covers about seven days.
        send_empty: Whether the report is also sent when nothing happened.
    """

    name: str
    kind: ReportKind
    days: tuple[int, ...]
    at: int
    zone: str
    hours: int = 8
    channels: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    send_empty: bool = False

    def last_due(self, now: int) -> int | None:
        """Return the latest time (epoch ms) at which the report was due; None if the schedule has no days."""
        local = datetime.fromtimestamp(now / 1_000, ZoneInfo(self.zone))
        for back in range(8):
            day = local - timedelta(days=back)
            due = day.replace(hour=self.at // 60, minute=self.at % 60, second=0, microsecond=0, fold=0)
            stamp = round(due.timestamp() * 1_000)
            if due.weekday() in self.days and stamp <= now:
                return stamp
        return None
