"""Faults: their kinds, their development over time, and the syntax to schedule them.

A fault develops on its own, faster clock: at speed 1, what takes days in a real machine takes a minute, thermal lags
included, and a limit is crossed about 20 to 40 seconds after the onset. At speed 0.01 it takes about an hour. Each
machine declares the faults that it can have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from simulators.physics import smoothstep

GATEWAY_LOSS = "gateway_loss"
REPAIR_SECONDS = 30.0
"""How long the effects of a fault take to disappear after its end, on the fault's clock."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: the ground truth that a diagnosis is compared with.

    Attributes:
        component: what is broken.
        metrics: the metrics that change, in the order of the change.
        cause: the cause that a diagnosis should name.
        sensor: the machine works and the sensor of the only metric is wrong: it repeats one value (``flat``), or drifts
            (``drift``).
        span: the final error of a drifting sensor, in the metric's unit.
    """

    component: str
    metrics: tuple[str, ...]
    cause: str
    sensor: Literal["flat", "drift"] | None = None
    span: float = 0.0


Faults = Mapping[str, FaultKind]


def stuck_sensor(metric: str) -> FaultKind:
    """Return the fault of a sensor that repeats its last value."""
    return FaultKind(f"{metric} sensor", (metric,), "stuck_sensor", sensor="flat")


def sensor_drift(metric: str, span: float) -> FaultKind:
    """Return the fault of a sensor that drifts until its error is ``span``, in the metric's unit."""
    return FaultKind(f"{metric} sensor", (metric,), "sensor_drift", sensor="drift", span=span)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one machine, from ``start`` to ``end`` (seconds on the site's clock; None: not repaired)."""

    name: str
    start: float
    speed: float = 1.0
    end: float | None = None

    def level(self, now: float, delay: float = 0.0, ramp: float = 30.0) -> float:
        """Return how far one effect has developed, from 0 to 1.

        It begins ``delay`` seconds after the onset and is complete ``ramp`` seconds later, on the fault's clock.
        """
        if now < self.start:
            return 0.0
        grown = smoothstep(((now - self.start) * self.speed - delay) / ramp)
        if self.end is None or now < self.end:
            return grown
        reached = smoothstep(((self.end - self.start) * self.speed - delay) / ramp)
        return min(grown, reached) * (1.0 - smoothstep((now - self.end) * self.speed / REPAIR_SECONDS))

    def active(self, now: float) -> bool:
        """Return True if the fault has begun and is not repaired yet."""
        return now >= self.start and (self.end is None or now < self.end)


@dataclass(frozen=True, slots=True)
class Plan:
    """A scheduled fault; times are in seconds, ``at`` counts from the start of the live readings."""

    device: str
    fault: str
    at: float
    duration: float | None = None
    speed: float = 1.0


_PLAN = re.compile(
    r"(?P<device>[^=@]+)=(?P<fault>[^=@]+)@(?P<at>[^+*]+)(?:\+(?P<duration>[^+*]+))?(?:\*(?P<speed>[^+*]+))?"
)
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float:
    """Parse a duration such as ``20``, ``20s``, ``1.5m`` or ``2h``; return it in seconds. Raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|)", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration: write a number with s, m or h, such as 20s, 1.5m or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def parse_speed(text: str) -> float:
    """Parse the speed of a fault, a number above 0. Raises ValueError."""
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.0 < speed <= 1000.0:
        raise ValueError(f"{text!r} is not a speed: write a number above 0, up to 1000, such as 0.1 or 10")
    return speed


def parse_plan(text: str) -> Plan:
    """Parse ``DEVICE=FAULT@START[+DURATION][*SPEED]``, such as ``pump-03=bearing_wear@20s+5m*2``.

    Raises ValueError for a wrong syntax. :func:`simulators.fleet.check` checks that device and fault exist.
    """
    match = _PLAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is not a fault: write DEVICE=FAULT@START, optionally with +DURATION and *SPEED, "
            "such as pump-03=bearing_wear@20s or pump-03=bearing_wear@20s+5m*2"
        )
    return Plan(
        device=match["device"].strip(),
        fault=match["fault"].strip(),
        at=parse_duration(match["at"]),
        duration=None if match["duration"] is None else parse_duration(match["duration"]),
        speed=1.0 if match["speed"] is None else parse_speed(match["speed"]),
    )


def describe(faults: Faults) -> str:
    """Return the names of ``faults`` for an error message."""
    return ", ".join([*faults, GATEWAY_LOSS])
