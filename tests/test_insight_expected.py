"""The expected band: healthy noise stays inside, a fault leaves it, and it says nothing where it knows nothing."""

from __future__ import annotations

import numpy as np
import pytest

from hub.insight import MetricSeries
from hub.insight.expected import expected
from series import NOW, clock_of, quiet, ramp, track

LATER = [NOW - 3_600_000, NOW, NOW + 3_600_000]


def test_healthy_noise_stays_inside_and_a_fault_leaves_it():
    healthy = track("t", 50.0, 0.4, seed=1)
    band = expected(healthy, healthy.times[-1], [healthy.at(k) for k in range(len(healthy))])
    assert band is not None
    inside = [low <= value <= high for (_, low, high), value in zip(band.points, healthy.values, strict=True)]
    assert np.mean(inside) > 0.97
    _, low, high = band.points[-1]
    assert high - low < 6 * 0.4
    assert not low <= 55.0 <= high


def test_a_fault_is_not_learnt_as_normal():
    failing = track("t", 50.0, 0.4, seed=2, shape=ramp(-600, 0.05))
    band = expected(failing, failing.seconds(NOW - 700_000), [NOW])
    assert band is not None
    assert band.points[0][2] < 53.0
    assert failing.values[-1] > 75.0
    assert band.end <= NOW - 700_000


def test_a_trend_is_carried_on_and_becomes_uncertain():
    rising = track("level", 10.0, 0.05, seed=3, shape=ramp(-7200, 0.002))
    band = expected(rising, rising.times[-1], LATER)
    assert band is not None
    middles = [(low + high) / 2 for _, low, high in band.points]
    widths = [high - low for _, low, high in band.points]
    assert middles[1] - middles[0] == pytest.approx(7.2, rel=0.1)
    assert widths[2] > 3 * widths[1]


def test_a_signal_that_switches_is_expected_between_its_levels():
    t = clock_of()
    values = np.where((t // 300) % 2 == 0, 0.2, 8.0) + np.random.default_rng(4).normal(0, 0.05, len(t))
    switching = MetricSeries.of(
        "current", "A", [(NOW + round(s * 1000), float(v)) for s, v in zip(t, values, strict=True)]
    )
    band = expected(switching, switching.times[-1], [NOW])
    assert band is not None
    assert band.points[0][1] < 0.3
    assert band.points[0][2] > 7.9


def test_texts_booleans_and_newcomers_have_none():
    few = [(NOW + k * 1000, 1.0) for k in range(5)]
    words = [(NOW + k * 1000, "open") for k in range(50)]
    switches = [(NOW + k * 1000, k % 2 == 0) for k in range(50)]
    for points in (few, words, switches, []):
        found = MetricSeries.of("m", None, points)
        assert expected(found, 1e9, LATER) is None


def test_a_constant_has_a_thin_band():
    still = track("p", 3.0, 0.0, seed=5, shape=quiet)
    band = expected(still, still.times[-1], [NOW])
    assert band is not None
    _, low, high = band.points[0]
    assert 2.9 < low <= 3.0 <= high < 3.1
