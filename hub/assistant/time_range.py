"""The time that a question is about, as data."""

from __future__ import annotations

from typing import Literal

import msgspec

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
