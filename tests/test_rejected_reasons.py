"""Texts of rejections: what was received, what is expected, and the right topic for an unknown one."""

from __future__ import annotations

import pytest

from hub.dialects.unknown_topics import HOUR, MAX_PER_MINUTE
from hub.model import RawMessage
from test_fast_path import T0
from test_moved_announcements import Hub

# -- unknown topics --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "payload", "hint"),
    [
        ("devices/x/temperature", b"21.5", 'on devices/x/telemetry/temperature, or as {"temperature": …} on devices/x'),
        ("devices/x/sensor/temperature", b"21.5", "on devices/x/telemetry/sensor.temperature, or"),
        ("devices/x/telemetry/a/b", b"21.5", "on devices/x/telemetry/a.b, or"),
        ("devices/x/Telemetry", b'{"t": 1}', "Publish this on devices/x/telemetry."),
        ("devices/x/state", b'{"t": 1}', "Publish this on devices/x/telemetry."),
        ("devices/x", b"1", "Publish this on devices/x/telemetry."),
        ("devices//telemetry", b"1", "The topic has no device. Publish on devices/DEVICE/telemetry."),
    ],
)
def test_unknown_topic_is_rejected_with_expected_topic(topic: str, payload: bytes, hint: str) -> None:
    hub = Hub("native")
    for _ in range(50):
        hub.publish(topic, payload)
    (shown,) = hub.batch.rejections
    assert (shown.topic, shown.reason) == (topic, "bad_topic")
    assert hint in shown.detail
    assert list(hub.registry.devices()) == []
    hub.at += HOUR
    hub.publish(topic, payload)
    assert len(hub.batch.rejections) == 2


def test_rejections_of_unknown_topics_are_limited() -> None:
    hub = Hub("native")
    hub.handle(*(RawMessage(f"devices/x{n}/{'y' * (n % 300)}", b"1", T0 + n) for n in range(1, 5_000)))
    assert len(hub.batch.rejections) == MAX_PER_MINUTE


def test_messages_of_hub_itself_are_not_rejected() -> None:
    hub = Hub("native")
    hub.publish("devices/x/commands/restart", {"id": "1"})
    hub.publish("devices/x/temperature", b"")
    assert hub.batch.rejections == []


# -- what was received, and what is expected -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "topic", "payload", "received", "expected"),
    [
        ("native", "devices/d/telemetry", b"hello", "'hello'", "devices/d/telemetry/METRIC"),
        ("native", "devices/d/telemetry", b"21.5", "'21.5'", "devices/d/telemetry/METRIC"),
        ("native", "devices/d/telemetry", b"", "empty", '{"temperature": 21.5}'),
        ("native", "devices/d/telemetry", b"{'t': 1}", "{'t': 1}", '{"temperature": 21.5}'),
        ("native", "devices/d/telemetry", b"x" * 5_000, "xxxx…'", '{"temperature": 21.5}'),
        ("native", "devices/d/status", b"up", "'up'", "online or offline"),
        ("native", "devices/d/info", b"pump", "'pump'", "a JSON object"),
        ("native", "devices/d/reported", b"[1]", "'[1]'", "a JSON object"),
        ("native", "devices/d/replies", b'{"ok": 1}', '{"ok": 1}', '"done" or "failed"'),
        ("native", "devices/d/telemetry", b'{"t": 1, "seq": "a"}', "'a'", "an integer"),
        ("zigbee2mqtt", "zigbee2mqtt/bridge/devices", b"hello", "'hello'", "valid JSON"),
        ("zigbee2mqtt", "zigbee2mqtt/bridge/devices", b'{"a": 1}', '{"a": 1}', "a list"),
        ("zigbee2mqtt", "zigbee2mqtt/bridge/state", b"up", "'up'", "online or offline"),
        ("tasmota", "tasmota/discovery/AABBCCDDEEFF/config", b"hello", "'hello'", "a JSON object"),
        ("tasmota", "tele/tasmota_A1B2C3/LWT", b"up", "'up'", "Online or Offline"),
        ("tasmota", "tele/tasmota_A1B2C3/SENSOR", b"hello", "'hello'", "a JSON object"),
        ("shelly", "shellyplus1-a8032ab12345/online", b"up", "'up'", "true or false"),
        ("shelly", "shellies/shelly1-A1B2C3/relay/0", b"maybe", "'maybe'", "on, off"),
        ("shelly", "shellies/shelly1-A1B2C3/input_event/0", b'{"a": 1}', '{"a": 1}', '{"event": "S"'),
        ("homie", "homie/d/$state", b"up", "'up'", "ready"),
        ("homie", "homie/5/d/$description", b"hello", "'hello'", "a JSON object"),
        ("sparkplug", "spBv1.0/g/NDATA/n", b"hello", "'hello'", "Sparkplug B payload"),
        ("sparkplug", "spBv1.0/STATE/h", b"up", "'up'", "ONLINE or OFFLINE"),
        ("homeassistant", "homeassistant/sensor/x/config", b"hello", "'hello'", "valid JSON"),
        ("homeassistant", "homeassistant/sensor/x/config", b"[1]", "'[1]'", "a JSON object"),
    ],
)
def test_rejection_quotes_payload_and_expected_form(
    dialect: str, topic: str, payload: bytes, received: str, expected: str
) -> None:
    hub = Hub(dialect)
    hub.publish(topic, payload)
    (shown,) = hub.batch.rejections
    assert received in shown.detail
    assert expected in shown.detail
    assert len(shown.detail) < 400
