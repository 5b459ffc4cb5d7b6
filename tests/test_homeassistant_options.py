"""Home Assistant discovery: options with numbers and booleans as text, and invalid options."""

from __future__ import annotations

from typing import Any

import pytest

from dialect_run import NOW, DialectRun
from hub.dialects import HomeAssistantDialect
from hub.errors import Rejected

DEVICE = {"ids": ["d"]}


def announced(kind: str, **config: Any) -> tuple[DialectRun, list[str]]:
    """Announce one entity. Return the dialect and the details of the rejected options."""
    run = DialectRun(HomeAssistantDialect())
    full = {"uniq_id": "x", "stat_t": "p/x", "cmd_t": "p/x/set", "dev": DEVICE, **config}
    result = run.say(f"homeassistant/{kind}/x/config", full)
    return run, [rejected.detail for rejected in result.rejections]


@pytest.mark.parametrize("seconds", ["3", " 3 ", "3.0", 3, 3.0])
@pytest.mark.parametrize("key", ["expire_after", "exp_aft"])
def test_expire_after_accepts_number_or_text(key: str, seconds: Any) -> None:
    run, faults = announced("sensor", unit_of_meas="V", **{key: seconds})
    run.say("p/x", b"20")
    assert not run.dialect.tick(run.registry, NOW + 2_900).expirations
    assert run.dialect.tick(run.registry, NOW + 3_000).expirations
    assert faults == []


@pytest.mark.parametrize("seconds", ["2", 2])
@pytest.mark.parametrize("key", ["off_delay", "off_dly"])
def test_off_delay_accepts_number_or_text(key: str, seconds: Any) -> None:
    run, _ = announced("binary_sensor", **{key: seconds})
    run.say("p/x", b"ON")
    assert [record.values for record in run.dialect.tick(run.registry, NOW + 2_000).records] == [{"x": False}]


def test_number_limits_accept_text() -> None:
    run, faults = announced("number", min="-5", max="35.5", step="0.5", qos="1", ret="true", opt="no", sug_dsp_prc="1")
    command = run.registry.identities["ha:d"].info.commands["x"]
    assert (command["minimum"], command["maximum"], command["step"]) == (-5, 35.5, 0.5)
    assert faults == []


def test_display_precision_as_text_makes_sensor_a_number() -> None:
    run, _ = announced("sensor", suggested_display_precision="2")
    assert run.values("p/x", b"20.25") == {"x": 20.25}


@pytest.mark.parametrize("true_value", [True, "true", "True", "yes", "on", "1", 1, "enable"])
def test_light_brightness_option_accepts_true_in_any_form(true_value: Any) -> None:
    run, faults = announced("light", schema="json", brightness=true_value, brightness_scale="100")
    assert run.registry.identities["ha:d"].info.commands["x.brightness"]["maximum"] == 100
    assert faults == []


@pytest.mark.parametrize("false_value", [False, "false", "off", "0", 0])
def test_light_brightness_option_accepts_false_in_any_form(false_value: Any) -> None:
    run, _ = announced("light", schema="json", brightness=false_value)
    assert "x.brightness" not in run.registry.identities["ha:d"].info.commands


@pytest.mark.parametrize(
    ("key", "value", "expected"),
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
def test_invalid_option_is_reported_and_others_are_used(key: str, value: Any, expected: str) -> None:
    run, faults = announced("number", unit_of_meas="V", **{key: value})
    assert len(faults) == 1
    assert expected in faults[0]
    assert run.values("p/x", b"20") == {"x": 20}


def test_null_option_is_ignored() -> None:
    assert announced("number", min=None, retain=None)[1] == []


@pytest.mark.parametrize(
    ("kind", "config", "fault"),
    [
        ("sensor", {"val_tpl": 5}, "value_template is 5, not a text; it is ignored."),
        ("sensor", {"json_attr_t": ["p/x"]}, "json_attributes_topic is ['p/x'], not a text; it is ignored."),
        ("sensor", {"avty": "p/online"}, "availability is 'p/online', not a list; it is ignored."),
        ("select", {"ops": "eco,boost"}, "options is 'eco,boost', not a list; it is ignored."),
        (
            "sensor",
            {"avty_mode": "every"},
            "availability_mode is 'every', not one of all, any, latest; latest is used.",
        ),
    ],
)
def test_option_of_wrong_type_is_reported(kind: str, config: dict[str, Any], fault: str) -> None:
    run, faults = announced(kind, **config)
    assert faults == [fault]
    assert run.say("p/x", b"20").records


@pytest.mark.parametrize("topic", [None, "", 5, ["p/x"]])
def test_entity_without_topic_is_rejected(topic: Any) -> None:
    with pytest.raises(Rejected, match="This sensor has no topic that can be used"):
        announced("sensor", stat_t=topic)


@pytest.mark.parametrize(
    ("key", "raw", "fault"),
    [
        ("max", b"18446744073709552000", None),  # 2**64, as JavaScript writes it
        ("max", b"NaN", "max is 'NaN', not a number. The entity works without it."),
        ("unit_of_meas", b'"\xb0C"', "unit_of_measurement is not valid UTF-8 text; it is ignored."),
        ("val_tpl", b'"{{ value }} \xb0C"', "value_template is not valid UTF-8 text; it is ignored."),
        ("icon", b"undefined", None),
    ],
)
def test_option_that_is_not_json_costs_only_itself(key: str, raw: bytes, fault: str | None) -> None:
    run = DialectRun(HomeAssistantDialect())
    body = b'{"uniq_id": "x", "stat_t": "p/x", "cmd_t": "p/x/set", "dev": {"ids": ["d"]}, "%s": %s}' % (
        key.encode(),
        raw,
    )
    result = run.say("homeassistant/number/x/config", body)
    assert [rejected.detail for rejected in result.rejections] == ([fault] if fault else [])
    assert run.values("p/x", b"20.5") == {"x": 20.5}
