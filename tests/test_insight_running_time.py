"""A machine is compared with itself at the same state of operation, and each alert's metric must be explained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hub.insight import InvestigationInput, MetricSeries, decide, evidence, rank
from hub.insight.running_time import running_time
from hub.insight.slow_changes import LONG_LAGS_S, find_slow_change
from hub.model import Alert, Evidence, Value
from series import NOW, alert, points

DAY_S = 86_400
MIDNIGHT_S = -(NOW / 1_000 % DAY_S)
"""The last midnight, in seconds relative to NOW."""


def series(name: str, unit: str | None, values: np.ndarray, times: np.ndarray) -> MetricSeries:
    return MetricSeries.of(name, unit, points(values, times))


def switch(name: str, on: np.ndarray, times: np.ndarray) -> MetricSeries:
    states = zip(times, on, strict=True)
    return MetricSeries.of(name, None, [(NOW + round(float(t) * 1_000), bool(state)) for t, state in states])


def case_of(
    week: dict[str, MetricSeries], tracks: dict[str, MetricSeries], raised: Alert | None = None
) -> InvestigationInput:
    return InvestigationInput("d-1", NOW, tracks, raised, week=week, texts=("Belt conveyor",))


def metrics(found: list[Evidence], *kinds: str) -> set[str | None]:
    return {item.metric for item in found if item.kind in kinds}


def conveyor(times: np.ndarray, starts_before_now_s: float, overload: float) -> dict[str, np.ndarray]:
    """Return the metrics of a belt that runs eight hours a day and warms up within an hour.

    ``starts_before_now_s``: how long it has run today. ``overload``: share by which its current is too high since
    three days.
    """
    rng = np.random.default_rng(5)
    since = (times + starts_before_now_s) % DAY_S
    on = since < 8 * 3_600
    flow = np.where(on, 400 + 40 * np.sin(times / 5_000) + rng.normal(0, 4, len(times)), 0.0)
    extra = 1 + overload * np.clip((times + 3 * DAY_S) / (3 * DAY_S), 0, 1)
    current = np.where(on, (30 + 0.1 * flow) * extra + rng.normal(0, 0.5, len(times)), 0.0)
    heat = np.where(on, 1 - np.exp(-since / 2_000), np.exp(-np.clip(since - 8 * 3_600, 0, None) / 4_000))
    oil = 20 + 40 * heat + rng.normal(0, 0.3, len(times))
    vibration = 2 * on + np.where(times >= -starts_before_now_s, 3.0, 0.0) + rng.normal(0, 0.05, len(times))
    return {
        "motor_current": current,
        "belt_scale": flow,
        "oil_temp": oil,
        "vibration": vibration,
        "running": on.astype(np.float64),
    }


def conveyor_case(starts_before_now_s: float, overload: float, raised: Alert | None = None) -> InvestigationInput:
    units = {"motor_current": "A", "belt_scale": "t/h", "oil_temp": "°C", "vibration": "mm/s"}
    found: list[dict[str, MetricSeries]] = []
    for times in (np.arange(-7 * DAY_S, 1, 600), np.arange(-7_200, 1, 10)):
        values = conveyor(times, starts_before_now_s, overload)
        found.append({name: series(name, units.get(name), value, times) for name, value in values.items()})
        if len(found) == 2:
            found[1]["running"] = switch("running", values["running"] > 0, times)
    if raised is None or raised.metric != "vibration":
        del found[0]["vibration"], found[1]["vibration"]
    return case_of(found[0], found[1], raised)


def test_too_high_current_is_found_although_the_belt_stands_still_at_night() -> None:
    case = conveyor_case(5 * 3_600, 0.35, alert("motor_current", -60, 95.0, 90.0))
    assert "motor_current" in metrics(evidence(case), "onset", "step")
    assert rank(evidence(case), None, case.semantics, case.kinds)[0].cause == "roller_seized"


def test_healthy_belt_that_stands_still_at_night_has_not_changed() -> None:
    assert not metrics(evidence(conveyor_case(5 * 3_600, 0.0)), "onset", "step", "stays_on", "stays_off")


@pytest.mark.parametrize("minutes", [30, 60])
def test_warm_up_as_after_earlier_starts_is_no_change(minutes: int) -> None:
    raised = alert("vibration", 60 - 60 * minutes, 5.0, 4.0)
    found = evidence(conveyor_case(minutes * 60, 0.0, raised))
    assert metrics(found, "over_limit", "onset", "step", "stays_on") == {"vibration"}


def test_alert_from_before_the_last_start_does_not_make_a_machine_warm_up() -> None:
    case = conveyor_case(7 * 3_600, 0.35, alert("motor_current", -DAY_S, 95.0, 90.0))
    times = np.arange(-12 * 3_600, 1, 60)
    values = conveyor(times, 7 * 3_600, 0.35)
    tracks = {name: series(name, case.tracks[name].unit, values[name], times) for name in case.tracks}
    tracks["running"] = switch("running", values["running"] > 0, times)
    assert metrics(evidence(replace(case, tracks=tracks)), "onset", "step") == {"motor_current"}


@pytest.mark.parametrize(("hours", "warms_up"), [(1, True), (3.9, True), (4.1, False), (7, False)])
def test_machine_warms_up_for_four_hours_after_its_start(hours: float, warms_up: bool) -> None:
    case = conveyor_case(hours * 3_600, 0.0)
    running = running_time(case.week, case.tracks, case.semantics)
    assert running is not None
    assert running.is_warming_up(NOW / 1_000) is warms_up


@pytest.mark.parametrize("runs", [True, False])
def test_switch_that_reports_only_changes_tells_whether_the_machine_runs(runs: bool) -> None:
    case = conveyor_case(5 * 3_600, 0.0)
    changes = switch("running", np.array([not runs, runs]), np.array([-19 * 3_600, -5 * 3_600]))
    running = running_time(case.week, {"running": changes}, case.semantics)
    assert (running is not None) is runs
    assert running is None or running.started == NOW / 1_000 - 5 * 3_600


def test_set_point_that_follows_the_weather_every_day_is_no_intervention() -> None:
    def metric(name: str, times: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(len(name))
        # It took a step within the last minutes, as at this hour of each day.
        course = np.where((times + 930) % DAY_S < 4 * 3_600, 16.5, 17.0)
        shift = np.where(times > -900, 25.0, 0.0)
        return course if "sp" in name else 90 + shift + rng.normal(0, 1, len(times))

    names = {"supply_temp_sp": "°C", "filter_dp": "Pa"}
    week, tracks = (
        {name: series(name, unit, metric(name, times), times) for name, unit in names.items()}
        for times in (np.arange(-7 * DAY_S, 1, 600), np.arange(-7_200, 1, 10))
    )
    found = evidence(case_of(week, tracks, alert("filter_dp", -60, 115.0, 110.0)))
    assert "filter_dp" in metrics(found, "onset", "step")
    assert not metrics(found, "changed")


def test_switch_with_an_alert_stays_in_its_state_for_too_long() -> None:
    times = np.arange(-7_200, 1, 10)
    # Within what is usual for it, yet its rule says that it is on for too long.
    on = (times % 2_400 > 1_200) | (times > -1_300)
    track = switch("backup_heater_running", on, times)
    raised = alert("backup_heater_running", -60, True, None)
    found = evidence(InvestigationInput("d-1", NOW, {track.metric: track}, raised))
    assert metrics(found, "stays_on") == {"backup_heater_running"}


def test_cause_that_a_controller_compensated_long_before_the_alert_is_found() -> None:
    times = np.arange(-7 * DAY_S, 1, 300)
    rng = np.random.default_rng(8)
    dp = (
        600
        + 60 * np.sin(times / 30_000)
        + rng.normal(0, 5, len(times))
        + 500 * np.clip((times + 20_000) / 20_000, 0, 1)
    )
    duct = 400 + rng.normal(0, 3, len(times)) - np.where(times > -1_500, 60.0, 0.0)
    tracks = {"filter_dp": series("filter_dp", "Pa", dp, times), "duct_p": series("duct_p", "Pa", duct, times)}
    found = evidence(InvestigationInput("d-1", NOW, tracks, alert("duct_p", -900, 340.0, 360.0), week=tracks))
    assert {"filter_dp", "duct_p"} <= metrics(found, "onset", "step")


@pytest.mark.parametrize("together", [True, False])
def test_single_new_reading_is_a_change_only_if_several_metrics_jump_with_it(together: bool) -> None:
    times = np.arange(-7 * DAY_S, 1, 3_600)
    rng = np.random.default_rng(9)
    last = times == times[-1]
    load = 40 + 5 * np.sin(times / 9_000) + rng.normal(0, 1, len(times)) + np.where(last, 80.0, 0.0)
    heat = 42 + rng.normal(0, 0.5, len(times)) + np.where(last & together, 50.0, 0.0)
    tracks = {
        "ups_load": series("ups_load", "%", load, times),
        "heatsink_temp": series("heatsink_temp", "°C", heat, times),
    }
    found = evidence(InvestigationInput("d-1", NOW, tracks, alert("ups_load", 0, 120.0, 100.0), week=tracks))
    assert metrics(found, "onset", "step") == ({"ups_load", "heatsink_temp"} if together else set())


def test_metric_that_jumps_a_little_counts_if_others_jump_far() -> None:
    times = np.arange(-7 * DAY_S, 1, 3_600)
    rng = np.random.default_rng(10)
    last = times == times[-1]
    values = {
        "flow": 80 + rng.normal(0, 1, len(times)) - np.where(last, 80.0, 0.0),
        "discharge_pressure": 6 + rng.normal(0, 0.05, len(times)) - np.where(last, 4.0, 0.0),
        "motor_power": 15 + 3 * np.sin(times / 9_000) - np.where(last, 7.0, 0.0),
    }
    tracks = {name: series(name, None, value, times) for name, value in values.items()}
    found = evidence(InvestigationInput("d-1", NOW, tracks, alert("flow", 0, 0.0, 40.0), week=tracks))
    assert metrics(found, "onset", "step") == set(values)


def test_single_stop_does_not_hide_a_change_over_weeks() -> None:
    times = np.arange(-21 * DAY_S, 1, 3_600)
    rng = np.random.default_rng(11)
    speed = 1_380 + rng.normal(0, 2, len(times)) - 180 * np.clip((times + 9 * DAY_S) / (9 * DAY_S), 0, None)
    speed[40] = 500.0
    change = find_slow_change(series("fan_speed", "rpm", speed, times), NOW, LONG_LAGS_S, 0.33)
    assert change is not None
    assert change.ratio > 1.2


def finding(number: int, kind: str, metric: str, value: Value, **params: object) -> Evidence:
    return Evidence(f"e{number}", kind, "d", metric, "", value, None, NOW, NOW, 0.9, dict(params))


def test_cause_that_does_not_explain_the_exceeded_limit_is_not_first() -> None:
    found = [
        finding(1, "over_limit", "dew_point", 12.0, is_above=True),
        finding(2, "onset", "dew_point", 8.0),
        finding(3, "cycling", "unit_power", 8.0),
        finding(4, "hunting", "line_pressure", 8.0),
    ]
    matches = rank(found, kinds={"compressor"})
    without = rank(found[2:], kinds={"compressor"})
    assert without[0].cause == "short_cycling"
    scores = {match.cause: match.score for match in matches}
    assert scores["short_cycling"] < without[0].score - 0.2
    assert "e2" in next(match.against for match in matches if match.cause == "short_cycling")


@pytest.mark.parametrize("mark", ["is_usual", "is_lasting"])
def test_only_the_limit_of_the_alert_counts_although_its_metric_has_not_moved(mark: str) -> None:
    known = finding(1, "over_limit", "dew_point", 12.0, **{mark: True})
    found = [
        finding(2, "over_limit", "oil_temperature", 90.0, is_above=True),
        finding(3, "cycling", "unit_power", 8.0),
        finding(4, "hunting", "line_pressure", 8.0),
    ]

    def against(evidence: list[Evidence], alert_metric: str | None) -> tuple[str, ...]:
        matches = rank(evidence, kinds={"compressor"}, alert_metric=alert_metric)
        return next(match.against for match in matches if match.cause == "short_cycling")

    assert "e2" in against(found, "oil_temperature")
    assert not {"e1", "e2"} & {*against([known, *found], "dew_point"), *against(found, None)}


def test_measured_slip_is_a_slipping_belt_unless_the_drive_works_harder() -> None:
    slip = finding(1, "over_limit", "belt_slip", 6.0, is_above=True)
    assert decide(rank([slip], kinds={"conveyor"})).cause == "belt_slipping"  # type: ignore[union-attr]
    heavy = finding(2, "onset", "motor_current", 20.0)
    assert decide(rank([slip, heavy], kinds={"conveyor"})) is None


@pytest.mark.parametrize(("kind", "counts"), [("conveyor", False), ("cold_room", True)])
def test_warmer_room_says_something_only_about_machines_that_cool_or_heat_rooms(kind: str, counts: bool) -> None:
    found = [finding(1, "onset", "gearbox_vibration", 3.0), finding(2, "onset", "room_temperature", 4.0)]
    matches = rank(found, kinds={kind, "conveyor"})
    match = next(each for each in matches if each.cause == "gear_wear")
    assert ("e2" in match.against) is counts
