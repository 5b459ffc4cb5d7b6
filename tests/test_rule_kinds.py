"""Rule kinds: the parser, the engine, the texts and the API take everything from the kind's class."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest

from hub.api.schemas import serializers
from hub.errors import ConfigError
from hub.model import Acknowledge, Identity, Info, Limit, Record, Value
from hub.registry.registry import DeviceRegistry
from hub.rules import KINDS, Engine, describe, parse
from hub.rules.fields import InvalidField, read_number
from hub.rules.kinds import (
    Compare,
    Count,
    Equals,
    MetricCondition,
    NoData,
    Points,
    Range,
    RateOfChange,
    Stuck,
    Threshold,
)
from hub.text_format import quantity
from rule_plant import T0, Plant

RULE = '[[rule]]\nid="r"\nname="R"\nkind="outside"\nmetric="flow"\nlow=10\nhigh=20'


class Outside(MetricCondition, frozen=True):
    """Holds while the value is outside a range."""

    kind: ClassVar[str] = "outside"
    keys: ClassVar[frozenset[str]] = frozenset({"metric", "low", "high"})
    hints: ClassVar[dict[str, str]] = {"for": "nothing: it fires at once"}

    low: float
    high: float

    @classmethod
    def parse(cls, table: dict[str, Any]) -> Outside:
        low, high = read_number(table.get("low"), "low"), read_number(table.get("high"), "high")
        if high < low:
            raise InvalidField("high", high, f"at least low ({low:g})")
        return cls(low, high)

    @property
    def limit(self) -> float:
        return (self.high - self.low) / 2

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        return None if isinstance(value, str) else abs(value - (self.low + self.high) / 2)

    def signature(self) -> str:
        return f"outside {self.low} {self.high}"

    def describe(self, metric: str, unit: str | None) -> str:
        return f"{metric} outside {quantity(self.low, unit)} to {quantity(self.high, unit)}"

    def bounds(self) -> Limit:
        return Limit(self.low, self.high)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, Outside.kind, Outside)


@pytest.mark.usefixtures("outside")
def test_new_kind_needs_only_a_class_and_a_table_entry():
    (rule,) = parse(RULE)
    assert describe(rule) == "flow outside 10 to 20"
    shape = serializers.rule(rule, None)
    assert (shape.kind, shape.condition) == ("outside", {"low": 10.0, "high": 20.0})

    registry, engine = DeviceRegistry(), Engine([rule])
    registry.identify(Identity("d", "d", "native", Info(units={"flow": "l"})), T0)
    for second, value, alerts in ((0, 15.0, 0), (1, 9.0, 1), (2, 21.0, 1), (3, 20.0, 0)):
        record = Record("d", T0 + second * 1000, T0 + second * 1000, {"flow": value}, "good")
        registry.observe(record)
        engine.observe(registry.require("d"), record)
        assert len(engine.open) == alerts
        if value == 9.0:
            (alert,) = engine.open.values()
            assert alert.message == "flow 9 l, outside 10 l to 20 l"
    assert engine.calm(registry.require("d"), ["flow"])[:2] == ([10.0], [20.0])
    assert engine.limits(registry.require("d")) == {"flow": Limit(10.0, 20.0)}


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize(
    ("more", "problem", "hint"),
    [
        (
            "above=1",
            "above = 1 is not valid.",
            "Allowed: for an outside rule: areas, devices, high, id, kind, labels, low,",
        ),
        ('for="5s"', "for = '5s' is not valid.", "Allowed: nothing: it fires at once."),
        ('high="a"', "high = 'a' is not valid.", "Allowed: a number."),
        ("high=5", "high = 5.0 is not valid.", "Allowed: at least low (10)."),
    ],
)
def test_errors_name_key_value_and_what_is_allowed(more: str, problem: str, hint: str):
    text = (RULE.replace("\nhigh=20", "") if more.startswith("high") else RULE) + f"\n{more}"
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert caught.value.message.endswith(f"rule 'r': {problem}")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("condition", "bounds", "threshold"),
    [
        (Threshold(above=80.0, clear=78.0), Limit(max=80.0), 80.0),
        (Threshold(below=0.0), Limit(min=0.0), 0.0),
        (Range(10.0, 20.0), Limit(10.0, 20.0), None),
        (Range(10.0, 20.0, inside=True), None, None),
        (Compare("u", above=5.0), None, None),
        (Equals(True), None, None),
        (RateOfChange(5.0, 60_000), None, None),
        (Count(3, 60_000, True), None, None),
        (Count(3, 60_000, above=80.0), None, None),
        (Stuck(), None, None),
        (NoData(60_000), None, None),
    ],
)
def test_bounds_exist_only_where_values_between_them_are_calm(condition, bounds, threshold):
    assert (condition.bounds(), condition.threshold) == (bounds, threshold)


def test_api_condition_has_the_fields_of_the_kind():
    fields = {name: msgspec.structs.fields(kind) for name, kind in KINDS.items()}
    assert {name: [field.name for field in of] for name, of in fields.items()} == {
        "threshold": ["above", "below", "clear", "steps", "device_limits"],
        "range": ["low", "high", "inside", "hysteresis", "device_limits"],
        "compare": ["other", "above", "below", "clear", "device", "area", "max_age_ms"],
        "equals": ["value"],
        "rate": ["by", "window_ms", "falling", "counter"],
        "count": ["times", "window_ms", "value", "above", "below", "clear", "each_value"],
        "anomaly": ["sensitivity", "beyond"],
        "stuck": ["tolerance"],
        "no_data": ["silence_ms", "missed"],
        "all": ["conditions"],
        "any": ["conditions"],
        "not": ["conditions"],
    }


def test_signatures_are_stable():
    """Stored watches refer to them by checksum."""
    assert {each.signature(): each for each in (
        Threshold(above=1.0), Threshold(below=1.0), Equals("on"), RateOfChange(5.0, 60_000, falling=True),
        RateOfChange(5.0, 60_000, counter=True), Range(1.0, 2.0), Range(1.0, 2.0, inside=True), Compare("u", above=1.0),
        Stuck(0.5), Count(3, 60_000, True), Count(3, 60_000, above=80.0, each_value=True),
    )}.keys() == {
        "above", "below", "equals 'on'", "rate 60000 True", "rate 60000 False counter", "outside 1.0 2.0",
        "inside 1.0 2.0", "above minus u", "stuck 0.5",
        "count True 60000 False", "count 80.0 None None 60000 True",
    }  # fmt: skip


def rule(kind: str, more: str) -> str:
    return f'[[rule]]\nid="r"\nkind="{kind}"\nmetric="t"\n{more}'


def test_range_has_hysteresis_on_both_sides():
    plant = Plant(rule("range", "outside=[10, 20]\nhysteresis=1"), info=Info(units={"t": "°C"}))
    assert [plant.reading(k, v) for k, v in enumerate((20.0, 20.5, 19.5, 18.9))] == [[], ["raised"], [], ["cleared"]]
    assert [plant.reading(9 + k, v) for k, v in enumerate((9.9, 10.9))] == [["raised"], []]
    assert plant.alert().message == "T 9.9 °C, outside 10 to 20 °C"
    assert plant.reading(12, 11.1) == ["cleared"]
    assert describe(plant.engine.rules[0]) == "t outside 10 to 20, clears inside 11 to 19"


def test_value_inside_a_range_raises():
    plant = Plant(rule("range", "inside=[10, 20]"))
    assert [plant.reading(k, v) for k, v in enumerate((9.0, 10.0, 11.0, 20.0))] == [[], [], ["raised"], ["cleared"]]


def test_stuck_value_raises_with_and_without_further_readings():
    plant = Plant(rule("stuck", 'for="10s"\ntolerance=0.5'))
    assert plant.reading(0, 5.0) == []
    assert plant.reading(4, 5.6) == [], "a value that differs begins again"
    assert plant.reading(9, 5.2) == []
    assert plant.reading(14, 6.0) == ["raised"]
    assert (plant.alert().since, plant.alert().message) == (T0 + 4_000, "T 6, unchanged for 10 s")
    assert plant.reading(15, 7.0) == ["cleared"]
    assert plant.tick(24.9) == []
    assert plant.tick(25) == ["raised"], "no reading came: the value has stayed what it was"
    assert plant.reading(26, "off") == ["cleared"]
    assert plant.reading(36, "off") == ["raised"]


def test_stuck_value_counts_from_its_first_reading_when_the_timer_raises():
    plant = Plant(rule("stuck", 'for="5s"'))
    for second, value in enumerate((1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0)):
        assert plant.reading(second, value) == []
    assert plant.tick(7.1) == ["raised"]
    assert plant.alert().since == T0 + 2_000


def test_silent_device_is_not_stuck():
    plant = Plant(rule("stuck", 'for="60s"'))
    for k in range(20):
        plant.reading(k * 2, 5.0 + k // 2)
    assert plant.tick(98) == [], "stale: nothing is known of its value"
    assert plant.reading(200, 14.0) == [], "the value counts anew"
    seen = [plant.reading(k, 14.0) for k in range(202, 262, 2)]
    assert (seen[:-1], seen[-1]) == ([[]] * 29, ["raised"])


def test_device_that_a_silence_rule_misses_is_not_stuck():
    silent = '\n[[rule]]\nid="s"\nkind="no_data"\nsilence="30s"\n'
    plant = Plant(rule("stuck", 'for="60s"') + silent)
    for k in range(20):
        plant.reading(k * 2, 5.0 + k // 2)
    assert plant.tick(70) == ["raised"]
    assert plant.tick(98) == []
    assert [each.rule for each in plant.engine.open.values()] == ["s"]


def test_value_that_stands_when_a_rule_is_added_counts_from_its_own_time():
    plant = Plant("")
    plant.reading(0, 5.0)
    assert plant.reload(4, rule("stuck", 'for="10s"')) == []
    assert plant.reading(8, 6.0) == [], "it changed after the rule came"
    assert plant.tick(17.9) == []
    assert plant.tick(18) == ["raised"]


def test_two_metrics_are_compared_whichever_arrives():
    plant = Plant(rule("compare", 'with="u"\nabove=10\nclear=8'), info=Info(units={"t": "°C"}))
    assert plant.reading(0, 50.0) == [], "nothing to compare with yet"
    assert plant.reading(1, 39.0, metric="u") == ["raised"]
    assert plant.alert().message == "T 50 °C, minus u above 10 °C"
    assert (plant.alert().metric, plant.alert().value, plant.alert().threshold) == ("t", 50.0, None)
    assert plant.readings(2, {"t": 49.0, "u": 40.0}) == []
    assert plant.reading(3, "broken", metric="u") == []
    assert plant.reading(4, 42.0, metric="u") == ["cleared"]
    plant.reading(5, 30.0, metric="u")
    assert plant.reload(6, rule("compare", 'with="u"\nabove=12\nclear=8')) == ["changed"]
    assert plant.alert().message == "T 49 °C, minus u above 12 °C"
    assert plant.reload(7, rule("compare", 'with="u"\nabove=30')) == ["cleared"]


def test_counter_is_counted_on_after_its_reset():
    plant = Plant(rule("rate", 'by=10\nwithin="1m"\ncounter=true'))
    steps = ((0, 1000.0), (10, 1004.0), (20, 3.0), (30, 5.0), (40, 7.5))
    assert [plant.reading(second, value) for second, value in steps] == [[], [], [], [], ["raised"]]
    assert plant.reading(95, 8.0) == ["cleared"]
    falling = Plant(rule("rate", 'by=10\nwithin="1m"\nfalling=true'))
    assert [falling.reading(second, value) for second, value in steps][2] == ["raised"]


GRADED = rule("threshold", 'above=80\nclear=78\nseverity="info"\nwarning={above=85}\ncritical={above=90, clear=87}')


def test_one_alert_gets_more_and_less_severe():
    plant = Plant(GRADED, info=Info(units={"t": "°C"}))
    assert plant.reading(0, 82.0) == ["raised"]
    raised = plant.alert()
    seen = []
    for second, value in enumerate((91.0, 88.0, 86.9, 84.0, 95.0, 79.0, 77.0), 1):
        events = plant.reading(second, value)
        alert = next(iter(plant.engine.open.values()), None)
        seen.append((events, alert and (alert.severity, alert.threshold, alert.value)))
    assert seen == [
        (["changed"], ("critical", 90.0, 91.0)),
        ([], ("critical", 90.0, 91.0)),
        (["changed"], ("warning", 85.0, 86.9)),
        (["changed"], ("info", 80.0, 84.0)),
        (["changed"], ("critical", 90.0, 95.0)),
        (["changed"], ("info", 80.0, 79.0)),
        (["cleared"], None),
    ]
    assert plant.reading(9, 86.0) == ["raised"]
    assert (plant.alert().severity, plant.alert().message) == ("warning", "T 86 °C, above 85 °C")
    assert plant.alert().id != raised.id
    assert describe(plant.engine.rules[0]) == (
        "t above 80, clears below 78; warning above 85; critical above 90, clears below 87"
    )


def test_severity_survives_restart_and_follows_an_edit_of_its_limit():
    plant = Plant(GRADED)
    plant.reading(0, 91.0)
    plant.reading(1, 88.0)
    assert plant.restart(2, GRADED) == []
    assert plant.alert().severity == "critical"
    acknowledged, _ = plant.handle(Acknowledge(plant.alert().id, "anna", T0))
    assert plant.reload(3, GRADED.replace("above=90", "above=95")) == ["changed"]
    alert = plant.alert()
    assert (alert.severity, alert.threshold, alert.value) == ("warning", 85.0, 88.0)
    assert (alert.id, alert.state) == (acknowledged.id, "acknowledged")
    assert plant.reload(4, rule("threshold", 'above=80\nseverity="critical"')) == ["changed"]
    assert (plant.alert().severity, plant.alert().threshold) == ("critical", 80.0)


def test_pending_condition_raises_with_the_severity_of_its_value():
    plant = Plant(rule("threshold", 'below=5\nfor="10s"\ncritical={below=2, clear=3}'))
    plant.reading(0, 4.0)
    plant.reading(1, 1.0)
    assert plant.tick(10) == ["raised"]
    assert (plant.alert().severity, plant.alert().threshold) == ("critical", 2.0)
    assert plant.reading(11, 2.9) == []
    assert plant.reading(12, 3.1) == ["changed"]
    assert plant.alert().severity == "warning"


def quiet(more: str) -> str:
    return f'[[rule]]\nid="r"\nkind="no_data"\n{more}'


def test_unreported_metric_raises_while_its_device_reports_others():
    plant = Plant(quiet('metric="t*"\nsilence="1m"'), info=Info(titles={"t": "Temperature"}))
    plant.readings(0, {"t": 20.0, "u": 1.0})
    for second in range(10, 60, 10):
        assert plant.tick(second) + plant.readings(second, {"u": 1.0}) == []
    assert plant.restart(59, quiet('metric="t*"\nsilence="1m"')) == []
    assert plant.tick(60) == ["raised"]
    assert (plant.alert().metric, plant.alert().message) == ("t", "temperature not reported for 1 min")
    assert plant.readings(61, {"u": 1.0}) == []
    assert plant.readings(62, {"t": 20.0}) == ["cleared"]
    assert plant.tick(121.9) == []
    assert plant.tick(122) == ["raised"]
    assert plant.reload(123, quiet('metric="u"\nsilence="1h"')) == ["cleared"]


def test_silence_is_a_multiple_of_the_expected_interval():
    plant = Plant(quiet("missed=4"))
    assert describe(plant.engine.rules[0]) == "no data for 4 expected intervals"
    plant.reading(0, 1.0)
    assert plant.tick(500) == [], "its interval is not known yet"
    for second in range(510, 710, 10):
        assert plant.reading(second, 1.0) == []
    assert plant.registry.require(plant.device).expected_interval == pytest.approx(10_000, rel=0.2)
    assert plant.tick(700 + 38) == []
    assert plant.tick(700 + 61) == ["raised"]
    assert plant.reading(765, 1.0) == ["cleared"]


def test_rule_that_becomes_a_silence_rule_starts_again():
    plant = Plant(rule("threshold", "above=1"))
    assert plant.reading(0, 5.0) == ["raised"]
    assert plant.reload(10, quiet('metric="t"\nsilence="1m"')) == ["cleared"]
    assert plant.tick(59) == []
    assert plant.tick(60) == ["raised"]
    assert plant.reload(61, rule("threshold", "above=1")) == ["changed"]
    assert plant.alert().message == "T 5, above 1"
    assert plant.reading(62, 0.0) == ["cleared"]
