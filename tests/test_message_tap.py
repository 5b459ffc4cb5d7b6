"""The message tap: forwards all messages and keeps recent ones for the page of a device."""

from __future__ import annotations

from collections.abc import Sequence

from hub.dialects import NativeDialect, Zigbee2MqttDialect
from hub.dialects.zigbee2mqtt.exposes import Zigbee2MqttDevice
from hub.model import RawMessage
from hub.registry.registry import DeviceRegistry
from hub.services import message_tap
from hub.services.message_tap import MessageTap


class Sink:
    """A sink that refuses messages whose payload is ``shed``."""

    def __init__(self) -> None:
        self.messages: list[RawMessage] = []

    def offer(self, messages: Sequence[RawMessage]) -> int:
        self.messages.extend(messages)
        return sum(message.payload != b"shed" for message in messages)


def tap() -> tuple[MessageTap, Sink]:
    sink = Sink()
    return MessageTap(sink.offer, [NativeDialect(), Zigbee2MqttDialect()], DeviceRegistry()), sink


def telemetry(device: str, text: str, at: int = 0) -> RawMessage:
    return RawMessage(f"devices/{device}/telemetry", text.encode(), at)


def texts(found: list[message_tap.TappedMessage]) -> list[str]:
    return [tapped.message.payload.decode() for tapped in found]


def test_tap_forwards_messages_and_returns_count_of_sink():
    messages, sink = tap()
    assert messages.take([telemetry("a", "{}")]) == 1
    assert messages.take([telemetry("a", "shed")]) == 0
    assert [message.payload for message in sink.messages] == [b"{}", b"shed"]


def test_first_request_returns_recent_messages():
    messages, _ = tap()
    for number in range(3):
        messages.take([telemetry("a", f'{{"x": {number}}}')])
        messages.take([telemetry("b", f'{{"y": {number}}}')])
    assert texts(messages.of("a", 0)) == ['{"x": 2}', '{"x": 1}', '{"x": 0}']


def test_undecodable_message_is_listed_under_device_of_its_topic():
    messages, _ = tap()
    messages.take([telemetry("a", "{broken")])
    messages.take([telemetry("a", '{"x": 1}')])
    messages.take([telemetry("a", "{broken again")])
    assert texts(messages.of("a", 0)) == ["{broken again", '{"x": 1}', "{broken"]
    messages.take([telemetry("unheard-of", "{broken")])
    assert messages.of("unheard-of", 0) == [], "the topic has no known device"


def test_watched_device_keeps_messages_when_others_flood():
    messages, _ = tap()
    messages.of("quiet", 0)
    messages.take([telemetry("quiet", '{"x": 1}')])
    for number in range(message_tap.RING + 10):
        messages.take([telemetry(f"loud-{number % 7}", '{"y": 1}')])
    assert texts(messages.of("quiet", 1)) == ['{"x": 1}']
    assert messages.of("never-looked-at", 1) == []


def test_watched_messages_are_limited_and_expire():
    messages, _ = tap()
    messages.of("a", 0)
    for number in range(message_tap.PER_DEVICE + 5):
        messages.take([telemetry("a", f'{{"x": {number}}}')])
    assert len(messages.of("a", 1)) == message_tap.PER_DEVICE
    later = message_tap.WATCH_MS + 2
    for number in range(message_tap.RING):
        messages.take([telemetry("b", f'{{"x": {number}}}', later)])
    assert messages.of("a", later) == []


def test_least_recently_requested_device_is_evicted():
    messages, _ = tap()
    for number in range(message_tap.WATCHED + 1):
        messages.of(f"d-{number}", number)
    messages.take([telemetry("d-0", '{"x": 1}', 50)])
    messages.take([telemetry("d-1", '{"x": 1}', 50)])
    for _ in range(message_tap.RING):
        messages.take([telemetry("noise", "{}", 50)])
    assert messages.of("d-1", 60) != []
    assert messages.of("d-0", 60) == []


def test_long_payload_is_truncated_with_its_size():
    messages, sink = tap()
    messages.take([RawMessage("devices/a/info", b'{"name": "' + b"x" * 100 + b'"}', 0)])
    long = RawMessage("devices/a/info", b'{"name": "' + b"x" * 10_000 + b'"}', 0)
    messages.take([long])
    newest = messages.of("a", 0)[0]
    assert (len(newest.message.payload), newest.size) == (message_tap.EXCERPT, len(long.payload))
    assert sink.messages[-1] is long, "the forwarded message is complete"


def test_stateful_dialect_maps_topic_to_device():
    sink = Sink()
    zigbee = Zigbee2MqttDialect()
    zigbee._by_name["kitchen/lamp"] = Zigbee2MqttDevice(ieee="0x01", name="kitchen/lamp")
    messages = MessageTap(sink.offer, [zigbee], DeviceRegistry())
    messages.take([RawMessage("zigbee2mqtt/kitchen/lamp", b'{"brightness": 3}', 0)])
    assert texts(messages.of("0x01", 0)) == ['{"brightness": 3}']
