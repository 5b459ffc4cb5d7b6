"""The JSON of the history as it goes out."""

from __future__ import annotations

from typing_extensions import TypedDict

from hub.api.schemas.api_object import ApiObject
from hub.model import Gap, Mark, Point


class History(ApiObject):
    """``gaps`` are silences that are long for this series, ``[from, to]``; ``marks`` are stretches with readings that
    are not good, ``[from, to, quality]``. ``step`` is the width of the coarsest means that went into the points, 0
    where only readings did. All in milliseconds."""

    metric: str
    unit: str | None
    points: list[Point]
    gaps: list[Gap]
    marks: list[Mark]
    step: int


class SeriesShape(History, rename={"device": "device_id"}):
    device: str


class HistoryAnswer(TypedDict):
    series: list[SeriesShape]
