"""The Zigbee2MQTT dialect: recorded messages as vectors, and cases that those do not cover."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import disagreements, vectors
from dialect_run import NOW, DialectRun, json_values, run_hub
from examples import examples
from hub.dialects import Zigbee2MqttDialect
from hub.errors import Rejected

CONTACT = {"type": "binary", "property": "contact", "access": 1, "value_on": False, "value_off": True}
PLUG = {
    "type": "switch",
    "features": [{"type": "binary", "property": "state", "access": 7, "value_on": "ON", "value_off": "OFF"}],
}
COLOR = {
    "type": "light",
    "features": [
        {
            "type": "composite",
            "name": name,
            "property": "color",
            "access": 7,
            "features": [{"type": "numeric", "property": part, "access": 7} for part in parts],
        }
        for name, parts in (("color_xy", ("x", "y")), ("color_hs", ("hue", "saturation")))
    ],
}
CHILD = {
    "type": "composite",
    "property": "child",
    "access": 3,
    "features": [
        {"type": "binary", "property": "lock", "value_on": "LOCK", "value_off": "UNLOCK", "access": 3},
        {"type": "numeric", "property": "delay", "unit": "s", "access": 3},
    ],
}
DAYS = {"type": "list", "property": "days", "access": 3, "item_type": {"type": "enum", "values": ["mo", "tu"]}}
LEVEL = {"type": "numeric", "property": "level", "access": 3, "unit": "lux", "value_min": 0, "value_max": 10}
VECTORS = vectors("zigbee2mqtt")


def device(ieee: str, name: str, *exposes: dict) -> dict:
    definition = {"model": "M1", "vendor": "V", "exposes": list(exposes)}
    return {"ieee_address": ieee, "friendly_name": name, "type": "Router", "definition": definition}


class Zigbee2MqttRun(DialectRun):
    def __init__(self, *devices: dict) -> None:
        super().__init__(Zigbee2MqttDialect(), "zigbee2mqtt/")
        self.say("bridge/devices", list(devices), retained=True)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_real_message_is_decoded_as_expected(vector):
    assert disagreements(vector, Zigbee2MqttDialect()) == []


def test_binary_uses_value_on_and_value_off():
    network = Zigbee2MqttRun(device("0x1", "door", CONTACT), device("0x2", "plug", PLUG))
    assert network.values("door", {"contact": False}) == {"contact": True}
    assert network.values("plug", {"state": "ON"}) == {"state": True}
    assert network.values("plug", {"state": "TOGGLED"}) == {"state": "TOGGLED"}


def test_null_and_empty_action_are_ignored_and_objects_flattened():
    network = Zigbee2MqttRun(device("0x1", "lamp"))
    state = {
        "battery": None,
        "action": "",
        "color": {"x": 0.3, "y": 0.4},
        "zones": [1],
        "update": {"state": "idle", "latest_version": -1},
    }
    assert network.values("lamp", state) == {"color.x": 0.3, "color.y": 0.4, "update.state": "idle"}


def test_rename_keeps_device():
    network = Zigbee2MqttRun(device("0x1", "living/old"))
    first = network.say("living/old", {"t": 1}).records[0].device
    network.say("bridge/devices", [device("0x1", "hall/new")])
    assert network.say("hall/new", {"t": 2}).records[0].device == first == "0x1"
    assert network.registry.identities["0x1"].info.name == "hall/new"
    with pytest.raises(Rejected, match="not listed"):
        network.say("living/old", {"t": 3})


def test_names_with_slashes_and_common_prefixes_are_distinguished():
    network = Zigbee2MqttRun(device("0x1", "a"), device("0x2", "a/b"), device("0x3", "a/b/availability"))
    assert network.say("a/b", {"t": 1}).records[0].device == "0x2"
    assert network.say("a/b/availability", {"t": 1}).records[0].device == "0x3"
    assert [a.device for a in network.say("a/availability", b"online").availability] == ["0x1"]


@pytest.mark.parametrize(
    "topic", ["lamp/set", "lamp/get", "lamp/set/state", "lamp/action", "bridge/logging", "bridge/info", "all"]
)
def test_echoes_groups_and_bridge_topics_are_ignored(topic):
    network = Zigbee2MqttRun(device("0x1", "lamp", PLUG))
    network.say("bridge/groups", [{"friendly_name": "all", "id": 1}], retained=True)
    result = network.say(topic, {"state": "ON"})
    assert (result.records, result.availability) == ((), ())


def test_attribute_output_is_read():
    network = Zigbee2MqttRun(device("0x1", "plug", PLUG, LEVEL))
    assert network.values("plug/state", b"OFF") == {"state": False}
    assert network.values("plug/level", b"7") == {"level": 7.0}
    assert network.registry.identities["0x1"].info.units == {"level": "lx"}


def test_attribute_output_of_composites_is_read():
    network = Zigbee2MqttRun(device("0x1", "lamp", CHILD))
    assert network.values("lamp/color-x", b"0.31") == {"color.x": 0.31}
    assert network.values("lamp/child-lock", b"LOCK") == {"child.lock": True}
    assert network.say("lamp/update-latest_version", b"7").records == ()
    assert network.say("lamp/last_seen", b"2026-11-01T00:00:00.000Z").records == ()


def test_composite_parts_have_units_and_one_command():
    network = Zigbee2MqttRun(device("0x1", "lamp", COLOR, CHILD, DAYS))
    assert network.values("lamp", {"child": {"lock": "UNLOCK", "delay": 4}}) == {"child.lock": False, "child.delay": 4}
    info = network.registry.identities["0x1"].info
    assert info.units == {"child.delay": "s"}
    assert info.commands["color"]["properties"].keys() == {"x", "y", "hue", "saturation"}
    assert info.commands["child"]["properties"]["lock"] == {"type": "boolean", "on": "LOCK", "off": "UNLOCK"}
    assert info.commands["days"]["items"] == {"type": "enum", "values": ["mo", "tu"]}
    assert info.commands.keys() == {"color", "child", "days"}


def test_retained_bridge_state_sets_devices_online_only_after_offline():
    network = Zigbee2MqttRun(device("0x1", "a"))
    replayed = network.say("bridge/state", b"online", retained=True).availability
    assert [a.device for a in replayed] == ["zigbee2mqtt"]
    network.say("bridge/state", b"offline")
    back = network.say("bridge/state", b"online", retained=True).availability
    assert [a.device for a in back] == ["zigbee2mqtt", "0x1"]


def test_number_beyond_64_bits_does_not_cost_the_device_list() -> None:
    run = DialectRun(Zigbee2MqttDialect())
    counter = {"type": "numeric", "property": "total", "access": 3, "value_min": 0, "value_max": 18446744073709552000}
    run.say("zigbee2mqtt/bridge/devices", [device("0x1", "meter", counter), device("0x2", "plug", PLUG)])
    assert run.values("zigbee2mqtt/plug", {"state": "ON"}) == {"state": True}
    assert run.values("zigbee2mqtt/meter", {"total": 5}) == {"total": 5.0}
    assert run.registry.identities["0x1"].info.commands["total"]["maximum"] == 2.0**64


def test_retained_message_under_old_name_is_ignored():
    network = Zigbee2MqttRun(device("0x1", "new"))
    assert network.say("old", {"t": 1}, retained=True).records == ()


def test_device_named_like_bridge_topic_does_not_shadow_it():
    network = Zigbee2MqttRun(device("0x1", "bridge/state"))
    assert [a.device for a in network.say("bridge/state", b"online").availability] == ["zigbee2mqtt"]


def test_device_list_is_subscribed_first():
    assert Zigbee2MqttDialect("home/z2m").filters[0] == "home/z2m/bridge/devices"
    assert Zigbee2MqttDialect("home/z2m").filters[-1] == "home/z2m/#"


def test_commands_are_derived_from_exposes():
    network = Zigbee2MqttRun(device("0x1", "plug", PLUG, LEVEL, CONTACT))
    commands = network.registry.identities["0x1"].info.commands
    assert commands["level"] == {
        "topic": "zigbee2mqtt/plug/set",
        "encoding": "json",
        "property": "level",
        "confirm_by": "level",
        "type": "number",
        "minimum": 0,
        "maximum": 10,
    }
    assert commands.keys() == {"state", "level"}


def test_devices_follow_availability_of_bridge():
    network = Zigbee2MqttRun(device("0x1", "a"), device("0x2", "b"))
    network.say("b/availability", {"state": "offline"})
    offline = network.say("bridge/state", {"state": "offline"}).availability
    assert {(a.device, a.online) for a in offline} == {("zigbee2mqtt", False), ("0x1", False), ("0x2", False)}
    back = network.say("bridge/state", b"online").availability
    assert {(a.device, a.online) for a in back} == {("zigbee2mqtt", True), ("0x1", True)}


def test_cached_state_is_late_and_retained_state_is_retained():
    network = Zigbee2MqttRun(device("0x1", "a"))
    (cached,) = network.say("a", {"t": 1, "last_seen": NOW - 3_600_000}).records
    assert cached.quality == "late"
    (retained,) = network.say("a", {"t": 1, "last_seen": "2026-11-01T00:00:00.000Z"}, retained=True).records
    assert retained.quality == "retained"
    (odd,) = network.say("a", {"t": 1, "last_seen": "a while ago"}).records
    assert (odd.ts, odd.quality) == (NOW, "good")


exposed = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["binary", "numeric", "enum", "light", "composite", "list"]) | json_values,
        "property": st.text(max_size=8) | json_values,
        "features": json_values,
        "access": json_values,
        "value_on": json_values,
        "value_off": json_values,
        "values": json_values,
        "item_type": json_values,
        "unit": json_values,
    },
)
device_entries = st.fixed_dictionaries(
    {"ieee_address": st.just("0x1") | json_values, "friendly_name": st.just("a") | json_values},
    optional={
        "definition": st.fixed_dictionaries({"exposes": st.lists(exposed, max_size=4)}) | json_values,
        "type": json_values,
    },
)


@settings(max_examples=examples(200))
@given(
    devices=st.lists(device_entries, max_size=3) | json_values,
    topic=st.sampled_from(["a", "a/availability", "a/color-x", "bridge/state", "x"]),
    body=json_values,
)
def test_any_message_is_decoded_or_rejected(devices, topic, body):
    network = Zigbee2MqttRun()
    for where, what in (
        ("bridge/devices", devices),
        ("bridge/groups", devices),
        (topic, body),
        ("a", {"property": body}),
    ):
        try:
            network.say(where, what)
        except Rejected as error:
            assert error.reason  # noqa: PT017 (any other exception is the failure)


async def test_device_list_survives_restart(tmp_path):
    devices = ("zigbee2mqtt/bridge/devices", [device("0x1", "door", CONTACT)])
    await run_hub(tmp_path, Zigbee2MqttDialect(), devices, ("zigbee2mqtt/door", {"contact": True}))
    registry = await run_hub(tmp_path, Zigbee2MqttDialect(), ("zigbee2mqtt/door", {"contact": False}))
    assert registry.require("0x1").metrics["contact"].value is True
    assert registry.require("0x1").display_name == "door"
    assert registry.require("0x1").dialect == "zigbee2mqtt"
