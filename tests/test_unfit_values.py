"""One value that does not fit costs only itself: in the messages of gateways, in descriptions, states and replies."""

from __future__ import annotations

from typing import Any

import pytest

from dialect_run import NOW, DialectRun
from hub.dialects import (
    HomeAssistantDialect,
    HomieDialect,
    MeshtasticDialect,
    NativeDialect,
    Result,
    ShellyDialect,
    SparkplugDialect,
    TasmotaDialect,
    ThingsBoardDialect,
    Zigbee2MqttDialect,
)
from test_repair import NOT_JSON

DEEP = b"[" * 40 + b"]" * 40
REJECTED: dict[str, bytes] = {
    "not a number": b"NaN",
    "beyond a double": b"1e999",
    "integer of 400 digits": b"1" * 400,
    "integer of 5,000 digits": b"1" * 5_000,
    "lone surrogate": b'"\\ud800"',
    "nested lists": DEEP,
    "nested objects": b'{"a":' * 40 + b"1" + b"}" * 40,
    "nested beyond Python's limit": b"[" * 1_500 + b"]" * 1_500,
    "nested with brackets in a text": b'["]}",' * 1_050 + b"1" + b"]" * 1_050,
}
UNFIT = {**NOT_JSON, **REJECTED, "beyond 64 bits": b"18446744073709551616"}


def each(values: dict[str, bytes]) -> Any:
    return pytest.mark.parametrize("raw", values.values(), ids=values)


def readings(result: Result) -> dict[str, dict[str, Any]]:
    return {record.device: dict(record.values) for record in result.records}


@each(REJECTED)
@pytest.mark.parametrize("topic", ["v1/gateway/telemetry", "v1/devices/A/telemetry"])
def test_thingsboard_keeps_other_values_and_shows_the_unfit_one(topic: str, raw: bytes) -> None:
    values = b'{"t": 21, "x": %s}' % raw
    body = b'{"A": [{"ts": %d, "values": %s}], "B": [{"t": 5}]}' % (NOW, values) if "gateway" in topic else values
    result = DialectRun(ThingsBoardDialect()).say(topic, body)
    children = {"thingsboard:B": {"t": 5.0}} if "gateway" in topic else {}
    assert readings(result) == {"thingsboard:A": {"t": 21.0}, **children}
    assert len(result.rejections) == 1


def test_thingsboard_gateway_may_send_unsigned_counters() -> None:
    body = b'{"A":[{"ts":%d,"values":{"t":21}}],"B":[{"ts":%d,"values":{"octets":18446744073709551615}}]}' % (NOW, NOW)
    result = DialectRun(ThingsBoardDialect()).say("v1/gateway/telemetry", body)
    assert readings(result) == {"thingsboard:A": {"t": 21.0}, "thingsboard:B": {"octets": float(2**64)}}
    assert not result.rejections


def test_thingsboard_device_with_an_unreadable_name_costs_only_itself() -> None:
    result = DialectRun(ThingsBoardDialect()).say("v1/gateway/telemetry", b'{"A\xe9": [{"t": 1}], "B": [{"t": 5}]}')
    assert readings(result) == {"thingsboard:B": {"t": 5.0}}
    assert [rejected.reason for rejected in result.rejections] == ["not_utf8"]


@each(UNFIT)
def test_thingsboard_gateway_is_heard_beside_an_unfit_value(raw: bytes) -> None:
    board = DialectRun(ThingsBoardDialect())
    (came,) = board.say("v1/gateway/connect", b'{"device": "A", "x": %s}' % raw).availability
    assert (came.device, came.online) == ("thingsboard:A", True)
    assert board.say("v1/gateway/attributes", b'{"A": {"x": %s}}' % raw).heard == ["thingsboard:A"]


@each(REJECTED)
def test_native_telemetry_keeps_other_values_and_shows_the_unfit_one(raw: bytes) -> None:
    for body in (b'{"t": 21, "x": %s}', b'[{"t": 21, "x": %s}]', b'[{"x": %s}, {"t": 21}]', b'[%s, {"t": 21}]'):
        result = DialectRun(NativeDialect()).say("devices/d/telemetry", body % raw)
        assert readings(result) == {"d": {"t": 21.0}}
        assert len(result.rejections) == 1


@each(REJECTED)
def test_native_reported_state_keeps_other_keys_and_shows_the_unfit_one(raw: bytes) -> None:
    result = DialectRun(NativeDialect()).say("devices/d/reported", b'{"mode": "eco", "x": %s}' % raw)
    assert [update.values for update in result.desired_state] == [{"mode": "eco"}]
    assert len(result.rejections) == 1


@each(UNFIT)
def test_native_description_keeps_other_keys(raw: bytes) -> None:
    body = b'{"name": "Boiler", "firmware": %s, "units": {"t": "C", "x": %s}}' % (raw, raw)
    (identity,) = DialectRun(NativeDialect()).say("devices/d/info", body).identities
    assert (identity.info.name, identity.info.units["t"]) == ("Boiler", "°C")
    assert "\ufffd" not in repr(identity.info)


@each(UNFIT)
def test_native_reply_counts_whatever_its_result_is(raw: bytes) -> None:
    (reply,) = (
        DialectRun(NativeDialect())
        .say("devices/d/replies", b'{"id": "c1", "status": "done", "result": %s}' % raw)
        .replies
    )
    assert (reply.command, reply.done) == ("c1", True)


@each(UNFIT)
def test_homie_description_keeps_its_other_attributes(raw: bytes) -> None:
    properties = b'{"temperature": {"datatype": "float", "unit": "\\u00b0C"}, "odd": {"datatype": %s}}' % raw
    body = b'{"homie": "5.0", "version": %s, "name": "Attic", "nodes": {"n": {"properties": %s}}}' % (raw, properties)
    (identity,) = DialectRun(HomieDialect()).say("homie/5/attic/$description", body).identities
    assert (identity.info.name, identity.info.units) == ("Attic", {"n.temperature": "°C"})


@each(UNFIT)
def test_tasmota_announcement_keeps_its_other_settings(raw: bytes) -> None:
    body = (
        b'{"t": "plug", "ft": "%%prefix%%/%%topic%%/", "tp": ["cmnd", "stat", "tele"], "dn": "Plug", "ver": %s}' % raw
    )
    (identity,) = DialectRun(TasmotaDialect()).say("tasmota/discovery/AABBCCDDEEFF/config", body).identities
    assert identity.info.name == "Plug"


@each(UNFIT)
def test_shelly_announcement_and_event_keep_their_other_values(raw: bytes) -> None:
    shelly = DialectRun(ShellyDialect())
    body = b'{"id": "shellyix3-AABBCC", "model": "SHIX3-1", "fw_ver": %s}' % raw
    (identity,) = shelly.say("shellies/shellyix3-AABBCC/announce", body).identities
    assert identity.info.model == "SHIX3-1"
    event = b'{"event": "S", "event_cnt": 3, "more": %s}' % raw
    assert shelly.values("shellies/shellyix3-AABBCC/input_event/0", event) == {"input.0.event": "S"}


@each(UNFIT)
def test_zigbee2mqtt_availability_counts_beside_an_unfit_value(raw: bytes) -> None:
    zigbee = DialectRun(Zigbee2MqttDialect())
    zigbee.say("zigbee2mqtt/bridge/devices", [{"ieee_address": "0x1", "friendly_name": "d", "type": "Router"}])
    (came,) = zigbee.say("zigbee2mqtt/d/availability", b'{"state": "online", "x": %s}' % raw).availability
    assert came.online


@each(UNFIT)
def test_sparkplug_host_state_counts_beside_an_unfit_value(raw: bytes) -> None:
    body = b'{"online": true, "timestamp": 1795386000000, "x": %s}' % raw
    (came,) = DialectRun(SparkplugDialect()).say("spBv1.0/STATE/host", body).availability
    assert came.online


@each(UNFIT)
def test_home_assistant_announcement_keeps_its_other_options(raw: bytes) -> None:
    body = b'{"unique_id": "t", "state_topic": "a/t", "x": %s, "device": {"identifiers": ["a"], "name": "Attic"}}' % raw
    (identity,) = DialectRun(HomeAssistantDialect()).say("homeassistant/sensor/t/config", body).identities
    assert identity.info.name == "Attic"


def test_meshtastic_packet_keeps_its_values_beside_an_invalid_time() -> None:
    mesh = DialectRun(MeshtasticDialect(), "msh/EU_868/2/json/LongFast/!7efeee00")
    packet = b'{"from": 1, "type": "%s", "timestamp": %s, "payload": %s}'
    result = mesh.say("", packet % (b"position", b"1795386000", b'{"latitude_i": %s, "altitude": 50}' % (b"1" * 400)))
    assert readings(result) == {"meshtastic:00000001": {"location.altitude": 50.0}}
    assert [rejected.reason for rejected in result.rejections] == ["bad_value"]
    result = mesh.say("", packet % (b"telemetry", b'"noon"', b'{"voltage": 4, "odd": %s}' % DEEP))
    assert readings(result) == {"meshtastic:00000001": {"voltage": 4.0}}
    assert [rejected.reason for rejected in result.rejections] == ["too_deep", "bad_time"]


def test_too_long_key_of_a_description_costs_only_itself() -> None:
    body = b'{"homie": "5.0", "name": "Attic", "%s": 1}' % (b"k" * 1_100)
    (identity,) = DialectRun(HomieDialect()).say("homie/5/attic/$description", body).identities
    assert identity.info.name == "Attic"
