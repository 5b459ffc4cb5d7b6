"""Home Assistant discovery with the ha-mqtt-discoverable library, a real broker and a real hub."""

import json
from collections.abc import Iterator

import paho.mqtt.client as paho
import pytest
from ha_mqtt_discoverable import DeviceInfo, Settings
from ha_mqtt_discoverable.sensors import BinarySensor, BinarySensorInfo, Sensor, SensorInfo, Switch, SwitchInfo

from serving import Serving, Thing, served, until

DEVICE = DeviceInfo(name="Greenhouse", identifiers="greenhouse-1", manufacturer="Acme", model="GH-2", sw_version="1.4")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(tmp_path_factory.mktemp("discovery")) as hub:
        yield hub


@pytest.fixture
def settings(hub: Serving) -> Iterator[Settings.MQTT]:
    """Return settings by which all entities of a program share one connection."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect(hub.broker.host, hub.broker.port)
    client.loop_start()
    until(client.is_connected)
    yield Settings.MQTT(client=client)
    client.disconnect()
    client.loop_stop()


def test_discovered_device_is_read_and_commanded(hub: Serving, settings: Settings.MQTT):
    commands: list[str] = []
    warmth = SensorInfo(
        name="Warmth", unique_id="gh-warmth", device=DEVICE, device_class="temperature", unit_of_measurement="°C"
    )
    sensor = Sensor(Settings(mqtt=settings, entity=warmth))
    window = BinarySensor(
        Settings(mqtt=settings, entity=BinarySensorInfo(name="Window", unique_id="gh-window", device=DEVICE))
    )
    fan = Switch(
        Settings(mqtt=settings, entity=SwitchInfo(name="Fan", unique_id="gh-fan", device=DEVICE)),
        lambda client, data, message: (commands.append(message.payload.decode()), fan.on()),
    )
    for entity in (sensor, window, fan):
        entity.write_config()
    until(lambda: hub.http.get("/api/devices/ha:greenhouse-1").status_code == 200)

    def metrics() -> dict:
        return hub.get("/api/devices/ha:greenhouse-1")["metrics"]

    def publish_states() -> bool:
        """Publish all states and return whether the hub knows them.

        States sent before the hub has subscribed are lost: the library does not retain them, and a switch publishes
        only changes.
        """
        sensor.set_state(23.5)
        window.on()
        fan.on()
        fan.off()
        return metrics().keys() == {"gh-warmth", "gh-window", "gh-fan"}

    until(publish_states)
    found = hub.get("/api/devices/ha:greenhouse-1")
    assert (found["name"], found["native_id"], found["dialect"]) == ("Greenhouse", "greenhouse-1", "homeassistant")
    assert (found["info"]["manufacturer"], found["info"]["model"], found["info"]["firmware"]) == ("Acme", "GH-2", "1.4")
    assert {name: (m["value"], m["unit"]) for name, m in found["metrics"].items()} == {
        "gh-warmth": (23.5, "°C"),
        "gh-window": (True, None),
        "gh-fan": (False, None),
    }
    sent = hub.command("ha:greenhouse-1", "gh-fan", True)
    assert sent.status_code == 202, sent.text
    until(lambda: hub.state(sent.json()) == "confirmed")
    assert commands == ["ON"]
    sensor.delete()
    until(lambda: metrics()["gh-warmth"]["quality"] == "unknown")


def test_json_schema_and_command_template_are_used_for_commands(hub: Serving):
    lamp = Thing(hub.broker, "lamp/set")
    config = {"uniq_id": "lamp", "schema": "json", "brightness": True, "stat_t": "lamp", "cmd_t": "lamp/set"}
    fan = {"uniq_id": "level", "stat_t": "level", "cmd_t": "lamp/set", "cmd_tpl": '{"level": {{ value | int }}}'}
    lamp.say("homeassistant/light/lamp/config", {**config, "dev": {"ids": "lamp-1"}}, retained=True)
    lamp.say("homeassistant/number/level/config", {**fan, "dev": {"ids": "lamp-1"}}, retained=True)
    until(lambda: len(hub.http.get("/api/devices/ha:lamp-1").json().get("info", {}).get("commands", ())) == 3)
    hub.command("ha:lamp-1", "lamp.brightness", 40)
    hub.command("ha:lamp-1", "level", 7)
    until(lambda: len(lamp.heard) == 2)
    assert [json.loads(payload) for _, payload in lamp.heard] == [{"state": "ON", "brightness": 40}, {"level": 7}]
    lamp.leave()


def test_birth_message_is_published_when_hub_starts(hub: Serving, tmp_path):
    subscriber = Thing(hub.broker, "homeassistant/status")
    assert subscriber.heard == []  # the birth message is not retained
    other = Serving(tmp_path / "data", hub.broker)
    other.start()
    until(lambda: ("homeassistant/status", b"online") in subscriber.heard)
    other.stop()
    subscriber.leave()
