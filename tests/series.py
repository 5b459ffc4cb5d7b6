"""Synthetic series with known changes, for the tests of the evidence engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hub.insight import InvestigationInput, MetricSeries
from hub.model import Alert, Point

NOW = 1_795_384_800_000
Shape = Callable[[np.ndarray], np.ndarray]


def points(values: np.ndarray, times: np.ndarray) -> list[Point]:
    return [(NOW + round(float(t) * 1000), float(v)) for t, v in zip(times, values, strict=True)]


def clock_of(
    past_s: float = 7200, until_s: float = 0, coarse_s: float = 10, fine_s: float = 1, live_s: float = 120
) -> np.ndarray:
    """Return times in seconds relative to NOW: coarse history, then live readings."""
    past = np.arange(-past_s, until_s - live_s, coarse_s)
    return np.concatenate([past, np.arange(until_s - live_s, until_s + 0.5 * fine_s, fine_s)])


def ramp(start_s: float, per_s: float) -> Shape:
    return lambda t: np.clip(t - start_s, 0, None) * per_s


def step(start_s: float, by: float) -> Shape:
    return lambda t: np.where(t >= start_s, by, 0.0)


def quiet(t: np.ndarray) -> np.ndarray:
    return np.zeros_like(t)


def track(
    metric: str,
    level: float,
    noise: float,
    seed: int,
    shape: Shape = quiet,
    t: np.ndarray | None = None,
    unit: str = "u",
) -> MetricSeries:
    t = clock_of() if t is None else t
    rng = np.random.default_rng(seed)
    return MetricSeries.of(metric, unit, points(level + rng.normal(0, noise, len(t)) + shape(t), t))


def case(*tracks: MetricSeries, alert: Alert | None = None, **more: object) -> InvestigationInput:
    return InvestigationInput(device="d-1", now=NOW, tracks={t.metric: t for t in tracks}, alert=alert, **more)  # type: ignore[arg-type]


def alert(metric: str | None, since_s: float, value: float | None = None, threshold: float | None = None) -> Alert:
    since = NOW + round(since_s * 1000)
    return Alert(
        "a-1", "r-1", "d-1", metric, "critical", "raised", "it alarms", value, threshold, "u", since, since + 5000
    )
