"""A silence: alerts that nobody is to be notified of, for a time or in a weekly maintenance window."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.model.alert import Severity
from hub.model.rule import Scope
from hub.model.weekly_window import WeeklyWindow

SilenceStep = Literal["created", "edited", "started", "stopped", "ended"]
"""What becomes of a silence. It stops at the end of a weekly window, and ends for good."""


class AlertSilence(msgspec.Struct, frozen=True, omit_defaults=True):
    """Silence of all alerts that match every list that is not empty, now and in future.

    ``scope`` selects devices, like the scope of a rule. Times are by the hub's clock. A silence that has ended is
    ``finished`` and never changes again.
    """

    id: str
    note: str
    by: str
    at: int  # when it was created
    starts_at: int
    ends_at: int | None  # None only with ``weekly``
    scope: Scope = Scope()
    rules: tuple[str, ...] = ()  # ids, or shell patterns of them
    severities: tuple[Severity, ...] = ()
    weekly: WeeklyWindow | None = None
    active: bool = False  # it silences alerts at present
    finished: bool = False
