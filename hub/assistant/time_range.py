"""The data type for a time that a question is about."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub import text_format as fmt

Kind = Literal["range", "point", "alert", "before_alert", "ahead"]


class TimeRange(msgspec.Struct, frozen=True):
    """A time that a question is about, from ``start`` to ``end`` in epoch ms.

    Attributes:
        words: how an answer names this time, in the language of the question.
        kind: ``range``: from ``start`` to ``end``; ``point``: the moment ``start``; ``alert``: since the device's last
            alert; ``before_alert``: until the device's last alert; ``ahead``: in the future. For both alert kinds the
            bounds are only known once the device is known.
        note: what was assumed, as a sentence; empty if nothing was.
    """

    start: int
    end: int
    words: str
    kind: Kind = "range"
    note: str = ""

    @property
    def is_point(self) -> bool:
        return self.kind == "point"


def length_in_words(ms: int) -> str:
    """Return a duration as text. Whole minutes below three hours stay minutes: 90 min, not 1.5 hours."""
    return f"{ms // 60_000} min" if ms % 3_600_000 and ms % 60_000 == 0 and ms < 3 * 3_600_000 else fmt.duration(ms)
