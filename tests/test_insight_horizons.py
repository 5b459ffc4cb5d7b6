"""Changes are found on the horizon on which they show: the last hours or the week, whatever the reporting interval."""

from __future__ import annotations

import numpy as np
import pytest

from hub.insight import InvestigationInput, MetricSeries, evidence, rank
from hub.model import Alert, Evidence, Limit
from series import NOW, alert, points

DAY_S = 86_400
CHANGES = ("onset", "step", "stays_on", "stays_off")


def week(metric: str, shape: np.ndarray, times: np.ndarray, unit: str = "u") -> MetricSeries:
    return MetricSeries.of(metric, unit, points(shape, times))


def case_of(values: dict[str, np.ndarray], times: np.ndarray, raised: Alert | None = None) -> InvestigationInput:
    """Return the case of a device with a week of readings at ``times``: all of it, and the last two hours."""
    whole = {name: week(name, value, times) for name, value in values.items()}
    hours = {name: track.since(NOW - 7_200_000) for name, track in whole.items()}
    return InvestigationInput("d-1", NOW, hours, raised, week=whole)


def changes(found: list[Evidence]) -> list[Evidence]:
    return [item for item in found if item.kind in CHANGES]


def grown(times: np.ndarray, hours: float, by: float) -> np.ndarray:
    return by * np.clip((times + hours * 3_600) / (hours * 3_600), 0, None)


@pytest.mark.parametrize("interval", [60, 900, 3_600])
@pytest.mark.parametrize("hours", [6, 30, 72])
def test_fault_that_grows_for_hours_is_found_with_its_onset(interval: int, hours: float) -> None:
    times = np.arange(-7 * DAY_S, 1, interval)
    rng = np.random.default_rng(hours + interval)
    dp = 120 + rng.normal(0, 1.5, len(times)) + grown(times, hours, 40)
    other = 20 + rng.normal(0, 0.2, len(times))
    found = changes(evidence(case_of({"filter_dp": dp, "supply": other}, times, alert("filter_dp", 0, 160.0, 158.0))))
    assert [item.metric for item in found] == ["filter_dp"]
    assert found[0].value == pytest.approx(40, abs=8)
    # Not before the fault began, and within the first quarter of it.
    late = (found[0].start - NOW) / 1_000 + hours * 3_600
    assert -max(0.05 * hours * 3_600, 2 * interval) <= late <= max(0.25 * hours * 3_600, 3 * interval)
    assert found[0].params["earliest_at"] <= found[0].start <= found[0].params["latest_at"]


def test_metric_reported_rarely_has_a_baseline_before_a_sudden_change() -> None:
    times = np.arange(-7 * DAY_S, 1, 3_000)
    rng = np.random.default_rng(3)
    dust = 4 + rng.normal(0, 0.2, len(times)) + np.where(times > -7_000, 9.0, 0.0)
    other = 20 + rng.normal(0, 0.2, len(times))
    whole = {name: week(name, value, times) for name, value in (("dust", dust), ("gas", other))}
    found = evidence(InvestigationInput("d-1", NOW, whole, alert("dust", 0, 13.0, 10.0), week=whole))
    assert [item.metric for item in changes(found)] == ["dust"]
    assert [item.metric for item in found if item.kind == "steady"] == ["gas"]


def test_trouble_without_an_alert_begins_where_the_limit_was_crossed() -> None:
    times = np.arange(-7_200, 1, 10)
    rng = np.random.default_rng(4)
    values = {name: level + rng.normal(0, 1, len(times)) for name, level in (("flow", 80), ("speed", 50))}
    broken = np.where(times > -3_000, -40.0, 0.0)
    tracks = {name: week(name, value + broken, times) for name, value in values.items()}
    found = changes(evidence(InvestigationInput("d-1", NOW, tracks, limits={"flow": Limit(min=60.0)})))
    assert {item.metric for item in found} == {"flow", "speed"}
    assert all(abs(item.start - NOW + 3_000_000) < 60_000 for item in found)


def test_daily_course_and_load_are_no_change() -> None:
    times = np.arange(-7 * DAY_S, 1, 300)
    noisy = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        hour = (times / 3_600 + seed * 2) % 24
        load = np.where((hour > 6) & (hour < 18), 60.0, 25.0) + rng.normal(0, 1, len(times))
        outdoor = 10 + 6 * np.sin(2 * np.pi * hour / 24) + np.cumsum(rng.normal(0, 0.03, len(times)))
        noisy += bool(changes(evidence(case_of({"flow": load, "outdoor_temperature": outdoor}, times))))
    assert noisy <= 1


def test_counter_that_counts_on_is_no_change() -> None:
    times = np.arange(-7 * DAY_S, 1, 300)
    hours = np.floor((times - times[0]) / 3_600)
    found = evidence(case_of({"run_hours": hours, "flow": 20 + 0 * times}, times, alert("flow", -5, 21.0, 20.0)))
    assert not [item for item in changes(found) if item.metric == "run_hours"]


def test_flow_between_two_readings_of_sensor_is_no_switch() -> None:
    times = np.arange(-1_200, 1, 1.0)
    rng = np.random.default_rng(3)
    true = 32.1 - 0.7 * (times > -60)
    flow = np.floor(true + rng.uniform(0, 1, len(times)))
    found = evidence(InvestigationInput("d-1", NOW, {"flow": week("flow", flow, times, "l/min")}))
    assert not [item for item in found if item.kind in ("stays_on", "stays_off", "idle", "running")]
    (fall,) = changes(found)
    assert fall.kind in ("onset", "step")
    assert isinstance(fall.value, float)
    assert fall.value < 0


def test_order_is_stated_only_where_onsets_are_surely_apart() -> None:
    times = np.arange(-7_200, 1, 10.0)
    rng = np.random.default_rng(5)

    def ramp(start: float, by: float) -> np.ndarray:
        return by * np.clip(times - start, 0, None) + rng.normal(0, 0.1, len(times))

    together = {"a": 10 + ramp(-300, 0.02), "b": 50 + ramp(-295, 0.02)}
    apart = {"a": 10 + ramp(-600, 0.02), "b": 50 + ramp(-200, 0.04)}
    raised = alert("b", -5, 56.0, 55.5)
    order = [next(e for e in evidence(case_of(each, times, raised)) if e.kind == "order") for each in (together, apart)]
    assert "changed together" in order[0].finding
    assert order[1].finding.startswith("a changed first")
    assert order[1].params["later"][0]["name"] == "b"


def test_mode_switched_before_the_change_comes_first() -> None:
    times = np.arange(-7_200, 1, 10.0)
    rng = np.random.default_rng(6)
    level = 60 + rng.normal(0, 0.1, len(times)) - 0.02 * np.clip(times + 600, 0, None)
    mode = [(NOW + int(t) * 1_000, "manual" if t >= -615 else "auto") for t in times]
    tracks = {"level": week("level", level, times, "%"), "control_mode": MetricSeries.of("control_mode", None, mode)}
    found = evidence(InvestigationInput("d-1", NOW, tracks, alert("level", -5, 48.0, 48.5)))
    switched = next(item for item in found if item.kind == "mode")
    assert switched.value == "manual"
    assert "control mode changed from “auto” to “manual”" in switched.finding
    order = next(item for item in found if item.kind == "order")
    assert order.metric == "control_mode"
    assert rank(found)[0].cause == "mode_changed"


def test_mode_that_changes_all_the_time_is_no_intervention() -> None:
    times = np.arange(-7_200, 1, 10.0)
    level = 60 + np.random.default_rng(6).normal(0, 0.1, len(times)) - 0.02 * np.clip(times + 600, 0, None)
    mode = [(NOW + int(t) * 1_000, "load" if (t // 120) % 2 else "idle") for t in times]
    tracks = {"level": week("level", level, times, "%"), "state": MetricSeries.of("state", None, mode)}
    found = evidence(InvestigationInput("d-1", NOW, tracks, alert("level", -5, 48.0, 48.5)))
    assert not [item for item in found if item.kind in ("changed", "mode")]


def pump_house(times: np.ndarray, worn: np.ndarray) -> dict[str, np.ndarray]:
    """Return a flow that follows the day and the shift, and the power that it takes; ``worn`` is added to the power."""
    rng = np.random.default_rng(11)
    hour = (NOW / 3_600_000 + times / 3_600) % 24
    wander = np.convolve(rng.normal(0, 1, len(times)), np.ones(30) / 30, mode="same")
    flow = 60 + 25 * ((hour > 6) & (hour < 20)) + 40 * wander
    return {
        "flow_rate": flow + rng.normal(0, 0.4, len(times)),
        "power_kw": 4 + 0.1 * flow + worn + rng.normal(0, 0.05, len(times)),
    }


def of_pump(values: dict[str, np.ndarray], times: np.ndarray, **more: object) -> InvestigationInput:
    units = {"flow_rate": "m3/h", "power_kw": "kW"}
    whole = {name: week(name, value, times, units[name]) for name, value in values.items()}
    last = {name: track.since(NOW - 7_200_000) for name, track in whole.items()}
    raised = alert("power_kw", 0, 15.5, 15.0) if more.pop("raised", False) else None
    recent = {name: track.since(NOW - 7 * DAY_S * 1_000) for name, track in whole.items()}
    return InvestigationInput("d-1", NOW, last, raised, week=recent, **more)  # type: ignore[arg-type]  # of several types


def test_change_that_the_demand_hides_is_found_against_it() -> None:
    times = np.arange(-7 * DAY_S, 1, 300)
    found = changes(evidence(of_pump(pump_house(times, grown(times, 20, 2.0)), times, raised=True)))
    power = next(item for item in found if item.metric == "power_kw")
    assert power.params["is_conditional"]
    assert power.value == pytest.approx(2.0, abs=0.7)
    assert "what its operating conditions lead to expect" in power.finding
    healthy = evidence(of_pump(pump_house(times, np.zeros(len(times))), times))
    assert not [item for item in changes(healthy) if item.metric == "power_kw"]


def test_change_that_the_demand_explains_is_no_change() -> None:
    """More flow than at any hour of the week takes more power; only the flow has changed."""
    times = np.arange(-7 * DAY_S, 1, 300)
    values = pump_house(times, np.zeros(len(times)))
    more = np.where(times > -5_400, 9.0, 0.0)
    values = {"flow_rate": values["flow_rate"] + more, "power_kw": values["power_kw"] + 0.1 * more}
    found = changes(evidence(of_pump(values, times)))
    assert "power_kw" not in {item.metric for item in found}


def test_fault_that_grows_for_weeks_is_found_in_hourly_means() -> None:
    times = np.arange(-24 * DAY_S, 1, 3_600)
    rng = np.random.default_rng(5)
    vibration = 2 + rng.normal(0, 0.1, len(times)) + grown(times, 14 * 24, 1.5)
    whole = week("vibration", vibration, times, "mm/s")
    tracks, recent = {"vibration": whole.since(NOW - 7_200_000)}, {"vibration": whole.since(NOW - 7 * DAY_S * 1_000)}
    raised = alert("vibration", 0, 3.5, 3.4)
    assert not changes(evidence(InvestigationInput("d-1", NOW, tracks, raised, week=recent)))
    found = changes(evidence(InvestigationInput("d-1", NOW, tracks, raised, week=recent, weeks={"vibration": whole})))
    assert [item.metric for item in found] == ["vibration"]
    assert found[0].start >= NOW - 14.5 * DAY_S * 1_000
