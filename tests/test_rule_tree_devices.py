"""Conditions of a tree that read another device, or compare with one."""

from __future__ import annotations

from hub.model import Area, Availability, EditDevice, Identity, Record
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, describe, parse
from hub.rules.source_readers import MAX_EVALUATED
from rule_plant import T0, words
from test_rule_trees import tree

LOW = 'metric = "level"\nbelow = 10'
PUMP = 'kind = "equals"\nmetric = "on"\nvalue = true\ndevice = "pump"\nmax_age = "10m"'
RULES = tree("all", LOW, PUMP, more='devices = ["tank*"]')


class Site:
    """Tanks and a pump with one engine. Times are in seconds after T0; a tick follows each reading."""

    def __init__(self, rules: str, *names: str) -> None:
        self.registry, self.engine = DeviceRegistry(), Engine(parse(rules))
        for name in names or ("tank_1", "pump"):
            self.registry.identify(Identity(name, name, "native"), T0)
            self.engine.judge(self.registry.require(name), T0)

    def reading(self, second: float, name: str, **values: float | bool) -> list[str]:
        at = T0 + int(second * 1000)
        record = Record(name, at, at, dict(values), "good")
        self.registry.observe(record)
        return words(self.engine.observe(self.registry.require(name), record)) + self.tick(second)

    def tick(self, second: float) -> list[str]:
        now = T0 + int(second * 1000)
        events = []
        for lost in self.registry.tick(now, 0):
            events += self.engine.lose(self.registry.require(lost.device), now)
        return words(events + self.engine.tick(now, 0, self.registry.get))

    def restart(self, second: float) -> list[str]:
        """Start the hub again from what it knows."""
        alerts = list(self.engine.open.values())
        self.engine.clear()
        self.engine.load(alerts)
        for device in self.registry.devices():
            self.engine.published.publish_latest(device)
        return words(self.engine.restore(self.registry.with_latest_values(), T0 + int(second * 1000)))


def test_tank_runs_dry_while_a_pump_runs():
    site = Site(RULES)
    assert describe(site.engine.rules[0]) == "level below 10 and on (device pump) is true"
    assert site.reading(0, "tank_1", level=5.0) == [], "the pump is not known"
    assert site.reading(1, "pump", on=False) == []
    assert site.reading(2, "pump", on=True) == ["raised"], "without a reading of the tank"
    (alert,) = site.engine.open.values()
    assert (alert.device, alert.metric, alert.value) == ("tank_1", "level", 5.0)
    assert alert.message == "level below 10 and on (device pump) is true"
    assert site.reading(3, "pump", on=True, rpm=5.0) == []
    assert site.reading(4, "pump", on=False) == ["cleared"]
    assert site.reading(5, "pump", on=True) == ["raised"]
    assert site.reading(6, "tank_1", level=50.0) == ["cleared"]


def test_value_of_the_other_device_that_is_too_old_is_unknown():
    site = Site(RULES)
    site.reading(0, "pump", on=True)
    assert site.reading(300, "tank_1", level=5.0) == ["raised"]
    assert site.reading(601, "tank_1", level=50.0) == ["cleared"], "all does not hold if one does not"
    assert site.reading(602, "tank_1", level=5.0) == [], "older than max_age"
    assert site.reading(603, "pump", on=True) == ["raised"], "the same value is known again"


def test_other_device_that_is_offline_is_unknown():
    site = Site(tree("all", LOW, PUMP, more='for = "60s"'))
    site.reading(0, "pump", on=True)
    site.reading(1, "tank_1", level=5.0)
    pump = site.registry.require("pump")
    site.registry.available(Availability("pump", online=False, retained=False, received=T0 + 30_000))
    site.engine.judge(pump, T0 + 30_000)
    assert site.tick(61) == []
    assert site.reading(70, "pump", on=True) == []
    assert site.tick(129) == []
    assert site.tick(130) == ["raised"], "its time began again"
    site.registry.available(Availability("pump", online=False, retained=False, received=T0 + 140_000))
    site.engine.judge(pump, T0 + 140_000)
    assert site.tick(141) == [], "an open alert stays"
    assert site.reading(142, "pump", on=False) == ["cleared"]


def test_condition_on_another_device_holds_for_its_own_time():
    site = Site(tree("all", LOW, PUMP + '\nfor = "30s"', more='devices = ["tank*"]'))
    site.reading(0, "tank_1", level=5.0)
    site.reading(10, "pump", on=True)
    assert site.tick(39) == []
    assert site.restart(39.5) == []
    assert site.tick(40) == ["raised"]
    (alert,) = site.engine.open.values()
    assert site.restart(41) == []
    assert list(site.engine.open.values()) == [alert]
    assert site.reading(42, "pump", on=False) == ["cleared"]


def test_hysteresis_applies_to_the_value_of_another_device():
    site = Site(tree("any", 'metric = "t"\nabove = 80\nclear = 70\ndevice = "pump"', more='devices = ["tank*"]'))
    assert site.reading(0, "tank_1", level=1.0) == []
    assert site.reading(1, "pump", t=85.0) == ["raised"]
    (alert,) = site.engine.open.values()
    assert (alert.device, alert.metric, alert.value) == ("tank_1", None, None)
    assert site.reading(2, "pump", t=75.0) == []
    assert site.reading(3, "pump", t=69.0) == ["cleared"]
    assert site.reading(4, "pump", t=75.0) == []


def test_difference_to_another_device_and_to_the_area_is_joined():
    rules = tree(
        "all", 'kind = "compare"\nmetric = "t"\nwith_device = "pump"\nabove = 5', LOW, more='devices = ["tank*"]'
    )
    site = Site(rules)
    site.reading(0, "pump", t=20.0)
    assert site.reading(1, "tank_1", t=30.0) == []
    assert site.reading(2, "tank_1", level=5.0) == ["raised"]
    assert site.reading(3, "tank_1", t=24.0) == ["cleared"]
    area = tree("all", 'kind = "compare"\nmetric = "t"\nwith_area = "median"\nabove = 5', LOW)
    hall = Site(area, "a", "b", "c")
    for name in "abc":
        hall.registry.edit(EditDevice(name, T0, area=Area("hall", "Hall")))
        hall.engine.judge(hall.registry.require(name), T0)
        assert hall.reading(1, name, t=20.0, level=5.0) == []
    assert hall.reading(3, "a", t=30.0) == ["raised"]


def test_fast_path_goes_on_while_only_the_other_device_changes():
    site = Site(RULES)
    site.reading(0, "pump", on=False)
    site.reading(1, "tank_1", level=50.0)
    calm = site.engine.calm(site.registry.require("tank_1"), ["level"])
    assert calm is not None
    assert (calm.least, calm.most) == ([10.0], [float("inf")])
    assert site.engine.calm(site.registry.require("pump"), ["on"]) is None, "its values are read"


def test_many_devices_that_read_one_follow_in_several_ticks():
    tanks = [f"tank_{k}" for k in range(MAX_EVALUATED + 10)]
    site = Site(RULES, "pump", *tanks)
    for name in tanks:
        site.reading(0, name, level=5.0)
    assert site.reading(1, "pump", on=True) == ["raised"] * MAX_EVALUATED
    assert site.tick(1.25) == ["raised"] * 10
    assert site.reading(2, "pump", on=True) == [], "nothing has changed"
