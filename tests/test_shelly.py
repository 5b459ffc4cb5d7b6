"""The Shelly dialect for generation 2 and later: recorded messages as vectors, and cases that those do not cover."""

import pytest

from conformance import disagreements, vectors
from dialect_run import NOW, DialectRun
from hub.control import descriptor, encode
from hub.dialects import CommandReply, ShellyDialect, Subscribe
from hub.errors import Rejected
from hub.model import Command

VECTORS = vectors("shelly")
PLUG = "shellyplus1pm-aabbccddeeff"
STATUS = {
    "switch:0": {"id": 0, "source": "init", "output": True, "apower": 12.5, "aenergy": {"total": 7, "by_minute": [1]}},
    "sys": {"mac": "AABBCCDDEEFF", "uptime": 5, "available_updates": {"stable": {"version": "1.5"}}},
    "ble": {},
}


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_real_message_is_decoded_as_expected(vector):
    assert disagreements(vector, ShellyDialect()) == []


def notify(src: str = PLUG, method: str = "NotifyStatus", **params) -> dict:
    return {"src": src, "dst": f"{src}/events", "method": method, "params": {"ts": NOW / 1000, **params}}


class ShellyRun(DialectRun):
    def __init__(self, src: str = PLUG, prefix: str = PLUG) -> None:
        super().__init__(ShellyDialect())
        self.src, self.prefix = src, prefix

    def status(self, **how):
        received = how.pop("received", NOW)
        return self.say(f"{self.prefix}/events/rpc", notify(self.src, **how), received=received)

    def values_of(self, **status) -> dict:
        (record,) = self.status(**status).records
        return record.values

    @property
    def info(self):
        return self.registry.identities[self.src].info


def published(effects) -> list[tuple[str, str]]:
    return [(effect.topic, effect.payload.decode()) for effect in effects]


def test_new_device_is_asked_for_info_and_status():
    home = ShellyRun()
    result = home.status(**{"switch:0": {"id": 0, "output": False}})
    assert published(result.effects) == [
        (f"{PLUG}/rpc", '{"id":"hub-info","src":"watchkeeper","method":"Shelly.GetDeviceInfo"}'),
        (f"{PLUG}/rpc", '{"id":"hub-status","src":"watchkeeper","method":"Shelly.GetStatus"}'),
    ]
    assert ShellyDialect().apply(result.changes[0]) == (
        Subscribe((f"{PLUG}/online", f"{PLUG}/announce", f"{PLUG}/status/+")),
    )
    assert home.status(**{"switch:0": {"id": 0, "output": True}}).effects == ()
    info = {"name": "Desk", "id": PLUG, "mac": "AABBCCDDEEFF", "model": "SNSW-001P16EU", "gen": 2, "ver": "1.4.4"}
    home.say("watchkeeper/rpc", {"id": "hub-info", "src": PLUG, "dst": "watchkeeper", "result": info})
    assert (home.info.name, home.info.model, home.info.firmware) == ("Desk", "SNSW-001P16EU", "1.4.4")
    (record,) = home.say("watchkeeper/rpc", {"id": "hub-status", "src": PLUG, "result": STATUS}).records
    assert record.values == {
        "switch:0.output": True,
        "switch:0.apower": 12.5,
        "switch:0.aenergy.total": 7,
        "sys.uptime": 5,
    }
    assert home.info.units == {"switch:0.apower": "W", "switch:0.aenergy.total": "Wh", "sys.uptime": "s"}


def test_partial_notification_yields_only_changed_values():
    home = ShellyRun()
    assert home.values_of(**{"switch:0": {"id": 0, "apower": 3, "output": True}}) == {
        "switch:0.apower": 3,
        "switch:0.output": True,
    }
    assert home.values_of(**{"switch:0": {"id": 0, "apower": None, "temperature": {"tC": 40, "tF": 104}}}) == {
        "switch:0.temperature.tC": 40
    }


COVER = {"id": 0, "state": "opening", "current_pos": 40, "target_pos": None, "move_timeout": 60, "source": "x"}
POWER = {"battery": {"V": 5.9, "percent": 87}, "external": {"present": False}}
RGBW = {"id": 0, "output": True, "rgb": [255, 0, 7], "white": 20, "brightness": 50}


@pytest.mark.parametrize(
    ("component", "body", "readings"),
    [
        ("cover:0", COVER, {"state": ("opening", None), "current_pos": (40, "%")}),
        (
            "pm1:0",
            {"aprtpower": 4, "ret_aenergy": {"total": 2.5}},
            {"aprtpower": (4, "VA"), "ret_aenergy.total": (2.5, "Wh")},
        ),
        ("humidity:0", {"rh": 44.5, "errors": ["out_of_range"]}, {"rh": (44.5, "%"), "errors": ("out_of_range", None)}),
        ("voltmeter:100", {"id": 100, "voltage": 3.3, "xvoltage": 12}, {"voltage": (3.3, "V"), "xvoltage": (12, None)}),
        (
            "devicepower:0",
            POWER,
            {"battery.V": (5.9, "V"), "battery.percent": (87, "%"), "external.present": (False, None)},
        ),
        ("smoke:0", {"id": 0, "alarm": True, "mute": False}, {"alarm": (True, None), "mute": (False, None)}),
        ("flood:0", {"id": 0, "alarm": False}, {"alarm": (False, None)}),
        (
            "rgbw:0",
            RGBW,
            {"output": (True, None), "rgb": ("255,0,7", None), "white": (20, None), "brightness": (50, "%")},
        ),
        (
            "input:1",
            {"counts": {"total": 3, "by_minute": [1]}, "freq": 2},
            {"counts.total": (3, None), "freq": (2, "Hz")},
        ),
        ("bthomesensor:200", {"id": 200, "value": 21.5, "last_updated_ts": 5}, {"value": (21.5, None)}),
        ("wifi", {"rssi": -60, "ssid": "home", "ap_client_count": 0}, {"rssi": (-60, "dBm")}),
        ("mqtt", {"connected": True}, {}),
        ("Nonsense component", {"x": 1}, {}),
    ],
)
def test_component_values_have_units(component, body, readings):
    home = ShellyRun()
    values, units = home.values_of(**{component: body}), home.info.units
    assert {metric: (value, units.get(metric)) for metric, value in values.items()} == {
        f"{component}.{part}": reading for part, reading in readings.items()
    }


def test_events_are_records_with_their_own_time():
    events = [
        {"component": "input:0", "id": 0, "event": "single_push", "ts": NOW / 1000 - 1},
        {"component": "sys", "event": "config_changed", "ts": NOW / 1000},
        {"component": "input:1", "event": "long_push"},
    ]
    records = ShellyRun().status(method="NotifyEvent", events=events).records
    assert [(r.ts, r.values) for r in records] == [
        (NOW - 1000, {"input:0.event": "single_push"}),
        (NOW, {"input:1.event": "long_push"}),
    ]


def test_prefix_of_several_levels_is_learned_from_notification():
    home = ShellyRun("shellyplus1-441793a5d2fc", "home/terrace/lamp")
    assert not home.dialect.owns("home/terrace/lamp/online")
    home.status(**{"switch:0": {"output": True}})
    assert home.dialect.owns("home/terrace/lamp/online")
    (availability,) = home.say("home/terrace/lamp/online", b"false").availability
    assert (availability.device, availability.online) == ("shellyplus1-441793a5d2fc", False)
    assert home.values("home/terrace/lamp/status/switch:0", {"id": 0, "output": False}) == {"switch:0.output": False}


def test_returning_device_is_asked_again():
    home = ShellyRun()
    home.status(**{"switch:0": {"output": True}})
    assert home.say(f"{PLUG}/online", b"false").effects == []
    assert len(home.say(f"{PLUG}/online", b"true").effects) == 2


def test_retained_messages_have_quality_retained():
    home = ShellyRun()
    (there,) = home.say(f"{PLUG}/online", b"true", retained=True).availability
    assert there.retained
    (record,) = home.say(f"{PLUG}/status/switch:0", {"output": True}, retained=True).records
    assert record.quality == "retained"


def test_sleeping_device_is_not_offline():
    home = ShellyRun()
    home.status(method="NotifyFullStatus", sys={"wakeup_period": 7200, "uptime": 1})
    assert home.say(f"{PLUG}/online", b"false").availability == ()
    assert [a.online for a in home.say(f"{PLUG}/online", b"true").availability] == [True]


def test_device_cannot_take_topics_or_id_of_another():
    home = ShellyRun()
    home.status(**{"switch:0": {"output": True}})
    for prefix, src, reason in (
        (PLUG, "shellyplus1-112233445566", "topic_taken"),
        ("shellypro3-112233445566", PLUG, "topic_taken"),
        ("attic", PLUG, "wrong_device"),
    ):
        with pytest.raises(Rejected) as caught:
            home.say(f"{prefix}/events/rpc", notify(src))
        assert caught.value.reason == reason
    home.say(f"{PLUG}/online", b"false")  # it is offline: it may have a new prefix
    assert home.say("attic/events/rpc", notify(PLUG)).records[0].device == PLUG
    assert not home.dialect.owns("attic/unknown")
    home.say("attic/online", b"")  # cleared: its topics are free
    assert home.say("attic/events/rpc", notify("shellyplus1-112233445566")).records[0].device != PLUG


def test_topics_of_other_dialects_are_not_owned():
    dialect = ShellyDialect(reserved=("homeassistant",))
    for topic in ("lamp/online", "lamp/status/x", "homeassistant/x/events/rpc", "watchkeeper/events/rpc", "a/b"):
        assert not dialect.owns(topic)
    assert dialect.owns(f"{PLUG}/online")


def test_commands_are_rpc_calls_with_replies():
    home = ShellyRun()
    home.status(
        **{"switch:0": {"output": True}, "light:2": {"brightness": 5, "output": True}, "cover:1": {"state": "open"}}
    )
    commands = home.info.commands
    assert commands.keys() == {
        "switch:0.output", "light:2.brightness", "light:2.output", "cover:1.open", "cover:1.close", "cover:1.stop",
    }  # fmt: skip
    command = Command(
        id="c7", device=PLUG, name="switch:0.output", value=False, by="me", state="sent", created_at=NOW, expires_at=NOW
    )
    spec = descriptor(commands, "switch:0.output")
    assert (spec.topic, spec.confirm_by, spec.replies) == (f"{PLUG}/rpc", "switch:0.output", True)
    call = b'{"id":"c7","src":"watchkeeper","method":"Switch.Set","params":{"id":0,"on":false}}'
    assert encode(spec, command) == call
    answer = {"id": "c7", "src": PLUG, "dst": "watchkeeper"}
    assert home.say("watchkeeper/rpc", {**answer, "result": {"was_on": True}}).replies == (
        CommandReply(PLUG, "c7", True),
    )
    refused = {"code": -105, "message": "Argument 'id', value 0 not found!"}
    assert home.say("watchkeeper/rpc", {**answer, "error": refused}).replies == (
        CommandReply(PLUG, "c7", False, refused["message"]),
    )
    stop = encode(descriptor(commands, "cover:1.stop"), command)
    assert b'"method":"Cover.Stop","params":{"id":1}' in stop


def test_reply_of_unknown_device_is_rejected():
    with pytest.raises(Rejected) as caught:
        ShellyRun().say("watchkeeper/rpc", {"id": "c7", "src": PLUG, "result": {}})
    assert caught.value.reason == "unknown_device"


def test_invalid_value_of_a_component_is_rejected_alone():
    home = ShellyRun()
    body = {"id": 0, "output": "maybe", "apower": "6.5", "voltage": [1], "current": "high", "freq": 50, "pf": 0.9}
    found = home.status(**{"switch:0": body})
    [record] = found.records
    assert record.values == {"switch:0.apower": 6.5, "switch:0.freq": 50, "switch:0.pf": 0.9}
    assert [each.detail for each in found.rejections] == [
        "switch:0.output must be true or false, not 'maybe'.",
        "switch:0.voltage must be a number, not '[1]'.",
        "switch:0.current must be a number, not 'high'.",
    ]
