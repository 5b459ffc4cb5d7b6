"""A silence: it selects alerts, and nobody is notified of them, once or in a weekly maintenance window."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.model.alert import Severity
from hub.model.rule import Scope
from hub.model.weekly_window import WeeklyWindow

SilenceStep = Literal["created", "edited", "started", "stopped", "ended"]
"""A change of a silence. ``stopped``: a weekly window is over. ``ended``: the silence is over for good."""


class AlertSilence(msgspec.Struct, frozen=True, omit_defaults=True):
    """A silence: nobody is notified of the alerts that match it, whether they are open already or raised later.

    An alert matches if its device is in ``scope``, its rule is in ``rules`` and its severity is in ``severities``. If
    one of these is empty, it does not limit the alerts. Times are by the hub's clock. When a silence has ended,
    ``finished`` is True, and it never changes again.
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
