"""The Tasmota dialect: recorded messages as vectors, and cases that those do not cover."""

import pytest

from conformance import disagreements, vectors
from dialect_run import NOW, DialectRun
from hub.dialects import Subscribe, TasmotaDialect
from tasmota_devices import MAC, announced, config

VECTORS = vectors("tasmota")


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_real_message_is_decoded_as_expected(vector):
    assert disagreements(vector, TasmotaDialect()) == []


def test_announced_device_is_identified_by_mac():
    hub = announced(config())
    (record,) = hub.say("tele/plug/SENSOR", {"ENERGY": {"Power": 12}}).records
    assert (record.device, record.values) == (MAC, {"ENERGY.Power": 12})
    info = hub.registry.identities[MAC].info
    assert (info.name, info.manufacturer, info.model, info.firmware) == ("Desk plug", "Tasmota", "NOUS A1T", "14.2.0")
    assert info.units == {"ENERGY.Power": "W"}


@pytest.mark.parametrize(
    ("full", "tele"),
    [
        ("%prefix%/%topic%/", "tele/plug/"),
        ("home/%topic%/%prefix%/", "home/plug/tele/"),
        ("%topic%/%prefix%", "plug/tele/"),
        ("x/%hostname%/%id%/%prefix%/", "x/plug-1234/B03C01/tele/"),
    ],
)
def test_full_topic_of_announcement_is_used(full, tele):
    hub = DialectRun(TasmotaDialect())
    hub.say(f"tasmota/discovery/{MAC}/config", config(ft=full))
    assert hub.dialect.owns(f"{tele}SENSOR")
    assert hub.say(f"{tele}SENSOR", {"ANALOG": {"A0": 3}}).records[0].device == MAC


def test_custom_topics_are_subscribed_when_announced():
    hub = DialectRun(TasmotaDialect())
    (change,) = hub.say(f"tasmota/discovery/{MAC}/config", config(ft="home/%topic%/%prefix%/")).changes
    assert hub.dialect.apply(change) == ()  # known already
    assert TasmotaDialect().apply(change) == (Subscribe(("home/plug/tele/#", "home/plug/stat/#")),)


def test_custom_state_words_are_used():
    hub = announced(config(state=["Aus", "An", "Um", "Halt"]))
    assert hub.values("stat/plug/POWER", b"An") == {"POWER": True}
    assert hub.values("stat/plug/RESULT", {"POWER": "Aus"}) == {"POWER": False}
    assert hub.values("tele/plug/STATE", {"POWER1": "An", "Fade": "OFF"}) == {"POWER1": True}
    assert hub.values("stat/plug/POWER2", b"Um") == {"POWER2": "Um"}
    assert hub.values("tele/plug/SENSOR", {"Switch1": "An"}) == {"Switch1": True}


def test_null_is_ignored_and_numeric_texts_are_numbers():
    hub = announced(config())
    hub.say(f"tasmota/discovery/{MAC}/sensors", {"sn": {"S": {"Id": "0012", "Raw": 4}, "TempUnit": "F"}, "ver": 1})
    body = {"S": {"Temperature": None, "Humidity": "47.5", "Raw": "7", "Id": "0012", "DewPoint": "nan"}}
    assert hub.values("tele/plug/SENSOR", body) == {"S.Humidity": 47.5, "S.Raw": 7.0, "S.Id": "0012"}
    assert hub.values("tele/plug/SENSOR", {"S": {"Temperature": 70}}) == {"S.Temperature": 70}
    assert hub.registry.identities[MAC].info.units == {"S.Humidity": "%", "S.Temperature": "°F"}


def test_sensors_announced_before_device_are_kept():
    hub = DialectRun(TasmotaDialect())
    hub.say(f"tasmota/discovery/{MAC}/sensors", {"sn": {"S": {"Raw": 4}, "TempUnit": "C"}})
    hub.say(f"tasmota/discovery/{MAC}/config", config())
    assert hub.values("tele/plug/SENSOR", {"S": {"Raw": "7", "Temperature": 1}}) == {"S.Raw": 7.0, "S.Temperature": 1.0}
    assert hub.registry.identities[MAC].info.units == {"S.Temperature": "°C"}


def test_changed_unit_is_applied():
    hub = announced(config())
    for unit, spelt in (("C", "°C"), ("F", "°F")):
        hub.say("tele/plug/SENSOR", {"S": {"Temperature": 20}, "TempUnit": unit})
        assert hub.registry.identities[MAC].info.units["S.Temperature"] == spelt


def test_energy_is_read_by_phase_and_tariff():
    hub = announced(config())
    energy = {"Total": [1.5, 2], "Power": {"A": 3, "B": 4}, "Voltage": 230, "Factor": 0.9}
    assert hub.values("tele/plug/SENSOR", {"ENERGY": energy}) == {
        "ENERGY.Total.0": 1.5,
        "ENERGY.Total.1": 2,
        "ENERGY.Power.A": 3,
        "ENERGY.Power.B": 4,
        "ENERGY.Voltage": 230,
        "ENERGY.Factor": 0.9,
    }
    units = hub.registry.identities[MAC].info.units
    assert (units["ENERGY.Total.1"], units["ENERGY.Power.B"], "ENERGY.Factor" in units) == ("kWh", "W", False)


def test_events_are_readings_and_settings_are_not():
    hub = announced(config())
    assert hub.values("stat/plug/RESULT", {"Button1": {"Action": "DOUBLE"}}) == {"Button1.Action": "DOUBLE"}
    assert hub.values("stat/plug/RESULT", {"Switch1": {"Action": "ON"}}) == {"Switch1": True}
    assert hub.values("stat/plug/RESULT", {"Dimmer": 40, "Fade": "ON"}) == {"Dimmer": 40}
    assert hub.values("stat/plug/DIMMER", {"Dimmer": 41}) == {"Dimmer": 41}
    shutter = {"Shutter1": {"Position": 56, "Direction": 0, "Target": 56, "Tilt": 0}}
    assert hub.values("stat/plug/RESULT", shutter)["Shutter1.Position"] == 56
    for setting in ({"SetOption3": "ON"}, {"TelePeriod": 300}, {"Command": "Unknown"}, {"Rule1": {"State": "ON"}}):
        assert hub.say("stat/plug/RESULT", setting).records == ()


def test_status_replies_are_read():
    hub = announced(config())
    assert hub.values("stat/plug/STATUS10", {"StatusSNS": {"ENERGY": {"Power": 3}}}) == {"ENERGY.Power": 3}
    assert hub.values("stat/plug/STATUS11", {"StatusSTS": {"POWER": "ON", "Wifi": {"RSSI": 70, "Signal": -60}}}) == {
        "POWER": True,
        "Wifi.RSSI": 70,
        "Wifi.Signal": -60,
    }
    assert hub.say("stat/plug/STATUS5", {"StatusNET": {"Hostname": "plug"}}).records == ()


@pytest.mark.parametrize(
    ("body", "ts", "quality"),
    [
        ({"Time": "2026-11-22T23:19:58"}, NOW, "good"),  # one hour ahead: local time of an unknown zone
        ({"Time": "2026-11-22T22:19:58"}, NOW - 2_000, "good"),  # agrees with the hub's clock: UTC
        ({"Time": "2026-11-22T23:19:58+01:00"}, NOW - 2_000, "good"),
        ({"Time": "2026-11-22T21:19:58Z"}, NOW - 3_602_000, "late"),
        ({"Time": "2026-11-22T23:19:58", "Epoch": NOW // 1000 - 5}, NOW - 5_000, "good"),
        ({"Time": "1970-01-01T00:00:09Z"}, NOW, "clock"),
        ({"Time": "1970-01-01T00:00:09"}, NOW, "good"),
        ({"Time": "soon"}, NOW, "good"),
        ({}, NOW, "good"),
    ],
)
def test_device_time_is_used_only_when_unambiguous(body, ts, quality):
    (record,) = announced(config()).say("tele/plug/SENSOR", {**body, "ANALOG": {"A0": 1}}).records
    assert (record.ts, record.quality) == (ts, quality)


def test_retained_messages_have_quality_retained():
    (record,) = announced(config()).say("tele/plug/SENSOR", {"ANALOG": {"A0": 1}}, retained=True).records
    assert record.quality == "retained"
    (availability,) = announced(config()).say("tele/plug/LWT", b"Online", retained=True).availability
    assert availability.retained


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("stat/plug/DEEPSLEEP", {"DeepSleep": {"Time": "2026-11-22T22:30:00", "Epoch": 1795386600}}),
        ("tele/plug/STATE", {"Wifi": {"RSSI": 100, "DeepSleep": 300}}),
    ],
)
def test_device_in_deep_sleep_is_not_offline(topic, body):
    hub = announced(config())
    assert [a.online for a in hub.say("tele/plug/LWT", b"Offline").availability] == [False]
    hub.say(topic, body)
    assert hub.say("tele/plug/LWT", b"Offline").availability == ()
    assert [a.online for a in hub.say("tele/plug/LWT", b"Online").availability] == [True]
    hub.say("stat/plug/RESULT", {"DeepSleepTime": 0})
    assert [a.online for a in hub.say("tele/plug/LWT", b"Offline").availability] == [False]


def test_device_announced_as_deep_sleeping_is_not_offline():
    assert announced(config(dslp=1)).say("tele/plug/LWT", b"Offline").availability == ()


def test_device_behind_zigbee_bridge_is_its_own_device():
    hub = announced(config(topic="bridge"))
    result = hub.say("tele/bridge/5ADF/SENSOR", {"ZbReceived": {"0x5ADF": {"Dimmer": 254, "Power": 1}}})
    identity = result.identities[0]
    assert (identity.native_id, identity.info.via) == ("5ADF", MAC)
    assert result.records[0].values == {"ZbReceived.0x5ADF.Dimmer": 254, "ZbReceived.0x5ADF.Power": 1}
    elsewhere = DialectRun(TasmotaDialect()).say("tele/attic/5ADF/SENSOR", {"ZbReceived": {"0x5ADF": {"Dimmer": 1}}})
    assert elsewhere.identities[0].device != identity.device


def test_topic_with_slashes_is_read():
    (record,) = DialectRun(TasmotaDialect()).say("tele/house/cellar/SENSOR", {"ANALOG": {"A0": 1}}).records
    assert record.device.startswith("tasmota:house")


def test_commands_and_other_topics_are_ignored():
    hub = announced(config(ft="home/%topic%/%prefix%/"))
    assert hub.say("home/plug/cmnd/POWER", b"TOGGLE").records == ()
    assert hub.say("home/plug/tele/UPTIME", b"3T00").records == ()
    assert not hub.dialect.owns("tele/plug/temperature")
    assert not hub.dialect.owns("devices/plug/telemetry")


def test_commands_are_derived_from_announcement():
    plain = announced(config()).registry.identities[MAC].info.commands
    assert plain == {
        "POWER": {
            "topic": "cmnd/plug/POWER",
            "encoding": "text",
            "confirm_by": "POWER",
            "type": "boolean",
            "on": "ON",
            "off": "OFF",
        }
    }
    light = config(rl=[1, 2, 3, 3], lt_st=5, lk=1)
    light["if"] = 1
    commands = announced(light).registry.identities[MAC].info.commands
    assert commands.keys() == {
        "POWER1", "POWER2", "Dimmer", "CT", "HSBColor", "ShutterPosition1", "ShutterStop1", "FanSpeed",
    }  # fmt: skip
    assert commands["Dimmer"]["maximum"] == 100
    channels = announced(config(rl=[2, 2], lt_st=2, so={"68": 1})).registry.identities[MAC].info.commands
    assert channels["Channel2"]["confirm_by"] == "Channel.1"
