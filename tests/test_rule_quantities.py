"""Rules on every metric of a quantity, or of a pattern, in place of one metric's name."""

from __future__ import annotations

import pytest

from hub.dialects.native import NativeDialect
from hub.errors import ConfigError
from hub.events import AlertCleared, AlertRaised
from hub.ingest.batch import Batch
from hub.ingest.handler import IngestHandler
from hub.insight.device_semantics import measured_quantity
from hub.model import Area, DeleteDevice, EditDevice, Identity, Info, MetricOverride, Record, Rule
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, describe, parse
from rule_plant import T0, Plant, words

HOT = '[[rule]]\nid = "hot"\nquantity = "temperature"\nabove = 80\n'


class Site:
    """Devices with an engine that knows people's corrections, behind the handler of the pipeline."""

    def __init__(self, rules: str, *names: str, area: Area | None = None) -> None:
        self.registry = DeviceRegistry()
        self.engine = Engine(
            parse(rules),
            quantity=lambda device, metric: measured_quantity(device, metric, self.registry.corrected.of_model(device)),
        )
        self._handler = IngestHandler([NativeDialect()], self.registry, self.engine)
        for name in names:
            self.registry.identify(Identity(name, name, "native", Info(manufacturer="ACME", model="P-1")), T0)
            if area:
                self.submit(EditDevice(name, T0, area=area))

    def submit(self, item: EditDevice | DeleteDevice) -> list[str]:
        batch = Batch()
        self._handler.handle(batch, [(item, None)])
        return [
            f"{'raised' if isinstance(each, AlertRaised) else 'cleared'} {each.alert.device}"
            for each in batch.events
            if isinstance(each, AlertRaised | AlertCleared)
        ]

    def correct(self, name: str, at: int, quantity: str | None) -> list[str]:
        return self.submit(EditDevice(name, at, metrics={"x": MetricOverride(quantity=quantity) if quantity else None}))

    def reading(self, second: float, name: str, values: dict) -> list[str]:
        at = T0 + int(second * 1000)
        record = Record(name, at, at, values, "good")
        self.registry.observe(record)
        return words(self.engine.observe(self.registry.require(name), record))


def test_each_metric_of_the_quantity_has_its_own_alert():
    plant = Plant(HOT)
    cool = {"bearing_temperature": 60.0, "oil_temperature": 61.0, "flow": 99.0, "temperature_setpoint": 99.0}
    assert plant.readings(0, cool) == []
    assert plant.readings(1, cool | {"oil_temperature": 81.0}) == ["raised"]
    assert plant.alert().metric == "oil_temperature"
    assert plant.readings(2, cool | {"bearing_temperature": 81.0}) == ["raised", "cleared"]
    assert plant.readings(3, {"motor_temp": 85.0}) == ["raised"], "a metric that the device did not have before"
    assert {each.metric for each in plant.engine.open.values()} == {"bearing_temperature", "motor_temp"}


CONDITIONS = {
    "threshold": ("above = 80", 60.0, 81.0),
    "range": ("outside = [10, 80]", 60.0, 81.0),
    "equals": ("value = 81", 60.0, 81.0),
    "rate": ('by = 10\nwithin = "1m"', 60.0, 81.0),
    "count": ('above = 80\ntimes = 1\nwithin = "1m"', 60.0, 81.0),
    "compare": ('with = "flow"\nabove = 50', 60.0, 81.0),
}


@pytest.mark.parametrize("subject", ['quantity = "temperature"', 'metric = "*_temp*"'], ids=["quantity", "pattern"])
@pytest.mark.parametrize("kind", CONDITIONS)
def test_every_kind_may_name_a_quantity_or_a_pattern(kind: str, subject: str):
    keys, calm, breach = CONDITIONS[kind]
    plant = Plant(f'[[rule]]\nid = "r"\nkind = "{kind}"\n{subject}\n{keys}')
    values = {"oil_temperature": calm, "motor_temp": calm, "flow": 20.0}
    assert plant.readings(0, values) == []
    assert plant.readings(1, values | {"motor_temp": breach}) == ["raised"]
    assert plant.alert().metric == "motor_temp"


@pytest.mark.parametrize("keys", ['kind = "no_data"\nsilence = "30s"', 'kind = "stuck"\nfor = "30s"'])
def test_kinds_that_wait_may_name_a_quantity(keys: str):
    plant = Plant(f'[[rule]]\nid = "r"\nquantity = "temperature"\n{keys}')
    plant.readings(0, {"oil_temperature": 20.0, "flow": 1.0})
    for second in range(10, 61, 10):
        plant.readings(second, {"flow": 1.0} if "no_data" in keys else {"oil_temperature": 20.0, "flow": 1.0})
        plant.tick(second)
    assert plant.alert().metric == "oil_temperature"


def test_joined_condition_holds_if_it_does_for_one_metric_of_the_quantity():
    parts = '[[rule.conditions]]\nquantity = "temperature"\nabove = 80\n[[rule.conditions]]\nmetric = "on"\nabove = 0\n'
    plant = Plant(f'[[rule]]\nid = "r"\nkind = "all"\n{parts}')
    assert plant.readings(0, {"on": 1.0}) == [], "no temperature is known"
    assert plant.readings(1, {"oil_temperature": 20.0, "on": 1.0}) == []
    assert plant.readings(2, {"motor_temp": 81.0}) == ["raised"]
    assert plant.alert().message == "(oil temperature above 80 or motor_temp above 80) and on above 0"
    assert plant.readings(3, {"motor_temp": 20.0}) == ["cleared"]


def test_each_metric_is_compared_with_the_same_one_in_the_area():
    compare = '[[rule]]\nid = "r"\nkind = "compare"\nquantity = "temperature"\nwith_area = "median"\nabove = 5\n'
    site = Site(compare, *"abc", area=Area("hall", "hall"))
    for name in "abc":
        site.reading(0, name, {"oil_temperature": 60.0, "motor_temp": 30.0, "flow": 1.0})
    assert site.reading(2, "a", {"oil_temperature": 60.0, "motor_temp": 36.0, "flow": 99.0}) == ["raised"]
    (alert,) = site.engine.open.values()
    assert (alert.device, alert.metric) == ("a", "motor_temp")


def test_corrected_metric_is_watched_at_once_on_all_devices_of_the_model():
    site = Site(HOT, "a", "b")
    for name in "ab":
        assert site.reading(0, name, {"x": 90.0}) == []
    assert sorted(site.correct("a", T0 + 1_000, "temperature")) == ["raised a", "raised b"]
    assert site.correct("b", T0 + 2_000, "pressure") == ["cleared b"]
    assert site.correct("a", T0 + 3_000, None) == ["cleared a"]
    assert site.correct("b", T0 + 4_000, None) == []


def test_corrections_of_deleted_device_no_longer_apply_to_others():
    site = Site(HOT, "a", "b")
    site.correct("a", T0, "temperature")
    assert site.reading(1, "b", {"x": 90.0}) == ["raised"]
    assert site.submit(DeleteDevice("a", T0 + 2_000)) == ["cleared b"]


@pytest.mark.parametrize(
    ("keys", "key", "hint"),
    [
        ('quantity = "warmth"\nabove = 1', "quantity = 'warmth'", "temperature"),
        ('quantity = "temperature"\nmetric = "t"\nabove = 1', "quantity = 'temperature'", "just one of"),
        ('kind = "no_data"\nquantity = "flow"\nmissed = 3', "missed = 3", "only devices have"),
        ('kind = "compare"\nquantity = "flow"\nabove = 1', "with is missing", "another metric"),
    ],
)
def test_wrong_quantity_is_refused(keys: str, key: str, hint: str):
    with pytest.raises(ConfigError) as caught:
        parse(f'[[rule]]\nid = "r"\n{keys}')
    assert key in caught.value.message
    assert hint in (caught.value.hint or "")


def test_rule_is_described_with_its_quantity():
    rule: Rule = parse(HOT.replace("temperature", "state_of_charge"))[0]
    assert describe(rule) == "state of charge above 80"
