"""Base classes of the simulated machines of this folder: metrics, limits, faults. Nothing here imports the hub."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Scheme = Literal["snake", "people", "de", "es", "fr", "zh"]
"""Naming scheme of metrics. ``snake``: English in snake_case; ``people``: English in words; others: a language."""
DAY_S = 86_400.0


@dataclass(frozen=True)
class Metric:
    """One published value. ``step`` is the resolution of its sensor; a ``switch`` is 0 or 1; a ``mode`` is an index
    into ``words``."""

    unit: str | None
    step: float = 0.1
    kind: Literal["number", "switch", "mode"] = "number"
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limit:
    """An alarm that an engineer would set: beyond ``low`` or ``high`` for ``hold_s`` seconds."""

    metric: str
    low: float | None = None
    high: float | None = None
    hold_s: float = 10.0


@dataclass(frozen=True)
class Fault:
    """A fault, and the patterns that classify a diagnosis of it.

    Attributes:
        right: Regular expressions, matched without case against the title of the named cause: it is this fault.
        plausible: The same for a cause in the same component, or in the same flow path and direction.
        first: Metrics, one of which changes first.
        seconds: Shortest and longest time in which the fault grows from nothing to severity 1 in reality; ``(0, 0)``
            for an abrupt fault.
        source: The publication that the physics follows.
        silent: The fault crosses no limit.
    """

    id: str
    cause: str
    right: tuple[str, ...]
    plausible: tuple[str, ...]
    first: tuple[str, ...]
    seconds: tuple[float, float]
    source: str
    silent: bool = False


@dataclass(frozen=True)
class Injection:
    """A fault in one run: severity is 0 until ``start`` (s), then grows linearly to ``severity`` within ``seconds``."""

    fault: str
    start: float
    seconds: float
    severity: float = 1.0

    def at(self, times: Floats) -> Floats:
        """Return the severity at each of ``times`` (s)."""
        if self.seconds <= 0:
            return np.where(times >= self.start, self.severity, 0.0)
        return np.asarray(self.severity * np.clip((times - self.start) / self.seconds, 0.0, 1.0))


class Machine(ABC):
    """A machine whose constants are drawn from ``rng``, so that two machines of one kind differ as real ones do.

    ``parts`` are regular expressions for the parts and processes that the machine has: a cause that names another
    part is absurd. ``names`` has the names of the metrics by scheme.
    """

    kind: ClassVar[str]
    model: ClassVar[str]
    parts: ClassVar[tuple[str, ...]]
    metrics: ClassVar[Mapping[str, Metric]]
    limits: ClassVar[tuple[Limit, ...]]
    faults: ClassVar[tuple[Fault, ...]]
    names: ClassVar[Mapping[Scheme, Mapping[str, str]]]
    period_s: ClassVar[tuple[float, float]] = (1.0, 3_600.0)
    """The shortest and the longest interval, in seconds, at which such a machine reports in practice."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    @abstractmethod
    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        """Return the values of each metric at ``times``: evenly spaced seconds since a Monday's midnight, local time.

        The first call draws the course of load and weather from ``rng``. With the same ``rng``, a fault of severity 0
        gives the same result as no fault. Values are already rounded to the sensor's step.
        """

    def fault(self, fault_id: str) -> Fault:
        """Return one of the machine's faults. Raises KeyError for an unknown one."""
        return {fault.id: fault for fault in self.faults}[fault_id]
