"""The benchmark of diagnosis: loaders on small made-up files of the public data's form, scores worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.truth import lbnl, nab, skab
from benchmarks.truth.answer import Answer
from benchmarks.truth.calibration import brier, calibration
from benchmarks.truth.case import Bound, Case, Series, Truth, first_crossing
from benchmarks.truth.score import judge, verdict
from benchmarks.truth.stages import stage

TIMES = np.arange(0.0, 100.0, 10.0)


# -- NAB: the example has a window from reading 40 to 49 of 100, so the first 15 are not scored -----------------------


def labelled(windows: tuple[tuple[int, int], ...] = ((40, 49),)) -> nab.Labelled:
    return nab.Labelled("a.csv", np.arange(100.0), np.zeros(100), windows)


def test_nab_score_of_a_detector_that_never_speaks_is_zero() -> None:
    assert nab.corpus_score([labelled()], [np.zeros(100)], 0.5) == 0.0


def test_nab_score_of_the_first_reading_of_each_window_is_hundred() -> None:
    score = np.zeros(100)
    score[40] = 1.0
    assert nab.corpus_score([labelled()], [score], 0.5) == pytest.approx(100.0)


def test_nab_score_of_a_late_hit_and_two_false_alarms() -> None:
    # Hit at 44: position -6/10, 0.905148 / 0.986614 = 0.917429. Alarm at 20, before any window: -0.11.
    # Alarm at 58: (58 - 49) / 9 = 1 behind the window, 0.11 * -0.986614 = -0.108528. Alarms at 3 and 47 do not count.
    score = np.zeros(100)
    score[[3, 20, 44, 47, 58]] = 1.0
    raw = nab.raw_score(labelled(), np.flatnonzero(score).tolist(), nab.STANDARD)
    assert raw == pytest.approx(0.698901, abs=1e-6)
    assert nab.corpus_score([labelled()], [score], 0.5) == pytest.approx(84.945, abs=1e-3)


def test_nab_false_alarm_far_behind_a_window_counts_in_full() -> None:
    assert nab.raw_score(labelled(), [40, 99], nab.STANDARD) == pytest.approx(1.0 - 0.11)


def test_nab_profile_weighs_misses_and_false_alarms() -> None:
    assert nab.raw_score(labelled(), [20], nab.LOW_FALSE_ALARMS) == pytest.approx(-1.22)
    assert nab.raw_score(labelled(), [20], nab.LOW_MISSES) == pytest.approx(-2.11)


def test_nab_best_threshold_weighs_late_hit_against_false_alarms() -> None:
    # 0.9 detects 44 (0.917429), 0.6 also 40 (1.0), 0.5 also 20 and 58, two false alarms of -0.11 and -0.108528.
    score = np.zeros(100)
    score[[3, 20, 40, 44, 58]] = [1.0, 0.5, 0.6, 0.9, 0.5]
    threshold, best = nab.best_threshold([labelled()], [score])
    assert (threshold, best) == (0.6, pytest.approx(100.0))
    score[40] = 0.4
    threshold, best = nab.best_threshold([labelled()], [score])
    assert threshold == 0.9
    assert best == pytest.approx(100 * (0.917429 + 1) / 2, abs=1e-3)


def test_nab_best_threshold_agrees_with_score_at_it() -> None:
    files = [labelled(), labelled(((30, 34), (60, 75)))]
    scores = [np.random.default_rng(seed).integers(0, 20, 100) / 20 for seed in (1, 2)]
    for profile in (nab.STANDARD, nab.LOW_FALSE_ALARMS, nab.LOW_MISSES):
        threshold, best = nab.best_threshold(files, scores, profile)
        assert best == pytest.approx(nab.corpus_score(files, scores, threshold, profile))
        assert best >= max(nab.corpus_score(files, scores, each / 20, profile) for each in range(20)) - 1e-9


def test_nab_threshold_of_other_files_is_chosen_without_the_file() -> None:
    # The best threshold for the first file is 0.9, for the second 0.6: with each other's, the first has two false
    # alarms of -0.11 before its hit, the second finds nothing. (1 - 0.22 - 1) / 2 windows, from -2: 44.5 %.
    first, second = np.zeros(100), np.zeros(100)
    first[[20, 30, 40]] = [0.6, 0.6, 0.9]
    second[40] = 0.6
    files = [labelled(), labelled()]
    assert nab.score_with_threshold_of_others(files, [first, second]) == pytest.approx(44.5)


def test_nab_corpus_is_read(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "data" / "real").mkdir(parents=True)
    windows = {"real/a.csv": [["2014-04-01 00:10:00.000000", "2014-04-01 00:15:00.000000"]], "real/b.csv": []}
    (tmp_path / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    rows = "timestamp,value\n" + "".join(f"2014-04-01 00:{5 * n:02}:00,{n}.5\n" for n in range(5))
    for name in ("a", "b"):
        (tmp_path / "data" / "real" / f"{name}.csv").write_text(rows)
    first, second = nab.read(tmp_path)
    assert first.windows == ((2, 3),)
    assert second.windows == ()
    assert first.values.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]


# -- SKAB -------------------------------------------------------------------------------------------------------------

SKAB_HEAD = (
    "datetime;Accelerometer1RMS;Accelerometer2RMS;Current;Pressure;Temperature;Thermocouple;Voltage;"
    "Volume Flow RateRMS;anomaly;changepoint\n"
)


@pytest.mark.parametrize("name", ["valve1/0.csv", "valve1-0.csv"])
def test_skab_experiment_becomes_a_case_soon_after_its_fault(tmp_path: Path, name: str) -> None:
    rows = [f"2020-03-09 10:00:{s:02};0.2;0.3;2.1;0.4;80;25;230;{120 - s};{float(s >= 40)};0.0\n" for s in range(60)]
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(SKAB_HEAD + "".join(rows))
    [case] = skab.cases(tmp_path)
    assert case.name == "skab/valve1-0"
    assert case.truth.onset == case.at - 19  # the file ends before a minute has passed
    assert case.series["Volume Flow RateRMS"].unit == "l/min"
    assert verdict(case, "Blocked or closed discharge", "discharge valve") == "right"
    assert verdict(case, "Bearing wear", "bearing") == "wrong"


def test_skab_outlier_score_counts_all_experiments_together() -> None:
    # Over both experiments: 2 hits, 1 false alarm, 1 miss, 2 quiet.
    labels = [np.array([0.0, 0, 1, 1]), np.array([0.0, 1])]
    flagged = [np.array([0.0, 1, 1, 0]), np.array([0.0, 1])]
    assert skab.outlier_score(labels, flagged) == pytest.approx((2 / 3, 1 / 3, 1 / 3))


# -- LBNL -------------------------------------------------------------------------------------------------------------


def test_lbnl_hours_of_healthy_and_faulty_days_become_cases(tmp_path: Path) -> None:
    head = "Datetime,AHU: Supply Air Temperature,AHU: Supply Air Fan Status,Occupancy Mode Indicator," + lbnl.LABEL
    rows = [head]
    for day, label in ((19, 1), (20, 0)):
        for minute in range(0, 24 * 60, 10):
            supply = "" if minute == 30 else "#VALUE!" if minute == 40 else "55.5"
            rows.append(f"9/{day}/2017 {minute // 60}:{minute % 60:02},{supply},1,{int(minute > 480)},{label}")
    (tmp_path / lbnl.FILE).write_text("\n".join(rows) + "\n")
    cases = list(lbnl.cases(tmp_path))
    assert {case.group for case in cases} == {"known", "healthy"}
    faulty = next(case for case in cases if case.group == "known")
    assert faulty.series["Supply Air Temperature"].unit == "°F"
    assert not np.isnan(faulty.series["Supply Air Temperature"].values).any()
    assert faulty.series["Supply Air Fan Status"].kind == "switch"
    assert verdict(faulty, "Outdoor air damper stuck", "damper") == "right"
    healthy = next(case for case in cases if case.group == "healthy")
    assert verdict(healthy, None, None) == "right"
    assert verdict(healthy, "Slipping fan belt", "fan belt") == "wrong"


# -- verdicts ----------------------------------------------------------------------------------------------------------


def a_case(truth: Truth, alarmed: float | None = 60.0) -> Case:
    series = {"flow": Series(TIMES, np.linspace(10, 1, 10), "m³/h"), "temp": Series(TIMES, TIMES, "°C")}
    return Case("pump/x/1", "machines", "known", "snake", None, series, {}, 90.0, truth, alarmed)


def an_answer(cause: str | None, first: str | None = None, onset: float | None = None) -> Answer:
    return Answer(cause, None, "strong" if cause else "", (cause,) if cause else (), "", first, onset, 0.01, True)


def test_verdict_follows_the_lists_of_the_case() -> None:
    case = a_case(Truth(right=("impeller",), plausible=("pump",), parts=("pump|valve|motor",), absurd=("battery",)))
    named = {
        "Worn impeller": "right",
        "Pump seal leak": "plausible",
        "Stuck valve": "wrong",
        "Battery fire hazard": "absurd",
        "Tank leak": "absurd",
        None: "none",
    }
    assert {cause: verdict(case, cause, None) for cause in named} == named


def test_no_cause_is_right_where_there_is_none_to_find() -> None:
    assert verdict(a_case(Truth()), None, None) == "right"


def test_right_cause_that_is_offered_as_possible_is_counted() -> None:
    case = a_case(Truth(right=("impeller",)))
    assert judge(case, replace(an_answer(None), possible=("Worn impeller (impeller)", "Leak (seal)"))).offered
    assert not judge(case, replace(an_answer(None), possible=("Leak (seal)",))).offered


def test_calibration_counts_named_causes_by_word() -> None:
    case = a_case(Truth(right=("impeller",), plausible=("pump",)))
    answers = [("Worn impeller", 0.8), ("Pump seal leak", 0.9), ("Stuck valve", 0.6), (None, 0.0)]
    scores = [judge(case, replace(an_answer(cause), score=score)) for cause, score in answers]
    # (1 - 0.8)², (1 - 0.9)² and 0.6²: the answer without a cause does not count.
    assert brier(scores) == pytest.approx((0.04 + 0.01 + 0.36) / 3)
    assert list(calibration(scores))[2] == "| strong | 3 | 0.33 (1) | 0.67 (2) | 0.77 |"
    assert brier(scores[3:]) is None


def test_first_mover_and_early_onset_are_judged() -> None:
    truth = Truth(right=("x",), first=("flow",), onset=40.0)
    good = judge(a_case(truth), an_answer("x", "flow", 42.0))
    assert (good.first_mover, good.onset_early) == (True, False)
    bad = judge(a_case(truth), an_answer("x", "temp", 5.0))
    assert (bad.first_mover, bad.onset_early) == (False, True)


@pytest.mark.parametrize(("hold", "expected"), [(5.0, 75.0), (20.0, 90.0), (60.0, None)])
def test_limit_is_crossed_after_its_hold_time(hold: float, expected: float | None) -> None:
    # 10 s apart; beyond the limit from 70 s on. A hold time below the interval ends before the next reading.
    series = Series(TIMES, TIMES, "°C")
    assert first_crossing(series, Bound(None, 65.0, hold), 0.0) == expected


@pytest.mark.parametrize(
    ("named", "listed", "kinds", "lost_at"),
    [
        ("Cavitation", ("Cavitation (suction side)",), {"pump"}, "named"),
        (None, ("Cavitation (suction side)", "Leak (tank)"), {"pump"}, "uncertain"),
        ("Leak", ("Leak (tank)", "Cavitation (suction side)"), {"pump"}, "behind"),
        (None, ("Leak (tank)",), {"pump"}, "unseen"),
        (None, (), {"tank"}, "kind"),
    ],
)
def test_stage_is_the_first_at_which_the_cause_is_lost(
    named: str | None, listed: tuple[str, ...], kinds: set[str], lost_at: str
) -> None:
    answer = replace(an_answer(named), listed=listed, kinds=frozenset(kinds))
    assert stage(judge(a_case(Truth(right=("cavitation",))), answer)) == lost_at
