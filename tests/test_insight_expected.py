"""Expected range: healthy noise stays inside, faults leave it, and metrics without numeric history have none."""

from __future__ import annotations

import numpy as np
import pytest

from hub.insight import MetricSeries
from hub.insight.expected import expected
from series import NOW, clock_of, quiet, ramp, track

LATER = [NOW - 3_600_000, NOW, NOW + 3_600_000]


def test_healthy_noise_stays_inside_range_and_fault_leaves_it():
    healthy = track("t", 50.0, 0.4, seed=1)
    found = expected(healthy, healthy.times[-1], [healthy.at(k) for k in range(len(healthy))])
    assert found is not None
    inside = [low <= value <= high for (_, low, high), value in zip(found.points, healthy.values, strict=True)]
    assert np.mean(inside) > 0.97
    _, low, high = found.points[-1]
    assert high - low < 6 * 0.4
    assert not low <= 55.0 <= high


def test_readings_after_fault_are_not_learned():
    failing = track("t", 50.0, 0.4, seed=2, shape=ramp(-600, 0.05))
    found = expected(failing, failing.seconds(NOW - 700_000), [NOW])
    assert found is not None
    assert found.points[0][2] < 53.0
    assert failing.values[-1] > 75.0
    assert found.end <= NOW - 700_000


def test_trend_is_extrapolated_with_growing_range():
    rising = track("level", 10.0, 0.05, seed=3, shape=ramp(-7200, 0.002))
    found = expected(rising, rising.times[-1], LATER)
    assert found is not None
    middles = [(low + high) / 2 for _, low, high in found.points]
    widths = [high - low for _, low, high in found.points]
    assert middles[1] - middles[0] == pytest.approx(7.2, rel=0.1)
    assert widths[2] > 3 * widths[1]


def test_range_of_switching_signal_covers_both_levels():
    t = clock_of()
    values = np.where((t // 300) % 2 == 0, 0.2, 8.0) + np.random.default_rng(4).normal(0, 0.05, len(t))
    switching = MetricSeries.of(
        "current", "A", [(NOW + round(s * 1000), float(v)) for s, v in zip(t, values, strict=True)]
    )
    found = expected(switching, switching.times[-1], [NOW])
    assert found is not None
    assert found.points[0][1] < 0.3
    assert found.points[0][2] > 7.9


def test_texts_booleans_and_short_histories_have_no_range():
    few = [(NOW + k * 1000, 1.0) for k in range(5)]
    texts = [(NOW + k * 1000, "open") for k in range(50)]
    switches = [(NOW + k * 1000, k % 2 == 0) for k in range(50)]
    for points in (few, texts, switches, []):
        found = MetricSeries.of("m", None, points)
        assert expected(found, 1e9, LATER) is None


def test_range_of_constant_signal_is_narrow():
    still = track("p", 3.0, 0.0, seed=5, shape=quiet)
    found = expected(still, still.times[-1], [NOW])
    assert found is not None
    _, low, high = found.points[0]
    assert 2.9 < low <= 3.0 <= high < 3.1
