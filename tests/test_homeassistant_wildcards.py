"""Home Assistant discovery with wildcards in topics: heard as Home Assistant does, within bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dialect_run import Heard, hub_that_hears
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
"""As OpenMQTTGateway and Theengs Gateway announce a sensor that any of their gateways may hear."""
ID = f"ha:{MAC}"


def hub(*announced: dict[str, Any]) -> Heard:
    heard = Heard(make_dialect("homeassistant", DialectConfig()))
    for config in announced:
        heard.say(f"homeassistant/sensor/{config['uniq_id']}/config", config)
    return heard


def entity(name: str, **keys: Any) -> dict[str, Any]:
    return {"uniq_id": name, "unit_of_meas": "V", "dev": {"ids": [name]}, "stat_t": f"x/{name}", **keys}


def test_sensor_that_any_gateway_may_hear() -> None:
    heard = hub(BLUETOOTH)
    for gateway in ("home/OMG_gateway", "home/TheengsGateway"):
        said = heard.say(f"{gateway}/BTtoMQTT/{MAC}", {"id": MAC, "tempc": 21.5, "rssi": -60})
        assert [(record.device, record.values) for record in said.records] == [(ID, {f"{MAC}-tempc": 21.5})]
    assert not heard.dialect.owns("home/OMG_gateway/BTtoMQTT/AABBCCDDEEFF")
    assert not heard.dialect.owns(f"home/floor/OMG_gateway/BTtoMQTT/{MAC}")


async def test_subscription_has_the_wildcard_also_after_a_restart(tmp_path: Path) -> None:
    topic, said = f"homeassistant/sensor/{MAC}/config", f"home/gw/BTtoMQTT/{MAC}"
    await hub_that_hears(tmp_path, HomeAssistantDialect(), (topic, BLUETOOTH))
    asked: list[Any] = []
    registry = await hub_that_hears(tmp_path, HomeAssistantDialect(), (said, {"tempc": 21.5}), effects=asked.append)
    assert asked == [Subscribe((f"+/+/BTtoMQTT/{MAC}", "home/OMG_gateway/LWT"))]
    assert registry.require(ID).metrics[f"{MAC}-tempc"].value == 21.5


def test_availability_and_attributes_with_wildcards() -> None:
    heard = hub(entity("pump", avty_t="+/pump/there"))
    assert [a.online for a in heard.say("hall/pump/there", b"offline").availability] == [False]
    tracker = {"uniq_id": "tag", "json_attr_t": "gw/+/tag", "dev": {"ids": ["tag"]}}
    heard.say("homeassistant/device_tracker/tag/config", tracker)
    assert heard.values("gw/attic/tag", {"latitude": 48.5, "longitude": 9.1}) == {
        "tag.latitude": 48.5,
        "tag.longitude": 9.1,
    }


@pytest.mark.parametrize("topic", ["plant/hall/#", "plant/+/state", "plant/+", "+/hall/state", "+/hall/state/#"])
def test_filters_that_are_heard(topic: str) -> None:
    heard = hub(entity("a", stat_t=topic))
    heard.values(topic.replace("+", "one").replace("#", "state"), b"3")


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
def test_filters_that_would_take_in_everything_or_are_none(topic: str) -> None:
    for keys in ({"stat_t": topic}, {"avty_t": topic}, {"avty": [{"t": topic}]}):
        with pytest.raises(Rejected, match=r"wide|no MQTT filter") as refused:
            hub(entity("a", **keys))
        assert refused.value.reason == "bad_topic"


@pytest.mark.parametrize("topic", ["plant/+/set", "plant/hall/#"])
def test_commands_are_never_sent_to_a_wildcard(topic: str) -> None:
    with pytest.raises(Rejected, match="wildcard") as refused:
        hub().say("homeassistant/switch/a/config", {"uniq_id": "a", "stat_t": "p/a", "cmd_t": topic})
    assert refused.value.reason == "bad_topic"


@pytest.mark.parametrize(
    "topic", ["devices/+/x/#", "+/d1/telemetry", "devices/d1/#", "homeassistant/+/a/config", "homeassistant/a/b/#"]
)
def test_filter_that_reaches_into_the_topics_of_others_takes_none(topic: str) -> None:
    heard = hub()
    try:
        heard.say("homeassistant/sensor/a/config", entity("a", stat_t=topic))
    except Rejected as error:
        assert error.reason == "topic_taken"  # noqa: PT017 (or it is left to its own dialect)
    for theirs in ("devices/d1/telemetry", "devices/d1/x/y", "homeassistant/status"):
        assert not heard.dialect.owns(theirs)


def test_leading_wildcard_leaves_other_dialects_their_topics() -> None:
    heard = hub(entity("a", stat_t="+/lamp/state"), entity("b", stat_t="+/sensor/x/config"))
    assert heard.dialect.owns("plant/lamp/state")
    table = make_dialects(DialectConfig())
    assert next(d.name for d in table if d.owns("zigbee2mqtt/lamp/state")) == "zigbee2mqtt"
    said = heard.say("homeassistant/sensor/x/config", entity("x"))
    assert [identity.device for identity in said.identities] == ["ha:x"], "an announcement stays one"


def test_broker_is_asked_once_for_a_topic_that_a_wider_filter_brings() -> None:
    heard = hub()
    applied: list[Any] = []
    apply = heard.dialect.apply
    heard.dialect.apply = lambda change: applied.extend(apply(change)) or ()  # type: ignore[method-assign]

    def announce(name: str, topic: str | None) -> list[Any]:
        applied.clear()
        body: Any = entity(name, stat_t=topic) if topic else b""
        heard.say(f"homeassistant/sensor/{name}/config", body)
        return list(applied)

    assert announce("a", "plant/a/state") == [Subscribe(("plant/a/state",))]
    assert announce("all", "plant/+/state") == [Subscribe(("plant/+/state",)), Unsubscribe(("plant/a/state",))]
    assert announce("b", "plant/b/state") == []
    said = heard.say("plant/a/state", b"3")
    assert {record.device: record.values for record in said.records} == {"ha:a": {"a": 3}, "ha:all": {"all": 3}}
    assert announce("all", None) == [
        Subscribe(("plant/a/state", "plant/b/state")),
        Unsubscribe(("plant/+/state",)),
    ]
    assert not heard.dialect.owns("plant/c/state")
