"""Symptoms that are no movement: a controller at its end, a balance that is broken, a limit that is exceeded."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from hub.insight import MetricSeries, decide, evidence, parse_signatures, rank
from hub.model import Evidence, Limit
from series import NOW, alert, case, clock_of, points, ramp, track


def of_kind(found: list[Evidence], kind: str) -> list[Evidence]:
    return [item for item in found if item.kind == kind]


def constant(name: str, value: float, unit: str) -> MetricSeries:
    t = clock_of()
    return MetricSeries.of(name, unit, points(np.full_like(t, value), t))


def sinking_tank(valve: float, raised: bool = True) -> list[Evidence]:
    level = track("level", 60, 0.05, 1, ramp(-600, -0.05))
    flows = track("inflow", 26, 0.1, 2), track("outflow", 17, 0.1, 3)
    return evidence(
        case(level, *flows, constant("valve", valve, "%"), alert=alert("level", -60, 29.0, 30.0) if raised else None)
    )


def test_valve_at_an_end_of_its_range_is_evidence_only_while_something_is_wrong() -> None:
    full = of_kind(sinking_tank(100.0), "at_end")
    assert [(item.metric, item.value, item.params["is_above"]) for item in full] == [("valve", 100.0, True)]
    assert [item.params["is_above"] for item in of_kind(sinking_tank(0.0), "at_end")] == [False]
    assert not of_kind(sinking_tank(60.0), "at_end")
    assert not of_kind(sinking_tank(100.0, raised=False), "at_end")


def test_level_that_falls_although_more_flows_in_than_out_is_a_leak() -> None:
    found = sinking_tank(100.0)
    broken = of_kind(found, "unbalanced")
    assert len(broken) == 1
    assert broken[0].metric == "level"
    assert "26" in broken[0].finding
    assert "17" in broken[0].finding
    assert decide(rank(found, kinds=["tank"])).cause == "leak"  # type: ignore[union-attr]


def test_level_that_moves_as_its_flows_say_is_balanced() -> None:
    level = track("level", 60, 0.05, 1, ramp(-600, -0.05))
    drained = evidence(case(level, track("inflow", 10, 0.1, 2), track("outflow", 17, 0.1, 3)))
    nearly = evidence(case(level, track("inflow", 18, 0.1, 2), track("outflow", 17, 0.1, 3)))
    assert not of_kind([*drained, *nearly], "unbalanced")


HOT = """
[[cause]]
id = "hot"
title = "Hot"
component = "x"
needs = ["temperature rises"]
one_sign = true
nature = "{nature}"
"""


def test_exceeded_limit_is_a_symptom_of_a_fault_and_not_of_an_act() -> None:
    found = [
        Evidence("e1", "over_limit", "d", "temperature", "", 81.0, "°C", NOW - 60_000, NOW, 0.6, {"is_above": True})
    ]
    cold = [
        Evidence("e1", "over_limit", "d", "temperature", "", 1.0, "°C", NOW - 60_000, NOW, 0.6, {"is_above": False})
    ]
    fault, act = (parse_signatures(HOT.format(nature=nature)) for nature in ("fault", "act"))
    assert [match.cause for match in rank(found, fault)] == ["hot"]
    assert rank(found, act) == []
    assert rank(cold, fault) == []
    lasting = [msgspec.structs.replace(item, params=item.params | {"is_lasting": True}) for item in found]
    assert rank(lasting, fault) == []


def test_limit_that_was_exceeded_all_along_is_marked_unless_it_is_the_alert() -> None:
    low, hot = track("flow", 20, 0.1, 1), track("temperature", 60, 0.1, 2, ramp(-600, 0.05))
    limits = {"flow": Limit(min=25.0), "temperature": Limit(max=80.0)}
    found = evidence(case(low, hot, limits=limits, alert=alert("temperature", -100, 90.0, 80.0)))
    marks = {item.metric: item.params["is_lasting"] for item in of_kind(found, "over_limit")}
    assert marks == {"temperature": False, "flow": True}
    found = evidence(case(low, limits=limits, alert=alert("flow", -7_000, 20.0, 25.0)))
    assert [item.params["is_lasting"] for item in of_kind(found, "over_limit")] == [False]


@pytest.mark.parametrize(("earlier", "usual"), [((900, 900, 900, 900), True), ((900, 900, 20, 20), False), ((), False)])
def test_limit_that_was_exceeded_as_far_several_times_before_is_usual(earlier: tuple[int, ...], usual: bool) -> None:
    t = np.arange(-40_000.0, 1.0, 10.0)
    on = (t >= -60) | np.any([(t >= -8_000 * n) & (t < -8_000 * n + s) for n, s in enumerate(earlier, 1)], axis=0)
    amps = MetricSeries.of("current", "A", points(np.where(on, 22.0, 0.2), t))
    found = of_kind(evidence(case(amps, alert=alert("current", -60, 22.0, 15.0))), "over_limit")
    assert [item.params["is_usual"] for item in found] == [usual]
    # What a machine does in each cycle is no symptom.
    hot = parse_signatures(HOT.format(nature="fault").replace("temperature", "current"))
    assert bool(rank(found, hot)) is not usual


def test_mode_that_is_routine_in_the_week_is_no_intervention() -> None:
    t = np.arange(-7_200.0, 1.0, 10.0)
    now = [(NOW + int(s) * 1_000, "defrost" if s >= -62 else "cooling") for s in t]
    week = [
        (NOW - hours * 3_600_000 + minutes * 60_000, mode)
        for hours in range(160, 5, -6)
        for minutes, mode in ((0, "defrost"), (30, "cooling"))
    ]
    rising = track("temperature", 5, 0.05, 1, ramp(-60, 0.2), t=t)
    tracks = rising, MetricSeries.of("mode", None, now)
    raised = alert("temperature", -5, 9.0, 8.0)
    assert of_kind(evidence(case(*tracks, alert=raised)), "mode")
    assert not of_kind(
        evidence(case(*tracks, alert=raised, week={"mode": MetricSeries.of("mode", None, week)})), "mode"
    )


def test_mode_of_the_normal_cycle_is_no_intervention() -> None:
    def with_modes(*changes: tuple[float, str]) -> list[Evidence]:
        t = clock_of()
        modes = [(NOW + round(float(s) * 1000), next(w for at, w in reversed(changes) if s >= at)) for s in t]
        rising = track("temperature", 5, 0.05, 1, ramp(-60, 0.2))
        return evidence(case(rising, MetricSeries.of("mode", None, modes), alert=alert("temperature", -5, 9.0, 8.0)))

    start = float(clock_of()[0])
    once = with_modes((start, "cooling"), (-62.0, "defrost"))
    often = with_modes(
        (start, "cooling"),
        *((start + k * 200.0, ("defrost", "cooling")[k % 2 == 0]) for k in range(1, 6)),
        (start + 1_200.0, "cooling"),
        (-62.0, "defrost"),
    )
    assert of_kind(once, "mode")
    assert not of_kind(often, "mode")


def test_switching_signal_that_stays_no_longer_than_usual_is_not_said_to_stay() -> None:
    t = np.arange(-14_400.0, 1.0, 10.0)
    runs = np.where(((t + 500) % 1_200) < 600, 8.0, 0.3)
    weak = np.where((t > -500) & (runs > 1), 5.0, runs)
    found = evidence(
        case(
            MetricSeries.of("compressor_current", "A", points(weak, t)),
            track("temperature", 4, 0.05, 1, ramp(-400, 0.02), t=t),
            alert=alert("temperature", -60, 11.0, 8.0),
        )
    )
    assert [item.metric for item in of_kind(found, "level")] == ["compressor_current"]
    assert not of_kind(found, "stays_on")
    assert not any(item.metric == "compressor_current" for item in of_kind(found, "steady"))


def test_pump_that_does_not_hold_its_pressure_at_full_speed_lets_flow_run_back() -> None:
    falling = track("discharge_pressure", 5, 0.01, 1, ramp(-900, -0.00035), unit="bar")
    flow, suction = track("flow", 60, 0.2, 2, unit="m3/h"), track("suction_pressure", 1.2, 0.01, 3, unit="bar")
    found = evidence(
        case(falling, flow, suction, constant("speed", 100.0, "%"), alert=alert("discharge_pressure", -5, 4.69, 4.7))
    )
    chosen = decide(rank(found, kinds=["pump"]))
    assert chosen is not None
    assert chosen.cause == "internal_leak"


@pytest.mark.parametrize(("weather", "cause"), [(0.0, "tower_at_full_speed"), (0.004, None)])
def test_tower_that_cools_too_little_at_full_fan_speed_is_fouled(weather: float, cause: str | None) -> None:
    water = track("cold_water_temp", 25, 0.05, 1, ramp(-900, 0.004), unit="°C")
    outdoor = track("outdoor_temp", 20, 0.05, 2, ramp(-1_000, weather), unit="°C")
    found = evidence(
        case(water, outdoor, constant("fan_speed", 100.0, "%"), alert=alert("cold_water_temp", -5, 28.6, 28.5))
    )
    chosen = decide(rank(found, kinds=["cooling_tower"]))
    assert (chosen.cause if chosen else None) in (cause, "tower_weather")
    assert cause is None or (chosen is not None and chosen.cause == cause)
