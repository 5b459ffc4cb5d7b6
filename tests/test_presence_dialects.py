"""Presence in every dialect: birth and will messages, retained messages, sleeping and event-driven devices, gateways.

Payloads are those of real devices, shortened.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from presence_run import HOUR, MINUTE, SECOND, PresenceRun
from sparkplug_node import metric, payload

MAC = "A4CF12AABBCC"
T = 10  # Sparkplug's datatype of a double


def z2m_device(ieee: str, name: str, power: str, *exposes: dict[str, Any], kind: str = "EndDevice") -> dict[str, Any]:
    return {
        "ieee_address": ieee,
        "friendly_name": name,
        "type": kind,
        "power_source": power,
        "definition": {"exposes": list(exposes), "vendor": "Aqara", "model": "X"},
    }


CONTACT = {
    "type": "binary",
    "property": "contact",
    "label": "Contact",
    "value_on": False,
    "value_off": True,
    "access": 1,
}
TEMPERATURE = {"type": "numeric", "property": "temperature", "label": "Temperature", "unit": "°C", "access": 1}
POWER = {"type": "numeric", "property": "power", "label": "Power", "unit": "W", "access": 1}
DEVICES = [
    z2m_device("0x01", "door", "Battery", CONTACT),
    z2m_device("0x02", "hall", "Battery", TEMPERATURE),
    z2m_device("0x03", "plug", "Mains (single phase)", POWER, kind="Router"),
]


def zigbee(**how: Any) -> PresenceRun:
    hub = PresenceRun(**how)
    hub.say("zigbee2mqtt/bridge/state", {"state": "online"}, retained=True)
    hub.say("zigbee2mqtt/bridge/devices", DEVICES, retained=True)
    return hub


def home_assistant(hub: PresenceRun, *, component: str = "sensor", **more: Any) -> None:
    config = {
        "unique_id": "ha1",
        "state_topic": "farm/ha1/state",
        "availability_topic": "farm/ha1/status",
        "device": {"identifiers": ["ha1"]},
        **({"unit_of_measurement": "°C"} if component == "sensor" else {}),
        **more,
    }
    hub.say(f"homeassistant/{component}/ha1/config", config, retained=True)


def homie(hub: PresenceRun, device: str = "h1", parent: str | None = None) -> None:
    described = {
        "homie": "5.0",
        "name": device,
        "version": 1,
        "nodes": {"n": {"properties": {"t": {"datatype": "float", "unit": "°C"}}}},
        **({"parent": parent, "root": parent} if parent else {}),
    }
    hub.say(f"homie/5/{device}/$description", described, retained=True)


BIRTHS: dict[str, Any] = {
    "native": [("devices/d/status", "online")],
    "zigbee2mqtt": [("zigbee2mqtt/plug/availability", {"state": "online"})],
    "tasmota": [("tele/d/LWT", "Online")],
    "shelly": [("shellyplus1-08b61fd90730/online", "true")],
    "shelly-gen1": [("shellies/shellyplug-s-DDEEFF/online", "true")],
    "homie": [("homie/5/h1/$state", "ready")],
    "homeassistant": [("farm/ha1/status", "online")],
    "sparkplug": [
        ("spBv1.0/P/NBIRTH/edge", payload(metric("bdSeq", 4, 1), seq=0)),
        ("spBv1.0/P/DBIRTH/edge/press", payload(metric("x", T, 1.0), seq=1)),
    ],
    "mapping": [("owned/d/status", "up")],
}
READINGS: dict[str, tuple[str, str, Any]] = {
    "native": ("d", "devices/d/telemetry", {"temperature": 1}),
    "zigbee2mqtt": ("0x03", "zigbee2mqtt/plug", {"power": 1, "linkquality": 100}),
    "tasmota": ("tasmota:d", "tele/d/SENSOR", {"AM2301": {"Temperature": 1.5}}),
    "shelly": (
        "shellyplus1-08b61fd90730",
        "shellyplus1-08b61fd90730/events/rpc",
        {
            "src": "shellyplus1-08b61fd90730",
            "method": "NotifyStatus",
            "params": {"temperature:0": {"id": 0, "tC": 40.5}},
        },
    ),
    "shelly-gen1": ("shellyplug-s-DDEEFF", "shellies/shellyplug-s-DDEEFF/relay/0/power", "5.5"),
    "homie": ("homie:h1", "homie/5/h1/n/t", "1.5"),
    "homeassistant": ("ha1", "farm/ha1/state", "1.5"),
    "sparkplug": ("P/edge/press", "spBv1.0/P/DDATA/edge/press", None),
    "mapping": ("owned/d", "owned/d/temperature", "1.5"),
}
MAPPINGS = """
[[mapping]]
topic = "owned/{device}/status"
device = "owned/{device}"
presence = { online = ["up"], offline = ["down"] }
[[mapping]]
topic = "owned/{device}/{metric}"
device = "owned/{device}"
[[mapping]]
topic = "owntracks/{user}/{phone}"
device = "{user}/{phone}"
[mapping.metrics]
lat = "lat"
"""


def prepared(dialect: str) -> PresenceRun:
    hub = zigbee(mappings=MAPPINGS) if dialect == "zigbee2mqtt" else PresenceRun(mappings=MAPPINGS)
    if dialect == "homeassistant":
        home_assistant(hub)
    if dialect == "homie":
        homie(hub)
    return hub


def report(hub: PresenceRun, dialect: str, number: int) -> str:
    """Publish one reading and return the device's id."""
    device, topic, body = READINGS[dialect]
    hub.say(topic, payload(metric("x", T, 1.0 + number), seq=2 + number) if body is None else body)
    return next(each.id for each in hub.registry.devices() if each.native_id == device or each.id == device)


def only(hub: PresenceRun, *but: str) -> str:
    return next(each.id for each in hub.registry.devices() if each.native_id not in but)


@pytest.mark.parametrize("dialect", READINGS)
@pytest.mark.parametrize("born", [True, False])
def test_birth_does_not_count_for_expected_interval(dialect: str, born: bool) -> None:
    hub = prepared(dialect)
    for topic, body in BIRTHS[dialect] if born or dialect == "sparkplug" else ():
        hub.say(topic, body)
    hub.wait(30 * SECOND)
    for number in range(12):
        hub.wait(SECOND)
        device = report(hub, dialect, number)
    assert hub.device(device).expected_interval == pytest.approx(SECOND, rel=0.1)
    hub.wait(14 * SECOND)
    assert hub.presence(device) == "online"
    hub.wait(2 * SECOND)
    assert hub.presence(device) == "stale"
    hub.wait(5 * MINUTE)
    assert device in hub.silent()


@pytest.mark.parametrize("dialect", [each for each in READINGS if each != "zigbee2mqtt"])
def test_four_readings_after_birth_suffice_to_detect_silence(dialect: str) -> None:
    hub = prepared(dialect)
    for topic, body in BIRTHS[dialect]:
        hub.say(topic, body)
    for number in range(6 if dialect == "shelly" else 4):
        hub.wait(SECOND)
        device = report(hub, dialect, number)
    hub.wait(16 * SECOND)
    assert hub.presence(device) == ("online" if dialect == "shelly" else "stale")


@pytest.mark.parametrize("dialect", READINGS)
def test_retained_birth_and_reading_make_no_device_online(dialect: str) -> None:
    hub = prepared(dialect)
    for topic, body in BIRTHS[dialect]:
        hub.say(topic, body, retained=True)
    _, topic, body = READINGS[dialect]
    if body is not None:
        hub.say(topic, body, retained=True)
    hub.wait(MINUTE)
    assert [
        (each.native_id, each.presence, each.last_seen)
        for each in hub.registry.with_latest_values()
        if each.presence == "online"
    ] == []
    assert hub.log() == []


@pytest.mark.parametrize(
    ("dialect", "offline"),
    [
        ("native", ("devices/d/status", "offline")),
        ("zigbee2mqtt", ("zigbee2mqtt/plug/availability", {"state": "offline"})),
        ("tasmota", ("tele/d/LWT", "Offline")),
        ("shelly", ("shellyplus1-08b61fd90730/online", "false")),
        ("shelly-gen1", ("shellies/shellyplug-s-DDEEFF/online", "false")),
        ("homie", ("homie/5/h1/$state", "lost")),
        ("homeassistant", ("farm/ha1/status", "offline")),
        ("mapping", ("owned/d/status", "down")),
    ],
)
def test_will_sets_device_offline_live_and_retained(dialect: str, offline: tuple[str, Any]) -> None:
    hub = prepared(dialect)
    device = report(hub, dialect, 0)
    hub.say(*offline)
    assert hub.presence(device) == "offline"
    hub.wait(6 * MINUTE)
    assert hub.silent() == [device], "an offline device is not excused as sleeping"
    report(hub, dialect, 1)
    assert (hub.presence(device), hub.silent()) == ("online", [])
    hub.connected = None
    hub.wait(2 * SECOND)
    hub.connected = hub.now
    hub.say(*offline, retained=True)
    assert hub.presence(device) == "offline", "a retained will"


# -- zigbee2mqtt ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("availability", [True, False])
def test_zigbee_contact_stays_online_for_hours_after_burst(availability: bool) -> None:
    hub = zigbee()
    if availability:
        hub.say("zigbee2mqtt/door/availability", {"state": "online"})
    hub.every(SECOND, 4, "zigbee2mqtt/door", {"contact": False, "battery": 90, "voltage": 3000, "linkquality": 80})
    hub.wait(20 * HOUR)
    assert (hub.presence("0x01"), hub.silent(), hub.presences("0x01")) == ("online", [], [])
    hub.wait(48 * HOUR)
    assert hub.presence("0x01") == ("online" if availability else "stale")
    hub.say("zigbee2mqtt/door/availability", {"state": "offline"})
    hub.wait(6 * MINUTE)
    assert (hub.presence("0x01"), "0x01" in hub.silent()) == ("offline", True)


def test_zigbee_battery_sensor_is_stale_after_missed_reports() -> None:
    hub = zigbee()
    hub.every(10 * MINUTE, 20, "zigbee2mqtt/hall", {"temperature": 20.5, "battery": 90})
    assert hub.presences("0x02") == []
    hub.wait(25 * MINUTE)
    assert (hub.presence("0x02"), "0x02" in hub.silent()) == ("online", False)
    hub.wait(15 * MINUTE)
    assert (hub.presence("0x02"), "0x02" in hub.silent()) == ("stale", True)


def test_zigbee_bridge_is_online_through_devices_and_offline_by_will() -> None:
    hub = zigbee()
    hub.say("zigbee2mqtt/bridge/state", {"state": "online"})
    for _ in range(120):
        hub.say("zigbee2mqtt/plug", {"power": 5.5})
        hub.wait(5 * SECOND)
    assert (hub.presence("zigbee2mqtt"), hub.silent()) == ("online", [])
    assert hub.device("zigbee2mqtt").last_seen == hub.now - 5 * SECOND
    hub.wait(5 * HOUR)
    assert hub.presence("zigbee2mqtt") == "online", "its devices are asleep and its will has not been published"
    hub.say("zigbee2mqtt/bridge/state", {"state": "offline"})
    hub.wait(6 * MINUTE)
    assert (hub.presence("zigbee2mqtt"), "zigbee2mqtt" in hub.silent()) == ("offline", True)
    hub.say("zigbee2mqtt/bridge/state", {"state": "online"})
    assert (hub.presence("zigbee2mqtt"), "zigbee2mqtt" in hub.silent()) == ("online", False)


def test_returning_zigbee_bridge_does_not_revive_stale_device() -> None:
    hub = zigbee()
    hub.every(10 * SECOND, 12, "zigbee2mqtt/plug", {"power": 5.5})
    hub.say("zigbee2mqtt/door", {"contact": True})
    last_seen = hub.now
    hub.wait(6 * MINUTE)
    assert (hub.presence("0x03"), hub.presence("0x01")) == ("stale", "online")
    hub.say("zigbee2mqtt/bridge/state", {"state": "offline"})
    assert [hub.presence(each) for each in ("0x01", "0x03")] == ["offline", "offline"]
    hub.wait(MINUTE)
    hub.say("zigbee2mqtt/bridge/state", {"state": "online"})
    assert [hub.presence(each) for each in ("0x01", "0x03")] == ["online", "stale"]
    assert [hub.device(each).last_seen for each in ("0x01", "0x03")] == [last_seen, last_seen]
    assert "0x03" in hub.silent()


def test_zigbee_cached_state_makes_only_bridge_online() -> None:
    hub = zigbee()
    hub.say("zigbee2mqtt/hall", {"temperature": 20.5, "last_seen": hub.now - HOUR})
    assert (hub.presence("0x02"), hub.device("0x02").last_seen) == ("stale", None)
    assert (hub.presence("zigbee2mqtt"), hub.device("zigbee2mqtt").last_seen) == ("online", hub.now)


# -- devices that sleep -----------------------------------------------------------------------------------------------

HT = "shellyhtg3-84fce63ad204"


def ht(hub: PresenceRun, **sys: Any) -> None:
    params = {"ts": hub.now / 1000, "temperature:0": {"id": 0, "tC": 21.5}, "sys": sys}
    hub.say(f"{HT}/events/rpc", {"src": HT, "dst": f"{HT}/events", "method": "NotifyFullStatus", "params": params})


@pytest.mark.parametrize("period", [7200, None])
def test_battery_shelly_stays_online_while_asleep(period: int | None) -> None:
    hub = PresenceRun()
    hub.say(f"{HT}/online", "true")
    for _ in range(3):
        ht(
            hub,
            wakeup_reason={"boot": "deepsleep_wake", "cause": "periodic"},
            **({"wakeup_period": period} if period else {}),
        )
        hub.wait(SECOND)
        hub.say(f"{HT}/online", "false")
        hub.wait(2 * HOUR)
    assert (hub.presence(HT), hub.silent(), hub.alerts(HT), hub.presences(HT)) == ("online", [], [], [])
    hub.wait(5 * HOUR if period else 24 * HOUR)
    assert (hub.presence(HT), hub.silent()) == ("stale", [HT])


@pytest.mark.parametrize(
    ("name", "topic", "body"),
    [
        ("shellydw2-ABCDEF", "sensor/state", "open"),
        ("shellyflood-ABCDEF", "sensor/flood", "false"),
        ("shellyht-ABCDEF", "sensor/temperature", "20.5"),
    ],
)
def test_shelly_gen1_sensor_stays_online_while_asleep(name: str, topic: str, body: str) -> None:
    hub = PresenceRun()
    hub.say(f"shellies/{name}/online", "true")
    hub.every(SECOND, 4, f"shellies/{name}/{topic}", body)
    hub.say(f"shellies/{name}/online", "false")
    hub.wait(23 * HOUR)
    assert (hub.presence(name), hub.silent()) == ("online", [])
    hub.wait(3 * HOUR)
    assert (hub.presence(name), hub.silent()) == ("stale", [name])


def test_shelly_relay_without_readings_is_online_while_connected() -> None:
    hub = PresenceRun()
    hub.say("shellyplus1-08b61fd90730/online", "true")
    device, topic, _ = READINGS["shelly"]
    hub.every(
        SECOND, 4, topic, {"src": device, "method": "NotifyStatus", "params": {"switch:0": {"id": 0, "output": True}}}
    )
    hub.wait(50 * HOUR)
    assert (hub.presence(device), hub.silent()) == ("online", [])
    hub.say("shellyplus1-08b61fd90730/online", "false")
    hub.wait(6 * MINUTE)
    assert (hub.presence(device), hub.silent()) == ("offline", [device])


def test_tasmota_in_deep_sleep_is_stale_after_missed_reports() -> None:
    hub = PresenceRun()
    for _ in range(3):
        hub.say("tele/d/LWT", "Online")
        hub.say("tele/d/SENSOR", {"AM2301": {"Temperature": 1.5}})
        hub.say("tele/d/DEEPSLEEP", {"DeepSleep": {"Time": "2026-11-22T23:20:00", "Epoch": hub.now // 1000 + 3600}})
        hub.say("tele/d/LWT", "Offline")
        hub.wait(HOUR)
    (device,) = (each.id for each in hub.registry.devices())
    assert (hub.presence(device), hub.presences(device), hub.alerts(device)) == ("online", [], [])
    hub.wait(2 * HOUR + MINUTE)
    assert (hub.presence(device), hub.silent()) == ("stale", [device])


@pytest.mark.parametrize(
    ("device", "topic", "body"),
    [
        ("tasmota:br", "tele/br/SENSOR", {"ZbReceived": {"0x7A": {"Device": "0x7A", "Contact": 1}}}),
        ("tasmota:br:7A", "tele/br/7A/SENSOR", {"ZbReceived": {"0x7A": {"Device": "0x7A", "Contact": 1}}}),
        ("tasmota:rf", "tele/rf/RESULT", {"RfReceived": {"Data": "0xE5CD61", "Bits": 24, "Protocol": 1}}),
        ("tasmota:ir", "tele/ir/RESULT", {"IrReceived": {"Protocol": "NEC", "Bits": 32, "Data": "0x1"}}),
    ],
)
def test_tasmota_bridge_is_expected_to_be_silent_between_receptions(device: str, topic: str, body: Any) -> None:
    hub = PresenceRun()
    hub.every(SECOND, 4, topic, body)
    hub.wait(HOUR)
    assert (hub.presence(device), hub.silent()) == ("online", [])


def test_homie_device_in_state_sleeping_stays_online() -> None:
    hub = prepared("homie")
    for _ in range(2):
        hub.say("homie/5/h1/$state", "ready")
        hub.every(SECOND, 4, "homie/5/h1/n/t", "1.5")
        hub.say("homie/5/h1/$state", "sleeping")
        hub.wait(HOUR)
    device = only(hub)
    assert (hub.presence(device), hub.presences(device), hub.silent()) == ("online", [], [])
    hub.wait(26 * HOUR)
    assert (hub.presence(device), hub.silent()) == ("stale", [device])


def test_home_assistant_device_is_stale_after_expire_after() -> None:
    hub = PresenceRun()
    home_assistant(hub, expire_after=7200)
    hub.every(SECOND, 4, "farm/ha1/state", "1.5")
    hub.wait(HOUR)
    assert (hub.presence(only(hub)), hub.silent()) == ("online", [])
    hub.wait(HOUR + MINUTE)
    assert (hub.presence(only(hub)), hub.silent()) == ("stale", [only(hub)])


def test_home_assistant_contact_stays_online_while_available() -> None:
    hub = PresenceRun()
    home_assistant(hub, component="binary_sensor", device_class="door")
    hub.say("farm/ha1/status", "online")
    for word in ("ON", "OFF", "ON", "OFF"):
        hub.say("farm/ha1/state", word)
        hub.wait(SECOND)
    hub.wait(50 * HOUR)
    assert (hub.presence(only(hub)), hub.silent()) == ("online", [])
    hub.say("farm/ha1/status", "offline")
    assert hub.presence(only(hub)) == "offline"


DIMMER = {"brightness_state_topic": "farm/ha1/value"}
COVER = {"position_topic": "farm/ha1/value"}
SPEED = {"percentage_state_topic": "farm/ha1/value"}
THERMOSTAT = {"temperature_state_topic": "farm/ha1/value", "current_temperature_topic": "farm/ha1/value"}
HUMIDIFIER = {"target_humidity_state_topic": "farm/ha1/value"}


@pytest.mark.parametrize(
    ("component", "topics"),
    [
        ("light", DIMMER),
        ("cover", COVER),
        ("fan", SPEED),
        ("climate", THERMOSTAT),
        ("water_heater", THERMOSTAT),
        ("humidifier", HUMIDIFIER),
        ("number", {"state_topic": "farm/ha1/value", "command_topic": "farm/ha1/set"}),
    ],
)
@pytest.mark.parametrize("reports", [1, 30], ids=["one state", "a burst"])
def test_home_assistant_device_without_sensor_may_rest(component: str, topics: dict[str, str], reports: int) -> None:
    hub = PresenceRun()
    home_assistant(hub, component=component, availability_topic=None, **topics)
    diagnostic = {"unique_id": "rssi", "state_topic": "farm/ha1/rssi", "device_class": "signal_strength"}
    hub.say("homeassistant/sensor/rssi/config", {**diagnostic, "device": {"identifiers": ["ha1"]}}, retained=True)
    for number in range(reports):
        hub.say("farm/ha1/value", str(number + 10))
        hub.wait(SECOND)
    hub.wait(24 * HOUR)
    assert (hub.presence(only(hub)), hub.silent()) == ("online", [])
    hub.wait(2 * HOUR)
    assert (hub.presence(only(hub)), hub.silent()) == ("stale", [only(hub)])


def test_home_assistant_light_that_measures_is_missed_when_its_reports_stop() -> None:
    hub = PresenceRun()
    home_assistant(hub, component="light", availability_topic=None, **DIMMER)
    power = {"unique_id": "power", "state_topic": "farm/ha1/power", "device_class": "power"}
    hub.say("homeassistant/sensor/power/config", {**power, "device": {"identifiers": ["ha1"]}}, retained=True)
    hub.every(MINUTE, 30, "farm/ha1/power", "1.5")
    assert hub.silent() == []
    hub.wait(HOUR)
    assert (hub.presence(only(hub)), hub.silent()) == ("stale", [only(hub)])


def test_off_delay_does_not_update_last_seen() -> None:
    hub = PresenceRun()
    home_assistant(hub, component="binary_sensor", off_delay=60)
    hub.say("farm/ha1/state", "ON")
    last_seen = hub.now
    hub.wait(2 * MINUTE)
    device = hub.device(only(hub))
    assert (device.metrics["ha1"].value, device.last_seen) == (False, last_seen)


# -- gateways ---------------------------------------------------------------------------------------------------------


def test_edge_node_is_online_through_its_devices() -> None:
    hub = PresenceRun()
    for topic, body in BIRTHS["sparkplug"]:
        hub.say(topic, body)
    for number in range(100):
        hub.wait(10 * SECOND)
        device = report(hub, "sparkplug", number)
    node = only(hub, "P/edge/press")
    assert (hub.presence(node), hub.device(node).last_seen, hub.silent()) == ("online", hub.now, [])
    hub.say("spBv1.0/P/NDEATH/edge", payload(metric("bdSeq", 4, 1)))
    assert [hub.presence(each) for each in (node, device)] == ["offline", "offline"]


def test_homie_parent_is_online_through_children_and_sets_them_offline() -> None:
    hub = PresenceRun()
    homie(hub, "parent")
    homie(hub, "leaf", parent="parent")
    for device in ("parent", "leaf"):
        hub.say(f"homie/5/{device}/$state", "ready")
    for _ in range(100):
        hub.say("homie/5/leaf/n/t", "1.5")
        hub.wait(10 * SECOND)
    root, leaf = (each.id for each in sorted(hub.registry.devices(), key=lambda each: each.native_id != "parent"))
    assert (hub.presence(root), hub.silent()) == ("online", [])
    assert hub.device(root).last_seen == hub.now - 10 * SECOND
    hub.wait(MINUTE)
    assert hub.presence(leaf) == "stale"
    hub.say("homie/5/parent/$state", "lost")
    hub.say("homie/5/parent/$state", "ready")
    assert [hub.presence(each) for each in (root, leaf)] == ["online", "stale"]


def test_home_assistant_gateway_is_online_through_its_devices() -> None:
    hub = PresenceRun()
    hub.say(
        "homeassistant/sensor/gw/config",
        {"unique_id": "gw", "state_topic": "gw/state", "device": {"identifiers": ["gw"]}, "unit_of_measurement": "dBm"},
        retained=True,
    )
    home_assistant(hub, device={"identifiers": ["ha1"], "via_device": "gw"})
    hub.say("gw/state", "-50")
    for _ in range(100):
        hub.say("farm/ha1/state", "1.5")
        hub.wait(10 * SECOND)
    gateway = next(each for each in hub.registry.devices() if each.native_id == "gw")
    assert (gateway.presence, gateway.last_seen, hub.silent()) == ("online", hub.now - 10 * SECOND, [])


# -- mappings ---------------------------------------------------------------------------------------------------------

WILL = {"_type": "lwt", "tst": 1439932257}


@pytest.mark.parametrize("mappings", [None, MAPPINGS], ids=["shipped", "own"])
def test_will_of_unknown_owntracks_phone_creates_no_device(mappings: str | None) -> None:
    hub = PresenceRun(mappings=mappings)
    hub.say("owntracks/ghost/phone", WILL)
    hub.say("owntracks/ghost/phone", WILL, retained=True)
    hub.say("owntracks/ghost/phone", {"_type": "card", "name": "Jane"})
    assert list(hub.registry.devices()) == []


WHOLE_TREE = '[[mapping]]\ntopic = "owntracks/{user}/{phone}"\ndevice = "{user}/{phone}"'


@pytest.mark.parametrize("mappings", [None, MAPPINGS, WHOLE_TREE], ids=["shipped", "own", "tree"])
@pytest.mark.parametrize("sort", ["waypoint", "waypoints", "card", "cmd", "configuration", "encrypted", "beacon"])
def test_other_owntracks_message_is_not_the_position_of_the_phone(mappings: str | None, sort: str) -> None:
    hub = PresenceRun(mappings=mappings)
    other = {"_type": sort, "desc": "Home", "tst": hub.now // 1000, "lat": 51.5, "lon": 52.5, "batt": 3}
    hub.say("owntracks/jane/phone", other)
    assert list(hub.registry.devices()) == []
    hub.say("owntracks/jane/phone", {"_type": "location", "tst": hub.now // 1000, "lat": 1, "lon": 2})
    (phone,) = hub.registry.devices()
    before = {name: latest.value for name, latest in phone.metrics.items()}
    assert 1.0 in before.values()
    hub.wait(SECOND)
    hub.say("owntracks/jane/phone", {**other, "tst": hub.now // 1000})
    assert {name: latest.value for name, latest in phone.metrics.items()} == before


@pytest.mark.parametrize("mappings", [None, MAPPINGS], ids=["shipped", "own"])
def test_will_sets_known_owntracks_phone_offline(mappings: str | None) -> None:
    hub = PresenceRun(mappings=mappings)
    hub.say("owntracks/jane/phone", {"_type": "location", "tst": hub.now // 1000, "lat": 1, "lon": 2})
    (phone,) = (each.id for each in hub.registry.devices())
    hub.wait(MINUTE)
    hub.say("owntracks/jane/phone", WILL)
    assert hub.presence(phone) == "offline"
    assert "_type" not in hub.device(phone).metrics
    hub.say("owntracks/jane/phone", {"_type": "location", "tst": hub.now // 1000, "lat": 1, "lon": 3})
    assert hub.presence(phone) == "online"


@pytest.mark.parametrize("topic", ["devices/n1/telemetry/a", "owned/d/a"])
def test_message_without_value_creates_no_device(topic: str) -> None:
    hub = PresenceRun(mappings=MAPPINGS)
    hub.say(topic, "")
    for word in ("", "null", "unknown", '""'):
        hub.say(topic, word, retained=True)
    assert list(hub.registry.devices()) == []


@pytest.mark.parametrize("topic", ["devices/n1/telemetry/a", "owned/d/a"])
@pytest.mark.parametrize("payload", ["null", "unknown"])
def test_unknown_value_is_a_sign_of_life_of_a_new_device(topic: str, payload: str) -> None:
    hub = PresenceRun(mappings=MAPPINGS)
    hub.say(topic, payload)
    (device,) = hub.registry.devices()
    assert (device.presence, device.last_seen, device.metrics) == ("online", hub.now, {})


def test_mapped_message_without_value_is_a_sign_of_life_of_a_known_device() -> None:
    hub = PresenceRun(mappings=MAPPINGS)
    hub.say("owned/d/a", "20.5")
    hub.wait(MINUTE)
    hub.say("owned/d/a", "unknown")
    (device,) = hub.registry.devices()
    assert (device.last_seen, device.metrics["a"].value) == (hub.now, 20.5)


def test_mapped_status_topic_sets_presence() -> None:
    hub = PresenceRun(mappings=MAPPINGS)
    hub.say("owned/d/temperature", "20.5")
    (device,) = (each.id for each in hub.registry.devices())
    for word, presence in (("down", "offline"), ("UP", "online"), ("down", "offline")):
        hub.say("owned/d/status", word)
        assert hub.presence(device) == presence
    hub.say("owned/d/status", "sideways")
    (rejected,) = hub.batch.rejections
    assert rejected.detail == "presence = 'sideways' is invalid. Allowed: up, down."
    assert "status" not in hub.device(device).metrics


def test_mapped_presence_path_ignores_other_messages() -> None:
    mappings = (
        '[[mapping]]\ntopic = "x/{device}"\npresence = { path = "state.up", online = ["true"], offline = ["false"] }'
    )
    hub = PresenceRun(mappings=mappings)
    hub.say("x/d", {"t": 1.5})
    for up, presence in ((False, "offline"), (True, "online")):
        hub.say("x/d", {"state": {"up": up}})
        assert hub.presence("d") == presence
    assert json.dumps(sorted(hub.device("d").metrics)) == '["t"]'
