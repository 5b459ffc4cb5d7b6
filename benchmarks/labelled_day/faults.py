"""Faults: how they change the values of a device, and the moment at which a person would say that the condition is met.

The limits and times of the labels are written here again, independently of the rules.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.labelled_day.devices import Device, Values

MINUTE = 60.0
Change = Callable[[float, Values], None]
"""Changes the ideal values in place, given the seconds since the onset of the fault."""
Ideal = Callable[[float], Values]
"""Returns the values at a time, with the fault and without noise."""
Span = tuple[float, float]
"""Minimum and maximum, in minutes or in the unit of the metric."""


@dataclass(frozen=True)
class Fault:
    """A labelled fault. Times are seconds of the simulated day.

    Attributes:
        kind: The name of the kind of fault.
        devices: The devices whose alerts may belong to the fault. The first device causes it.
        rules: The rules that detect it.
        also: Further rules whose alerts are its consequence.
        severity: The highest severity that alerts of its rules should have.
        onset: When it began.
        met: When a person who sees the plant would say that the condition is met.
        end: When it was repaired.
    """

    kind: str
    devices: tuple[str, ...]
    rules: tuple[str, ...]
    also: tuple[str, ...]
    severity: str
    onset: float
    met: float
    end: float


class Shape(NamedTuple):
    """How a value leaves its normal range.

    It changes by ``size`` within ``rise`` minutes, and stays there for ``stay`` minutes. With a ``dip`` it changes to
    ``size`` and then swings around the limit: it is at ``size`` for ``beyond`` minutes, and lower by ``dip`` for
    ``back`` minutes.
    """

    metric: str
    size: Span
    rise: Span = (0, 0)
    stay: Span = (20, 40)
    dip: float = 0
    beyond: Span = (5, 8)
    back: Span = (2, 4)


class FaultKind(NamedTuple):
    """A kind of fault.

    Attributes:
        name: The name, in words.
        model: The model of the devices that can have it.
        rules: The rules that detect it.
        also: Further rules whose alerts are its consequence.
        shape: How it changes a value; None if it stops something instead.
        condition: Returns whether the values without noise meet, at a time, the condition that a person would name.
            Unused without a shape.
        hold: How long the condition must last, in minutes.
        stops: ``silent`` (the device stops), ``gateway`` (the gateway with its devices stops) or ``stuck`` (the metric
            ``frozen`` keeps its value). Empty if nothing stops.
    """

    name: str
    model: str
    rules: tuple[str, ...]
    shape: Shape | None = None
    condition: Callable[[Ideal, float], bool] = lambda ideal, t: False
    hold: float = 0
    stops: str = ""
    frozen: str = ""
    also: tuple[str, ...] = ()
    severity: str = "warning"


def drawn(kind: FaultKind, draw: random.Random) -> tuple[float, Change | None]:
    """Draw the duration of a fault in seconds, and how it changes the values; None if it stops something instead."""
    shape = kind.shape
    if shape is None:
        least = {"silent": 15, "gateway": 20, "stuck": 40}[kind.stops]
        return draw.uniform(least, least + 20) * MINUTE, None
    rise, stay, size = (draw.uniform(*span) for span in (shape.rise, shape.stay, shape.size))
    lasting = (rise + stay) * MINUTE
    beyond, back = draw.uniform(*shape.beyond), draw.uniform(*shape.back)

    def change(since: float, values: Values) -> None:
        if shape.metric in ("door", "open"):
            values[shape.metric] = 1
            return
        part = min(1.0, since / (rise * MINUTE)) if rise else 1.0
        if not shape.dip:
            values[shape.metric] += part * size
            return
        low = part == 1 and (since / MINUTE - rise) % (beyond + back) >= beyond
        values[shape.metric] += part * (size - values[shape.metric]) - (shape.dip if low else 0)

    return lasting, change


def met_at(kind: FaultKind, devices: list[Device], onset: float, end: float, ideal: Ideal) -> float | None:
    """Return when a person would say that the condition of a fault is met; None if it never is.

    For a fault that stops something, the time counts from the last report of the devices.
    """
    if kind.stops:
        return max(device.last_report(onset) for device in devices) + kind.hold * MINUTE
    return _met_after(lambda t: kind.condition(ideal, t), kind.hold, onset, end)


def _met_after(holds: Callable[[float], bool], minutes: float, onset: float, end: float) -> float | None:
    """Return when a condition has held for ``minutes`` without a break; None if it never does."""
    since, step = None, 5.0
    for number in range(math.ceil((end - onset) / step)):
        t = onset + number * step
        if not holds(t):
            since = None
            continue
        since = t if since is None else since
        if t - since >= minutes * MINUTE:
            return t
    return None
