"""One invalid value costs only itself: what programs write that is not JSON, in every dialect.

Payloads are as in public bug reports of firmware that prints its JSON from a template.
"""

from __future__ import annotations

from typing import Any

import pytest

from dialect_run import DialectRun
from hub.dialects import HomeAssistantDialect, NativeDialect, ShellyDialect, TasmotaDialect, Zigbee2MqttDialect

NOT_JSON: dict[str, bytes] = {
    "nan": b"nan",
    "signed nan": b"-NaN(ind)",
    "nan of MSVC": b"1.#QNAN",
    "indefinite of MSVC": b"-1.#IND0",
    "infinity of MSVC": b"1.#INF",
    "overflow of Arduino": b"ovf",
    "beyond a double": b"1e999",
    "integer of 400 digits": b"1" + b"0" * 400,
    "undefined of JavaScript": b"undefined",
    "None of Python": b"None",
    "text in Latin-1": b'"Caf\xe9"',
    "lone surrogate": b'"\\ud800"',
    "invalid escape": b'"C:\\Users"',
}


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON)
def test_value_that_is_not_json_costs_only_itself(raw: bytes) -> None:
    result = DialectRun(NativeDialect()).say("devices/d/telemetry", b'{"bad": %s, "good": 5}' % raw)
    assert [record.values for record in result.records] == [{"good": 5.0}]
    unknown = [expiration.metric for expiration in result.expirations]
    assert unknown == ["bad"] or [b'"bad"' in rejection.payload for rejection in result.rejections] == [True]


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON)
def test_item_that_is_not_json_costs_only_itself(raw: bytes) -> None:
    result = DialectRun(NativeDialect()).say("devices/d/telemetry", b'[{"bad": %s}, {"good": 5}]' % raw)
    assert {"good": 5.0} in [record.values for record in result.records]


@pytest.mark.parametrize(
    ("payload", "values"),
    [
        (b'{"a": 1}\x00', {"a": 1.0}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1.0}),
        (b'{"a": True, "b": "\xe9"}', {"a": True}),
        (b'{"a": "line 1\nline 2\t"}', {"a": "line 1\nline 2\t"}),
        (b'{"nan": nan, "a": "nan inf None \\" undefined"}', {"a": 'nan inf None " undefined'}),
        (b'{"caf\xe9": 1, "a": 2}', {"a": 2.0}),
    ],
)
def test_repair_keeps_what_the_sender_meant(payload: bytes, values: dict[str, Any]) -> None:
    assert DialectRun(NativeDialect()).values("devices/d/telemetry", payload) == values


def test_single_value_with_final_nul_is_a_number() -> None:
    assert DialectRun(NativeDialect()).values("devices/d/telemetry/t", b"21.5\x00") == {"t": 21.5}


def test_invalid_text_costs_only_itself_in_zigbee2mqtt_and_tasmota() -> None:
    tasmota = DialectRun(TasmotaDialect())
    assert tasmota.values("tele/d/SENSOR", b'{"A":{"Name":"\xb0","Temperature":ovf,"Humidity":50}}') == {
        "A.Humidity": 50.0
    }
    zigbee = DialectRun(Zigbee2MqttDialect())
    zigbee.say("zigbee2mqtt/bridge/devices", [{"ieee_address": "0x1", "friendly_name": "d", "type": "Router"}])
    assert zigbee.values("zigbee2mqtt/d", b'{"power": 5, "note": "\xe9"}\x00') == {"power": 5.0}


@pytest.fixture
def announced() -> DialectRun:
    run = DialectRun(HomeAssistantDialect())
    for name in ("temperature", "humidity"):
        config = {
            "unique_id": name,
            "state_topic": "clock/stats",
            "value_template": f"{{{{ value_json.{name} }}}}",
            "unit_of_measurement": "%",
            "device": {"identifiers": ["clock"]},
        }
        run.say(f"homeassistant/sensor/{name}/config", config)
    return run


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON)
def test_value_that_is_not_json_costs_only_itself_in_home_assistant(announced: DialectRun, raw: bytes) -> None:
    assert announced.values("clock/stats", b'{"temperature": %s, "humidity": 50}' % raw) == {"humidity": 50.0}


def test_object_that_is_cut_off_is_rejected_in_home_assistant(announced: DialectRun) -> None:
    result = announced.say("clock/stats", b'{"temperature": 21.5, "humid')
    assert [rejection.reason for rejection in result.rejections] == ["not_json"]


def test_invalid_event_costs_only_itself_in_shelly() -> None:
    name = "shellyplusi4-08b61fd90730"
    events = [{"component": "x" * 200, "event": "a"}, {"component": "input:0", "event": "single_push"}]
    result = DialectRun(ShellyDialect()).say(
        f"{name}/events/rpc", {"src": name, "method": "NotifyEvent", "params": {"events": events}}
    )
    assert [record.values for record in result.records] == [{"input:0.event": "single_push"}]
    assert [rejection.reason for rejection in result.rejections] == ["bad_name"]


@pytest.mark.parametrize("bad", [{"x" * 200: 1}, {"": 1}, {"big": 10**30}, {"in": {"big": [10**30]}}])
def test_invalid_part_of_reported_state_costs_only_itself(bad: dict[str, Any]) -> None:
    run = DialectRun(NativeDialect())
    result = run.say("devices/d/reported", {"mode": "eco", **bad})
    assert [update.values for update in result.desired_state] == [{"mode": "eco"}]
    assert len(result.rejections) == 1
