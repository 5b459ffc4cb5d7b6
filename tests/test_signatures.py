"""The built-in signatures against the cases of engineering literature in ``signature_cases``."""

from __future__ import annotations

import pytest

from hub.errors import ConfigError
from hub.insight import decide, match_word, parse_signatures, rank
from hub.insight.metric_semantics import MetricSemantics
from hub.insight.signature import built_in
from hub.insight.symptom_matching import parse_patterns
from hub.model import CauseMatch, Evidence, Value
from signature_cases import CASES, UNKNOWN

NOW = 1_795_384_800_000
KINDS: dict[str, tuple[str, Value]] = {
    "+": ("onset", 1.0),
    "-": ("onset", -1.0),
    "*": ("step", 1.0),
    "=": ("steady", 1.0),
    "!": ("stuck", 1.0),
    "~": ("mode", "heating"),
    "^": ("stays_on", 1.0),
    "_": ("stays_off", 1.0),
}
SWITCHES = ("contact", "leak", "occupancy", "running")


def read(metrics: str) -> tuple[list[Evidence], dict[str, MetricSemantics]]:
    """Return the findings of a case, three minutes apart, and what its metrics mean."""
    evidence, semantics = [], {}
    for number, text in enumerate(metrics.split(), 1):
        name, (kind, value) = text[:-1], KINDS[text[-1]]
        (pattern,) = parse_patterns(name)
        semantics[name] = MetricSemantics(pattern.quantity, pattern.places, pattern.role or "measured")
        if pattern.quantity in SWITCHES:
            value = kind == "stays_on"
        start = NOW - (20 - 3 * number) * 60_000
        evidence.append(Evidence(f"e{number}", kind, "d-1", name, text, value, None, start, NOW, 0.8))
    return evidence, semantics


def ranked(kind: str, metrics: str) -> list[CauseMatch]:
    evidence, semantics = read(metrics)
    return rank(evidence, semantics=semantics, kinds={kind})


@pytest.mark.parametrize(("kind", "cause", "metrics"), CASES, ids=[f"{k}-{c}-{n}" for n, (k, c, _) in enumerate(CASES)])
def test_cause_of_the_literature_is_named(kind: str, cause: str, metrics: str) -> None:
    matches = ranked(kind, metrics)
    chosen = decide(matches)
    assert chosen is not None, [(m.cause, m.score) for m in matches]
    assert chosen.cause == cause, [(m.cause, m.score) for m in matches]


@pytest.mark.parametrize("line", UNKNOWN.strip().splitlines())
def test_movements_that_no_signature_describes_get_no_cause(line: str) -> None:
    kind, metrics = (part.strip() for part in line.split("|"))
    chosen = decide(ranked(kind, metrics))
    assert chosen is None, (chosen.cause, match_word(chosen.score))


@pytest.mark.parametrize(("kind", "cause", "metrics"), CASES, ids=[f"{k}-{c}-{n}" for n, (k, c, _) in enumerate(CASES)])
def test_single_movement_never_makes_a_strong_match(kind: str, cause: str, metrics: str) -> None:
    for text in metrics.split():
        if text[-1] in "+-" and ":" not in text:
            assert all(match_word(m.score) != "strong" for m in ranked(kind, text)), text


def test_every_cause_of_the_literature_has_a_source_and_a_case() -> None:
    tested = {cause for _, cause, _ in CASES}
    strong = {s.cause for s in built_in() if s.at_most == "strong" and s.kinds}
    assert len({s.cause for s in built_in()}) >= 80
    assert len(tested) >= 80
    assert strong <= tested, sorted(strong - tested)
    assert all(s.source for s in built_in())


def test_distinguishing_check_names_a_known_cause() -> None:
    known = {s.cause for s in built_in()} | {s.id for s in built_in()}
    assert {other for s in built_in() for other in s.distinguish} <= known


CAUSE = '[[cause]]\nid = "x"\ntitle = "X"\ncomponent = "c"\nneeds = ["flow falls"]\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cause = 5", "cause is not a list of tables. Begin each cause with [[cause]]"),
        ("cause = [5]", "cause is not a list of tables."),
        ('[cause]\nid = "x"', "cause is not a list of tables."),
        (CAUSE + "[[cause]]\nid = 5", "cause 2: id = 5 is not valid. Allowed: a text in quotes."),
        ('[[cause]]\nid = "x"', "cause 1: title is missing."),
        (CAUSE + "prior = 11", "cause 1: prior = 11 is not valid. Allowed: a number above 0, at most 10."),
        (CAUSE + 'nature = "odd"', "cause 1: nature = 'odd' is not valid. Allowed: "),
        (CAUSE + 'kinds = "pump"', "cause 1: kinds = 'pump' is not valid. Allowed: a list of texts in [brackets]."),
        (CAUSE + "colour = 1", "cause 1: colour = 1 is not valid. Allowed: only id, title"),
    ],
)
def test_error_names_cause_key_value_and_what_is_allowed(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_signatures(text)
    assert expected in str(caught.value)
