"""A sensor is accused of an error only if another metric contradicts it."""

from __future__ import annotations

import numpy as np

from hub.insight import InvestigationInput, MetricSeries, decide, evidence, rank
from series import NOW, alert, case, quiet, ramp, track

SECONDS = np.arange(-7200, 0, 10)


def zones(drift: float) -> InvestigationInput:
    """Return two zones that follow the same day; the first drifts by ``drift`` K a second from ten minutes ago."""
    day = 3 * np.sin(SECONDS / 900)
    noise = np.random.default_rng(4).normal(0, 0.05, (2, len(SECONDS)))
    added = np.where(SECONDS > -600, (SECONDS + 600) * drift, 0.0)
    values = {"zone_a": 20 + day + noise[0] + added, "zone_b": 21 + day + noise[1]}
    stamps = [NOW + int(second) * 1000 for second in SECONDS]
    return InvestigationInput(
        "it",
        NOW,
        {
            name: MetricSeries.of(name, "°C", [*zip(stamps, each.tolist(), strict=True)])
            for name, each in values.items()
        },
    )


def test_single_metric_that_moved_proves_no_sensor_fault() -> None:
    found = evidence(case(track("temperature", 20, 0.1, 1, ramp(-600, 0.01)), track("humidity", 50, 0.1, 2)))
    assert any(item.kind == "onset" for item in found)
    assert decide(rank(found)) is None


def test_broken_relation_is_a_witness() -> None:
    found = evidence(zones(0.01))
    witness = next(item for item in found if item.kind == "contradicted")
    assert witness.metric == "zone_a"
    assert witness.params["companions"] == ["zone b"]
    chosen = decide(rank(found))
    assert chosen is not None
    assert chosen.cause == "sensor_drift"
    assert witness.id in chosen.supporting


def test_kept_relation_is_no_witness() -> None:
    assert not any(item.kind == "contradicted" for item in evidence(zones(0.0)))


def tank_with_switch(closed_s: float, level: MetricSeries) -> InvestigationInput:
    switch = [(NOW + int(second) * 1000, bool(second >= closed_s)) for second in SECONDS]
    high = MetricSeries.of("high_level_switch", None, switch)
    return case(level, high, alert=alert("high_level_switch", closed_s, True))


def test_level_that_its_switch_contradicts_is_a_sensor_fault() -> None:
    steady, rising = (
        track("tank_level", 62, 0.1, 1, shape, t=SECONDS, unit="%") for shape in (quiet, ramp(-600, 0.05))
    )
    found = evidence(tank_with_switch(-60, steady))
    witness = next(item for item in found if item.kind == "contradicted")
    assert (witness.metric, witness.params["companions"]) == ("tank_level", ["high level switch"])
    chosen = decide(rank(found, kinds=["tank"]))
    assert chosen is not None
    assert chosen.cause == "sensor_drift"
    assert not [item for item in evidence(tank_with_switch(-60, rising)) if item.kind == "contradicted"]
