"""A sensor is accused of an error only if another metric contradicts it."""

from __future__ import annotations

import numpy as np

from hub.insight import InvestigationInput, MetricSeries, decide, evidence, rank
from series import NOW, case, ramp, track

SECONDS = np.arange(-7200, 0, 10)


def zones(drift: float) -> InvestigationInput:
    """Two zones that follow the same day; the first drifts by ``drift`` K a second from ten minutes ago."""
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


def test_one_metric_that_alone_moved_is_no_proof() -> None:
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
