"""Anomaly detectors: what they mark, and that batches, gaps and damaged state cannot change or break them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Invalid
from hub.insight.anomalies import ALERT_SCORE, UNUSUAL_SCORE, BandDetector, ExtremesDetector
from hub.insight.anomalies.extremes import FEATURES, Scores
from hub.insight.anomalies.windows import windows

RNG = np.random.default_rng
EXTREMES_BYTES = 8_192
BAND_BYTES_A_METRIC = 4_096


def noise(count: int, seed: int = 1, level: float = 50.0) -> np.ndarray:
    return level + RNG(seed).normal(0, 1, count)


def in_batches(values: np.ndarray, cuts: list[int]) -> list[np.ndarray]:
    return np.split(values, sorted(cuts))


def marked(scores: Scores, level: float = UNUSUAL_SCORE) -> list[int]:
    return np.flatnonzero(scores.score >= level).tolist()


# -- sliding windows ---------------------------------------------------------------------------------------------------


def test_windows_have_mean_and_deviation_of_their_readings() -> None:
    values = noise(200, level=1e6)
    for length, found in zip((24, 48, 120), windows(values, 24, 48, 120), strict=True):
        assert len(found.mean) == 200 - length + 1
        assert found.mean[-1] == pytest.approx(values[-length:].mean(), rel=1e-12)
        assert found.deviation()[0] == pytest.approx(values[:length].std(), rel=1e-9)


def test_windows_longer_than_series_are_empty() -> None:
    assert [len(found.mean) for found in windows(noise(30), 24, 48, 120)] == [7, 0, 0]


# -- extremes ----------------------------------------------------------------------------------------------------------


def test_reading_far_beyond_range_is_alert_and_its_feature_is_named() -> None:
    values = noise(3_000)
    values[2_500] = 70.0
    found = ExtremesDetector().update(values)
    assert found.score[2_500] > ALERT_SCORE
    assert FEATURES[found.feature[2_500]] in ("value", "step")
    assert found.reached[2_500] > found.high[2_500] > found.low[2_500]


@pytest.mark.parametrize(
    ("change", "feature"),
    [
        (lambda t: 3.0 * (t >= 2_500), {"level", "shift", "noise"}),
        (lambda t: np.where(t >= 2_500, RNG(9).normal(0, 3, len(t)), 0.0), {"value", "step", "noise"}),
    ],
    ids=["shift", "noise"],
)
def test_change_of_level_and_of_noise_is_marked(change, feature: set[str]) -> None:
    values = noise(3_000) + change(np.arange(3_000))
    found = ExtremesDetector().update(values)
    after = [at for at in marked(found) if at >= 2_500]
    assert after
    assert after[0] < 2_500 + 48
    assert FEATURES[found.feature[after[0]]] in feature


def test_healthy_noise_is_seldom_marked() -> None:
    scores = [ExtremesDetector().update(noise(10_000, seed)) for seed in range(10)]
    assert sum(len(marked(found, ALERT_SCORE)) for found in scores) <= 2


def test_new_level_that_stays_is_an_alert_only_at_its_beginning() -> None:
    values = noise(4_000)
    values[3_000:] += 8.0
    found = ExtremesDetector().update(values)
    assert [at for at in marked(found, ALERT_SCORE) if at >= 3_000 + 144] == []
    assert [at for at in marked(found, ALERT_SCORE) if 3_000 <= at < 3_000 + 144]


def test_metric_that_hardly_ever_changes_is_not_marked() -> None:
    set_point = np.full(4_000, 20.0)
    set_point[2_000:] = 21.0
    assert marked(ExtremesDetector().update(set_point)) == []
    assert marked(ExtremesDetector().update(np.full(4_000, 3.0))) == []


def test_first_readings_are_not_marked() -> None:
    assert ExtremesDetector().update(noise(125)).score.max() == 0.0


def test_old_extremes_are_forgotten() -> None:
    values = noise(12_000)
    values[1_000] = values[10_500] = 75.0
    found = ExtremesDetector().update(values)
    assert found.score[10_500] > ALERT_SCORE


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_change_nothing(bad: float) -> None:
    values = noise(1_000)
    spoiled = np.insert(values, [3, 200, 999], bad)
    found, clean = ExtremesDetector().update(spoiled), ExtremesDetector().update(values)
    assert np.array_equal(found.score[np.isfinite(spoiled)], clean.score)
    assert not found.score[~np.isfinite(spoiled)].any()


def test_huge_values_do_not_overflow() -> None:
    values = noise(600)
    values[500:] = [1e308, -1e308] * 50
    found = ExtremesDetector().update(values)
    assert np.isfinite(found.score).all()
    assert found.score[500] > ALERT_SCORE / 2


COUNT = 900
cuts_in_batches = st.lists(st.integers(0, COUNT), max_size=8)


@given(seed=st.integers(0, 1_000), cuts=cuts_in_batches, walk=st.booleans())
def test_extremes_scores_do_not_depend_on_batches(seed: int, cuts: list[int], walk: bool) -> None:
    values = noise(COUNT, seed, level=1e5)
    values = np.cumsum(values) if walk else values
    whole, parts = ExtremesDetector(), ExtremesDetector()
    expected = whole.update(values)
    found = [np.concatenate(column) for column in zip(*map(parts.update, in_batches(values, cuts)), strict=True)]
    for column, wanted in zip(found, expected, strict=True):
        assert np.array_equal(column, wanted, equal_nan=True)
    assert parts.to_bytes() == whole.to_bytes()


def test_readings_one_by_one_have_scores_of_whole_batch() -> None:
    values, bands = noise(500), rig(500)
    one, band = ExtremesDetector(), BandDetector(2)
    found = [one.update(values[at : at + 1]).score[0] for at in range(500)]
    assert np.array_equal(found, ExtremesDetector().update(values).score)
    deviations = [band.update(bands[at : at + 1]).deviation[0] for at in range(500)]
    assert np.array_equal(deviations, BandDetector(2).update(bands).deviation)


@given(seed=st.integers(0, 1_000), cut=st.integers(0, 600))
def test_extremes_detector_continues_from_bytes(seed: int, cut: int) -> None:
    values = noise(600, seed)
    whole, first = ExtremesDetector(), ExtremesDetector()
    expected = whole.update(values)
    first.update(values[:cut])
    data = first.to_bytes()
    assert len(data) <= EXTREMES_BYTES
    found = ExtremesDetector.from_bytes(data).update(values[cut:])
    assert np.array_equal(found.score, expected.score[cut:])


def test_long_history_is_processed_in_pieces_with_same_scores() -> None:
    values = noise(20_000)
    parts = ExtremesDetector()
    found = np.concatenate([parts.update(part).score for part in in_batches(values, [3_333, 8_000, 16_500])])
    assert np.array_equal(found, ExtremesDetector().update(values).score)


# -- bands -------------------------------------------------------------------------------------------------------------


def rig(count: int = 1_200, seed: int = 3) -> np.ndarray:
    """Return two metrics, the second at another level and scale."""
    return np.stack([noise(count, seed), 1_000 + 100 * RNG(seed + 1).normal(0, 1, count)], axis=1)


def test_metric_that_leaves_its_band_is_anomalous_until_it_returns() -> None:
    values = rig()
    values[700:800, 1] += 1_500
    found = BandDetector(2).update(values)
    assert found.anomalous[706:798, 1].all()
    assert not found.anomalous[810:, 1].any()
    assert not found.anomalous[:, 0].any()
    assert found.deviation[750, 1] > 8


def test_single_outliers_are_not_anomalous() -> None:
    values = rig()
    values[500::150] += 1_000.0
    assert not BandDetector(2).update(values).anomalous.any()


def test_band_follows_slow_drift_of_calm_metric_while_another_fails() -> None:
    values = rig()
    values[600:, 0] += 30
    values[:, 1] += np.linspace(0, 600, len(values))
    found = BandDetector(2).update(values).anomalous
    assert found[610:1_100, 0].all()
    assert not found[:, 1].any()


def test_band_accepts_level_that_lasts_as_new_normal() -> None:
    values = rig(3_000)
    values[600:, 0] += 30
    assert not BandDetector(2).update(values).anomalous[2_000:, 0].any()


def test_nothing_is_anomalous_before_band_is_learned() -> None:
    values = rig(400)
    values[300:] += 1e4
    assert not BandDetector(2).update(values).anomalous.any()


@pytest.mark.parametrize("value", [np.nan, np.inf, 7.0])
def test_missing_and_constant_metrics_are_calm(value: float) -> None:
    values = rig()
    values[:, 1] = value
    found = BandDetector(2).update(values)
    assert not found.anomalous.any()
    assert np.isfinite(found.deviation).all()


def test_gap_repeats_last_reading() -> None:
    values = rig()
    values[800:900] = np.nan
    assert not BandDetector(2).update(values).anomalous.any()


@given(seed=st.integers(0, 1_000), cuts=cuts_in_batches)
def test_band_does_not_depend_on_batches(seed: int, cuts: list[int]) -> None:
    values = rig(COUNT, seed)
    values[500:560, 0] += 20
    values[RNG(seed).integers(0, COUNT, 40), 1] = np.nan
    whole, parts = BandDetector(2), BandDetector(2)
    expected = whole.update(values)
    found = [np.concatenate(column) for column in zip(*map(parts.update, in_batches(values, cuts)), strict=True)]
    assert np.array_equal(found[0], expected.anomalous)
    assert np.array_equal(found[1], expected.deviation)
    assert parts.to_bytes() == whole.to_bytes()


def test_band_continues_from_bytes() -> None:
    values = rig()
    values[700:800, 1] += 1_500
    first = BandDetector(2)
    first.update(values[:750])
    data = first.to_bytes()
    assert len(data) <= 2 * BAND_BYTES_A_METRIC
    found = BandDetector.from_bytes(data).update(values[750:])
    assert np.array_equal(found.anomalous, BandDetector(2).update(values).anomalous[750:])


@pytest.mark.parametrize("count", [0, 65])
def test_band_bounds_its_metrics(count: int) -> None:
    with pytest.raises(Invalid, match="1 to 64 metrics"):
        BandDetector(count)


# -- damaged state -----------------------------------------------------------------------------------------------------


@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_state_are_refused(data: bytes) -> None:
    for detector in (ExtremesDetector, BandDetector):
        with pytest.raises(Invalid, match="Discard it"):
            detector.from_bytes(data)


@pytest.mark.parametrize("detector", [ExtremesDetector, lambda: BandDetector(2)], ids=["extremes", "band"])
@pytest.mark.parametrize("damage", [lambda d: d[:-1], lambda d: d + b"\0", lambda d: b"X" + d[1:], lambda d: d[:20]])
def test_state_of_wrong_length_or_kind_is_refused(detector, damage) -> None:
    made = detector()
    with pytest.raises(Invalid):
        type(made).from_bytes(damage(made.to_bytes()))


def test_state_of_other_version_is_refused() -> None:
    with pytest.raises(Invalid, match="version"):
        ExtremesDetector.from_bytes(BandDetector(1).to_bytes())
