"""Expressions of calculated metrics: what they compute, which units they get, and what is refused."""

from __future__ import annotations

import pytest

from hub.calculated import Calculation, InvalidExpression, parse, parse_expression
from hub.errors import ConfigError
from hub.model import CalculatedMetric, Device, Info, Latest, Presence, Scope, Value
from hub.rules.scopes import ScopeMatcher

T0 = 1_700_000_000_000


class Site:
    """Devices and one definition. Times are in seconds."""

    def __init__(self, expression: str, device: str | None = None, **options: object) -> None:
        definition = CalculatedMetric("x", "X", "x", expression, device=device, every_ms=1_000)
        for name, value in options.items():
            definition = CalculatedMetric(**{**_fields(definition), name: value})
        self.definition = definition
        self.calculation = Calculation([definition], ScopeMatcher({"h": ("Hall",)}, lambda gateway: (gateway,)))
        self.devices: dict[str, Device] = {}

    def put(self, name: str, second: float = 0, presence: Presence = "online", **values: Value) -> Device:
        device = self.devices.setdefault(name, Device(name, name, "native", first_seen=0))
        device.presence = presence
        for metric, value in values.items():
            device.metrics[metric] = Latest(value, T0 + int(second * 1000), "good")
        return device

    def at(self, second: float) -> dict[str, float]:
        """Calculate, and return the new values by device. They are set as latest values."""
        now, found = T0 + int(second * 1000), {}
        self.calculation.begin(now, lambda: list(self.devices), self.devices.get)
        while self.calculation.pending:
            for result in self.calculation.step():
                for row, value in zip(result.rows.tolist(), result.values.tolist(), strict=True):
                    name = result.state.owners[row]
                    found[name] = round(value, 6)
                    device = self.put(name, second, x=value)
                    mark = self.calculation.mark(self.definition, device, self.devices.get, lambda: list(self.devices))
                    device.calculated["x"] = mark
        return found


def _fields(definition: CalculatedMetric) -> dict[str, object]:
    return {name: getattr(definition, name) for name in definition.__struct_fields__}


def value_of(expression: str, **values: object) -> float | None:
    site = Site(expression)
    site.put("d", **values)
    return site.at(1).get("d")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b * 2", 14.0),
        ("(a - b) / b", -0.2),
        ("-a ** 2", -16.0),
        ("b // 2 + b % 2", 3.0),
        ("a if a > b else b", 5.0),
        ("1 < a <= 4 and not b == 4", 1.0),
        ("a > 4 or b > 4", 1.0),
        ("min(a, b, 3) + max(a, b)", 8.0),
        ("clamp(a, 0, 2.5)", 2.5),
        ("round(a / 3, 2)", 1.33),
        ("sqrt(a) + abs(0 - b)", 7.0),
        ("on * 10", 10.0),
        ("default(missing, 7) + a", 11.0),
        ('metric("odd:name") + part.of', 9.0),
        ("a / (b - 5)", None),
        ("sqrt(0 - a)", None),
        ("a ** 999 ** 999", None),
        ("state + 1", None),
        ("missing + a", None),
    ],
)
def test_expression_computes_value(expression: str, expected: float | None):
    values = {"a": 4.0, "b": 5.0, "on": True, "state": "auto", "odd:name": 8.0, "part.of": 1.0}
    assert value_of(expression, **values) == expected


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("__import__('os').system('id')", "not allowed"),
        ("a.__class__.__bases__[0]", "not allowed"),
        ("[x for x in (1, 2)]", "not allowed"),
        ("lambda: a", "not allowed"),
        ("(a := 2)", "not allowed"),
        ("f'{a}'", "not allowed"),
        ("'text' + a", "not allowed"),
        ("a is b", "not allowed"),
        ("eval(a)", "no function eval"),
        ("1 + 2", "reads no metric"),
        ("a if", "cannot be read"),
        ("", "empty or too long"),
        ("(" * 400 + "a" + ")" * 400, "cannot be read"),
        ("+".join(["a"] * 200), "too many parts"),
        ("1e999 * a", "too large"),
        ("abs(a, b)", "2 values"),
        ("sum(power)", "does not say of which devices"),
        ('sum(metric("p"))', "selects no group"),
        ('metric("p", area="Hall")', "several devices"),
        ('sum(metric("p", place="Hall"))', "selects no group"),
        ("total(a) / 1000", "outermost"),
        ("rate(a)", "not valid"),
        ("rate(a, 1e9)", "not valid"),
    ],
)
def test_invalid_expression_is_refused(expression: str, hint: str):
    with pytest.raises(InvalidExpression) as error:
        parse_expression(expression)
    assert hint in error.value.problem
    assert error.value.hint


@pytest.mark.parametrize(
    ("expression", "unit"),
    [
        ("power", "W"),
        ("power - base", "W"),
        ("max(power, 10)", "W"),
        ("power if on else 0", "W"),
        ("total(power)", "Wh"),
        ("rate(power, 60)", "W/s"),
        ("average(power, 60)", "W"),
        ("power / 1000", None),
        ("power - temperature", None),
        ("power > 3", None),
        ("total(flow)", None),
        ('sum(metric("power", model="M"))', "W"),
        ('count(metric("power", model="M"))', None),
        ('metric("temperature", device="d")', "°C"),
    ],
)
def test_unit_is_derived_from_inputs(expression: str, unit: str | None):
    site = Site(expression, device="d")
    device = site.put("d", power=1.0, base=1.0, temperature=20.0, flow=1.0, on=True)
    device.info = Info(model="M", units={"power": "W", "base": "W", "temperature": "°C", "flow": "m³/h"})
    assert site.calculation.mark(site.definition, device, site.devices.get, lambda: ["d"]).unit == unit


def test_expression_aggregates_groups_of_devices():
    site = Site('sum(metric("power", area="Hall"))', device="site")
    for number in range(3):
        site.put(f"m{number}", power=10.0 * (number + 1)).area_id = "h"
    site.put("elsewhere", power=1_000.0)
    assert site.at(1) == {"site": 60.0}
    site.put("m0", second=1, power=11.0)
    assert site.at(2) == {"site": 61.0}
    assert site.at(3) == {}, "no input is newer"
    site.put("m1", second=3, presence="offline", power=20.0)
    site.put("m0", second=3, power=11.0)
    assert site.at(4) == {"site": 41.0}, "devices that are not online are left out"


def test_groups_can_be_relative_to_the_device():
    site = Site('power - mean(metric("power", area=this))')
    for name, area, power in (("a", "h", 10.0), ("b", "h", 30.0), ("c", "k", 5.0), ("d", None, 1.0)):
        site.put(name, power=power).area_id = area
    assert site.at(1) == {"a": -10.0, "b": 10.0, "c": 0.0}
    site = Site('count(metric("power", via=this)) + own')
    site.put("gateway", own=0.0)
    for name in ("x", "y"):
        site.put(name, power=1.0).info = Info(via="gateway")
    assert site.at(1) == {"gateway": 2.0}


def test_missing_input_makes_the_value_unknown():
    site = Site("a + b", max_age_ms=5_000)
    site.put("d", a=1.0, b=2.0)
    assert site.at(1) == {"d": 3.0}
    site.put("d", second=8, a=2.0)
    assert site.at(9) == {}, "b is too old"
    site.put("d", second=9, b=2.0, presence="stale")
    assert site.at(10) == {}, "the device is silent"
    site.put("d")
    assert site.at(11) == {"d": 4.0}, "known again, with the same inputs as before"


def test_functions_use_earlier_values():
    values = [10.0, 20.0, 30.0, 40.0, 50.0]
    for expression, expected in (("rate(a, 4)", 10.0), ("change(a, 4)", 40.0), ("average(a, 4)", 30.0)):
        site, found = Site(expression), None
        for second, value in enumerate(values, 1):
            site.put("d", second=second, a=value)
            found = site.at(second).get("d")
        assert found == expected, expression
    site = Site("rate(a, 4)")
    site.put("d", second=1, a=10.0)
    assert site.at(1) == {}, "one value has no rate"


def test_running_total_is_integrated():
    site = Site("total(power)")
    site.put("d", power=3_600.0)
    assert site.at(0) == {"d": 0.0}
    assert site.at(1) == {"d": 1.0}, "3,600 W for a second are 1 Wh"
    site.put("d", second=1, power=7_200.0)
    assert site.at(2) == {"d": 2.5}, "trapezoid"
    site.calculation.clear()
    assert site.at(3) == {"d": 4.5}, "it continues after a restart"
    site.put("d", presence="offline")
    assert site.at(4) == {}
    site.put("d")
    assert site.at(600) == {"d": 4.5}, "a long pause adds nothing: nobody knows what was used"
    assert site.at(601) == {"d": 6.5}


def test_reported_metric_is_not_replaced():
    site = Site("a * 2")
    site.put("d", a=1.0, x=99.0)
    assert site.at(1) == {}


def test_draft_covers_the_devices_of_its_scope():
    site = Site("a * 2", scope=Scope(models=("M*",)))
    site.put("d", a=1.0).info = Info(model="M1")
    site.put("e", a=1.0).info = Info(model="N1")
    assert site.at(1) == {"d": 2.0}


TABLE = '[[calculated]]\nid = "a"\nmetric = "a"\nexpression = "b"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TABLE + "nope = 1\n", "nope = 1 is not valid"),
        (TABLE.replace('"b"', '"b +"'), "metric 'a': expression"),
        (TABLE.replace('"b"', '"a + 1"'), "calculated from itself (a from a)"),
        (
            TABLE + TABLE.replace('"a"', '"b"').replace('= "b"\nexpression = "b"', '= "b"\nexpression = "a"'),
            "from itself",
        ),
        (TABLE + TABLE, "used twice"),
        (TABLE + 'every = "10ms"\n', "every = '10ms' is not valid"),
        (TABLE + 'device = "d"\nmodels = ["m"]\n', "device = 'd' is not valid"),
        (TABLE.replace('"b"', '\'sum(metric("p", area="h"))\''), "device is missing"),
        (TABLE.replace('metric = "a"', 'metric = "a/b"'), "metric = 'a/b' is not valid"),
        ("[x]\n", "'x' is not known"),
    ],
)
def test_invalid_file_is_refused(text: str, problem: str):
    with pytest.raises(ConfigError) as error:
        parse(text)
    assert problem in str(error.value)
