"""Rules that compare a device with another one, or with the median of its area."""

from __future__ import annotations

import pytest

from hub.errors import ConfigError
from hub.model import Area, EditDevice, Identity, PublishedValue, Record
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, describe, parse
from rule_plant import T0, words

COMPARE = '[[rule]]\nid = "r"\nkind = "compare"\nmetric = "t"\nabove = 5\nclear = 4\n'
BOILER = COMPARE + 'devices = ["a"]\nwith_device = "b"\nwith = "flow"\nmax_age = "60s"\n'
MEDIAN = COMPARE + 'with_area = "median"\nmax_age = "10m"\n'


class Site:
    """Devices with one engine. Times are in seconds after T0."""

    def __init__(self, rules: str, area: str | None = None) -> None:
        self.registry, self.engine = DeviceRegistry(), Engine(parse(rules))
        for name in "abcd":
            self.registry.identify(Identity(name, name, "native"), T0)
            self.move(name, area)

    def move(self, name: str, area: str | None) -> None:
        self.registry.edit(EditDevice(name, T0, area=Area(area, area) if area else None))
        self.engine.judge(self.registry.require(name), T0)

    def reading(self, second: float, name: str, value: object, metric: str = "t", quality: str = "good") -> list[str]:
        at = T0 + int(second * 1000)
        record = Record(name, at, at, {metric: value}, quality)
        self.registry.observe(record)
        return words(self.engine.observe(self.registry.require(name), record))


def test_device_is_compared_with_another_one():
    site = Site(BOILER)
    assert site.reading(0, "a", 50.0) == [], "the other value is not known"
    assert site.reading(1, "b", 40.0, "flow") == []
    assert site.reading(2, "a", 50.0) == ["raised"]
    (alert,) = site.engine.open.values()
    assert (alert.device, alert.message) == ("a", "T 50, minus flow of b above 5")
    assert site.reading(3, "b", "error", "flow") == []
    assert site.reading(4, "a", 20.0) == [], "a text is not known: the alert stays open"
    site.reading(5, "b", 45.5, "flow")
    assert site.reading(6, "a", 50.0) == [], "hysteresis"
    assert site.reading(66, "a", 20.0) == [], "the other value is too old"
    site.reading(67, "b", 47.0, "flow")
    assert site.reading(68, "a", 50.0) == ["cleared"]


def test_device_is_compared_with_the_median_of_its_area():
    site = Site(MEDIAN, "hall")
    site.reading(0, "a", 20.0)
    assert site.reading(1, "b", 90.0) == [], "two devices have no median"
    site.reading(2, "c", 21.0)
    assert site.reading(4, "b", 90.0) == ["raised"]
    (alert,) = site.engine.open.values()
    assert (alert.device, alert.message) == ("b", "T 90, minus the median of its area above 5")
    assert site.reading(6, "b", 24.0) == ["cleared"]
    site.move("c", "roof")
    assert site.reading(8, "b", 90.0) == [], "only two devices are left in the area"
    assert site.reading(9, "c", 90.0) == []


def test_values_are_published_again_at_a_start_and_forgotten_with_the_device():
    site = Site(BOILER)
    site.reading(1, "b", 40.0, "flow")
    site.engine.clear()
    site.engine.restore(site.registry.with_latest_values(), T0 + 2_000)
    assert site.reading(3, "a", 50.0) == ["raised"]
    site.registry.delete("b")
    site.engine.forget("b", T0 + 4_000)
    assert site.reading(5, "a", 20.0) == []


def test_only_published_values_are_read():
    """A value can come from a hub in another process, too."""
    site = Site(BOILER)
    site.engine.published.publish(PublishedValue("b", "flow", 40.0, None, T0))
    assert site.reading(1, "a", 50.0) == ["raised"]
    other = Site(BOILER)
    other.reading(0, "b", 40.0, "flow", quality="retained")
    assert other.reading(1, "a", 50.0) == []


def test_new_rule_reads_values_that_were_known_before():
    site = Site("")
    site.reading(0, "b", 40.0, "flow")
    site.reading(1, "a", 50.0)
    site.engine.replace(parse(BOILER), ["b", "a"])
    assert words(site.engine.judge_next(9, site.registry.get, T0 + 2_000)) == ["raised"]


def test_device_whose_values_are_published_takes_the_slow_path():
    site = Site(BOILER + '[[rule]]\nid = "x"\nmetric = "flow"\nabove = 90\n')
    site.reading(0, "b", 40.0, "flow")
    site.reading(0, "c", 40.0, "flow")
    assert site.engine.calm(site.registry.require("b"), ["flow"]) is None
    assert site.engine.calm(site.registry.require("c"), ["flow"])[:2] == ([-float("inf")], [90.0])


@pytest.mark.parametrize(
    ("more", "key", "hint"),
    [
        ('with_device = "b*"', "with_device", "no patterns"),
        ('with_area = "mean"', "with_area", '"median"'),
        ('with_area = "median"\nwith_device = "b"', "with_area", "not together with with_device"),
        ('with = "u"\nmax_age = "5m"', "max_age", "only together with"),
        ('with_area = "median"\nmax_age = 0', "max_age", "at least 1s"),
    ],
)
def test_wrong_source_is_refused(more: str, key: str, hint: str):
    with pytest.raises(ConfigError) as caught:
        parse(COMPARE + more)
    assert f": {key} " in caught.value.message
    assert caught.value.hint is not None
    assert hint in caught.value.hint


def test_rule_is_described_with_what_it_compares():
    assert [describe(rule) for text in (BOILER, MEDIAN) for rule in parse(text)] == [
        "t minus flow of b above 5, clears below 4",
        "t minus the median of its area above 5, clears below 4",
    ]
