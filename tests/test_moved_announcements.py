"""An announcement that moves, loses a part or is taken back: the device that it leaves keeps nothing of it as good."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from hub.dialects import DIALECTS, Dialect, Roots
from hub.model import DeleteDevice, Device, RawMessage, ReplaceRules, Tick
from hub.services.device_hints import hints_of
from sparkplug_node import T, metric, payload
from test_fast_path import T0, Half


class Hub(Half):
    """A hub of one dialect that hears whole messages."""

    def __init__(self, dialect: str, rules: str = "") -> None:
        super().__init__(rules=rules)
        dialects: Sequence[Dialect] = [DIALECTS[dialect](Roots())]
        self.handler._dialects = dialects
        self.at = 0

    def told(self, topic: str, body: Any, *, retained: bool = False) -> None:
        self.at += 1_000
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.hear(RawMessage(topic, text, T0 + self.at, retained=retained))

    def qualities(self, device: str) -> dict[str, str]:
        return {name: latest.quality for name, latest in self.device(device).metrics.items()}

    def device(self, device: str) -> Device:
        return self.registry.require(device)


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
    assert [device.id for device in hub.registry.devices()] == ["ha:old"]
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
    assert {device.id for device in hub.registry.devices()} == {"0x01"}


def test_tasmota_that_spoke_under_a_new_topic_before_it_announced_it() -> None:
    hub, mac = Hub("tasmota"), "AABBCCDDEEFF"
    config = {"t": "old", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "mac": mac, "dn": "Plug"}
    hub.told(f"tasmota/discovery/{mac}/config", config)
    hub.told("tele/old/SENSOR", {"ENERGY": {"Power": 3}})
    hub.told("tele/new/SENSOR", {"ENERGY": {"Power": 4}})
    hub.told(f"tasmota/discovery/{mac}/config", {**config, "t": "new"})
    hub.told("tele/new/SENSOR", {"ENERGY": {"Power": 5}})
    (interim,) = [device for device in hub.registry.devices() if device.id != mac]
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
    (device,) = hub.registry.devices()
    assert {name: latest.quality for name, latest in device.metrics.items()} == {"speed": "good", "load": "unknown"}


@pytest.mark.parametrize("odd", [metric("speed", T.DOUBLE, float("nan")), metric("speed", T.STRING, "fast"), None])
def test_sparkplug_data_without_a_reading_are_a_sign_of_life_and_no_farewell(odd: bytes | None) -> None:
    hub = Hub("sparkplug")
    born = [metric("bdSeq", T.INT64, 0), metric("speed", T.DOUBLE, 1.0), metric("load", T.DOUBLE, 2.0)]
    hub.told("spBv1.0/plant/NBIRTH/press", payload(*born, seq=0, ts=T0))
    hub.told("spBv1.0/plant/NDATA/press", payload(*([odd] if odd else []), seq=1, ts=T0 + 1_500))
    (device,) = hub.registry.devices()
    assert (device.presence, device.last_seen, device.metrics["load"].quality) == ("online", T0 + hub.at, "good")


def test_announcement_of_a_deleted_device_that_is_taken_back_harms_nobody() -> None:
    hub = Hub("homeassistant")
    hub.told("homeassistant/sensor/x/config", sensor("x", "old"))
    hub.tell(DeleteDevice("ha:old", T0))
    hub.told("homeassistant/sensor/x/config", b"")
    assert hub.batch.rejections == []


# -- silence, and alerts on what is described no more --------------------------------------------------------------

SILENT = '[[rule]]\nid = "silent"\nkind = "no_data"\nsilence = "5m"\n'
HIGH = '[[rule]]\nid = "high"\nmetric = "*"\nabove = 80\n'


def homie4(hub: Hub, *properties: str) -> None:
    hub.told("homie/d/$homie", b"4.0.0", retained=True)
    hub.told("homie/d/$state", b"ready", retained=True)
    hub.told("homie/d/$nodes", b"n", retained=True)
    for name in properties:
        hub.told(f"homie/d/n/{name}/$datatype", b"float", retained=True)
    hub.told("homie/d/n/$properties", ",".join(properties).encode(), retained=True)


def moved_in_home_assistant(hub: Hub) -> str:
    hub.told("homeassistant/sensor/x/config", sensor("x", "old"), retained=True)
    hub.told("p/x", b"20")
    hub.told("homeassistant/sensor/x/config", sensor("x", "new"), retained=True)
    return "ha:old"


def removed_from_home_assistant(hub: Hub) -> str:
    hub.told("homeassistant/sensor/x/config", sensor("x", "old"), retained=True)
    hub.told("p/x", b"20")
    hub.told("homeassistant/sensor/x/config", b"")
    return "ha:old"


def removed_from_zigbee2mqtt(hub: Hub) -> str:
    hub.told("zigbee2mqtt/bridge/devices", zigbee(("0x01", "door")), retained=True)
    hub.told("zigbee2mqtt/door", {"contact": True, "temperature": 20})
    hub.told("zigbee2mqtt/bridge/devices", zigbee(), retained=True)
    return "0x01"


def tasmota_announcement_cleared(hub: Hub) -> str:
    mac = "AABBCCDDEEFF"
    config = {"t": "plug", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "mac": mac, "dn": "Plug"}
    hub.told(f"tasmota/discovery/{mac}/config", config, retained=True)
    hub.told("tele/plug/SENSOR", {"ENERGY": {"Power": 3}})
    hub.told(f"tasmota/discovery/{mac}/config", b"")
    return mac


def homie5_description_cleared(hub: Hub) -> str:
    nodes = {"n": {"properties": {"a": {"datatype": "float"}}}}
    hub.told("homie/5/d/$description", {"homie": "5.0", "version": 1, "nodes": nodes}, retained=True)
    hub.told("homie/5/d/n/a", b"1.5")
    hub.told("homie/5/d/$description", b"")
    return "homie:d"


def homie5_state_cleared(hub: Hub) -> str:
    nodes = {"n": {"properties": {"a": {"datatype": "float"}}}}
    hub.told("homie/5/d/$description", {"homie": "5.0", "version": 1, "nodes": nodes}, retained=True)
    hub.told("homie/5/d/n/a", b"1.5")
    hub.told("homie/5/d/$state", b"")
    return "homie:d"


def homie4_cleared(hub: Hub) -> str:
    homie4(hub, "a")
    hub.told("homie/d/n/a", b"1.5")
    hub.told("homie/d/$homie", b"")
    return "homie:d"


def shelly_cleared(hub: Hub) -> str:
    name = "shellyplus1-a8032ab12345"
    hub.told(f"{name}/events/rpc", {"src": name, "method": "NotifyStatus", "params": {"switch:0": {"output": True}}})
    hub.told(f"{name}/online", b"")
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
def test_device_that_nothing_announces_any_more_raises_no_alert_for_silence(
    dialect: str, withdraw: Callable[[Hub], str]
) -> None:
    hub = Hub(dialect, SILENT)

    def wait(minutes: int) -> None:
        for _ in range(minutes):
            hub.at += 60_000
            hub.tell(Tick(T0 + hub.at, T0))

    device = withdraw(hub)
    wait(20)
    assert hub.device(device).last_seen is not None
    assert [alert.device for alert in hub.engine.open.values() if alert.device == device] == []
    hub.tell(ReplaceRules(tuple(hub.engine.rules), T0 + hub.at))
    wait(20)
    assert [alert.device for alert in hub.engine.open.values() if alert.device == device] == []


@pytest.mark.parametrize("removed", [False, True])
def test_alert_for_silence_ends_with_the_announcement_and_is_raised_again_after_a_new_sign_of_life(
    removed: bool,
) -> None:
    hub = Hub("homeassistant", SILENT)

    def wait(minutes: int) -> list[str]:
        for _ in range(minutes):
            hub.at += 60_000
            hub.tell(Tick(T0 + hub.at, T0))
        return [alert.device for alert in hub.engine.open.values()]

    hub.told("homeassistant/sensor/x/config", sensor("x", "old"), retained=True)
    hub.told("p/x", b"20")
    assert wait(20) == ["ha:old"]
    hub.told("homeassistant/sensor/x/config", b"")
    assert wait(20) == []
    assert "announcement was taken back" in hints_of(hub.device("ha:old"))[0].text
    hub.told("homeassistant/sensor/x/config", sensor("x", "old"), retained=True)
    if not removed:
        hub.told("p/x", b"21")
    assert wait(3) == []
    assert wait(20) == ["ha:old"]


def test_alert_on_a_homie_property_that_is_described_no_more_is_withdrawn() -> None:
    hub = Hub("homie", HIGH)
    nodes = {"n": {"properties": {name: {"datatype": "float"} for name in "ab"}}}
    hub.told("homie/5/d/$description", {"homie": "5.0", "version": 1, "nodes": nodes}, retained=True)
    for name in "ab":
        hub.told(f"homie/5/d/n/{name}", b"95")
    fewer = {"n": {"properties": {"a": {"datatype": "float"}}}}
    hub.told("homie/5/d/$description", {"homie": "5.0", "version": 2, "nodes": fewer}, retained=True)
    assert [alert.metric for alert in hub.engine.open.values()] == ["n.a"]


def test_alert_on_a_homie_4_property_that_is_listed_no_more_is_withdrawn() -> None:
    hub = Hub("homie", HIGH)
    homie4(hub, "a", "b")
    for name in "ab":
        hub.told(f"homie/d/n/{name}", b"95")
    hub.told("homie/d/n/$properties", b"b", retained=True)
    assert [alert.metric for alert in hub.engine.open.values()] == ["n.b"]


def test_alert_on_a_sparkplug_metric_that_a_new_birth_does_not_declare_is_withdrawn() -> None:
    hub, topic = Hub("sparkplug", HIGH), "spBv1.0/plant/NBIRTH/press"
    both = [metric("load", T.DOUBLE, 91.0), metric("load.max", T.DOUBLE, 92.0)]
    hub.told(topic, payload(metric("bdSeq", T.INT64, 0), *both, seq=0, ts=T0))
    assert len(hub.engine.open) == 2
    hub.told(topic, payload(metric("bdSeq", T.INT64, 1), both[1], seq=0, ts=T0 + 1_500))
    assert [alert.metric for alert in hub.engine.open.values()] == ["load.max"], "a name below it is another metric"
    (device,) = hub.registry.devices()
    assert device.metrics["load.max"].quality == "good"


@pytest.mark.parametrize("died", [True, False])
def test_alert_on_a_sparkplug_metric_that_is_left_out_after_a_restart_is_withdrawn(died: bool) -> None:
    hub, topic = Hub("sparkplug", HIGH), "spBv1.0/plant/{}/press"
    hot = [metric(name, T.DOUBLE, 91.0) for name in ("load", "speed")]
    for session, kept in enumerate((hot, hot[1:])):
        hub.told(topic.format("NBIRTH"), payload(metric("bdSeq", T.INT64, session), *kept, seq=0, ts=T0))
        hub.told(topic.format("DBIRTH") + "/drive", payload(*kept, seq=1, ts=T0))
        assert len(hub.engine.open) == 2 * len(kept)
        if died:
            hub.told(topic.format("NDEATH"), payload(metric("bdSeq", T.INT64, session), ts=T0))
    assert {alert.metric for alert in hub.engine.open.values()} == {"speed"}
