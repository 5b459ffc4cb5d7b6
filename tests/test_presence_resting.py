"""Devices that report only when something happens are not silent while they rest: the hub recognizes them."""

from __future__ import annotations

from typing import Any

import pytest

from presence_run import HOUR, MINUTE, SECOND, PresenceRun

SENSOR = "rtl_433/attic/events"
RADIO: dict[str, dict[str, Any]] = {
    "contact": {"model": "DSC-Security", "id": 7, "closed": 1, "event": 0, "battery_ok": 1, "status_hex": "02"},
    "contact with flags": {
        **{"model": "DSC-Security", "id": 8, "closed": 0, "event": 1, "tamper": 0, "battery_ok": 1, "status": 130},
        **{"xactivity": 1, "xtamper1": 1, "exception": 0},
    },
    "contact without battery": {"model": "Honeywell-Security", "id": 9, "reed_open": 1, "tamper": 0, "heartbeat": 1},
    "motion": {"model": "Kerui-Security", "id": 10, "cmd": 10, "motion": 1},
    "motion with word": {"model": "Kerui-Security", "id": 11, "cmd": 10, "motion": 1, "state": "motion"},
    "remote": {"model": "Generic-Remote", "id": 12, "cmd": 63, "tristate": "0F10FX"},
    "remote of a switch": {"model": "Nexa-Security", "id": 13, "channel": 3, "state": "ON", "unit": 3, "group": 0},
    "remote with buttons": {"model": "Microchip-HCS200", "id": 14, "battery_ok": 1, "button1": 1, "button2": 0},
}
LOCATION = {"_type": "location", "lat": 51.5, "lon": 0.1, "acc": 12, "batt": 80}
PACKET = {"from": 2130636288, "type": "telemetry", "payload": {"battery_level": 97, "voltage": 4.1}}
DIMMER_5 = {"level": {"datatype": "integer", "format": "0:100", "settable": True}}
SWITCH_5 = {
    **DIMMER_5,
    "on": {"datatype": "boolean", "settable": True},
    "press": {"datatype": "integer", "retained": False},
}
RESTING: dict[str, tuple[str, Any]] = {
    **{f"rtl_433 {name}": (SENSOR, body) for name, body in RADIO.items()},
    "owntracks": ("owntracks/jane/phone", LOCATION),
    "owntracks without battery": ("owntracks/jane/phone", {"_type": "location", "lat": 51.5, "lon": 0.1}),
    "owntracks region": ("owntracks/jane/phone/event", {"_type": "transition", "event": "enter", "desc": "Home"}),
    "native tracker": ("devices/dog/telemetry", {"latitude": 51.5, "longitude": 0.1, "battery": 80}),
    "meshtastic": ("msh/EU_868/2/json/LongFast/!7efeee00", PACKET),
    "homie dimmer": ("homie/5/lamp/n/level", "40"),
    "homie switch": ("homie/5/switch/n/level", "40"),
}


def resting() -> PresenceRun:
    hub = PresenceRun()
    for device, properties in (("lamp", DIMMER_5), ("switch", SWITCH_5)):
        described = {"homie": "5.0", "name": device, "version": 1, "nodes": {"n": {"properties": properties}}}
        hub.say(f"homie/5/{device}/$description", described, retained=True)
        hub.say(f"homie/5/{device}/$state", "ready", retained=True)
    return hub


@pytest.mark.parametrize("name", RESTING)
def test_device_that_reports_when_something_happens_may_rest(name: str) -> None:
    hub = resting()
    topic, body = RESTING[name]
    hub.every(SECOND, 4, topic, body)
    (device,) = (each.id for each in hub.registry.devices() if each.last_seen is not None)
    hub.wait(20 * HOUR)
    assert (hub.presence(device), hub.silent(), hub.presences(device)) == ("online", [], [])
    hub.wait(6 * HOUR)
    if topic.startswith("homie"):
        assert hub.presence(device) == "online", "its will has not been published"
        hub.say(topic.replace("n/level", "$state"), "lost")
        hub.wait(6 * MINUTE)
    assert (hub.presence(device) == "online", hub.silent()) == (False, [device])


@pytest.mark.parametrize(
    "name", ["owntracks", "owntracks without battery", "native tracker", "meshtastic", "homie dimmer"]
)
def test_device_may_rest_after_ten_minutes_of_regular_reports(name: str) -> None:
    hub = resting()
    topic, body = RESTING[name]
    hub.every(30 * SECOND, 21, topic, body)
    (device,) = (each.id for each in hub.registry.devices() if each.last_seen is not None)
    hub.wait(20 * HOUR)
    assert (hub.presence(device), hub.silent(), hub.presences(device)) == ("online", [], [])


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        (SENSOR, {"model": "Acurite-Tower", "id": 1, "battery_ok": 1, "temperature_C": 1.0, "humidity": 40}),
        ("devices/machine/telemetry", {"temperature": 1, "status": 1}),
        ("devices/machine/telemetry", {"level": 1, "running": True}),
        ("devices/truck/telemetry", {"latitude": 51.5, "longitude": 0.1, "speed": 80}),
        ("devices/agv/telemetry", {"latitude": 51.5, "longitude": 0.1, "battery_voltage": 48.1, "temperature": 30.5}),
        ("devices/plc/telemetry", {"error_code": 0, "state": 3}),
    ],
)
def test_device_that_measures_is_missed_after_four_reports(topic: str, body: Any) -> None:
    hub = PresenceRun()
    hub.every(SECOND, 4, topic, body)
    (device,) = (each.id for each in hub.registry.devices())
    hub.wait(6 * MINUTE)
    assert (hub.presence(device), hub.silent()) == ("stale", [device])


def test_homie_device_that_measures_is_missed() -> None:
    hub = PresenceRun()
    properties = {**DIMMER_5, "power": {"datatype": "float", "unit": "W"}}
    described = {"homie": "5.0", "name": "lamp", "version": 1, "nodes": {"n": {"properties": properties}}}
    hub.say("homie/5/lamp/$description", described, retained=True)
    hub.every(SECOND, 4, "homie/5/lamp/n/power", "40")
    hub.wait(6 * MINUTE)
    assert hub.presence(next(each.id for each in hub.registry.devices())) == "stale"
