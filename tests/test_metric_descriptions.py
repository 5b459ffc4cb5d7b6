"""How metrics are shown: titles, device classes and categories of each dialect, the headline, and a person's edits."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from api_hub import ApiHub, Socket, running_hub
from dialect_run import Heard
from hub.dialects import (
    HomeAssistantDialect,
    HomieDialect,
    NativeDialect,
    ShellyDialect,
    TasmotaDialect,
    Zigbee2MqttDialect,
)
from hub.model import Device, EditDevice, Info, MetricOverride, state_word
from hub.registry.registry import DeviceRegistry

VECTORS = json.loads((Path(__file__).parent / "vectors" / "state_words.json").read_text("utf-8"))
SHELLY = "shellyplus1pm-aabbccddeeff"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


def shown(heard: Heard) -> Device:
    """The one device that a dialect has introduced, with its values."""
    (identity,) = heard.registry.met.values()
    values = {metric: latest for (_, metric), latest in heard.registry.values.items()}
    return Device("x", "x", identity.dialect, first_seen=0, info=identity.info or Info(), metrics=values)


def titles(device: Device) -> dict[str, str]:
    return {metric: device.describe(metric).title for metric in device.metrics}


def headline(device: Device) -> tuple[str, str | None]:
    """The title of the metric that stands for the device, and the word of its state."""
    order = ("primary", "further", "diagnostic", "config")
    described = {metric: device.describe(metric) for metric in device.metrics}
    first = min(described, key=lambda m: (order.index(described[m].category), described[m].rank, m))
    return described[first].title, state_word(device.metrics[first].value, described[first].device_class)


@pytest.mark.parametrize(("value", "device_class", "word"), VECTORS)
def test_a_state_reads_as_its_device_class_says(value, device_class, word):
    assert state_word(value, device_class) == word


# -- Home Assistant discovery ----------------------------------------------------------------------------------------


def announced(device: str, *entities: tuple[str, dict]) -> Heard:
    heard = Heard(HomeAssistantDialect())
    for number, (kind, config) in enumerate(entities):
        body = {"uniq_id": f"u{number}", "stat_t": f"s/{number}", "dev": {"ids": ["AB12"], "name": device}, **config}
        heard.say(f"homeassistant/{kind}/AB12/o{number}/config", body)
        heard.say(f"s/{number}", b"ON" if kind in ("binary_sensor", "switch") else b"21")
    return heard


@pytest.mark.parametrize(
    ("config", "title"),
    [
        ({"name": "Supply", "unit_of_meas": "°C"}, "Supply"),
        ({"name": "Boiler Supply", "unit_of_meas": "°C"}, "Supply"),
        ({"name": "boiler supply", "unit_of_meas": "°C"}, "Supply"),
        ({"name": "Boilerhouse", "unit_of_meas": "°C"}, "Boilerhouse"),
        ({"name": "AB12_tempin", "unit_of_meas": "°C"}, "Tempin"),
        ({"name": None, "dev_cla": "temperature"}, "Temperature"),
        ({"dev_cla": "signal_strength"}, "Signal strength"),
        ({"unit_of_meas": "hPa"}, "Pressure"),
        ({"name": "Boiler", "dev_cla": "power"}, "Power"),
        ({"obj_id": "boiler_return_flow", "unit_of_meas": "L/min"}, "Return flow"),
    ],
)
def test_an_entity_is_named_as_home_assistant_names_it(config, title):
    assert titles(shown(announced("Boiler", ("sensor", config)))) == {"u0": title}


def test_two_entities_of_one_class_are_told_apart():
    heard = announced("Boiler", ("sensor", {"dev_cla": "temperature"}), ("sensor", {"dev_cla": "temperature"}))
    assert titles(shown(heard)) == {"u0": "Temperature (o0)", "u1": "Temperature (o1)"}


def test_parts_of_an_entity_are_named_after_it():
    heard = Heard(HomeAssistantDialect())
    body = {"uniq_id": "u", "name": "Strip", "schema": "json", "stat_t": "s", "dev": {"ids": ["a"], "name": "Lamp"}}
    heard.say("homeassistant/light/x/config", body)
    heard.say("s", {"state": "ON", "brightness": 12})
    assert titles(shown(heard)) == {"u": "Strip", "u.brightness": "Strip brightness"}


def test_the_category_is_the_announced_one():
    device = shown(
        announced(
            "Boiler",
            ("sensor", {"name": "Heap", "ent_cat": "diagnostic", "unit_of_meas": "°C"}),
            ("sensor", {"name": "Supply", "unit_of_meas": "°C"}),
            ("sensor", {"dev_cla": "battery", "unit_of_meas": "%"}),
        )
    )
    assert [device.describe(metric).category for metric in ("u0", "u1", "u2")] == [
        "diagnostic",
        "primary",
        "diagnostic",
    ]
    assert headline(device)[0] == "Supply"


@pytest.mark.parametrize(
    ("device_class", "word"),
    [("door", "Open"), ("moisture", "Wet"), ("motion", "Detected"), ("lock", "Unlocked"), ("garage_door", "Open")],
)
def test_a_binary_sensor_is_headed_by_its_state_not_its_battery(device_class, word):
    battery = ("sensor", {"dev_cla": "battery", "unit_of_meas": "%"})
    chip = ("sensor", {"name": "Device temperature", "dev_cla": "temperature", "unit_of_meas": "°C"})
    device = shown(announced("Front", battery, chip, ("binary_sensor", {"dev_cla": device_class})))
    assert headline(device)[1] == word


# -- Zigbee2MQTT, Shelly, Tasmota, Homie, native -----------------------------------------------------------------------


def zigbee(exposes: list[dict], state: dict) -> Device:
    heard = Heard(Zigbee2MqttDialect())
    listed = [{"ieee_address": "0x1", "friendly_name": "x", "type": "EndDevice", "definition": {"exposes": exposes}}]
    heard.say("zigbee2mqtt/bridge/devices", listed, retained=True)
    heard.say("zigbee2mqtt/x", state)
    return shown(heard)


def test_a_zigbee_contact_is_open_or_closed():
    contact = {
        "type": "binary",
        "property": "contact",
        "name": "contact",
        "value_on": False,
        "value_off": True,
        "access": 1,
    }
    battery = {"type": "numeric", "property": "battery", "unit": "%", "access": 1, "category": "diagnostic"}
    exposes = [battery, contact]
    assert headline(zigbee(exposes, {"battery": 9, "contact": True})) == ("Contact", "Closed")
    assert headline(zigbee(exposes, {"battery": 9, "contact": False})) == ("Contact", "Open")


def test_a_zigbee_lock_is_locked_and_carries_its_labels():
    state = {
        "type": "binary",
        "property": "state",
        "name": "state",
        "value_on": "LOCK",
        "value_off": "UNLOCK",
        "access": 7,
    }
    delay = {
        "type": "numeric",
        "property": "auto_relock_time",
        "label": "Auto relock time",
        "access": 7,
        "category": "config",
    }
    device = zigbee([{"type": "lock", "features": [state]}, delay], {"state": "LOCK", "auto_relock_time": 20})
    assert headline(device) == ("State", "Locked")
    assert device.describe("auto_relock_time").category == "config"
    assert device.describe("auto_relock_time").title == "Auto relock time"


def shelly(*status: dict) -> Device:
    heard = Heard(ShellyDialect())
    for params in status:
        heard.say(f"{SHELLY}/events/rpc", {"src": SHELLY, "method": "NotifyStatus", "params": params})
    return shown(heard)


def test_a_shelly_plug_is_named_as_people_name_it():
    switch = {"output": True, "apower": 93.1, "aenergy": {"total": 5.0}, "voltage": 231, "temperature": {"tC": 40.5}}
    device = shelly({"switch:0": switch, "wifi": {"rssi": -60}})
    assert titles(device) == {
        "switch:0.output": "Switch",
        "switch:0.apower": "Power",
        "switch:0.aenergy.total": "Energy",
        "switch:0.voltage": "Voltage",
        "switch:0.temperature.tC": "Device temperature",
        "wifi.rssi": "Wi-Fi signal",
    }
    assert device.describe("switch:0.temperature.tC").category == "diagnostic"
    assert headline(device)[0] == "Power"


def test_the_switches_of_a_shelly_are_numbered_where_there_are_several():
    assert titles(shelly({"switch:0": {"output": True}}, {"switch:1": {"output": False}})) == {
        "switch:0.output": "Switch 0",
        "switch:1.output": "Switch 1",
    }


def test_a_tasmota_plug_is_named_as_people_name_it():
    heard = Heard(TasmotaDialect())
    heard.say(
        "tele/plug/SENSOR",
        {"ENERGY": {"Power": 12, "Today": 0.4, "Factor": 0.9}, "ESP32": {"Temperature": 51}, "TempUnit": "C"},
    )
    heard.say("tele/plug/STATE", {"POWER": "ON", "Wifi": {"RSSI": 70}})
    device = shown(heard)
    assert titles(device) == {
        "ENERGY.Power": "Power",
        "ENERGY.Today": "Energy today",
        "ENERGY.Factor": "Power factor",
        "ESP32.Temperature": "Device temperature",
        "POWER": "Switch",
        "Wifi.RSSI": "Wi-Fi quality",
    }
    assert headline(device)[0] == "Power"


def test_a_homie_property_is_called_by_its_name_after_its_node_where_two_share_it():
    heard = Heard(HomieDialect())
    nodes = {
        "in": {"name": "Inlet", "properties": {"t": {"name": "Temperature", "datatype": "float"}}},
        "out": {
            "name": "Outlet",
            "properties": {"t": {"name": "Temperature", "datatype": "float"}, "p": {"datatype": "float"}},
        },
    }
    heard.say("homie/5/boiler/$description", {"homie": "5.0", "version": 1, "nodes": nodes}, retained=True)
    for at in ("in/t", "out/t", "out/p"):
        heard.say(f"homie/5/boiler/{at}", b"20")
    assert titles(shown(heard)) == {"in.t": "Inlet temperature", "out.t": "Outlet temperature", "out.p": "P"}


def test_a_native_device_gives_titles_and_classes():
    heard = Heard(NativeDialect())
    heard.say("devices/x/info", {"titles": {"t1": "Flue gas"}, "classes": {"s": "garage_door"}}, retained=True)
    heard.registry.met.clear()
    heard.say("devices/x/info", {"titles": {"t1": "Flue gas"}, "classes": {"s": "garage_door"}})
    heard.say("devices/x/telemetry", {"t1": 180, "s": True, "battery": 80})
    device = shown(heard)
    assert titles(device)["t1"] == "Flue gas"
    assert headline(device) == ("S", "Open")


@pytest.mark.parametrize(
    ("metrics", "first"),
    [
        ({"battery": 9.0, "door": False}, "Door"),
        ({"battery": 100.0, "leak": False, "temperature": 18.0}, "Leak"),
        ({"rssi": -70.0, "uptime": 12.0, "humidity": 40.0}, "Humidity"),
        ({"temperature": -18.0, "door": False, "humidity": 70.0}, "Temperature"),
        ({"cpu_temperature": 50.0, "running": True}, "Running"),
        ({"battery": 50.0}, "Battery"),
        ({"vbat": 3.1, "windowOpen": False, "rssi": -70.0}, "Window open"),
        ({"unknown": 7.0, "door": True}, "Door"),
        ({"pm2_5": 12.0, "esp_temp": 50.0}, "PM2.5"),
        ({"target_temperature": 21.0, "temperature": 19.5}, "Temperature"),
    ],
)
def test_what_a_plain_device_is_about_comes_before_its_battery(metrics, first):
    heard = Heard(NativeDialect())
    heard.say("devices/x/telemetry", metrics)
    assert headline(shown(heard))[0] == first


# -- what a person sets ------------------------------------------------------------------------------------------------


async def test_a_metric_is_renamed_hidden_relabelled_and_given_back(hub: ApiHub):
    hub.publish("devices/x/info", {"units": {"t": "°C"}})
    await hub.telemetry("x", t=20.5, u=1)
    edit = {"metrics": {"t": {"title": "Flue", "unit": "degrees", "hidden": True}}}
    body = (await hub.http.patch("/api/devices/x", json=edit)).json()
    wanted = {"title": "Flue", "unit": "degrees", "hidden": True, "value": 20.5}
    assert {key: body["metrics"]["t"][key] for key in wanted} == wanted
    assert body["metric_edits"] == {"t": {"title": "Flue", "unit": "degrees", "hidden": True}}
    body = (await hub.http.patch("/api/devices/x", json={"metrics": {"t": None}})).json()
    assert (body["metrics"]["t"]["title"], body["metrics"]["t"]["unit"], body["metric_edits"]) == ("T", "°C", {})
    refused = await hub.http.patch("/api/devices/x", json={"metrics": {"none": {"hidden": True}}})
    assert refused.status_code == 422
    assert "'none'" in refused.text


async def test_live_frames_carry_how_metrics_are_shown(hub: ApiHub):
    await hub.telemetry("x", door=True, battery=9)
    async with hub.socket("/api/live") as connection:
        page = Socket(connection)
        await page.say(type="hello")
        snapshot = await page.wait("snapshot")
        kinds, door = snapshot["kinds"], snapshot["metrics"]["door"]
        assert (kinds[door["k"]]["device_class"], kinds[door["k"]]["title"]) == ("door", "Door")
        await page.say(type="ack", seq=snapshot["seq"])
        await hub.http.patch("/api/devices/x", json={"metrics": {"door": {"title": "Gate"}}})
        delta = await page.wait("delta")
        _, places = delta["shown"]["door"]
        assert delta["kinds"][places[0]]["title"] == "Gate"


async def test_an_edit_survives_a_restart_and_an_older_state_loads(tmp_path: Path):
    older = msgspec.msgpack.encode({"id": "y", "native_id": "y", "dialect": "native", "first_seen": 1, "info": {}})
    registry = DeviceRegistry()
    registry.restore({"older": older}, now=2)
    registry.edit(EditDevice("y", 3, metrics={"t": MetricOverride(title="Flue")}))
    states, _ = registry.take_states(0, 0)
    again = DeviceRegistry()
    again.restore(states, now=4)
    assert again.require("y").describe("t").title == "Flue"


async def test_an_alert_speaks_of_the_metric_by_its_title(hub: ApiHub):
    hub.publish("devices/x/info", {"titles": {"temperature": "Flue temperature"}, "units": {"temperature": "°C"}})
    await hub.telemetry("x", temperature=95.0)
    (alert,) = (await hub.http.get("/api/alerts")).json()["items"]
    assert alert["message"] == "flue temperature 95 °C, above 80 °C"
