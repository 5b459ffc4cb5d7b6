"""Announcements that move, shrink or are withdrawn: the values of the device that they leave become unknown."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from hub.dialects import Dialect, DialectConfig, make_dialect
from hub.model import DeleteDevice, Device, RawMessage, ReplaceRules, Tick
from hub.services.device_hints import hints_of
from sparkplug_node import T, metric, payload
from test_fast_path import T0, HandlerRun


class Hub(HandlerRun):
    """A hub with one dialect."""

    def __init__(self, dialect: str, rules: str = "") -> None:
        super().__init__(rules=rules)
        dialects: Sequence[Dialect] = [make_dialect(dialect, DialectConfig())]
        self.handler._dialects = dialects
        self.at = 0

    def publish(self, topic: str, body: Any, *, retained: bool = False) -> None:
        self.at += 1_000
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.handle(RawMessage(topic, text, T0 + self.at, retained=retained))

    def qualities(self, device: str) -> dict[str, str]:
        return {name: latest.quality for name, latest in self.device(device).metrics.items()}

    def device(self, device: str) -> Device:
        return self.registry.require(device)


def sensor(name: str, device: str, **keys: Any) -> dict[str, Any]:
    return {"uniq_id": name, "stat_t": f"p/{name}", "unit_of_meas": "V", "dev": {"ids": [device]}, **keys}


def test_home_assistant_entity_moves_to_another_device() -> None:
    hub = Hub("homeassistant")
    hub.publish("homeassistant/sensor/x/config", sensor("x", "old"), retained=True)
    hub.publish("p/x", b"20")
    hub.publish("homeassistant/sensor/x/config", sensor("x", "new"), retained=True)
    hub.publish("p/x", b"21")
    old, new = hub.device("ha:old"), hub.device("ha:new")
    assert (old.presence, hub.qualities("ha:old"), old.unit("x")) == ("offline", {"x": "unknown"}, None)
    assert (new.presence, new.metrics["x"].value, new.unit("x")) == ("online", 21, "V")
    assert old.metrics["x"].value == 20, "its last value is kept"


def test_alert_on_removed_home_assistant_entity_is_withdrawn() -> None:
    hub = Hub("homeassistant", '[[rule]]\nid = "high"\nmetric = "[xy]"\nabove = 80\n')
    for name in "xy":
        hub.publish(f"homeassistant/sensor/{name}/config", sensor(name, "old"), retained=True)
        hub.publish(f"p/{name}", b"95")

    def alerts() -> list[tuple[str, str | None]]:
        return sorted((alert.device, alert.metric) for alert in hub.engine.open.values())

    assert alerts() == [("ha:old", "x"), ("ha:old", "y")]
    hub.publish("homeassistant/sensor/x/config", sensor("x", "new"), retained=True)
    assert alerts() == [("ha:old", "y")], "the other entity is still announced"
    hub.publish("p/x", b"96")
    hub.publish("homeassistant/sensor/y/config", b"", retained=True)
    assert alerts() == [("ha:new", "x")]
    hub.submit(ReplaceRules(tuple(hub.engine.rules), T0 + hub.at))
    assert alerts() == [("ha:new", "x")]


def test_home_assistant_entity_leaves_device_with_other_entities() -> None:
    hub = Hub("homeassistant")
    light = {
        "uniq_id": "l",
        "schema": "json",
        "stat_t": "p/l",
        "cmd_t": "p/l/set",
        "brightness": True,
        "dev": {"ids": ["a"]},
    }
    hub.publish("homeassistant/light/l/config", light)
    hub.publish("homeassistant/sensor/x/config", sensor("x", "a"))
    hub.publish("p/l", {"state": "ON", "brightness": 100})
    hub.publish("p/x", b"20")
    hub.publish("homeassistant/light/l/config", {**light, "dev": {"ids": ["b"]}})
    assert hub.qualities("ha:a") == {"l": "unknown", "l.brightness": "unknown", "x": "good"}
    assert hub.device("ha:a").presence == "online"
    assert hub.device("ha:a").info.commands == {}


def test_home_assistant_component_is_removed() -> None:
    hub = Hub("homeassistant")
    parts = {name: {"p": "sensor", "stat_t": f"p/{name}", "uniq_id": name, "unit_of_meas": "V"} for name in "ab"}
    hub.publish("homeassistant/device/d/config", {"dev": {"ids": ["d"]}, "cmps": parts})
    hub.publish("p/a", b"1")
    hub.publish("p/b", b"2")
    hub.publish("homeassistant/device/d/config", {"dev": {"ids": ["d"]}, "cmps": {**parts, "b": {"p": "sensor"}}})
    assert hub.qualities("ha:d") == {"a": "good", "b": "unknown"}
    assert hub.device("ha:d").presence == "online"
    hub.publish("homeassistant/device/d/config", b"")
    assert (hub.device("ha:d").presence, hub.qualities("ha:d")["a"]) == ("offline", "unknown")


def test_home_assistant_device_with_added_identifier_stays_one_device() -> None:
    hub = Hub("homeassistant")
    hub.publish("homeassistant/sensor/x/config", sensor("x", "old"))
    hub.publish("p/x", b"20")
    hub.publish("homeassistant/sensor/x/config", sensor("x", "old", dev={"ids": ["new", "old"]}))
    assert [device.id for device in hub.registry.devices()] == ["ha:old"]
    assert hub.qualities("ha:old") == {"x": "good"}


def zigbee(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"ieee_address": ieee, "friendly_name": name, "type": "EndDevice"} for ieee, name in pairs]


def test_zigbee_device_takes_name_of_another() -> None:
    hub = Hub("zigbee2mqtt")
    hub.publish("zigbee2mqtt/bridge/devices", zigbee(("0x01", "door")))
    hub.publish("zigbee2mqtt/door", {"contact": True})
    hub.publish("zigbee2mqtt/bridge/devices", zigbee(("0x02", "door")))
    hub.publish("zigbee2mqtt/door", {"contact": False})
    assert (hub.device("0x01").presence, hub.qualities("0x01")) == ("offline", {"contact": "unknown"})
    assert hub.device("0x02").metrics["contact"].value is False


def test_renamed_zigbee_device_stays_one_device() -> None:
    hub = Hub("zigbee2mqtt")
    hub.publish("zigbee2mqtt/bridge/devices", zigbee(("0x01", "door")))
    hub.publish("zigbee2mqtt/door", {"contact": True})
    hub.publish("zigbee2mqtt/bridge/devices", zigbee(("0x01", "gate")))
    hub.publish("zigbee2mqtt/gate", {"contact": False})
    assert hub.device("0x01").display_name == "gate"
    assert {device.id for device in hub.registry.devices()} == {"0x01"}


def test_tasmota_publishes_on_new_topic_before_announcing_it() -> None:
    hub, mac = Hub("tasmota"), "AABBCCDDEEFF"
    config = {"t": "old", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "mac": mac, "dn": "Plug"}
    hub.publish(f"tasmota/discovery/{mac}/config", config)
    hub.publish("tele/old/SENSOR", {"ENERGY": {"Power": 3}})
    hub.publish("tele/new/SENSOR", {"ENERGY": {"Power": 4}})
    hub.publish(f"tasmota/discovery/{mac}/config", {**config, "t": "new"})
    hub.publish("tele/new/SENSOR", {"ENERGY": {"Power": 5}})
    (interim,) = [device for device in hub.registry.devices() if device.id != mac]
    assert (interim.presence, hub.qualities(interim.id)) == ("offline", {"ENERGY.Power": "unknown"})
    assert (hub.device(mac).metrics["ENERGY.Power"].value, hub.device(mac).presence) == (5, "online")


def test_shelly_with_cleared_online_topic_goes_offline() -> None:
    hub, name = Hub("shelly"), "shellyplus1-a8032ab12345"
    body = {"src": name, "method": "NotifyStatus", "params": {"switch:0": {"output": True}}}
    hub.publish(f"{name}/events/rpc", body)
    hub.publish(f"{name}/online", b"")
    assert (hub.device(name).presence, hub.qualities(name)) == ("offline", {"switch:0.output": "unknown"})
    hub.publish(f"{name}/events/rpc", body)
    assert (hub.device(name).presence, hub.qualities(name)) == ("online", {"switch:0.output": "good"})


def test_homie_property_and_device_are_removed() -> None:
    hub = Hub("homie")
    nodes = {"n": {"properties": {name: {"datatype": "float"} for name in "ab"}}}
    hub.publish("homie/5/d/$description", {"homie": "5.0", "version": 1, "nodes": nodes}, retained=True)
    for name in "ab":
        hub.publish(f"homie/5/d/n/{name}", b"1.5")
    fewer = {"n": {"properties": {"a": {"datatype": "float"}}}}
    hub.publish("homie/5/d/$description", {"homie": "5.0", "version": 2, "nodes": fewer}, retained=True)
    assert hub.qualities("homie:d") == {"n.a": "good", "n.b": "unknown"}
    hub.publish("homie/5/d/$description", b"")
    assert (hub.device("homie:d").presence, hub.qualities("homie:d")["n.a"]) == ("offline", "unknown")


def test_sparkplug_metric_missing_from_new_birth_is_unknown() -> None:
    hub, topic = Hub("sparkplug"), "spBv1.0/plant/NBIRTH/press"
    both = [metric("speed", T.DOUBLE, 1.0), metric("load", T.DOUBLE, 2.0)]
    hub.publish(topic, payload(metric("bdSeq", T.INT64, 0), *both, seq=0, ts=T0))
    hub.publish(topic, payload(metric("bdSeq", T.INT64, 1), both[0], seq=0, ts=T0 + 1_500))
    (device,) = hub.registry.devices()
    assert {name: latest.quality for name, latest in device.metrics.items()} == {"speed": "good", "load": "unknown"}


@pytest.mark.parametrize("odd", [metric("speed", T.DOUBLE, float("nan")), metric("speed", T.STRING, "fast"), None])
def test_sparkplug_data_without_reading_keeps_device_online(odd: bytes | None) -> None:
    hub = Hub("sparkplug")
    born = [metric("bdSeq", T.INT64, 0), metric("speed", T.DOUBLE, 1.0), metric("load", T.DOUBLE, 2.0)]
    hub.publish("spBv1.0/plant/NBIRTH/press", payload(*born, seq=0, ts=T0))
    hub.publish("spBv1.0/plant/NDATA/press", payload(*([odd] if odd else []), seq=1, ts=T0 + 1_500))
    (device,) = hub.registry.devices()
    assert (device.presence, device.last_seen, device.metrics["load"].quality) == ("online", T0 + hub.at, "good")


def test_withdrawn_announcement_of_deleted_device_is_ignored() -> None:
    hub = Hub("homeassistant")
    hub.publish("homeassistant/sensor/x/config", sensor("x", "old"))
    hub.submit(DeleteDevice("ha:old", T0))
    hub.publish("homeassistant/sensor/x/config", b"")
    assert hub.batch.rejections == []


# -- silence, and alerts on removed metrics --------------------------------------------------------------------------

SILENT = '[[rule]]\nid = "silent"\nkind = "no_data"\nsilence = "5m"\n'
HIGH = '[[rule]]\nid = "high"\nmetric = "*"\nabove = 80\n'


def homie4(hub: Hub, *properties: str) -> None:
    hub.publish("homie/d/$homie", b"4.0.0", retained=True)
    hub.publish("homie/d/$state", b"ready", retained=True)
    hub.publish("homie/d/$nodes", b"n", retained=True)
    for name in properties:
        hub.publish(f"homie/d/n/{name}/$datatype", b"float", retained=True)
    hub.publish("homie/d/n/$properties", ",".join(properties).encode(), retained=True)


def moved_in_home_assistant(hub: Hub) -> str:
    hub.publish("homeassistant/sensor/x/config", sensor("x", "old"), retained=True)
    hub.publish("p/x", b"20")
    hub.publish("homeassistant/sensor/x/config", sensor("x", "new"), retained=True)
    return "ha:old"


def removed_from_home_assistant(hub: Hub) -> str:
    hub.publish("homeassistant/sensor/x/config", sensor("x", "old"), retained=True)
    hub.publish("p/x", b"20")
    hub.publish("homeassistant/sensor/x/config", b"")
    return "ha:old"


def removed_from_zigbee2mqtt(hub: Hub) -> str:
    hub.publish("zigbee2mqtt/bridge/devices", zigbee(("0x01", "door")), retained=True)
    hub.publish("zigbee2mqtt/door", {"contact": True, "temperature": 20})
    hub.publish("zigbee2mqtt/bridge/devices", zigbee(), retained=True)
    return "0x01"


def tasmota_announcement_cleared(hub: Hub) -> str:
    mac = "AABBCCDDEEFF"
    config = {"t": "plug", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "mac": mac, "dn": "Plug"}
    hub.publish(f"tasmota/discovery/{mac}/config", config, retained=True)
    hub.publish("tele/plug/SENSOR", {"ENERGY": {"Power": 3}})
    hub.publish(f"tasmota/discovery/{mac}/config", b"")
    return mac


def homie5_description_cleared(hub: Hub) -> str:
    nodes = {"n": {"properties": {"a": {"datatype": "float"}}}}
    hub.publish("homie/5/d/$description", {"homie": "5.0", "version": 1, "nodes": nodes}, retained=True)
    hub.publish("homie/5/d/n/a", b"1.5")
    hub.publish("homie/5/d/$description", b"")
    return "homie:d"


def homie5_state_cleared(hub: Hub) -> str:
    nodes = {"n": {"properties": {"a": {"datatype": "float"}}}}
    hub.publish("homie/5/d/$description", {"homie": "5.0", "version": 1, "nodes": nodes}, retained=True)
    hub.publish("homie/5/d/n/a", b"1.5")
    hub.publish("homie/5/d/$state", b"")
    return "homie:d"


def homie4_cleared(hub: Hub) -> str:
    homie4(hub, "a")
    hub.publish("homie/d/n/a", b"1.5")
    hub.publish("homie/d/$homie", b"")
    return "homie:d"


def shelly_cleared(hub: Hub) -> str:
    name = "shellyplus1-a8032ab12345"
    hub.publish(f"{name}/events/rpc", {"src": name, "method": "NotifyStatus", "params": {"switch:0": {"output": True}}})
    hub.publish(f"{name}/online", b"")
    return name


@pytest.mark.parametrize(
    ("dialect", "withdraw"),
    [
        ("homeassistant", moved_in_home_assistant),
        ("homeassistant", removed_from_home_assistant),
        ("zigbee2mqtt", removed_from_zigbee2mqtt),
        ("tasmota", tasmota_announcement_cleared),
        ("homie", homie5_description_cleared),
        ("homie", homie5_state_cleared),
        ("homie", homie4_cleared),
        ("shelly", shelly_cleared),
    ],
)
def test_device_without_announcement_raises_no_silence_alert(dialect: str, withdraw: Callable[[Hub], str]) -> None:
    hub = Hub(dialect, SILENT)

    def wait(minutes: int) -> None:
        for _ in range(minutes):
            hub.at += 60_000
            hub.submit(Tick(T0 + hub.at, T0))

    device = withdraw(hub)
    wait(20)
    assert hub.device(device).last_seen is not None
    assert [alert.device for alert in hub.engine.open.values() if alert.device == device] == []
    hub.submit(ReplaceRules(tuple(hub.engine.rules), T0 + hub.at))
    wait(20)
    assert [alert.device for alert in hub.engine.open.values() if alert.device == device] == []


@pytest.mark.parametrize("removed", [False, True])
def test_silence_alert_ends_with_announcement_and_returns_with_it(
    removed: bool,
) -> None:
    hub = Hub("homeassistant", SILENT)

    def wait(minutes: int) -> list[str]:
        for _ in range(minutes):
            hub.at += 60_000
            hub.submit(Tick(T0 + hub.at, T0))
        return [alert.device for alert in hub.engine.open.values()]

    hub.publish("homeassistant/sensor/x/config", sensor("x", "old"), retained=True)
    hub.publish("p/x", b"20")
    assert wait(20) == ["ha:old"]
    hub.publish("homeassistant/sensor/x/config", b"")
    assert wait(20) == []
    assert "announcement was removed" in hints_of(hub.device("ha:old"))[0].text
    hub.publish("homeassistant/sensor/x/config", sensor("x", "old"), retained=True)
    if not removed:
        hub.publish("p/x", b"21")
    assert wait(3) == []
    assert wait(20) == ["ha:old"]


def test_alert_on_removed_homie_5_property_is_withdrawn() -> None:
    hub = Hub("homie", HIGH)
    nodes = {"n": {"properties": {name: {"datatype": "float"} for name in "ab"}}}
    hub.publish("homie/5/d/$description", {"homie": "5.0", "version": 1, "nodes": nodes}, retained=True)
    for name in "ab":
        hub.publish(f"homie/5/d/n/{name}", b"95")
    fewer = {"n": {"properties": {"a": {"datatype": "float"}}}}
    hub.publish("homie/5/d/$description", {"homie": "5.0", "version": 2, "nodes": fewer}, retained=True)
    assert [alert.metric for alert in hub.engine.open.values()] == ["n.a"]


def test_alert_on_removed_homie_4_property_is_withdrawn() -> None:
    hub = Hub("homie", HIGH)
    homie4(hub, "a", "b")
    for name in "ab":
        hub.publish(f"homie/d/n/{name}", b"95")
    hub.publish("homie/d/n/$properties", b"b", retained=True)
    assert [alert.metric for alert in hub.engine.open.values()] == ["n.b"]


def test_alert_on_sparkplug_metric_missing_from_new_birth_is_withdrawn() -> None:
    hub, topic = Hub("sparkplug", HIGH), "spBv1.0/plant/NBIRTH/press"
    both = [metric("load", T.DOUBLE, 91.0), metric("load.max", T.DOUBLE, 92.0)]
    hub.publish(topic, payload(metric("bdSeq", T.INT64, 0), *both, seq=0, ts=T0))
    assert len(hub.engine.open) == 2
    hub.publish(topic, payload(metric("bdSeq", T.INT64, 1), both[1], seq=0, ts=T0 + 1_500))
    assert [alert.metric for alert in hub.engine.open.values()] == ["load.max"], "a longer name is another metric"
    (device,) = hub.registry.devices()
    assert device.metrics["load.max"].quality == "good"


@pytest.mark.parametrize("died", [True, False])
def test_alert_on_sparkplug_metric_missing_after_restart_is_withdrawn(died: bool) -> None:
    hub, topic = Hub("sparkplug", HIGH), "spBv1.0/plant/{}/press"
    hot = [metric(name, T.DOUBLE, 91.0) for name in ("load", "speed")]
    for session, kept in enumerate((hot, hot[1:])):
        hub.publish(topic.format("NBIRTH"), payload(metric("bdSeq", T.INT64, session), *kept, seq=0, ts=T0))
        hub.publish(topic.format("DBIRTH") + "/drive", payload(*kept, seq=1, ts=T0))
        assert len(hub.engine.open) == 2 * len(kept)
        if died:
            hub.publish(topic.format("NDEATH"), payload(metric("bdSeq", T.INT64, session), ts=T0))
    assert {alert.metric for alert in hub.engine.open.values()} == {"speed"}
