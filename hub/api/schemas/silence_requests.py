"""Request bodies of silences. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Annotated

from msgspec.structs import replace
from pydantic import Field, StringConstraints

from hub.api.schemas.alert_requests import Until
from hub.api.schemas.requests import ONE_LINE, Incoming
from hub.model import AlertSilence, Scope, Severity, WeeklyWindow

Pattern = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=ONE_LINE)]
Patterns = Annotated[tuple[Pattern, ...], Field(max_length=50, fail_fast=True)]
Minute = Annotated[int, Field(ge=0, le=1439)]


class WeeklyWanted(Incoming):
    """Weekly hours: from `start` to `end` on each of `days` (0 is Monday).

    `start` and `end` are minutes after midnight in the time zone `zone`. If `end` is not after `start`, the hours last
    until `end` on the next day.
    """

    days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7, fail_fast=True)]
    start: Minute
    end: Minute
    zone: str = Field(min_length=1, max_length=64)


class Matchers(Incoming):
    """Conditions on the alerts that a silence is for. An alert has to match every list that is not empty.

    At least one list must not be empty. `devices`, `models`, `via` and `rules` are ids, or patterns with `*` and `?`;
    `areas` are ids or names.
    """

    devices: Patterns = ()
    models: Patterns = ()
    labels: Patterns = ()
    areas: Patterns = ()
    via: Patterns = ()
    rules: Patterns = ()
    severities: Annotated[tuple[Severity, ...], Field(max_length=4, fail_fast=True)] = ()

    def silence(self) -> AlertSilence:
        """Return a silence that has these conditions, and no id, note or times."""
        scope = Scope(self.devices, self.models, self.labels, self.areas, self.via)
        return AlertSilence(*("", "", "", 0, 0, None), scope=scope, rules=self.rules, severities=self.severities)


class SilenceWanted(Matchers):
    """A silence. It starts now if `starts_at` is absent. Only a silence with `weekly` hours may have no end."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    starts_at: Until | None = None
    ends_at: Until | None = None
    weekly: WeeklyWanted | None = None

    def wanted(self, now: int) -> AlertSilence:
        """Return the silence as the class :class:`AlertSilence`. It starts at ``now`` if the request has no start."""
        weekly = self.weekly and WeeklyWindow(
            tuple(sorted(set(self.weekly.days))), self.weekly.start, self.weekly.end, self.weekly.zone
        )
        starts_at = now if self.starts_at is None else self.starts_at
        return replace(self.silence(), note=self.note, starts_at=starts_at, ends_at=self.ends_at, weekly=weekly)
