"""A case: the readings of one device up to a moment, the limit that raised an alert, and the true cause."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Group = Literal["known", "unknown", "healthy", "scene"]
"""``known``: a signature of the hub names the fault; ``unknown``: none does; ``healthy``: nothing is wrong; ``scene``:
something of everyday life that is not a fault."""
MS = 1_000


@dataclass(frozen=True)
class Series:
    """One metric as published. ``kind`` as in :class:`benchmarks.independent.machine.Metric`."""

    times: Floats  # epoch seconds
    values: Floats
    unit: str | None
    kind: str = "number"
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bound:
    """A rule's limit on one metric, held for ``hold_s`` seconds."""

    low: float | None
    high: float | None
    hold_s: float


@dataclass(frozen=True)
class Truth:
    """The true cause. The patterns are matched against the title of the named cause, ignoring case.

    ``parts`` match the parts and processes that the device has; a cause that names another part is absurd. If ``right``
    is empty, the right answer is to name no cause.
    """

    right: tuple[str, ...] = ()
    plausible: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    absurd: tuple[str, ...] = ()
    first: tuple[str, ...] = ()  # published names of metrics, one of which changes first
    onset: float | None = None  # epoch seconds


@dataclass(frozen=True)
class Case:
    """``at`` (epoch seconds) is when the diagnosis is asked for, ``alarmed`` when the limit was crossed."""

    name: str
    source: str
    group: Group
    scheme: str
    model: str | None
    series: Mapping[str, Series]
    bounds: Mapping[str, Bound]
    at: float
    truth: Truth
    alarmed: float | None = None

    @property
    def delay(self) -> float | None:
        """Return how many seconds passed from the fault to the alarm."""
        onset = self.truth.onset
        return None if onset is None or self.alarmed is None else self.alarmed - onset


def matches(patterns: tuple[str, ...], text: str) -> bool:
    """Return whether any pattern is found in ``text``, in any case."""
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)


def first_crossing(series: Series, bound: Bound, after: float) -> float | None:
    """Return when the series has been beyond the bound for its hold time, counted from ``after``; None if never.

    If the device reports less often than the hold time, the time counts from the first reading beyond the bound, as in
    the hub's rules.
    """
    beyond = np.zeros(len(series.values), dtype=bool)
    if bound.high is not None:
        beyond |= series.values > bound.high
    if bound.low is not None:
        beyond |= series.values < bound.low
    since: float | None = None
    for time, is_beyond in zip(series.times, beyond, strict=True):
        if time < after or not is_beyond:
            since = None
            continue
        since = float(time) if since is None else since
        interval = float(series.times[1] - series.times[0]) if len(series.times) > 1 else 0.0
        if interval > bound.hold_s:
            return float(time) + bound.hold_s
        if time - since >= bound.hold_s:
            return float(time)
    return None
