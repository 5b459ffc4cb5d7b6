"""The Shelly dialect for generation 1: cases that its vectors do not cover."""

import pytest

from dialect_run import DialectRun
from hub.dialects import ShellyDialect
from hub.errors import Rejected

PLUG = "shellyplug-s-DDEEFF"


class ShellyRun(DialectRun):
    def __init__(self, device: str = PLUG) -> None:
        super().__init__(ShellyDialect(), f"shellies/{device}/")
        self.device = device

    def values_of(self, topic: str, payload: str) -> dict:
        return {name: value for r in self.say(topic, payload.encode()).records for name, value in r.values.items()}

    @property
    def info(self):
        return self.registry.identities[self.device].info


@pytest.mark.parametrize(
    ("topic", "payload", "value", "unit"),
    [
        ("relay/1/energy", "600", 10, "Wh"),  # watt-minutes
        ("roller/0/energy", "90", 1.5, "Wh"),
        ("emeter/2/returned_energy", "60", 1, "Wh"),
        ("emeter/2/total_returned", "60.5", 60.5, "Wh"),
        ("emeter/0/reactive_power", "-3.5", -3.5, "VAr"),
        ("ext_temperature/0", "21.5", 21.5, "°C"),
        ("sensor/lux", "120", 120, "lx"),
        ("sensor/tilt", "12", 12, "°"),
        ("sensor/flood", "true", True, None),
        ("sensor/state", "close", False, None),
        ("input/0", "1", True, None),
        ("roller/0/stop_reason", "obstacle", "obstacle", None),
        ("sensor/gas", "mild", "mild", None),
    ],
)
def test_topic_with_one_value_is_decoded(topic, payload, value, unit):
    home, metric = ShellyRun(), topic.replace("/", ".")
    assert home.values_of(topic, payload) == {metric: value}
    assert home.info.units.get(metric) == unit


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("roller/0/pos", "-1"), ("relay/0/power", "null"), ("settings", "{}"), ("relay/0/command", "on")],
)
def test_message_without_reading_is_ignored(topic, payload):
    assert ShellyRun().values_of(topic, payload) == {}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("relay/0", "maybe"), ("relay/0/power", "high"), ("input_event/0", "{}")],
)
def test_value_of_wrong_type_is_rejected(topic, payload):
    with pytest.raises(Rejected) as caught:
        ShellyRun().values_of(topic, payload)
    assert caught.value.reason in ("bad_value", "not_json")


def test_overpower_ends_when_relay_is_switched():
    home = ShellyRun()
    assert home.values_of("relay/0", "overpower") == {"relay.0": False, "relay.0.overpower": True}
    assert home.values_of("relay/0", "on") == {"relay.0": True, "relay.0.overpower": False}
    assert home.values_of("relay/0", "off") == {"relay.0": False}


def test_repeated_event_is_one_event():
    home = ShellyRun("shellyix3-AABBCC")
    press = '{"event":"SS","event_cnt":17}'
    assert [home.values_of("input_event/0", press) for _ in range(2)] == [{"input.0.event": "SS"}, {}]
    assert home.values_of("input_event/1", press) == {"input.1.event": "SS"}
    assert home.values_of("input_event/0", '{"event":"SS","event_cnt":18}') == {"input.0.event": "SS"}
    assert home.values_of("input_event/0", '{"event":"","event_cnt":0}') == {}


def test_sleeping_device_is_not_offline():
    assert ShellyRun("shellyht-AABBCC").say("online", b"false").availability == ()
    assert [a.online for a in ShellyRun().say("online", b"false").availability] == [False]


def test_new_device_is_asked_to_announce_itself():
    home = ShellyRun()
    result = home.say("relay/0", b"on")
    assert [(e.topic, e.payload) for e in result.effects] == [
        (f"shellies/{PLUG}/command", b"announce"),
        (f"shellies/{PLUG}/command", b"update"),
    ]
    assert home.say("relay/0", b"off").effects == ()
    home._prefix = "shellies/"
    home.say("announce", {"id": PLUG, "model": "SHPLG-S", "mac": "AABBCCDDEEFF", "fw_ver": "v1.14.0"})
    assert (home.info.manufacturer, home.info.model, home.info.firmware) == ("Shelly", "SHPLG-S", "v1.14.0")


def test_motion_sensor_status_has_several_values():
    home = ShellyRun("shellymotionsensor-AABBCC")
    body = '{"motion":true,"timestamp":1,"active":true,"vibration":false,"lux":33,"bat":98}'
    assert home.values_of("status", body) == {
        "sensor.motion": True, "sensor.vibration": False, "sensor.lux": 33, "sensor.battery": 98,
    }  # fmt: skip
    assert home.info.units == {"sensor.lux": "lx", "sensor.battery": "%"}


def test_commands_are_derived_from_topics():
    home = ShellyRun()
    for topic, payload in (
        ("relay/0", "on"),
        ("roller/0", "stop"),
        ("roller/0/pos", "4"),
        ("light/0/status", '{"brightness":5}'),
    ):
        home.values_of(topic, payload)
    commands = home.info.commands
    base = f"shellies/{PLUG}"
    assert commands.keys() == {"relay.0", "roller.0", "roller.0.pos", "light.0.brightness"}
    assert commands["relay.0"] == {
        "topic": f"{base}/relay/0/command", "encoding": "text", "confirm_by": "relay.0",
        "type": "boolean", "on": "on", "off": "off",
    }  # fmt: skip
    assert commands["roller.0"]["values"] == ["open", "close", "stop"]
    assert (commands["roller.0.pos"]["topic"], commands["roller.0.pos"]["maximum"]) == (
        f"{base}/roller/0/command/pos",
        100,
    )
    assert (commands["light.0.brightness"]["topic"], commands["light.0.brightness"]["encoding"]) == (
        f"{base}/light/0/set",
        "json",
    )


def test_newer_device_below_shellies_root_is_not_gen1():
    home = ShellyRun("attic")
    home.say("online", b"true", retained=True)
    body = {"src": "shellyplus1-441793a5d2fc", "method": "NotifyStatus", "params": {"switch:0": {"output": True}}}
    (record,) = home.say("events/rpc", body).records
    assert (record.device, record.values) == ("shellyplus1-441793a5d2fc", {"switch:0.output": True})
    assert home.values("status/switch:0", {"output": False}) == {"switch:0.output": False}
