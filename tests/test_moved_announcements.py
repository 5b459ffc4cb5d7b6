"""An announcement that moves, loses a part or is taken back: the device that it leaves keeps nothing of it as good."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hub.dialects import DIALECTS, Dialect, Roots
from hub.model import DeleteDevice, Device, RawMessage, ReplaceRules
from sparkplug_node import T, metric, payload
from test_steady import T0, Half


class Hub(Half):
    """A hub of one dialect that hears whole messages."""

    def __init__(self, dialect: str, rules: str = "") -> None:
        super().__init__(rules=rules)
        dialects: Sequence[Dialect] = [DIALECTS[dialect](Roots())]
        self.decider._dialects = dialects
        self.at = 0

    def told(self, topic: str, body: Any, *, retained: bool = False) -> None:
        self.at += 1_000
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.hear(RawMessage(topic, text, T0 + self.at, retained=retained))

    def qualities(self, device: str) -> dict[str, str]:
        return {name: latest.quality for name, latest in self.device(device).metrics.items()}

    def device(self, device: str) -> Device:
        return self.fleet.require(device)


def sensor(name: str, device: str, **keys: Any) -> dict[str, Any]:
    return {"uniq_id": name, "stat_t": f"p/{name}", "unit_of_meas": "V", "dev": {"ids": [device]}, **keys}


def test_home_assistant_announcement_that_moves_to_another_identifier() -> None:
    hub = Hub("homeassistant")
    hub.told("homeassistant/sensor/x/config", sensor("x", "old"), retained=True)
    hub.told("p/x", b"20")
    hub.told("homeassistant/sensor/x/config", sensor("x", "new"), retained=True)
    hub.told("p/x", b"21")
    old, new = hub.device("ha:old"), hub.device("ha:new")
    assert (old.presence, hub.qualities("ha:old"), old.unit("x")) == ("offline", {"x": "unknown"}, None)
    assert (new.presence, new.metrics["x"].value, new.unit("x")) == ("online", 21, "V")
    assert old.metrics["x"].value == 20, "its last value stands"


def test_alert_on_what_is_announced_no_more_is_withdrawn() -> None:
    hub = Hub("homeassistant", '[[rule]]\nid = "high"\nmetric = "[xy]"\nabove = 80\n')
    for name in "xy":
        hub.told(f"homeassistant/sensor/{name}/config", sensor(name, "old"), retained=True)
        hub.told(f"p/{name}", b"95")

    def alerts() -> list[tuple[str, str | None]]:
        return sorted((alert.device, alert.metric) for alert in hub.engine.open.values())

    assert alerts() == [("ha:old", "x"), ("ha:old", "y")]
    hub.told("homeassistant/sensor/x/config", sensor("x", "new"), retained=True)
    assert alerts() == [("ha:old", "y")], "the other entity is still announced"
    hub.told("p/x", b"96")
    hub.told("homeassistant/sensor/y/config", b"", retained=True)
    assert alerts() == [("ha:new", "x")]
    hub.tell(ReplaceRules(tuple(hub.engine.rules), T0 + hub.at))
    assert alerts() == [("ha:new", "x")]


def test_home_assistant_entity_that_leaves_a_device_which_has_others() -> None:
    hub = Hub("homeassistant")
    light = {
        "uniq_id": "l",
        "schema": "json",
        "stat_t": "p/l",
        "cmd_t": "p/l/set",
        "brightness": True,
        "dev": {"ids": ["a"]},
    }
    hub.told("homeassistant/light/l/config", light)
    hub.told("homeassistant/sensor/x/config", sensor("x", "a"))
    hub.told("p/l", {"state": "ON", "brightness": 100})
    hub.told("p/x", b"20")
    hub.told("homeassistant/light/l/config", {**light, "dev": {"ids": ["b"]}})
    assert hub.qualities("ha:a") == {"l": "unknown", "l.brightness": "unknown", "x": "good"}
    assert hub.device("ha:a").presence == "online"
    assert hub.device("ha:a").info.commands == {}


def test_home_assistant_component_that_is_announced_no_more() -> None:
    hub = Hub("homeassistant")
    parts = {name: {"p": "sensor", "stat_t": f"p/{name}", "uniq_id": name, "unit_of_meas": "V"} for name in "ab"}
    hub.told("homeassistant/device/d/config", {"dev": {"ids": ["d"]}, "cmps": parts})
    hub.told("p/a", b"1")
    hub.told("p/b", b"2")
    hub.told("homeassistant/device/d/config", {"dev": {"ids": ["d"]}, "cmps": {**parts, "b": {"p": "sensor"}}})
    assert hub.qualities("ha:d") == {"a": "good", "b": "unknown"}
    assert hub.device("ha:d").presence == "online"
    hub.told("homeassistant/device/d/config", b"")
    assert (hub.device("ha:d").presence, hub.qualities("ha:d")["a"]) == ("offline", "unknown")


def test_home_assistant_announcement_with_one_more_identifier_stays_one_device() -> None:
    hub = Hub("homeassistant")
    hub.told("homeassistant/sensor/x/config", sensor("x", "old"))
    hub.told("p/x", b"20")
    hub.told("homeassistant/sensor/x/config", sensor("x", "old", dev={"ids": ["new", "old"]}))
    assert [device.id for device in hub.fleet.devices()] == ["ha:old"]
    assert hub.qualities("ha:old") == {"x": "good"}


def zigbee(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"ieee_address": ieee, "friendly_name": name, "type": "EndDevice"} for ieee, name in pairs]


def test_zigbee_device_that_takes_the_name_of_another() -> None:
    hub = Hub("zigbee2mqtt")
    hub.told("zigbee2mqtt/bridge/devices", zigbee(("0x01", "door")))
    hub.told("zigbee2mqtt/door", {"contact": True})
    hub.told("zigbee2mqtt/bridge/devices", zigbee(("0x02", "door")))
    hub.told("zigbee2mqtt/door", {"contact": False})
    assert (hub.device("0x01").presence, hub.qualities("0x01")) == ("offline", {"contact": "unknown"})
    assert hub.device("0x02").metrics["contact"].value is False


def test_zigbee_device_that_is_renamed_stays_one() -> None:
    hub = Hub("zigbee2mqtt")
    hub.told("zigbee2mqtt/bridge/devices", zigbee(("0x01", "door")))
    hub.told("zigbee2mqtt/door", {"contact": True})
    hub.told("zigbee2mqtt/bridge/devices", zigbee(("0x01", "gate")))
    hub.told("zigbee2mqtt/gate", {"contact": False})
    assert hub.device("0x01").display_name == "gate"
    assert {device.id for device in hub.fleet.devices()} == {"0x01"}


def test_tasmota_that_spoke_under_a_new_topic_before_it_announced_it() -> None:
    hub, mac = Hub("tasmota"), "AABBCCDDEEFF"
    config = {"t": "old", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "mac": mac, "dn": "Plug"}
    hub.told(f"tasmota/discovery/{mac}/config", config)
    hub.told("tele/old/SENSOR", {"ENERGY": {"Power": 3}})
    hub.told("tele/new/SENSOR", {"ENERGY": {"Power": 4}})
    hub.told(f"tasmota/discovery/{mac}/config", {**config, "t": "new"})
    hub.told("tele/new/SENSOR", {"ENERGY": {"Power": 5}})
    (interim,) = [device for device in hub.fleet.devices() if device.id != mac]
    assert (interim.presence, hub.qualities(interim.id)) == ("offline", {"ENERGY.Power": "unknown"})
    assert (hub.device(mac).metrics["ENERGY.Power"].value, hub.device(mac).presence) == (5, "online")


def test_shelly_that_is_taken_out_of_the_broker() -> None:
    hub, name = Hub("shelly"), "shellyplus1-a8032ab12345"
    body = {"src": name, "method": "NotifyStatus", "params": {"switch:0": {"output": True}}}
    hub.told(f"{name}/events/rpc", body)
    hub.told(f"{name}/online", b"")
    assert (hub.device(name).presence, hub.qualities(name)) == ("offline", {"switch:0.output": "unknown"})
    hub.told(f"{name}/events/rpc", body)
    assert (hub.device(name).presence, hub.qualities(name)) == ("online", {"switch:0.output": "good"})


def test_homie_property_and_device_that_are_described_no_more() -> None:
    hub = Hub("homie")
    nodes = {"n": {"properties": {name: {"datatype": "float"} for name in "ab"}}}
    hub.told("homie/5/d/$description", {"homie": "5.0", "version": 1, "nodes": nodes}, retained=True)
    for name in "ab":
        hub.told(f"homie/5/d/n/{name}", b"1.5")
    fewer = {"n": {"properties": {"a": {"datatype": "float"}}}}
    hub.told("homie/5/d/$description", {"homie": "5.0", "version": 2, "nodes": fewer}, retained=True)
    assert hub.qualities("homie:d") == {"n.a": "good", "n.b": "unknown"}
    hub.told("homie/5/d/$description", b"")
    assert (hub.device("homie:d").presence, hub.qualities("homie:d")["n.a"]) == ("offline", "unknown")


def test_sparkplug_metric_that_a_new_birth_does_not_declare() -> None:
    hub, topic = Hub("sparkplug"), "spBv1.0/plant/NBIRTH/press"
    both = [metric("speed", T.DOUBLE, 1.0), metric("load", T.DOUBLE, 2.0)]
    hub.told(topic, payload(metric("bdSeq", T.INT64, 0), *both, seq=0, ts=T0))
    hub.told(topic, payload(metric("bdSeq", T.INT64, 1), both[0], seq=0, ts=T0 + 1_500))
    (device,) = hub.fleet.devices()
    assert {name: latest.quality for name, latest in device.metrics.items()} == {"speed": "good", "load": "unknown"}


def test_announcement_of_a_deleted_device_that_is_taken_back_harms_nobody() -> None:
    hub = Hub("homeassistant")
    hub.told("homeassistant/sensor/x/config", sensor("x", "old"))
    hub.tell(DeleteDevice("ha:old", T0))
    hub.told("homeassistant/sensor/x/config", b"")
    assert hub.batch.rejections == []
