"""Control loops that hunt and machines that short-cycle, against thermostats and compressors that cycle as always."""

from __future__ import annotations

import numpy as np
import pytest

from hub.insight import decide, evidence, rank
from hub.insight.oscillation import find_oscillation
from hub.insight.series import MetricSeries
from hub.model import Evidence, Point
from series import NOW, Shape, alert, case, points, ramp, track


def swing(start_s: float, cycle_s: float, size: float) -> Shape:
    return lambda t: np.where(t >= start_s, size * np.sin(2 * np.pi * (t - start_s) / cycle_s), 0.0)


def switching(metric: str, cycle_s: float, faster_from_s: float, faster_s: float) -> MetricSeries:
    """Return a load that is on for half of each cycle; from a time on with shorter cycles."""
    t = np.arange(-7200.0, 1.0, 10.0)
    cycle = np.where(t >= faster_from_s, faster_s, cycle_s)
    on = ((t - faster_from_s) % cycle) < cycle / 2
    noise = np.random.default_rng(1).normal(0, 0.05, len(t))
    return MetricSeries.of(metric, "A", points(np.where(on, 8.0, 0.2) + noise, t))


def of_kind(found: list[Evidence], *kinds: str) -> list[Evidence]:
    return [item for item in found if item.kind in kinds]


def test_loop_that_hunts_is_named_with_its_cycle() -> None:
    found = evidence(
        case(
            track("supply_temperature", 18, 0.1, 1, swing(-2400, 300, 3.0)),
            track("heating_valve", 40, 0.5, 2, swing(-2400, 300, 20.0), unit="%"),
            track("outdoor_temperature", 4, 0.1, 3),
            alert=alert("supply_temperature", -60, 21.0, 20.5),
        )
    )
    swings = of_kind(found, "hunting")
    assert {item.metric for item in swings} == {"supply_temperature", "heating_valve"}
    assert all(item.params["cycle_ms"] == pytest.approx(300_000, rel=0.1) for item in swings)
    assert all(item.params["usual_count"] <= item.params["count"] / 2 for item in swings)
    assert "heating valve has swung 11 times between" in swings[0].finding
    assert not [item for item in of_kind(found, "onset", "step", "deviation") if item.metric == "supply_temperature"]
    assert decide(rank(found, kinds=["air_handler"])).cause == "controller_hunting"  # type: ignore[union-attr]


def test_compressor_that_short_cycles_is_named() -> None:
    found = evidence(
        case(
            switching("compressor_current", 1500, -2400, 240),
            track("temperature", 3, 0.1, 2, ramp(-600, 0.004)),
            alert=alert("temperature", -60, 5.2, 5.0),
        )
    )
    (cycles,) = of_kind(found, "cycling")
    assert cycles.metric == "compressor_current"
    assert "a cycle about every 4 min" in cycles.finding
    assert cycles.params["usual_count"] <= cycles.params["count"] / 2
    assert "short_cycling" in [match.cause for match in rank(found, kinds=["cold_room"])]


@pytest.mark.parametrize(("metric", "is_named"), [("quemador", True), ("compressor_current", True), ("door", False)])
def test_short_cycling_is_found_in_any_signal_but_contacts(metric: str, is_named: bool) -> None:
    chosen = decide(rank(evidence(case(switching(metric, 1500, -2400, 240), alert=alert(metric, -60, 8.0, 7.0)))))
    assert (chosen is not None and chosen.cause == "short_cycling") is is_named


@pytest.mark.parametrize(
    "calm",
    [
        track("temperature", 20, 0.5, 4),
        track("temperature", 20, 0.1, 5, swing(-7200, 600, 2.0)),  # a thermostat that always swings so
        track("temperature", 20, 0.1, 6, ramp(-1800, 0.01)),
        track("temperature", 20, 0.1, 7, swing(-1200, 600, 2.0)),  # two cycles only
        switching("compressor_current", 600, -2400, 600),
        switching("compressor_current", 600, -2400, 450),  # a warmer day
    ],
    ids=["noise", "thermostat", "ramp", "two cycles", "compressor", "busier compressor"],
)
def test_normal_cycles_and_noise_are_no_oscillation(calm: MetricSeries) -> None:
    assert find_oscillation(calm) is None


def test_swinging_that_has_stopped_is_no_oscillation() -> None:
    over = track("temperature", 20, 0.1, 1, lambda t: np.where(t < -900, swing(-4000, 300, 2.0)(t), 0.0))
    assert find_oscillation(over) is None


def test_mode_that_changes_again_and_again_cycles_and_is_no_act() -> None:
    t = np.arange(-7200.0, 1.0, 20.0)
    words = np.where(t < -2400, "idle", np.where((t % 240) < 120, "heating", "idle"))
    told: list[Point] = [(NOW + round(float(at) * 1000), str(word)) for at, word in zip(t, words, strict=True)]
    found = evidence(case(MetricSeries.of("mode", None, told), track("temperature", 60, 0.1, 1, ramp(-600, 0.02))))
    assert [item.metric for item in of_kind(found, "cycling")] == ["mode"]
    assert not of_kind(found, "mode")


def test_deviation_is_reported_only_outside_the_usual_range() -> None:
    drifting = track("temperature", 20, 0.1, 1, lambda t: 0.001 * (t + 7200) - np.where(t > -600, 0.004 * (t + 600), 0))
    rising = track("pressure", 4, 0.02, 2, ramp(-600, 0.005))
    found = evidence(case(drifting, rising, alert=alert("temperature", -60, 24.0, 24.5)))
    told = of_kind(found, "deviation")
    assert [item.metric for item in told] == ["pressure"]
    rise = next(item for item in of_kind(found, "onset") if item.metric == "pressure")
    assert rise.params["reading"] > told[0].params["high"]
    assert told[0].value is not None
    assert told[0].value > 3


def test_bursts_of_readings_are_averaged_over_one_cycle() -> None:
    """Ten readings within ten milliseconds, every 20 s. With the median interval, the mean would span a million."""
    base = np.arange(-7200.0, 1.0, 20.0)
    t = np.sort((base[:, None] + np.arange(10) / 1_000).ravel())
    values = 18 + np.random.default_rng(1).normal(0, 0.05, len(t)) + swing(-2400, 300, 3.0)(t)
    found = find_oscillation(MetricSeries.of("supply_temperature", "°C", points(values, t)))
    assert found is not None
    assert found.cycle == pytest.approx(300, rel=0.1)
    assert found.usual <= found.count / 2
