"""Sentences checked against evidence: the measured set, the reasons of a verdict, and any text at all."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.words.statements import Statement, statements, verdict
from hub.insight.claims.units import convert

STATEMENTS = list(statements())
PUMP = next(each for each in STATEMENTS if each.device == "pump")
UPS = next(each for each in STATEMENTS if each.device == "ups")


def say(text: str, cited: str, about: Statement = PUMP) -> Statement:
    return about._replace(text=text, cited=tuple(cited.split()))


def test_false_statements_are_struck_and_true_ones_kept() -> None:
    table = Counter((each.true, verdict(each).supported) for each in STATEMENTS)
    assert len(STATEMENTS) == 143
    assert table[False, False] / (table[False, False] + table[False, True]) >= 0.97
    assert table[True, True] / (table[True, True] + table[True, False]) >= 0.95


@pytest.mark.parametrize(
    ("text", "cited", "reason"),
    [
        ("Flow fell.", "e11", "it did not change"),
        ("Vibration fell.", "e2", "it rose"),
        ("Vibration is below its limit.", "e1", "it is above its limit"),
        ("Vibration reads 9.3 mm/s.", "e1", "9.3 mm/s is not in the evidence"),
        ("Motor current rose before vibration did.", "e2 e4", "it changed later"),
        ("Vibration doubled.", "e2", "“doubled” does not follow from the evidence"),
        ("Flow is 60 m³/h.", "e1", "it cites no evidence about flow"),
        ("Vibration rose.", "e99", "it cites evidence that does not exist"),
        ("Vibration rose.", "", "it cites no evidence"),
        ("There is a 30 % chance of a worn bearing.", "e5", "30 % is not in the evidence"),
    ],
)
def test_verdict_names_its_reason(text: str, cited: str, reason: str) -> None:
    assert verdict(say(text, cited)).reason == reason


@pytest.mark.parametrize(
    ("text", "cited", "true"),
    [
        ("The motor is drawing 24.8 A instead of 20 A.", "e4", True),
        ("The motor is drawing 20 A instead of 24.8 A.", "e4", False),
        ("An increase in vibration of 7.15 mm/s was seen.", "e2", True),
        ("Bearing temperature has exceeded its limit of 85 °C.", "e3 e7", False),
        ("Flow is within its normal range.", "e11", True),
        ("Vibration is within its normal range.", "e2", False),
        ("Speed did not change, but flow did.", "e11 e12", False),
        ("Increased vibration raised the bearing temperature.", "e2 e3", True),
        ("Increased vibration raised the speed.", "e2 e12", False),
    ],
)
def test_words_are_bound_to_metrics(text: str, cited: str, true: bool) -> None:
    assert verdict(say(text, cited)).supported == true


def test_metric_named_like_a_state_can_be_negated() -> None:
    assert verdict(say("The UPS is on battery.", "e3", UPS)).supported
    assert not verdict(say("The UPS is not on battery.", "e3", UPS)).supported


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "difference", "converted"),
    [
        (20.0, "°C", "°F", False, 68.0),
        (5.0, "°C", "°F", True, 9.0),
        (2.0, "°C/min", "°F/h", False, 216.0),
        (36.0, "m³/h", "l/s", False, 10.0),
        (1.0, "bar", "kPa", False, 100.0),
        (1000.0, "ppm", "%", False, 0.1),
        (90.0, "s", "min", False, 1.5),
        (1.0, "A", "V", False, None),
        (5.0, "%", "A", False, None),
        (3.0, "σ", "%", False, None),
        (3.0, "nonsense", "%", False, None),
    ],
)
def test_units_are_converted(value: float, unit: str, wanted: str, difference: bool, converted: float | None) -> None:
    result = convert(value, unit, wanted, difference=difference)
    assert result == (None if converted is None else pytest.approx(converted))


def test_pint_is_not_imported_until_a_unit_is_converted() -> None:
    program = "import sys, hub.insight.claims; sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@given(st.text(max_size=200), st.lists(st.sampled_from(["e1", "e2", "e5", "e11"]), max_size=3))
def test_any_text_is_checked_without_exception(text: str, cited: list[str]) -> None:
    verdict(say(text, " ".join(cited)))
    verdict(say(f"Vibration {text} rose by {text} 3 mm/s before {text} flow.", "e1 e2"))


@given(st.text(alphabet="0123456789.,:% °C/hms×⁻-+e ", max_size=60))
def test_any_number_is_checked_without_exception(text: str) -> None:
    verdict(say(f"Vibration is {text}.", "e1"))
