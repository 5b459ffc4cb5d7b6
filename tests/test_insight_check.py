"""Claim check: numbers, times, metrics, directions and order in a sentence are compared with the cited evidence."""

# Tables have one row per line.
# ruff: noqa: E501

from __future__ import annotations

import pytest

from benchmarks.labelled import observed
from hub.insight import evidence, narrate, rank
from hub.insight.claims import Vocabulary, check, sentences
from hub.insight.quantities import Quantity, read, supported, unit
from hub.model import Evidence
from simulators import KINDS

T = 1_795_384_800_000  # 22:00:00 UTC


def ev(
    number: int,
    kind: str,
    metric: str | None,
    text: str,
    value: float | bool | None,
    unit: str | None,
    at: int,
    end: int = 60,
) -> Evidence:
    return Evidence(f"e{number}", kind, "pump-03", metric, text, value, unit, T + at * 1000, T + end * 1000, 0.8)


EVIDENCE = [
    ev(1, "over_limit", "vibration", "vibration has been above its limit of 7.1 mm/s since 22:00:30, for 30 s; it now reads "
       "9.49 mm/s, 2.39 mm/s beyond it (peak 9.56 mm/s)", 9.49, "mm/s", 30),
    ev(2, "onset", "vibration", "vibration began to rise at 22:00:05, 25 s before the limit was crossed; it now reads 9.49 mm/s, "
       "8.03 mm/s above its level before (1.46 mm/s)", 8.03, "mm/s", 5),
    ev(3, "onset", "current", "current began to rise at 22:00:11; it now reads 22.8 A, 2.18 A above its level before (20.6 A)",
       2.18, "A", 11),
    ev(4, "onset", "pressure", "pressure began to fall at 22:00:20; it now reads 3.2 bar, 1.5 bar below its level before (4.7 bar)",
       -1.5, "bar", 20),
    ev(5, "steady", "flow", "flow shows nothing unusual; it is 82.8 m³/h", 82.8, "m³/h", 0),
    ev(6, "peers", "vibration", "vibration at its 4 peers read 1.21 to 2.12 mm/s (median 1.83 mm/s); this device stands alone, "
       "19.7 deviations above them", 19.7, "σ", -600),
    ev(7, "slope", "bearing_temperature", "bearing temperature rises by 72.3 °C/min; at that rate it reaches its limit of 85 °C in "
       "16 s", 72.3, "°C/min", 30),
    ev(8, "steady", "temperature", "temperature shows nothing unusual; it is -5 °C", -5.0, "°C", 0),
]  # fmt: skip
VOCABULARY = Vocabulary(
    ("vibration", "current", "pressure", "flow", "bearing_temperature", "motor_temperature", "temperature", "co2"),
    ("pump-03", "Feed pump 3", "CP-80", "Hall 7"),
)

TRUE = [
    ("Vibration rose to 9.49 mm/s.", "e1"),
    ("Vibration is at 9.5 mm/s, well above its limit of 7.1 mm/s.", "e1"),
    ("It has been over the limit for 30 seconds.", "e1"),
    ("It has been over the limit for half a minute, since 22:00.", "e1"),
    ("Vibration began to rise at 22:00:05, 25 s before the limit was crossed (e2).", "e2"),
    ("Vibration rose by about 8 mm/s.", "e2"),
    ("The current rose by 2.18 A, from 20.6 A to 22.8 A.", "e3"),
    ("Pressure fell by 1.5 bar to 3.2 bar.", "e4"),
    ("Pressure did not rise.", "e4"),
    ("Vibration rose before the current did.", "e2 e3"),
    ("The current followed, after vibration.", "e2 e3"),
    ("Vibration moved first.", "e2"),
    ("Flow stayed as it was at 82.8 m³/h.", "e5"),
    ("Four peers read 1.21 to 2.12 mm/s.", "e6"),
    ("It stands 19.7 deviations above its 4 peers.", "e6"),
    ("Bearing temperature rises by 72.3 °C/min and reaches 85 °C in 16 s.", "e7"),
    ("Feed pump 3 (pump-03, a CP-80 in Hall 7) vibrates at 9.49 mm/s.", "e1"),
    ("The temperature is -5 °C.", "e8"),
    ("Two metrics rose: vibration and current.", "e2 e3"),
    ("Vibration is over six times its level before.", "e1 e2"),
    ("The bearing may be worn.", "e2"),
    ("The limit was crossed at 22:00:30.", "e1"),
    ("The vibration of 9.49 mm/s lasts for 0.5 min.", "e1"),
    ("Vibration climbed while flow was steady.", "e2 e5"),
    ("On 2026-11-22 vibration rose.", "e2"),
    ("Vibration and current rose while pressure fell.", "e2 e3 e4"),
    ("Bearing temperature rises by 4338 °C/h.", "e7"),
    ("It has been over the limit for half a minute.", "e1"),
    ("Vibration is more than six times its level before.", "e2"),
]
FALSE = [
    ("Vibration rose to 9.9 mm/s.", "e1"),
    ("Vibration rose to 9.49 bar.", "e1"),
    ("The limit is 7.2 mm/s.", "e1"),
    ("It has been over the limit for 30 minutes.", "e1"),
    ("It has been over the limit since 22:01:30.", "e1"),
    ("Vibration began to rise at 21:58.", "e2"),
    ("Vibration fell by 8.03 mm/s.", "e2"),
    ("The current dropped by 2.18 A.", "e3"),
    ("Pressure rose by 1.5 bar.", "e4"),
    ("Pressure did not fall.", "e4"),
    ("The current rose before vibration did.", "e2 e3"),
    ("Vibration followed, after the current.", "e2 e3"),
    ("The current moved first.", "e3"),
    ("Flow fell.", "e5"),
    ("Six peers read 1.21 to 2.12 mm/s.", "e6"),
    ("Bearing temperature is 16 °C.", "e7"),
    ("Motor temperature rose as well.", "e2"),
    ("Vibration rose to 9.49 mm/s.", "e3"),
    ("Vibration rose to 9.49 mm/s.", "e99"),
    ("Vibration rose to 9.49 mm/s.", ""),
    ("The temperature is 5 °C.", "e8"),
    ("Vibration doubled.", "e2"),
    ("There is a 95 % chance of bearing wear.", "e1"),
    ("CO₂ is at 9.49 mm/s.", "e1"),
    ("It failed on 2026-11-21.", "e2"),
    ("Pressure rose while the current fell.", "e3 e4"),
    ("Vibration and pressure rose.", "e2 e4"),
    ("Bearing temperature rises by 72.3 °C/h.", "e7"),
    ("It has been over the limit for half an hour.", "e1"),
    ("It stands twenty deviations above its nine peers.", "e6"),
    ("Vibration more than tripled to 9.49 mm/s.", "e3"),
]


@pytest.mark.parametrize(("text", "cited"), TRUE)
def test_true_claim_is_supported(text: str, cited: str) -> None:
    assert check(text, cited.split(), EVIDENCE, VOCABULARY)


@pytest.mark.parametrize(("text", "cited"), FALSE)
def test_false_claim_is_not_supported(text: str, cited: str) -> None:
    assert not check(text, cited.split(), EVIDENCE, VOCABULARY)


def test_numbers_are_parsed_with_units() -> None:
    assert read("3,400 rpm, −5 °C, 12.5 m³/h and 2.9 min") == [
        Quantity(3400, 0, "rpm"), Quantity(-5, 0, "°C"), Quantity(12.5, 1, "m³/h"), Quantity(2.9, 1, "min"),
    ]  # fmt: skip
    assert unit("degC") == "°C"
    assert unit("°C/min") == "°C/min"
    assert unit("bananas") is None
    assert supported(Quantity(2.9, 1, "min"), [Quantity(174, 0, "s")])
    assert not supported(Quantity(174, 0, "min"), [Quantity(174, 0, "s")])


def test_sentence_split_ignores_dots_in_numbers_and_times() -> None:
    text = "It reads 9.49 mm/s. At 22:00:05 it rose. Why?"
    assert sentences(text) == ["It reads 9.49 mm/s.", "At 22:00:05 it rose.", "Why?"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_claims_of_builtin_analyst_pass_claim_check(kind: str) -> None:
    for fault in (None, *KINDS[kind].faults):
        case, _ = observed(kind, fault, 5001)
        found = evidence(case)
        vocabulary = Vocabulary(tuple(case.tracks))
        claims = narrate(found, rank(found)).claims
        assert [s.text for s in claims if not check(s.text, s.evidence, found, vocabulary)] == []
