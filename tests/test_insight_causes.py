"""Which fault the evidence looks like: on labelled series of the simulated machines, with seeds no signature was made
from.

The machines' physics and the signatures share nothing but metric names; the benchmark proper is run apart from the
tests.
"""

from __future__ import annotations

import random

import pytest

from hub.errors import ConfigError
from hub.insight import Case, Track, decide, evidence, parse_signatures, rank
from hub.insight.causes import built_in, extended
from hub.insight.signs import parse_sign
from hub.model import Limit, Point
from series import alert, case, ramp, track
from simulators import KINDS

NOW = 1_795_384_800_000
HARD = {
    # One number alone cannot tell a true rise from a sensor's error; both are named.
    ("sensor", "sensor_drift"),
}


def observed(kind: str, fault: str | None, seed: int) -> tuple[Case, int]:
    """Two hours of a machine's past and its live readings until shortly after its first limit was crossed (or,
    without a crossing, until a few minutes after the fault)."""
    draw = random.Random(f"{kind}/{fault}/{seed}")
    machine = KINDS[kind](f"sensor_{1 + seed % 5}" if kind == "sensor" else f"{kind}-01", seed, draw.uniform(0, 24))
    if fault is not None:
        machine.inject(fault, 0.0, draw.choice([0.7, 1.0, 1.5]))
    coarse, fine = draw.choice([10, 15, 30]), draw.choice([1, 2])
    last = 420 if fault in (None, "stuck_sensor") else 240
    rows: dict[str, list[Point]] = {}
    crossed: int | None = None
    for t in [*range(-7200, -90, coarse), *range(-90, last, fine)]:
        for name, value in machine.step(float(t)).items():
            rows.setdefault(name, []).append((NOW + t * 1000, value if isinstance(value, bool) else float(value)))
            told = machine.metrics[name].limits if name in machine.metrics else {}
            beyond = told and (value > told.get("max", value) or value < told.get("min", value))
            if fault is not None and t > 0 and beyond and crossed is None:
                crossed = t
        if crossed is not None and t >= crossed + 6:
            break
    tracks = {name: Track.of(name, None, points) for name, points in rows.items()}
    limits = {name: Limit(**m.limits) for name, m in machine.metrics.items() if m.limits}
    return Case("it", NOW + t * 1000, tracks, limits=limits), t


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_true_cause_comes_first(kind: str) -> None:
    wrong, unlisted, total = [], [], 0
    for fault, truth in KINDS[kind].faults.items():
        for seed in range(7001, 7004):
            looked_at, at = observed(kind, fault, seed)
            matches = rank(evidence(looked_at))
            chosen = decide(matches)
            total += 1
            if (kind, fault) not in HARD and (chosen is None or chosen.cause != truth.cause):
                wrong.append((fault, seed, at, chosen.cause if chosen else None))
            if truth.cause not in [m.cause for m in matches[:3]]:
                unlisted.append((fault, seed, at))
    assert len(wrong) <= 0.2 * total, wrong
    assert len(unlisted) <= 0.2 * total, unlisted


def test_healthy_machines_get_no_cause() -> None:
    named = []
    for kind in sorted(KINDS):
        for seed in range(7101, 7107):
            looked_at, _ = observed(kind, None, seed)
            chosen = decide(rank(evidence(looked_at)))
            if chosen is not None:
                named.append((kind, seed, chosen.cause))
    assert len(named) <= 2, named


def test_what_speaks_against_is_listed() -> None:
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


def test_two_causes_that_fit_equally_are_not_decided() -> None:
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


def test_a_users_signature_joins_ours_and_the_same_id_replaces() -> None:
    own = parse_signatures('[[cause]]\nid = "leak"\ntitle = "L"\ncomponent = "c"\nneeds = ["*level* falls"]\n')
    joined = extended(own)
    assert len(joined) == len(built_in())
    assert [s.title for s in joined if s.id == "leak"] == ["L"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[cause]]\nid = 3", "id"),
        ("not toml", "signatures.toml"),
        ('[[cause]]\nid = "a"\ntitle = "t"\ncomponent = "c"\nneeds = ["speed"]', "METRIC VERB"),
        ('[[cause]]\nid = "a"\ntitle = "t"\ncomponent = "c"\nneeds = ["speed wobbles"]', "wobbles"),
        ('[[cause]]\nid = "a"\ntitle = "t"\ncomponent = "c"\nneeds = []', "needs"),
        ('[[cause]]\nid = "a"\ntitle = "t"\ncomponent = "c"\nneeds = ["a rises"]\ncolour = "red"', "colour"),
    ],
)
def test_a_wrong_signature_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_signatures(text)


def test_every_signature_is_whole() -> None:
    for signature in built_in():
        assert signature.explain
        assert signature.actions
        assert signature.confirm_by
        for sign in (*signature.needs, *signature.supports, *signature.against):
            parse_sign(sign)
    assert len({s.id for s in built_in()}) == len(built_in())
