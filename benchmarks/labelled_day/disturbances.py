"""Disturbances in quiet hours that are not faults. Rules with a sensible ``for`` and limit should raise no alert."""

from __future__ import annotations

import random
from typing import NamedTuple

MINUTE = 60.0


class Disturbance(NamedTuple):
    """A disturbance in a quiet hour. ``at`` and ``lasting`` are in seconds of the simulated day.

    ``kind`` is one of: ``spike`` (single wrong readings), ``restart`` (no report for 150 s, then counters begin at 0),
    ``late`` (the reports of 150 s arrive together), ``missing`` (two reports are lost, twice), ``load`` (another load,
    within the limits), ``brief`` (beyond the limit, but only for half of the time that the rule requires).
    """

    kind: str
    at: float
    lasting: float
    metric: str = ""
    size: float = 0


SPIKES = {
    "pump": [("vibration", 18), ("bearing_temperature", 120), ("flow", 0)],
    "cold-room": [("temperature", 25), ("temperature", -30)],
    "air-handler": [("supply_temperature", 0), ("filter_pressure_drop", 500)],
    "tank": [("level", 0), ("level", 100)],
    "boiler": [("pressure", 0), ("flow_temperature", 130), ("return_temperature", 0)],
}
"""By model: a metric and the wrong value that its sensor sends."""
LOADS = {
    "pump": [("vibration", 2), ("bearing_temperature", 10), ("flow", -15)],
    "cold-room": [("temperature", 0.8)],
    "air-handler": [("supply_temperature", 3), ("filter_pressure_drop", 25)],
    "tank": [("level", -4)],
    "meter": [("power", 12)],
    "boiler": [("return_temperature", -4), ("pressure", -0.4)],
}
BRIEF = {
    "pump": [("vibration", 6, 90), ("flow", -45, 90)],
    "cold-room": [("temperature", 7, 300), ("door", 1, 300)],
    "air-handler": [("supply_temperature", 9, 150), ("filter_pressure_drop", 110, 150)],
    "boiler": [("return_temperature", -17, 150), ("pressure", -1, 90)],
    "door": [("open", 1, 450)],
}
"""By model: a metric, the change of its value, and the duration of the change in seconds."""


def disturbance(model: str, start: float, draw: random.Random) -> Disturbance:
    """Draw a disturbance for the quiet hour that begins at ``start``, of a device of this model."""
    tables = {"spike": SPIKES, "load": LOADS, "brief": BRIEF}
    kind = draw.choice(["restart", "late", "missing", *(name for name, table in tables.items() if model in table)])
    at = start + draw.uniform(5, 35) * MINUTE
    if kind not in tables:
        return Disturbance(kind, at, 150)
    metric, size, *lasting = draw.choice(tables[kind][model])
    return Disturbance(kind, at, lasting[0] if lasting else 1_200, metric, size)
