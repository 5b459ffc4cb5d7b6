"""Home Assistant discovery with wildcards in topics: matched as in Home Assistant, within limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dialect_run import DialectRun, run_hub
from hub.dialects import DialectConfig, HomeAssistantDialect, Subscribe, Unsubscribe, make_dialect, make_dialects
from hub.errors import Rejected

MAC = "E08BAE6FD896"
BLUETOOTH = {
    "stat_t": f"+/+/BTtoMQTT/{MAC}",
    "avty_t": "home/OMG_gateway/LWT",
    "name": "SBS1-tempc",
    "uniq_id": f"{MAC}-tempc",
    "dev_cla": "temperature",
    "val_tpl": "{{ value_json.tempc | is_defined }}",
    "unit_of_meas": "°C",
    "stat_cla": "measurement",
    "device": {"ids": [MAC], "cns": [["mac", MAC]], "mf": "SwitchBot", "mdl": "SBS1", "via_device": "OMG_gateway"},
}
"""Announcement by OpenMQTTGateway and Theengs Gateway of a sensor that any gateway may receive."""
ID = f"ha:{MAC}"


def hub(*announced: dict[str, Any]) -> DialectRun:
    run = DialectRun(make_dialect("homeassistant", DialectConfig()))
    for config in announced:
        run.say(f"homeassistant/sensor/{config['uniq_id']}/config", config)
    return run


def entity(name: str, **keys: Any) -> dict[str, Any]:
    return {"uniq_id": name, "unit_of_meas": "V", "dev": {"ids": [name]}, "stat_t": f"x/{name}", **keys}


def test_state_topic_with_wildcards_matches_any_gateway() -> None:
    run = hub(BLUETOOTH)
    for gateway in ("home/OMG_gateway", "home/TheengsGateway"):
        result = run.say(f"{gateway}/BTtoMQTT/{MAC}", {"id": MAC, "tempc": 21.5, "rssi": -60})
        assert [(record.device, record.values) for record in result.records] == [(ID, {f"{MAC}-tempc": 21.5})]
    assert not run.dialect.owns("home/OMG_gateway/BTtoMQTT/AABBCCDDEEFF")
    assert not run.dialect.owns(f"home/floor/OMG_gateway/BTtoMQTT/{MAC}")


async def test_wildcard_subscription_survives_restart(tmp_path: Path) -> None:
    topic, state_topic = f"homeassistant/sensor/{MAC}/config", f"home/gw/BTtoMQTT/{MAC}"
    await run_hub(tmp_path, HomeAssistantDialect(), (topic, BLUETOOTH))
    actions: list[Any] = []
    registry = await run_hub(tmp_path, HomeAssistantDialect(), (state_topic, {"tempc": 21.5}), effects=actions.append)
    assert actions == [Subscribe((f"+/+/BTtoMQTT/{MAC}", "home/OMG_gateway/LWT"))]
    assert registry.require(ID).metrics[f"{MAC}-tempc"].value == 21.5


def test_availability_and_attribute_topics_accept_wildcards() -> None:
    run = hub(entity("pump", avty_t="+/pump/there"))
    assert [a.online for a in run.say("hall/pump/there", b"offline").availability] == [False]
    tracker = {"uniq_id": "tag", "json_attr_t": "gw/+/tag", "dev": {"ids": ["tag"]}}
    run.say("homeassistant/device_tracker/tag/config", tracker)
    assert run.values("gw/attic/tag", {"latitude": 48.5, "longitude": 9.1}) == {
        "tag.latitude": 48.5,
        "tag.longitude": 9.1,
    }


@pytest.mark.parametrize("topic", ["plant/hall/#", "plant/+/state", "plant/+", "+/hall/state", "+/hall/state/#"])
def test_valid_wildcard_filter_is_accepted(topic: str) -> None:
    run = hub(entity("a", stat_t=topic))
    run.values(topic.replace("+", "one").replace("#", "state"), b"3")


@pytest.mark.parametrize(
    "topic",
    [
        "#",
        "+",
        "+/+",
        "+/#",
        "plant/#",
        "+/+/+/#",
        "+/state",
        "plant/x+/state",
        "plant/#/state",
        "plant/hall#",
        "#/a/b",
    ],
)
def test_too_wide_or_invalid_filter_is_refused(topic: str) -> None:
    for keys in ({"stat_t": topic}, {"avty_t": topic}, {"avty": [{"t": topic}]}):
        with pytest.raises(Rejected, match=r"wide|not a valid topic filter") as refused:
            hub(entity("a", **keys))
        assert refused.value.reason == "bad_topic"


@pytest.mark.parametrize("topic", ["plant/+/set", "plant/hall/#"])
def test_command_topic_with_wildcard_is_refused(topic: str) -> None:
    with pytest.raises(Rejected, match="wildcard") as refused:
        hub().say("homeassistant/switch/a/config", {"uniq_id": "a", "stat_t": "p/a", "cmd_t": topic})
    assert refused.value.reason == "bad_topic"


@pytest.mark.parametrize(
    "topic", ["devices/+/x/#", "+/d1/telemetry", "devices/d1/#", "homeassistant/+/a/config", "homeassistant/a/b/#"]
)
def test_filter_over_topics_of_other_dialects_owns_none_of_them(topic: str) -> None:
    run = hub()
    try:
        run.say("homeassistant/sensor/a/config", entity("a", stat_t=topic))
    except Rejected as error:
        assert error.reason == "topic_taken"  # noqa: PT017 (or the filter is accepted and the topic left to its own dialect)
    for foreign_topic in ("devices/d1/telemetry", "devices/d1/x/y", "homeassistant/status"):
        assert not run.dialect.owns(foreign_topic)


def test_leading_wildcard_does_not_own_topics_of_other_dialects() -> None:
    run = hub(entity("a", stat_t="+/lamp/state"), entity("b", stat_t="+/sensor/x/config"))
    assert run.dialect.owns("plant/lamp/state")
    table = make_dialects(DialectConfig())
    assert next(d.name for d in table if d.owns("zigbee2mqtt/lamp/state")) == "zigbee2mqtt"
    result = run.say("homeassistant/sensor/x/config", entity("x"))
    assert [identity.device for identity in result.identities] == ["ha:x"], "a discovery topic must stay one"


def test_topic_covered_by_wider_filter_is_subscribed_once() -> None:
    run = hub()
    applied: list[Any] = []
    apply = run.dialect.apply
    run.dialect.apply = lambda change: applied.extend(apply(change)) or ()  # type: ignore[method-assign]

    def announce(name: str, topic: str | None) -> list[Any]:
        applied.clear()
        body: Any = entity(name, stat_t=topic) if topic else b""
        run.say(f"homeassistant/sensor/{name}/config", body)
        return list(applied)

    assert announce("a", "plant/a/state") == [Subscribe(("plant/a/state",))]
    assert announce("all", "plant/+/state") == [Subscribe(("plant/+/state",)), Unsubscribe(("plant/a/state",))]
    assert announce("b", "plant/b/state") == []
    result = run.say("plant/a/state", b"3")
    assert {record.device: record.values for record in result.records} == {"ha:a": {"a": 3}, "ha:all": {"all": 3}}
    assert announce("all", None) == [
        Subscribe(("plant/a/state", "plant/b/state")),
        Unsubscribe(("plant/+/state",)),
    ]
    assert not run.dialect.owns("plant/c/state")
