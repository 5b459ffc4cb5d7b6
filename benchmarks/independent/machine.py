"""What a simulated machine of this folder is: metrics, limits, faults and physics. Nothing here imports the hub."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Scheme = Literal["snake", "people", "de", "es", "fr", "zh"]
"""How metrics are named: snake_case English as a developer writes it, as people write it, or in another language."""
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
    """One fault and how to recognize an answer.

    ``right`` and ``plausible`` are regular expressions, matched without case against the title of the cause that a
    diagnosis names. Right: it is that fault. Plausible: the same component, or the same flow path and direction. One of
    the metrics in ``first`` moves first. ``seconds`` is the range in which it grows from nothing to severity 1 in
    reality; an abrupt fault has ``(0, 0)``. ``source`` is the text that the physics follows. A ``silent`` fault crosses
    no limit.
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
    """One unit, its constants drawn from ``rng``. Two units of one kind differ as real ones do.

    ``parts`` are regular expressions for the parts and processes that the machine has: a cause that names another
    part is absurd. ``names`` gives each metric's name in each scheme.
    """

    kind: ClassVar[str]
    model: ClassVar[str]
    parts: ClassVar[tuple[str, ...]]
    metrics: ClassVar[Mapping[str, Metric]]
    limits: ClassVar[tuple[Limit, ...]]
    faults: ClassVar[tuple[Fault, ...]]
    names: ClassVar[Mapping[Scheme, Mapping[str, str]]]
    period_s: ClassVar[tuple[float, float]] = (1.0, 3_600.0)
    """The fastest and the slowest interval at which such a machine reports in practice."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    @abstractmethod
    def simulate(self, times: Floats, injection: Injection | None) -> Mapping[str, Floats]:
        """Return each metric at ``times``, in seconds since a Monday's midnight, local time, evenly spaced.

        The first call decides the course of load and weather; without a fault and with a fault of severity 0 the
        result is the same for the same ``rng``. Values are already rounded to the sensor's step.
        """

    def fault(self, fault_id: str) -> Fault:
        """Return one of the machine's faults. Raises KeyError for an unknown one."""
        return {fault.id: fault for fault in self.faults}[fault_id]
