"""A gateway with 200 devices loses power, and returns with three of them still dead."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.labelled_day.day import Report
from benchmarks.labelled_day.devices import REPORT_S, Device

CHILDREN = 200
DEAD = 3
GATEWAY = "big-gateway"
WARM_UP_S, DOWN_S, AFTER_S = 1_800.0, 1_200.0, 1_200.0
"""Time before the outage, its duration, and time after it. All times here are seconds of the simulated day."""


class GatewayOutage(NamedTuple):
    """An outage of the gateway. The gateway and its devices begin to report at ``start``."""

    start: float

    @property
    def down(self) -> float:
        return self.start + WARM_UP_S

    @property
    def returns(self) -> float:
        return self.down + DOWN_S

    @property
    def end(self) -> float:
        return self.returns + AFTER_S

    def devices(self) -> list[Device]:
        draw = random.Random("gateway")
        children = [Device(f"big-{n}", "sensor", GATEWAY, draw.uniform(0, REPORT_S), 0) for n in range(CHILDREN)]
        return [Device(GATEWAY, "gateway", None, 1.0, 0), *children]

    def reports(self) -> Iterator[Report]:
        """Return the messages of the gateway and its devices in the order in which they are sent."""
        draw = random.Random("reports")
        devices = sorted(self.devices(), key=lambda device: device.phase)
        for turn in range(int((self.end - self.start) / REPORT_S)):
            for device in devices:
                t = self.start + turn * REPORT_S + device.phase
                dead = t >= self.down and device.id in {f"big-{n}" for n in range(DEAD)}
                if not (self.down <= t < self.returns or dead):
                    yield Report(t, t, device.id, {"cpu_temperature": round(draw.gauss(47, 0.4), 1)})


class GatewayOutcome(NamedTuple):
    """How one of the two systems reacted to the outage, as numbers.

    Attributes:
        alerts: The alerts that were raised during the outage.
        suppressed: Those of these alerts of which nobody was notified.
        incidents: The incidents during the outage.
        messages: The messages that people got during the outage.
        diagnoses: The different diagnoses of the alerts; None for a system without diagnoses.
        alerts_after: The alerts of which people were notified after the gateway had returned.
    """

    alerts: int
    suppressed: int
    incidents: int
    messages: int
    diagnoses: int | None
    alerts_after: int
