"""What is rejected says why: what came, what is expected, and for a topic that means nothing the right one."""

from __future__ import annotations

import pytest

from hub.dialects.astray import AGAIN, MOST
from hub.model import RawMessage
from test_fast_path import T0
from test_moved_announcements import Hub

# -- topics that mean nothing ----------------------------------------------------------------------------------------


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
def test_topic_that_means_nothing_is_shown_with_the_one_expected(topic: str, payload: bytes, hint: str) -> None:
    hub = Hub("native")
    for _ in range(50):
        hub.told(topic, payload)
    (shown,) = hub.batch.rejections
    assert (shown.topic, shown.reason) == (topic, "bad_topic")
    assert hint in shown.detail
    assert list(hub.registry.devices()) == []
    hub.at += AGAIN
    hub.told(topic, payload)
    assert len(hub.batch.rejections) == 2


def test_flood_of_topics_that_mean_nothing_is_shown_in_part() -> None:
    hub = Hub("native")
    hub.hear(*(RawMessage(f"devices/x{n}/{'y' * (n % 300)}", b"1", T0 + n) for n in range(1, 5_000)))
    assert len(hub.batch.rejections) == MOST


def test_what_the_hub_sends_itself_is_not_shown() -> None:
    hub = Hub("native")
    hub.told("devices/x/commands/restart", {"id": "1"})
    hub.told("devices/x/temperature", b"")
    assert hub.batch.rejections == []


# -- what came, and what is expected ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "topic", "payload", "came", "expected"),
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
def test_rejected_message_says_what_came_and_what_is_expected(
    dialect: str, topic: str, payload: bytes, came: str, expected: str
) -> None:
    hub = Hub(dialect)
    hub.told(topic, payload)
    (shown,) = hub.batch.rejections
    assert came in shown.detail
    assert expected in shown.detail
    assert len(shown.detail) < 400
