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
    """Weekly windows: days (0 is Monday), start and end in minutes after midnight in the time zone `zone`.

    With `end` not after `start`, a window lasts until the next day.
    """

    days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7, fail_fast=True)]
    start: Minute
    end: Minute
    zone: str = Field(min_length=1, max_length=64)


class Matchers(Incoming):
    """The alerts that a silence matches: those that match every list that is not empty.

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
        """Return a silence with these matchers and nothing else."""
        scope = Scope(self.devices, self.models, self.labels, self.areas, self.via)
        return AlertSilence(*("", "", "", 0, 0, None), scope=scope, rules=self.rules, severities=self.severities)


class SilenceWanted(Matchers):
    """A silence. It starts now if `starts_at` is absent. Only one with `weekly` windows may have no end."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    starts_at: Until | None = None
    ends_at: Until | None = None
    weekly: WeeklyWanted | None = None

    def wanted(self, now: int) -> AlertSilence:
        """Return the silence that is wanted at the time ``now``."""
        weekly = self.weekly and WeeklyWindow(
            tuple(sorted(set(self.weekly.days))), self.weekly.start, self.weekly.end, self.weekly.zone
        )
        starts_at = now if self.starts_at is None else self.starts_at
        return replace(self.silence(), note=self.note, starts_at=starts_at, ends_at=self.ends_at, weekly=weekly)
