"""Home Assistant discovery: numbers and booleans as texts, and those that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from dialect_run import NOW, Heard
from hub.dialects import HomeAssistantDialect

DEVICE = {"ids": ["d"]}


def announced(kind: str, **config: Any) -> tuple[Heard, list[str]]:
    """A hub that has heard one announcement, and the details of what it could not read."""
    heard = Heard(HomeAssistantDialect())
    full = {"uniq_id": "x", "stat_t": "p/x", "cmd_t": "p/x/set", "dev": DEVICE, **config}
    said = heard.say(f"homeassistant/{kind}/x/config", full)
    return heard, [rejected.detail for rejected in said.rejections]


@pytest.mark.parametrize("seconds", ["3", " 3 ", "3.0", 3, 3.0])
@pytest.mark.parametrize("key", ["expire_after", "exp_aft"])
def test_value_expires_after_seconds_in_any_form(key: str, seconds: Any) -> None:
    heard, faults = announced("sensor", unit_of_meas="V", **{key: seconds})
    heard.say("p/x", b"20")
    assert not heard.dialect.tick(heard.registry, NOW + 2_900).expirations
    assert heard.dialect.tick(heard.registry, NOW + 3_000).expirations
    assert faults == []


@pytest.mark.parametrize("seconds", ["2", 2])
@pytest.mark.parametrize("key", ["off_delay", "off_dly"])
def test_motion_is_over_after_seconds_in_any_form(key: str, seconds: Any) -> None:
    heard, _ = announced("binary_sensor", **{key: seconds})
    heard.say("p/x", b"ON")
    assert [record.values for record in heard.dialect.tick(heard.registry, NOW + 2_000).records] == [{"x": False}]


def test_bounds_of_a_number_in_any_form() -> None:
    heard, faults = announced(
        "number", min="-5", max="35.5", step="0.5", qos="1", ret="true", opt="no", sug_dsp_prc="1"
    )
    command = heard.registry.met["ha:d"].info.commands["x"]
    assert (command["minimum"], command["maximum"], command["step"]) == (-5, 35.5, 0.5)
    assert faults == []


def test_precision_as_a_text_makes_a_sensor_a_number() -> None:
    heard, _ = announced("sensor", suggested_display_precision="2")
    assert heard.values("p/x", b"20.25") == {"x": 20.25}


@pytest.mark.parametrize("yes", [True, "true", "True", "yes", "on", "1", 1, "enable"])
def test_light_that_can_be_dimmed_in_any_form(yes: Any) -> None:
    heard, faults = announced("light", schema="json", brightness=yes, brightness_scale="100")
    assert heard.registry.met["ha:d"].info.commands["x.brightness"]["maximum"] == 100
    assert faults == []


@pytest.mark.parametrize("no", [False, "false", "off", "0", 0])
def test_light_that_cannot_be_dimmed_in_any_form(no: Any) -> None:
    heard, _ = announced("light", schema="json", brightness=no)
    assert "x.brightness" not in heard.registry.met["ha:d"].info.commands


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("expire_after", "soon", "expire_after is 'soon', not a number from 0 to"),
        ("expire_after", -1, "expire_after is -1"),
        ("off_delay", [3], "off_delay is [3]"),
        ("min", "low", "min is 'low', not a number"),
        ("max", "nan", "max is 'nan'"),
        ("step", True, "step is True"),
        ("qos", 5, "qos is 5, not a number from 0 to 2"),
        ("sug_dsp_prc", "two", "suggested_display_precision is 'two'"),
        ("retain", "maybe", "retain is 'maybe', not true or false"),
        ("en", {}, "enabled_by_default is {}"),
    ],
)
def test_option_that_cannot_be_read_is_named_and_the_rest_works(key: str, value: Any, says: str) -> None:
    heard, faults = announced("number", unit_of_meas="V", **{key: value})
    assert len(faults) == 1
    assert says in faults[0]
    assert heard.values("p/x", b"20") == {"x": 20}


def test_option_that_is_null_is_left_out() -> None:
    assert announced("number", min=None, retain=None)[1] == []
