"""The data type for a time range or moment that a question is about."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub import text_format as fmt

Kind = Literal["range", "point", "alert", "before_alert", "ahead"]


class TimeRange(msgspec.Struct, frozen=True):
    """A time range or moment that a question is about. ``start`` and ``end`` are in epoch ms.

    Attributes:
        words: the words for this time in an answer, in the language of the question.
        kind: ``range``: from ``start`` to ``end``; ``point``: the moment ``start``; ``alert``: since the device's last
            alert; ``before_alert``: until the device's last alert; ``ahead``: in the future. For the two alert kinds,
            ``start`` and ``end`` are set later, when the alert is known.
        note: an assumption that was made, as a sentence; empty if there was none.
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
    """Return a duration as text. Whole minutes below three hours are given in minutes: 90 min, not 1.5 hours."""
    return f"{ms // 60_000} min" if ms % 3_600_000 and ms % 60_000 == 0 and ms < 3 * 3_600_000 else fmt.duration(ms)
