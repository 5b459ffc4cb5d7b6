"""The base class of all machines.

A machine is pure: no network, no wall clock, no global random numbers. ``step(now)`` moves it to ``now``, in seconds on
the site's clock: live readings begin at 0, history is before that. The same id, seed and times give the same readings.
A fault changes nothing before its start, because random numbers are drawn in the same order with or without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from simulators.faults import Fault, Faults, describe
from simulators.physics import Noise

Value = float | int | bool
Readings = dict[str, Value]

WARM_UP = 2400.0
"""Seconds that a machine is simulated before its first reading, so that its temperatures have settled."""
LONGEST_STEP = 60.0


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its unit, the resolution and range (``low`` to ``high``) of its sensor, and its limits."""

    unit: str
    decimals: int
    low: float
    high: float
    minimum: float | None = None
    maximum: float | None = None

    def shown(self, value: float) -> float:
        """Return a value as the sensor reports it."""
        value = self.low if value < self.low else self.high if value > self.high else value
        # Adding zero turns -0.0 into 0.0.
        return round(value, self.decimals) + 0.0 if self.decimals else round(value)

    @property
    def limits(self) -> dict[str, float]:
        """Return the limits as ``{"min": …, "max": …}``, without those that it does not have."""
        return {k: v for k, v in (("min", self.minimum), ("max", self.maximum)) if v is not None}


Metrics = Mapping[str, Metric]


class Machine(ABC):
    """A machine whose constants are drawn from the seed and its id."""

    prefix: ClassVar[str]
    manufacturer: ClassVar[str]
    model: ClassVar[str]
    services: ClassVar[tuple[str, ...]]
    areas: ClassVar[tuple[str, ...]]
    labels: ClassVar[tuple[str, ...]]
    metrics: ClassVar[Metrics]
    flags: ClassVar[tuple[str, ...]] = ()
    controls: ClassVar[Mapping[str, dict[str, Any]]] = {}
    """Its commands by name, as in its ``info``."""
    faults: ClassVar[Faults]

    def __init__(self, identity: str, seed: int, hour: float = 10.0) -> None:
        """Create the machine. ``hour`` is the hour of the site's day at time 0."""
        self.id = identity
        self.now: float | None = None
        self._hour_at_zero = hour
        self._faults: list[Fault] = []
        self._held: dict[str, Value] = {}
        self._random = Random(f"{seed}:{identity}:noise")
        self._noises: list[Noise] = []
        draw = Random(f"{seed}:{identity}:unit")
        self.area = draw.choice(self.areas)
        self.service = draw.choice(self.services)
        self.firmware = f"{draw.randint(1, 4)}.{draw.randint(0, 9)}.{draw.randint(0, 20)}"
        self._build(draw)

    def step(self, now: float) -> Readings:
        """Move to ``now`` (seconds) and return the readings. Raises ValueError if time does not move forward."""
        at = now - WARM_UP if self.now is None else self.now
        if now <= at:
            raise ValueError(f"{self.id} is at {at} s and cannot step back to {now} s")
        while now - at > LONGEST_STEP:
            at += LONGEST_STEP
            self._move(at, LONGEST_STEP)
        self._move(now, now - at)
        return self._through_sensors(now, self._measure())

    def inject(self, fault: str, at: float, speed: float = 1.0, duration: float | None = None) -> Fault:
        """Schedule a fault at ``at`` seconds. Raises ValueError for a fault that this machine cannot have."""
        if fault not in self.faults:
            raise ValueError(f"{self.id} has no fault {fault!r}: it has {describe(self.faults)}")
        injected = Fault(fault, at, speed, None if duration is None else at + duration)
        self._faults.append(injected)
        return injected

    def describe(self) -> dict[str, Any]:
        """Return the ``info`` of the native dialect, without the gateway."""
        number = self.id.rpartition("-")[2].rpartition("_")[2].lstrip("0")
        return {
            "name": f"{self.service} {number}",
            "manufacturer": self.manufacturer,
            "model": self.model,
            "firmware": self.firmware,
            "area": self.area,
            "labels": list(self.labels),
            "units": {name: metric.unit for name, metric in self.metrics.items()},
            "limits": {name: metric.limits for name, metric in self.metrics.items() if metric.limits},
            **({"commands": dict(self.controls)} if self.controls else {}),
        }

    def command(self, name: str, value: Any) -> dict[str, Any]:
        """Execute a command and return the state to report. Raises ValueError with the reason if it is refused."""
        raise ValueError(f"{self.id} takes no command {name!r}.")

    # For subclasses.

    @abstractmethod
    def _build(self, draw: Random) -> None:
        """Draw the machine's constants and set its state near equilibrium."""

    @abstractmethod
    def _advance(self, now: float, dt: float) -> None:
        """Advance the state by ``dt`` seconds (at most ``LONGEST_STEP``), to ``now``."""

    @abstractmethod
    def _measure(self) -> Readings:
        """Return the true values of all metrics, in their units."""

    def noise(self, sigma: float, tau: float) -> Noise:
        """Return a noise that advances with this machine."""
        noise = Noise(self._random, sigma, tau)
        self._noises.append(noise)
        return noise

    def level(self, fault: str, delay: float = 0.0, ramp: float = 30.0) -> float:
        """Return how far an effect of ``fault`` has developed, 0 to 1; see :meth:`Fault.level`."""
        if not self._faults or self.now is None:
            return 0.0
        now = self.now
        return max((f.level(now, delay, ramp) for f in self._faults if f.name == fault), default=0.0)

    def active(self, fault: str) -> bool:
        """Return True if ``fault`` has begun and is not repaired."""
        now = self.now
        return now is not None and any(f.name == fault and f.active(now) for f in self._faults)

    def hour(self, now: float) -> float:
        """Return the hour of the site's day, 0 to 24, at ``now``."""
        return (self._hour_at_zero + now / 3600.0) % 24.0

    def _move(self, now: float, dt: float) -> None:
        self.now = now
        for noise in self._noises:
            noise.advance(dt)
        self._advance(now, dt)

    def _through_sensors(self, now: float, true: Readings) -> Readings:
        """Return the true values as the sensors report them: rounded, in range, and with the faults of sensors."""
        for fault in self._faults:
            kind = self.faults[fault.name]
            if kind.sensor == "drift":
                true[kind.metrics[0]] += kind.span * fault.level(now, ramp=60.0)
        shown: Readings = {
            name: self.metrics[name].shown(value) if name in self.metrics else value for name, value in true.items()
        }
        for fault in self._faults:
            kind = self.faults[fault.name]
            if kind.sensor == "flat":
                metric = kind.metrics[0]
                if fault.active(now):
                    shown[metric] = self._held.setdefault(metric, shown[metric])
                else:
                    self._held.pop(metric, None)
        return shown
