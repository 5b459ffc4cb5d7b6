"""Faults: what can go wrong, how far it has gone, and the words people schedule it with.

A fault runs on its own fast clock: at speed 1 what takes a machine days happens within a minute, its thermal
lags included, so that a limit is crossed some 20 to 40 seconds after the onset. At speed 0.01 the same takes
about an hour. This file knows no machine; each machine declares which faults make sense for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from simulators.physics import smoothstep

GATEWAY_LOSS = "gateway_loss"
REPAIR_SECONDS = 30.0
"""How long, on the fault's clock, the traces of a fault take to vanish once it ends."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One way a machine can fail: the truth a diagnosis is measured against.

    ``metrics`` are the ones it moves, first touched first. ``sensor`` says that the machine is well and the
    sensor of that one metric lies: by a ``flat`` line, or by a ``drift`` that ends ``span`` away from the
    truth.
    """

    component: str
    metrics: tuple[str, ...]
    cause: str
    sensor: Literal["flat", "drift"] | None = None
    span: float = 0.0


Faults = Mapping[str, FaultKind]


def stuck_sensor(metric: str) -> FaultKind:
    """The sensor of ``metric`` repeats its last value for ever."""
    return FaultKind(f"{metric} sensor", (metric,), "stuck_sensor", sensor="flat")


def sensor_drift(metric: str, span: float) -> FaultKind:
    """The sensor of ``metric`` drifts until it is ``span`` (the metric's unit) off; what it measures does
    not.
    """
    return FaultKind(f"{metric} sensor", (metric,), "sensor_drift", sensor="drift", span=span)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at work from ``start`` on, until ``end`` if it is repaired (seconds on the site's clock)."""

    name: str
    start: float
    speed: float = 1.0
    end: float | None = None

    def level(self, now: float, delay: float = 0.0, ramp: float = 30.0) -> float:
        """How far one consequence has come, 0 to 1: it begins ``delay`` after the onset and takes ``ramp``
        seconds, both on the fault's clock."""
        if now < self.start:
            return 0.0
        grown = smoothstep(((now - self.start) * self.speed - delay) / ramp)
        if self.end is None or now < self.end:
            return grown
        reached = smoothstep(((self.end - self.start) * self.speed - delay) / ramp)
        return min(grown, reached) * (1.0 - smoothstep((now - self.end) * self.speed / REPAIR_SECONDS))

    def active(self, now: float) -> bool:
        """Whether it is there right now: begun and not yet repaired."""
        return now >= self.start and (self.end is None or now < self.end)


@dataclass(frozen=True, slots=True)
class Plan:
    """A fault asked for: which device, what, and when (seconds after the start)."""

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
    """Seconds of ``20``, ``20s``, ``1.5m`` or ``2h``. Raises ValueError that says what is allowed."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|)", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration: write a number with s, m or h, such as 20s, 1.5m or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def parse_speed(text: str) -> float:
    """A fault's speed: a number above 0. Raises ValueError that says what is allowed."""
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.0 < speed <= 1000.0:
        raise ValueError(f"{text!r} is no speed: write a number above 0, up to 1000, such as 0.1 or 10")
    return speed


def parse_plan(text: str) -> Plan:
    """Read ``DEVICE=FAULT@START[+DURATION][*SPEED]``, such as ``pump-03=bearing_wear@20s+5m*2``.

    Raises ValueError that says what is allowed. Whether device and fault exist is the fleet's question.
    """
    match = _PLAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is no fault: write DEVICE=FAULT@START, with +DURATION and *SPEED if you like, "
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
    """The names of ``faults``, for an error that says what is allowed."""
    return ", ".join([*faults, GATEWAY_LOSS])
