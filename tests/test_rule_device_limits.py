"""Rules in which the limit that a device announces counts where it is tighter than that of the rule."""

from __future__ import annotations

import pytest

from hub.errors import ConfigError
from hub.model import Acknowledge, Identity, Info, Limit
from hub.rules import describe, parse
from rule_plant import T0, Plant

HOT = '[[rule]]\nid = "r"\nmetric = "t"\nabove = 80\nclear = 78\ncritical = { above = 90 }\ndevice_limits = true\n'
RANGE = '[[rule]]\nid = "r"\nkind = "range"\nmetric = "t"\noutside = [10, 20]\nhysteresis = 1\ndevice_limits = true\n'


def plant(rules: str, **limits: float) -> Plant:
    return Plant(rules, info=Info(limits={"t": Limit(**limits)}))


def announce(found: Plant, second: int, **limits: float) -> list[str]:
    """Let the device announce other limits, as the pipeline does."""
    found.registry.identify(Identity(found.device, found.device, "native", Info(limits={"t": Limit(**limits)})), T0)
    device = found.registry.require(found.device)
    return [type(event).__name__ for event in found.engine.judge(device, T0 + second * 1000)]


def test_limit_of_the_device_tightens_the_rule_with_its_clear_value():
    tight = plant(HOT, max=70.0)
    assert tight.reading(0, 71.0) == ["raised"]
    assert (tight.alert().threshold, tight.alert().message) == (70.0, "T 71, above 70")
    assert tight.reading(1, 68.5) == []
    assert tight.reading(2, 67.9) == ["cleared"]
    tight.reading(3, 91.0)
    assert (tight.alert().severity, tight.alert().threshold) == ("critical", 90.0)
    assert tight.engine.limits(tight.registry.require(tight.device)) == {"t": Limit(max=70.0)}


@pytest.mark.parametrize("limits", [{"max": 95.0}, {"min": 5.0}, {}])
def test_limit_of_the_device_never_loosens_the_rule(limits: dict[str, float]):
    loose = plant(HOT, **limits)
    assert loose.reading(0, 80.5) == ["raised"]
    assert loose.alert().message == "T 80.5, above 80"


def test_rule_without_the_key_ignores_the_limit_of_the_device():
    assert plant(HOT.replace("device_limits = true", ""), max=70.0).reading(0, 75.0) == []


def test_range_is_tightened_on_each_side_unless_the_limits_contradict_it():
    both = plant(RANGE, min=12.0, max=99.0)
    assert both.reading(0, 11.5) == ["raised"]
    assert both.alert().message == "T 11.5, outside 12 to 20"
    assert both.reading(1, 13.5) == ["cleared"]
    contrary = plant(RANGE, min=30.0)
    assert contrary.reading(0, 15.0) == []
    assert contrary.reading(1, 9.0) == ["raised"]


def test_alert_follows_the_limit_that_the_device_announces():
    found = plant(HOT, max=70.0)
    found.reading(0, 75.0)
    alert, _ = found.handle(Acknowledge(found.alert().id, "ada", T0))
    assert announce(found, 1, max=72.0) == ["AlertChanged"]
    assert (found.alert().id, found.alert().state, found.alert().threshold) == (alert.id, "acknowledged", 72.0)
    assert announce(found, 2, max=76.0) == ["AlertCleared"]
    assert announce(found, 3, max=70.0) == ["AlertRaised"]


def test_devices_with_other_limits_do_not_share_them():
    found = plant(HOT, max=70.0)
    found.registry.identify(Identity("other", "other", "native"), T0)
    found.reading(0, 20.0)
    found.device = "other"
    assert found.reading(1, 75.0) == []
    assert found.reading(2, 81.0) == ["raised"]


def test_key_is_described_and_checked():
    assert [describe(rule) for text in (HOT, RANGE) for rule in parse(text)] == [
        "t above 80, or the device's own limit, clears below 78; critical above 90",
        "t outside 10 to 20, or the device's own limits, clears inside 11 to 19",
    ]
    for text in (HOT.replace("true", '"yes"'), RANGE.replace("outside", "inside")):
        with pytest.raises(ConfigError, match="device_limits = "):
            parse(text)
