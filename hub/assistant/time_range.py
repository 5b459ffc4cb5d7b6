"""The time that a question is about, as data."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub import text_format as fmt

Kind = Literal["range", "point", "alert", "before_alert", "ahead"]


class TimeRange(msgspec.Struct, frozen=True):
    """A time that a question is about, in epoch ms.

    Attributes:
        words: how an answer names it, in the language of the question.
        kind: ``point``: the moment ``start``; ``alert``: since the last alert of the device, and ``before_alert``
            until it, which are known only once the device is; ``ahead``: in the future.
        note: what was assumed, as a sentence.
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
    """Return a duration as text, in the unit in which it was written: 90 minutes, not 1.5 hours."""
    return f"{ms // 60_000} min" if ms % 3_600_000 and ms % 60_000 == 0 and ms < 3 * 3_600_000 else fmt.duration(ms)
