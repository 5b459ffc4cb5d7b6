"""Normal variation gives no cause, and findings quote the metric's newest value."""

from __future__ import annotations

import re

import numpy as np
import pytest

from benchmarks.labelled import observed
from hub.insight import InvestigationInput, MetricSeries, decide, evidence, rank
from hub.model import Limit
from series import NOW, alert, case, clock_of, points, ramp, track

T = clock_of(coarse_s=15, live_s=420)


def series_of(metric: str, values: np.ndarray, unit: str | None = None) -> MetricSeries:
    return MetricSeries.of(metric, unit, points(values, T))


def noisy(level: float, sigma: float, seed: int) -> np.ndarray:
    return level + np.random.default_rng(seed).normal(0, sigma, len(T))


def cause(found: InvestigationInput) -> str | None:
    chosen = decide(rank(evidence(found)))
    return chosen.cause if chosen else None


def other_metrics() -> tuple[MetricSeries, ...]:
    return series_of("temperature", noisy(20.0, 0.1, 1)), series_of("humidity", noisy(60.0, 0.5, 2))


@pytest.mark.parametrize(
    ("metric", "unit", "values"),
    [
        ("light", "lx", np.round(np.clip(-(T + 1500) * 3.0, 0, None) * (1 + noisy(0, 0.02, 3)))),
        ("vent", "%", np.round(np.clip(70 + (T + 6000) * 0.006 + noisy(0, 0.6, 4), 0, 100))),
        ("valve", "%", np.round(np.clip(noisy(12, 9, 5) - (T > -1500) * 60, 0, 100))),
    ],
    ids=["dusk", "fully open vent", "valve that is shut from time to time"],
)
def test_signal_at_end_of_its_range_is_not_stuck(metric: str, unit: str, values: np.ndarray) -> None:
    assert values[-300:].tolist().count(values[-1]) == 300
    assert cause(case(series_of(metric, values, unit), *other_metrics())) is None


@pytest.mark.parametrize("frozen_value", [0.0, 41.7])
def test_frozen_or_zero_signal_is_stuck_sensor(frozen_value: float) -> None:
    values = np.where(T < -600, noisy(42.0, 0.8, 6).round(1), frozen_value)
    assert cause(case(series_of("pressure", values, "bar"), *other_metrics())) == "stuck_sensor"


def test_move_away_from_limit_is_no_fault_and_toward_limit_is() -> None:
    watered, dried = (noisy(34.0, 0.2, 7) + sign * ramp(-300, 0.03)(T) for sign in (1, -1))
    others = other_metrics()
    limits = {"soil_moisture": Limit(min=22.0)}
    assert cause(case(series_of("soil_moisture", watered), *others, limits=limits)) is None
    assert cause(case(series_of("soil_moisture", dried), *others, limits=limits)) is not None


@pytest.mark.parametrize("seed", [3004, 3035])
def test_relation_is_not_extrapolated_beyond_learned_range(seed: int) -> None:
    """A fan that speeds up in the morning draws more than a line through its night values predicts."""
    healthy, _ = observed("air-handler", None, seed)
    assert cause(healthy) is None


@pytest.mark.parametrize("seed", range(5))
def test_findings_quote_newest_value_consistently(seed: int) -> None:
    moving = track("vibration", 2.0, 0.3, seed, ramp(-60, 0.12), unit="mm/s")
    newest = float(moving.values[-1])
    found = evidence(case(moving, alert=alert("vibration", -10, newest, 7.1), limits={"vibration": Limit(max=7.1)}))
    quoted = [float(n) for e in found for n in re.findall(r"at [\d:]{8} UTC it read (−?[\d.]+)", e.finding)]
    assert quoted
    assert set(quoted) == {round(newest, 2)}
    onset = next(e for e in found if e.kind == "onset")
    change, before = re.findall(r"([\d.]+) mm/s above its level before \(([\d.]+) mm/s\)", onset.finding)[0]
    assert float(change) + float(before) == pytest.approx(quoted[0], abs=0.011)


def test_single_outlier_is_not_quoted_as_current_value() -> None:
    values = noisy(2.0, 0.05, 9) + ramp(-60, 0.1)(T)
    values[-1] = 2.0
    found = evidence(case(series_of("vibration", values, "mm/s")))
    onset = next(e for e in found if e.kind == "onset")
    assert "it read" not in onset.finding
    assert "it was around 7" in onset.finding or "it was around 8" in onset.finding
    assert found[0].end == NOW
