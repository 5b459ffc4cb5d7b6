"""Shelly's first generation: what its vectors do not show."""

import pytest

from dialect_run import Heard
from hub.dialects import ShellyDialect
from hub.errors import Rejected

PLUG = "shellyplug-s-DDEEFF"


class Home(Heard):
    def __init__(self, device: str = PLUG) -> None:
        super().__init__(ShellyDialect(), f"shellies/{device}/")
        self.device = device

    def reads(self, topic: str, payload: str) -> dict:
        return {name: value for r in self.say(topic, payload.encode()).records for name, value in r.values.items()}

    @property
    def info(self):
        return self.registry.met[self.device].info


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
def test_one_value_a_topic(topic, payload, value, unit):
    home, metric = Home(), topic.replace("/", ".")
    assert home.reads(topic, payload) == {metric: value}
    assert home.info.units.get(metric) == unit


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("roller/0/pos", "-1"), ("relay/0/power", "null"), ("settings", "{}"), ("relay/0/command", "on")],
)
def test_what_is_no_reading_is_left_out(topic, payload):
    assert Home().reads(topic, payload) == {}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("relay/0", "maybe"), ("relay/0/power", "high"), ("input_event/0", "{}")],
)
def test_what_is_of_another_kind_is_refused(topic, payload):
    with pytest.raises(Rejected) as caught:
        Home().reads(topic, payload)
    assert caught.value.reason in ("bad_value", "not_json")


def test_too_much_power_is_over_when_the_relay_is_switched_again():
    home = Home()
    assert home.reads("relay/0", "overpower") == {"relay.0": False, "relay.0.overpower": True}
    assert home.reads("relay/0", "on") == {"relay.0": True, "relay.0.overpower": False}
    assert home.reads("relay/0", "off") == {"relay.0": False}


def test_an_event_that_is_repeated_is_one_event():
    home = Home("shellyix3-AABBCC")
    press = '{"event":"SS","event_cnt":17}'
    assert [home.reads("input_event/0", press) for _ in range(2)] == [{"input.0.event": "SS"}, {}]
    assert home.reads("input_event/1", press) == {"input.1.event": "SS"}
    assert home.reads("input_event/0", '{"event":"SS","event_cnt":18}') == {"input.0.event": "SS"}
    assert home.reads("input_event/0", '{"event":"","event_cnt":0}') == {}


def test_who_sleeps_is_not_offline():
    assert Home("shellyht-AABBCC").say("online", b"false").availability == ()
    assert [a.online for a in Home().say("online", b"false").availability] == [False]


def test_a_device_that_is_met_is_asked_to_announce_itself():
    home = Home()
    said = home.say("relay/0", b"on")
    assert [(e.topic, e.payload) for e in said.effects] == [
        (f"shellies/{PLUG}/command", b"announce"),
        (f"shellies/{PLUG}/command", b"update"),
    ]
    assert home.say("relay/0", b"off").effects == ()
    home._prefix = "shellies/"
    home.say("announce", {"id": PLUG, "model": "SHPLG-S", "mac": "AABBCCDDEEFF", "fw_ver": "v1.14.0"})
    assert (home.info.manufacturer, home.info.model, home.info.firmware) == ("Shelly", "SHPLG-S", "v1.14.0")


def test_a_motion_sensor_says_all_in_one():
    home = Home("shellymotionsensor-AABBCC")
    said = '{"motion":true,"timestamp":1,"active":true,"vibration":false,"lux":33,"bat":98}'
    assert home.reads("status", said) == {
        "sensor.motion": True, "sensor.vibration": False, "sensor.lux": 33, "sensor.battery": 98,
    }  # fmt: skip
    assert home.info.units == {"sensor.lux": "lx", "sensor.battery": "%"}


def test_what_can_be_told_is_known_as_data():
    home = Home()
    for topic, payload in (
        ("relay/0", "on"),
        ("roller/0", "stop"),
        ("roller/0/pos", "4"),
        ("light/0/status", '{"brightness":5}'),
    ):
        home.reads(topic, payload)
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


def test_a_newer_device_below_the_same_root_is_no_first_generation():
    home = Home("attic")
    home.say("online", b"true", retained=True)
    said = {"src": "shellyplus1-441793a5d2fc", "method": "NotifyStatus", "params": {"switch:0": {"output": True}}}
    (record,) = home.say("events/rpc", said).records
    assert (record.device, record.values) == ("shellyplus1-441793a5d2fc", {"switch:0.output": True})
    assert home.values("status/switch:0", {"output": False}) == {"switch:0.output": False}
