"""Metric descriptions: titles, device classes and categories by dialect, the headline metric, and users' edits."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from api_hub import ApiHub, Socket, running_hub
from dialect_run import DialectRun
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


def only_device(run: DialectRun) -> Device:
    """Return the one device that the dialect has identified, with its values."""
    (identity,) = run.registry.identities.values()
    values = {metric: latest for (_, metric), latest in run.registry.values.items()}
    return Device("x", "x", identity.dialect, first_seen=0, info=identity.info or Info(), metrics=values)


def titles(device: Device) -> dict[str, str]:
    return {metric: device.describe(metric).title for metric in device.metrics}


def headline(device: Device) -> tuple[str, str | None]:
    """Return the title of the device's headline metric and the word for its state."""
    order = ("primary", "further", "diagnostic", "config")
    described = {metric: device.describe(metric) for metric in device.metrics}
    first = min(described, key=lambda m: (order.index(described[m].category), described[m].rank, m))
    return described[first].title, state_word(device.metrics[first].value, described[first].device_class)


@pytest.mark.parametrize(("value", "device_class", "word"), VECTORS)
def test_state_word_follows_device_class(value, device_class, word):
    assert state_word(value, device_class) == word


# -- Home Assistant discovery ----------------------------------------------------------------------------------------


def announced(device: str, *entities: tuple[str, dict]) -> DialectRun:
    run = DialectRun(HomeAssistantDialect())
    for number, (kind, config) in enumerate(entities):
        body = {"uniq_id": f"u{number}", "stat_t": f"s/{number}", "dev": {"ids": ["AB12"], "name": device}, **config}
        run.say(f"homeassistant/{kind}/AB12/o{number}/config", body)
        run.say(f"s/{number}", b"ON" if kind in ("binary_sensor", "switch") else b"21")
    return run


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
def test_home_assistant_entity_gets_a_title(config, title):
    assert titles(only_device(announced("Boiler", ("sensor", config)))) == {"u0": title}


def test_home_assistant_entities_of_same_class_get_distinct_titles():
    run = announced("Boiler", ("sensor", {"dev_cla": "temperature"}), ("sensor", {"dev_cla": "temperature"}))
    assert titles(only_device(run)) == {"u0": "Temperature (o0)", "u1": "Temperature (o1)"}


def test_home_assistant_attributes_are_titled_after_entity():
    run = DialectRun(HomeAssistantDialect())
    body = {"uniq_id": "u", "name": "Strip", "schema": "json", "stat_t": "s", "dev": {"ids": ["a"], "name": "Lamp"}}
    run.say("homeassistant/light/x/config", body)
    run.say("s", {"state": "ON", "brightness": 12})
    assert titles(only_device(run)) == {"u": "Strip", "u.brightness": "Strip brightness"}


def test_home_assistant_category_is_the_announced_one():
    device = only_device(
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
def test_home_assistant_headline_is_state_not_battery(device_class, word):
    battery = ("sensor", {"dev_cla": "battery", "unit_of_meas": "%"})
    chip = ("sensor", {"name": "Device temperature", "dev_cla": "temperature", "unit_of_meas": "°C"})
    device = only_device(announced("Front", battery, chip, ("binary_sensor", {"dev_cla": device_class})))
    assert headline(device)[1] == word


# -- Zigbee2MQTT, Shelly, Tasmota, Homie, native -----------------------------------------------------------------------


def zigbee(exposes: list[dict], state: dict) -> Device:
    run = DialectRun(Zigbee2MqttDialect())
    listed = [{"ieee_address": "0x1", "friendly_name": "x", "type": "EndDevice", "definition": {"exposes": exposes}}]
    run.say("zigbee2mqtt/bridge/devices", listed, retained=True)
    run.say("zigbee2mqtt/x", state)
    return only_device(run)


def test_zigbee_contact_reads_open_or_closed():
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


def test_zigbee_lock_reads_locked_and_uses_labels():
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
    run = DialectRun(ShellyDialect())
    for params in status:
        run.say(f"{SHELLY}/events/rpc", {"src": SHELLY, "method": "NotifyStatus", "params": params})
    return only_device(run)


def test_shelly_plug_metrics_have_titles():
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


def test_shelly_switches_are_numbered_when_several():
    assert titles(shelly({"switch:0": {"output": True}}, {"switch:1": {"output": False}})) == {
        "switch:0.output": "Switch 0",
        "switch:1.output": "Switch 1",
    }


def test_tasmota_plug_metrics_have_titles():
    run = DialectRun(TasmotaDialect())
    run.say(
        "tele/plug/SENSOR",
        {"ENERGY": {"Power": 12, "Today": 0.4, "Factor": 0.9}, "ESP32": {"Temperature": 51}, "TempUnit": "C"},
    )
    run.say("tele/plug/STATE", {"POWER": "ON", "Wifi": {"RSSI": 70}})
    device = only_device(run)
    assert titles(device) == {
        "ENERGY.Power": "Power",
        "ENERGY.Today": "Energy today",
        "ENERGY.Factor": "Power factor",
        "ESP32.Temperature": "Device temperature",
        "POWER": "Switch",
        "Wifi.RSSI": "Wi-Fi quality",
    }
    assert headline(device)[0] == "Power"


def test_homie_properties_of_same_name_are_prefixed_with_node():
    run = DialectRun(HomieDialect())
    nodes = {
        "in": {"name": "Inlet", "properties": {"t": {"name": "Temperature", "datatype": "float"}}},
        "out": {
            "name": "Outlet",
            "properties": {"t": {"name": "Temperature", "datatype": "float"}, "p": {"datatype": "float"}},
        },
    }
    run.say("homie/5/boiler/$description", {"homie": "5.0", "version": 1, "nodes": nodes}, retained=True)
    for at in ("in/t", "out/t", "out/p"):
        run.say(f"homie/5/boiler/{at}", b"20")
    assert titles(only_device(run)) == {"in.t": "Inlet temperature", "out.t": "Outlet temperature", "out.p": "P"}


def test_native_info_sets_titles_and_classes():
    run = DialectRun(NativeDialect())
    run.say("devices/x/info", {"titles": {"t1": "Flue gas"}, "classes": {"s": "garage_door"}}, retained=True)
    run.registry.identities.clear()
    run.say("devices/x/info", {"titles": {"t1": "Flue gas"}, "classes": {"s": "garage_door"}})
    run.say("devices/x/telemetry", {"t1": 180, "s": True, "battery": 80})
    device = only_device(run)
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
def test_headline_prefers_main_metric_over_battery(metrics, first):
    run = DialectRun(NativeDialect())
    run.say("devices/x/telemetry", metrics)
    assert headline(only_device(run))[0] == first


NOT_CORRECTED = {"quantity": None, "places": None, "role": None}


# -- edits by users ----------------------------------------------------------------------------------------------------


async def test_metric_edit_is_applied_and_reset(hub: ApiHub):
    hub.publish("devices/x/info", {"units": {"t": "°C"}})
    await hub.telemetry("x", t=20.5, u=1)
    edit = {"metrics": {"t": {"title": "Flue", "unit": "degrees", "hidden": True}}}
    body = (await hub.http.patch("/api/devices/x", json=edit)).json()
    wanted = {"title": "Flue", "unit": "degrees", "hidden": True, "value": 20.5}
    assert {key: body["metrics"]["t"][key] for key in wanted} == wanted
    assert body["metric_edits"] == {"t": {"title": "Flue", "unit": "degrees", "hidden": True} | NOT_CORRECTED}
    body = (await hub.http.patch("/api/devices/x", json={"metrics": {"t": None}})).json()
    assert (body["metrics"]["t"]["title"], body["metrics"]["t"]["unit"], body["metric_edits"]) == ("T", "°C", {})
    refused = await hub.http.patch("/api/devices/x", json={"metrics": {"none": {"hidden": True}}})
    assert refused.status_code == 422
    assert "'none'" in refused.text


async def test_live_frames_contain_metric_descriptions(hub: ApiHub):
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


async def test_metric_edit_survives_restart_and_older_state_loads(tmp_path: Path):
    older = msgspec.msgpack.encode({"id": "y", "native_id": "y", "dialect": "native", "first_seen": 1, "info": {}})
    registry = DeviceRegistry()
    registry.restore({"older": older}, now=2)
    registry.edit(EditDevice("y", 3, metrics={"t": MetricOverride(title="Flue")}))
    states, _ = registry.take_states(0, 0)
    again = DeviceRegistry()
    again.restore(states, now=4)
    assert again.require("y").describe("t").title == "Flue"


async def test_alert_message_uses_metric_title(hub: ApiHub):
    hub.publish("devices/x/info", {"titles": {"temperature": "Flue temperature"}, "units": {"temperature": "°C"}})
    await hub.telemetry("x", temperature=95.0)
    (alert,) = (await hub.http.get("/api/alerts")).json()["items"]
    assert alert["message"] == "flue temperature 95 °C, above 80 °C"
