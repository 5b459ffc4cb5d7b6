"""Rule kinds: the parser, the engine, the texts and the API take everything from the kind's class."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest

from hub.api.schemas import serializers
from hub.errors import ConfigError
from hub.model import Identity, Info, Limit, Record, Value
from hub.registry.registry import DeviceRegistry
from hub.rules import KINDS, Engine, describe, parse
from hub.rules.fields import InvalidField, read_number
from hub.rules.kinds import Equals, MetricCondition, NoData, Points, RateOfChange, Threshold
from hub.text_format import quantity

T0 = 1_795_386_000_000
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
    assert engine.calm(registry.require("d"), ["flow"]) == ([10.0], [20.0])
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
        (Equals(True), None, None),
        (RateOfChange(5.0, 60_000), None, None),
        (NoData(60_000), None, None),
    ],
)
def test_bounds_exist_only_for_threshold_rules(condition, bounds, threshold):
    assert (condition.bounds(), condition.threshold) == (bounds, threshold)


def test_api_condition_has_the_fields_of_the_kind():
    fields = {name: msgspec.structs.fields(kind) for name, kind in KINDS.items()}
    assert {name: [field.name for field in of] for name, of in fields.items()} == {
        "threshold": ["above", "below", "clear"],
        "equals": ["value"],
        "rate": ["by", "window_ms", "falling"],
        "no_data": ["silence_ms"],
    }


def test_signatures_are_stable():
    """Stored watches refer to them by checksum."""
    conditions = (Threshold(above=1.0), Threshold(below=1.0), Equals("on"), RateOfChange(5.0, 60_000, falling=True))
    assert [each.signature() for each in conditions] == ["above", "below", "equals 'on'", "rate 60000 True"]
