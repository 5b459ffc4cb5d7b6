"""Zigbee2MQTT: its genuine messages as vectors, and what those do not show."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import Registry, disagreements, vectors
from hub.bus import Bus
from hub.dialects import Zigbee2MqttDialect
from hub.errors import Rejected
from hub.fleet import Fleet
from hub.inbox import Inbox
from hub.model import RawMessage
from hub.pipeline import Pipeline
from hub.rules import Engine
from hub.store.sqlite import SqliteStore

NOW = 1_795_386_000_000
CONTACT = {"type": "binary", "property": "contact", "access": 1, "value_on": False, "value_off": True}
PLUG = {
    "type": "switch",
    "features": [{"type": "binary", "property": "state", "access": 7, "value_on": "ON", "value_off": "OFF"}],
}
LEVEL = {"type": "numeric", "property": "level", "access": 3, "unit": "lux", "value_min": 0, "value_max": 10}
VECTORS = vectors("zigbee2mqtt")


def device(ieee: str, name: str, *exposes: dict) -> dict:
    definition = {"model": "M1", "vendor": "V", "exposes": list(exposes)}
    return {"ieee_address": ieee, "friendly_name": name, "type": "Router", "definition": definition}


class Network:
    """A dialect with what it has been told, and what it says."""

    def __init__(self, *devices: dict) -> None:
        self.dialect, self.registry = Zigbee2MqttDialect(), Registry()
        self.say("bridge/devices", list(devices), retained=True)

    def say(self, topic: str, body, *, retained: bool = False):
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.registry.hear(self.dialect, RawMessage(f"zigbee2mqtt/{topic}", payload, NOW, retained=retained))

    def values(self, topic: str, body, **how) -> dict:
        (record,) = self.say(topic, body, **how).records
        return record.values


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_vector(vector):
    assert disagreements(vector, Zigbee2MqttDialect()) == []


def test_a_binary_means_what_its_device_says_it_means():
    network = Network(device("0x1", "door", CONTACT), device("0x2", "plug", PLUG))
    assert network.values("door", {"contact": False}) == {"contact": True}
    assert network.values("plug", {"state": "ON"}) == {"state": True}
    assert network.values("plug", {"state": "TOGGLED"}) == {"state": "TOGGLED"}


def test_null_and_an_empty_action_are_no_values_and_objects_are_taken_apart():
    network = Network(device("0x1", "lamp"))
    state = {
        "battery": None,
        "action": "",
        "color": {"x": 0.3, "y": 0.4},
        "zones": [1],
        "update": {"state": "idle", "latest_version": -1},
    }
    assert network.values("lamp", state) == {"color.x": 0.3, "color.y": 0.4, "update.state": "idle"}


def test_a_rename_keeps_the_device():
    network = Network(device("0x1", "living/old"))
    first = network.say("living/old", {"t": 1}).records[0].device
    network.say("bridge/devices", [device("0x1", "hall/new")])
    assert network.say("hall/new", {"t": 2}).records[0].device == first == "0x1"
    assert network.registry.met["0x1"].info.name == "hall/new"
    with pytest.raises(Rejected, match="not named"):
        network.say("living/old", {"t": 3})


def test_names_with_slashes_and_names_that_begin_alike():
    network = Network(device("0x1", "a"), device("0x2", "a/b"), device("0x3", "a/b/availability"))
    assert network.say("a/b", {"t": 1}).records[0].device == "0x2"
    assert network.say("a/b/availability", {"t": 1}).records[0].device == "0x3"
    assert [a.device for a in network.say("a/availability", b"online").availability] == ["0x1"]


@pytest.mark.parametrize(
    "topic", ["lamp/set", "lamp/get", "lamp/set/state", "lamp/action", "bridge/logging", "bridge/info", "all"]
)
def test_echoes_groups_and_the_bridges_talk_are_ignored(topic):
    network = Network(device("0x1", "lamp", PLUG))
    network.say("bridge/groups", [{"friendly_name": "all", "id": 1}], retained=True)
    said = network.say(topic, {"state": "ON"})
    assert (said.records, said.availability) == ((), ())


def test_attribute_output():
    network = Network(device("0x1", "plug", PLUG, LEVEL))
    assert network.values("plug/state", b"OFF") == {"state": False}
    assert network.values("plug/level", b"7") == {"level": 7.0}
    assert network.registry.met["0x1"].info.units == {"level": "lx"}


def test_what_can_be_set_is_known_as_data():
    network = Network(device("0x1", "plug", PLUG, LEVEL, CONTACT))
    commands = network.registry.met["0x1"].info.commands
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


def test_the_devices_go_and_come_with_their_bridge():
    network = Network(device("0x1", "a"), device("0x2", "b"))
    network.say("b/availability", {"state": "offline"})
    gone = network.say("bridge/state", {"state": "offline"}).availability
    assert {(a.device, a.online) for a in gone} == {("zigbee2mqtt", False), ("0x1", False), ("0x2", False)}
    back = network.say("bridge/state", b"online").availability
    assert {(a.device, a.online) for a in back} == {("zigbee2mqtt", True), ("0x1", True)}


def test_what_is_repeated_from_the_cache_is_late_and_what_is_retained_is_not_new():
    network = Network(device("0x1", "a"))
    (cached,) = network.say("a", {"t": 1, "last_seen": NOW - 3_600_000}).records
    assert cached.quality == "late"
    (retained,) = network.say("a", {"t": 1, "last_seen": "2026-11-01T00:00:00.000Z"}, retained=True).records
    assert retained.quality == "retained"
    (odd,) = network.say("a", {"t": 1, "last_seen": "a while ago"}).records
    assert (odd.ts, odd.quality) == (NOW, "good")


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
exposed = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["binary", "numeric", "enum", "light", "composite"]) | json_values,
        "property": st.text(max_size=8) | json_values,
        "features": json_values,
        "access": json_values,
        "value_on": json_values,
        "value_off": json_values,
        "values": json_values,
        "unit": json_values,
    },
)
told = st.fixed_dictionaries(
    {"ieee_address": st.just("0x1") | json_values, "friendly_name": st.just("a") | json_values},
    optional={
        "definition": st.fixed_dictionaries({"exposes": st.lists(exposed, max_size=4)}) | json_values,
        "type": json_values,
    },
)


@settings(max_examples=200)
@given(
    devices=st.lists(told, max_size=3) | json_values,
    topic=st.sampled_from(["a", "a/availability", "bridge/state", "x"]),
    body=json_values,
)
def test_whatever_comes_is_read_or_rejected(devices, topic, body):
    network = Network()
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


async def test_a_restarted_hub_reads_on_without_being_told_again(tmp_path):
    async def run(*messages: tuple[str, object]) -> Fleet:
        store, inbox, fleet = SqliteStore.open(tmp_path), Inbox(), Fleet()
        pipeline = Pipeline(
            inbox=inbox,
            dialects=[Zigbee2MqttDialect()],
            fleet=fleet,
            engine=Engine([]),
            store=store,
            bus=Bus(),
            now=lambda: NOW,
        )
        await pipeline.restore()
        for topic, body in messages:
            inbox.offer(RawMessage(f"zigbee2mqtt/{topic}", json.dumps(body).encode(), NOW))
        inbox.close()
        await asyncio.wait_for(pipeline.run(), 10)
        await store.close()
        return fleet

    await run(("bridge/devices", [device("0x1", "door", CONTACT)]), ("door", {"contact": True}))
    fleet = await run(("door", {"contact": False}))
    assert fleet.require("0x1").metrics["contact"].value is True
    assert fleet.require("0x1").display_name == "door"
    assert fleet.require("0x1").dialect == "zigbee2mqtt"
