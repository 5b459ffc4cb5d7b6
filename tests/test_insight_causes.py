"""Ranking of causes on labelled series of simulated machines, with seeds not used for the signatures.

The simulators and the signatures share only metric names. The full benchmark is in ``benchmarks/diagnosis``.
"""

from __future__ import annotations

import pytest

from benchmarks.labelled import observed
from hub.errors import ConfigError
from hub.insight import decide, evidence, parse_signatures, rank
from hub.insight.signature import built_in, extended
from series import alert, case, ramp, track
from simulators import KINDS

NOW = 1_795_384_800_000
HARD = {
    # One metric alone cannot distinguish a real rise from sensor drift; both causes are listed.
    ("sensor", "sensor_drift"),
    # No other metric of these machines witnesses that only the sensor has moved: no cause is named.
    ("air-handler", "sensor_drift"),
    ("greenhouse", "sensor_drift"),
    ("pump", "sensor_drift"),
    # A compressor that happens to be idle looks like one that does not start.
    ("cold-room", "sensor_drift"),
    # Its pressure does not say that it is measured at the bottom, which would make it a witness.
    ("tank", "sensor_drift"),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_true_cause_is_ranked_first(kind: str) -> None:
    wrong, unlisted, total = [], [], 0
    for fault, truth in KINDS[kind].faults.items():
        for seed in range(7001, 7004):
            investigation, at = observed(kind, fault, seed)
            matches = rank(evidence(investigation))
            chosen = decide(matches)
            total += 1
            if (kind, fault) not in HARD and (chosen is None or chosen.cause != truth.cause):
                wrong.append((fault, seed, at, chosen.cause if chosen else None))
            if truth.cause not in [m.cause for m in matches[:3]]:
                unlisted.append((fault, seed, at))
    assert len(wrong) <= 0.2 * total, wrong
    assert len(unlisted) <= 0.2 * total, unlisted


def test_healthy_machine_gets_no_cause() -> None:
    named = []
    for kind in sorted(KINDS):
        for seed in range(7101, 7107):
            investigation, _ = observed(kind, None, seed)
            chosen = decide(rank(evidence(investigation)))
            if chosen is not None:
                named.append((kind, seed, chosen.cause))
    assert len(named) <= 2, named


def test_contradicting_evidence_is_listed_against_cause() -> None:
    found = evidence(
        case(
            track("vibration", 2, 0.1, 1, ramp(-60, 0.2)),
            track("bearing_temperature", 50, 0.2, 2, ramp(-40, 0.8)),
            track("pressure", 4, 0.02, 3, ramp(-30, -0.05)),
            alert=alert("vibration", -20, 8.0, 7.1),
        )
    )
    worn = next(m for m in rank(found) if m.cause == "bearing_wear")
    fell = next(e.id for e in found if e.kind == "onset" and e.metric == "pressure")
    assert fell in worn.against
    assert {e.metric for e in found if e.id in worn.supporting} == {"vibration", "bearing_temperature"}


def test_equally_matching_causes_are_not_decided() -> None:
    table = """
    [[cause]]
    id = "a"
    title = "A"
    component = "x"
    needs = ["*speed* rises"]
    [[cause]]
    id = "b"
    title = "B"
    component = "y"
    needs = ["speed* rises"]
    """
    found = evidence(case(track("speed", 10, 0.1, 1, ramp(-60, 0.5))))
    matches = rank(found, parse_signatures(table))
    assert {m.cause for m in matches} == {"a", "b"}
    assert decide(matches) is None
    assert decide(rank(found, parse_signatures(table)[:1])).cause == "a"  # type: ignore[union-attr]


def test_user_signature_is_added_or_replaces_same_id() -> None:
    own = parse_signatures('[[cause]]\nid = "leak"\ntitle = "L"\ncomponent = "c"\nneeds = ["*level* falls"]\n')
    joined = extended(own)
    assert len(joined) == len(built_in())
    assert [s.title for s in joined if s.id == "leak"] == ["L"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[[cause]]\nid = 3", "id"),
        ("not toml", "signatures.toml"),
        ('[[cause]]\nid = "a"\ntitle = "t"\ncomponent = "c"\nneeds = ["speed"]', "METRIC VERB"),
        ('[[cause]]\nid = "a"\ntitle = "t"\ncomponent = "c"\nneeds = ["speed wobbles"]', "wobbles"),
        ('[[cause]]\nid = "a"\ntitle = "t"\ncomponent = "c"\nneeds = []', "needs"),
        ('[[cause]]\nid = "a"\ntitle = "t"\ncomponent = "c"\nneeds = ["a rises"]\ncolour = "red"', "colour"),
    ],
)
def test_invalid_signature_is_refused_with_reason(text: str, error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        parse_signatures(text)


def test_every_shipped_signature_is_complete() -> None:
    for signature in built_in():
        assert signature.explain
        assert signature.actions
        assert signature.confirm_by
        assert signature.source, signature.id
    assert len({s.id for s in built_in()}) == len(built_in())
