"""Ranking of causes on labelled series of simulated machines, with seeds not used for the signatures.

The simulators and the signatures share only metric names. The full benchmark is in ``benchmarks/diagnosis``.
"""

from __future__ import annotations

import pytest

from benchmarks.labelled import observed
from hub.errors import ConfigError
from hub.insight import (
    decide,
    deciding_check,
    differential,
    evidence,
    narrate,
    outcome,
    parse_signatures,
    rank,
)
from hub.insight.signature import built_in, extended
from hub.model import CauseMatch, Evidence, EvidenceKind, Value
from series import alert, case, ramp, track
from simulators import KINDS

NOW = 1_795_384_800_000
HARD = {
    # One metric alone cannot distinguish a real rise from sensor drift; both causes are listed.
    ("sensor", "sensor_drift"),
    # A bearing that runs hot while the motor does not may be a bearing.
    ("pump", "sensor_drift"),
    # No other metric of these machines witnesses that only the sensor has moved: no cause is named.
    ("air-handler", "sensor_drift"),
    ("greenhouse", "sensor_drift"),
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


FLOW_AND_PRESSURE = """
[[cause]]
id = "a"
title = "A"
component = "x"
needs = ["flow falls", "pressure falls"]
supports = ["current falls"]
"""


TWO_COMPONENTS = """
[[cause]]
id = "valve"
title = "Valve closed"
component = "valve"
needs = ["flow falls", "pressure rises"]
confirm_by = ["The valve, by eye."]
[[cause]]
id = "filter"
title = "Filter blocked"
component = "filter"
needs = ["flow falls", "pressure rises"]
confirm_by = ["The filter, by eye."]
[cause.distinguish]
valve = "Pressure drop over the filter."
"""


def test_causes_that_fit_about_equally_are_possible_with_the_check_that_decides() -> None:
    own = parse_signatures(TWO_COMPONENTS, is_own=False)
    found = [finding("flow", "onset", -1.0), finding("pressure", "onset", 1.0)]
    tied = rank(found, own)
    assert decide(tied) is None
    assert outcome(None, tied, found, alerted=True) == "possible"
    others = differential(tied, None)
    assert [each.cause for each in others] == ["filter", "valve"]
    assert deciding_check(others, named=False) == "Pressure drop over the filter."
    summary = narrate(found, tied, alerted=True).summary
    assert "Possible: filter blocked or valve closed. To tell them apart: pressure drop over the filter." in summary
    alone = rank(found[:1], own[:1])
    assert narrate(found[:1], alone, alerted=True).summary.endswith("To confirm it: the valve, by eye.")


def test_outcome_without_a_cause_says_whether_anything_is_unusual() -> None:
    own = parse_signatures(TWO_COMPONENTS, is_own=False)
    usual = [finding("flow", "steady", 4.0)]
    assert outcome(None, rank(usual, own), usual, alerted=False) == "normal"
    assert outcome(None, rank(usual, own), usual, alerted=True) == "unknown"
    assert outcome(None, [], [], alerted=False) == "unknown"
    elsewhere = [finding("speed", "onset", 1.0)]
    assert outcome(None, rank(elsewhere, own), elsewhere, alerted=False) == "unknown"


def test_cause_far_behind_the_likeliest_is_not_possible() -> None:
    likely = CauseMatch("a", "A", "x", 0.45, log_odds=0.0)
    near, far = CauseMatch("b", "B", "y", 0.25, log_odds=-1.8), CauseMatch("c", "C", "z", 0.21, log_odds=-2.2)
    assert [each.cause for each in differential([likely, near, far], None)] == ["a", "b"]


def finding(metric: str, kind: EvidenceKind, value: Value, **params: object) -> Evidence:
    return Evidence(metric, kind, "d-1", metric, metric, value, None, NOW - 60_000, NOW, 0.9, params)


def test_fault_may_miss_a_needed_symptom_but_not_be_contradicted() -> None:
    own = parse_signatures(FLOW_AND_PRESSURE, is_own=False)
    seen = [finding("flow", "onset", -1.0), finding("current", "onset", -1.0)]
    whole = rank([*seen, finding("pressure", "onset", -1.0)], own)[0]
    hidden = rank([*seen, finding("pressure", "steady", 4.0)], own)[0]
    assert whole.log_odds is not None
    assert hidden.log_odds is not None
    assert hidden.log_odds < whole.log_odds - 2
    assert rank([*seen, finding("pressure", "onset", 1.0)], own) == []
    assert rank([finding("current", "onset", -1.0)], own) == []


def test_only_metric_of_a_quantity_may_be_at_the_place_that_a_cause_needs() -> None:
    own = parse_signatures(FLOW_AND_PRESSURE.replace("flow falls", "flow@inlet falls"), is_own=False)
    fell = [finding("pressure", "onset", -1.0), finding("current", "onset", -1.0)]
    placed = rank([*fell, finding("flow_inlet", "onset", -1.0)], own)[0]
    unplaced = rank([*fell, finding("flow", "onset", -1.0)], own)[0]
    elsewhere = rank([*fell, finding("flow_outlet", "onset", -1.0)], own)[0]
    assert placed.score > unplaced.score > elsewhere.score


def test_cause_of_a_machine_whose_kind_is_uncertain_is_less_likely() -> None:
    own = parse_signatures('kinds = ["pump"]' + FLOW_AND_PRESSURE, is_own=False)
    seen = [finding("flow", "onset", -1.0), finding("pressure", "onset", -1.0)]
    sure, unsure = (rank(seen, own, kinds=kinds)[0] for kinds in (["pump"], ["pump", "fan"]))
    assert unsure.score < sure.score


@pytest.mark.parametrize(
    ("symptom", "metric", "value", "before", "is_seen"),
    [
        ("contact on", "door", True, False, True),
        ("contact on", "door", False, True, False),
        (":setpoint falls", "temperature_setpoint", 18.0, 21.0, True),
        (":setpoint rises", "temperature_setpoint", 18.0, 21.0, False),
    ],
)
def test_switched_contact_and_changed_set_point_are_symptoms(
    symptom: str, metric: str, value: Value, before: Value, is_seen: bool
) -> None:
    own = parse_signatures(f'[[cause]]\nid = "a"\ntitle = "A"\ncomponent = "x"\nneeds = ["{symptom}"]\nnature = "act"')
    assert bool(rank([finding(metric, "changed", value, before=before)], own)) is is_seen


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


def test_cause_is_out_of_order_only_if_it_surely_began_later() -> None:
    """A door that reports once a minute was opened up to a minute before its message."""

    def ranked(opened_from: int) -> CauseMatch:
        opened, cooled = NOW - 300_000, NOW - 400_000
        findings = [
            Evidence(
                "e1", "onset", "d-1", "temperature", "", -3.0, "°C", cooled, NOW, 0.9, {"latest_at": cooled + 10_000}
            ),
            Evidence("e2", "stays_on", "d-1", "door", "", True, None, opened, NOW, 0.6),
            Evidence("e3", "changed", "d-1", "door", "", True, None, opened, NOW, 0.6, {"earliest_at": opened_from}),
        ]
        return next(match for match in rank(findings, kinds=["room"]) if match.cause == "window_open")

    within_the_interval, surely_later = ranked(NOW - 420_000), ranked(NOW - 302_000)
    assert (within_the_interval.log_odds or 0) > (surely_later.log_odds or 0) + 1


def test_cause_is_named_although_another_one_fits_the_same_finding() -> None:
    """A room with a freezer has a door, which may also be called a window."""
    opened = [
        Evidence("e1", "onset", "d-1", "temperature", "", 4.0, "°C", NOW - 200_000, NOW, 0.9),
        Evidence("e2", "stays_on", "d-1", "door", "", True, None, NOW - 300_000, NOW, 0.9),
    ]
    matches = rank(opened, kinds=["room", "cold_room"])
    assert {match.cause for match in matches[:2]} == {"door_left_open", "window_open"}
    chosen = decide(matches)
    assert chosen is not None
    assert chosen.cause in ("door_left_open", "window_open")
