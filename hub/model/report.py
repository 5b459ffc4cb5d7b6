"""Reports about alerts that are sent as messages."""

from __future__ import annotations

from typing import Literal

import msgspec

ReportKind = Literal["weekly_digest", "shift_summary"]


class ReportText(msgspec.Struct, frozen=True):
    """A report as text. ``empty`` means that there is nothing to report."""

    title: str
    text: str
    empty: bool
