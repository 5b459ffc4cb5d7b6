"""Objects of the history that the API returns."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.model import Gap, Mark, Point


class History(ApiObject):
    """The history of one metric. All times are in epoch milliseconds.

    `gaps` are unusually long periods without readings, `[from, to]`. `marks` are periods with readings of a quality
    other than good, `[from, to, quality]`. `step` is the width in milliseconds of the coarsest aggregates in `points`;
    it is 0 if all points are single readings.
    """

    metric: str
    unit: str | None
    points: list[Point]
    gaps: list[Gap]
    marks: list[Mark]
    step: int


class SeriesShape(History, rename={"device": "device_id"}):
    device: str


class HistoryAnswer(ApiObject):
    series: list[SeriesShape]
