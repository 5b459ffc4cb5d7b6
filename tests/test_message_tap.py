"""The tap that remembers raw messages: it hands everything on, and finds what belongs to a device."""

from __future__ import annotations

from collections.abc import Sequence

from hub.dialects import NativeDialect, Zigbee2MqttDialect
from hub.dialects.zigbee2mqtt.exposes import Zigbee2MqttDevice
from hub.model import RawMessage
from hub.registry.registry import DeviceRegistry
from hub.services import message_tap
from hub.services.message_tap import MessageTap


class Sink:
    """Where the messages go; it sheds what is called ``shed``."""

    def __init__(self) -> None:
        self.taken: list[RawMessage] = []

    def offer(self, messages: Sequence[RawMessage]) -> int:
        self.taken.extend(messages)
        return sum(message.payload != b"shed" for message in messages)


def tap() -> tuple[MessageTap, Sink]:
    sink = Sink()
    return MessageTap(sink.offer, [NativeDialect(), Zigbee2MqttDialect()], DeviceRegistry()), sink


def said(device: str, text: str, at: int = 0) -> RawMessage:
    return RawMessage(f"devices/{device}/telemetry", text.encode(), at)


def texts(found: list[message_tap.TappedMessage]) -> list[str]:
    return [heard.message.payload.decode() for heard in found]


def test_everything_is_handed_on_and_the_sinks_word_comes_back():
    messages, sink = tap()
    assert messages.take([said("a", "{}")]) == 1
    assert messages.take([said("a", "shed")]) == 0
    assert [message.payload for message in sink.taken] == [b"{}", b"shed"]


def test_who_begins_to_look_sees_what_was_just_said():
    messages, _ = tap()
    for number in range(3):
        messages.take([said("a", f'{{"x": {number}}}')])
        messages.take([said("b", f'{{"y": {number}}}')])
    assert texts(messages.of("a", 0)) == ['{"x": 2}', '{"x": 1}', '{"x": 0}']


def test_a_message_that_cannot_be_read_is_shown_with_the_device_of_its_topic():
    messages, _ = tap()
    messages.take([said("a", "{broken")])
    messages.take([said("a", '{"x": 1}')])
    messages.take([said("a", "{broken again")])
    assert texts(messages.of("a", 0)) == ["{broken again", '{"x": 1}', "{broken"]
    messages.take([said("unheard-of", "{broken")])
    assert messages.of("unheard-of", 0) == [], "nobody knows whose it is"


def test_a_fleet_that_floods_the_ring_does_not_hide_a_device_that_is_looked_at():
    messages, _ = tap()
    messages.of("quiet", 0)
    messages.take([said("quiet", '{"x": 1}')])
    for number in range(message_tap.RING + 10):
        messages.take([said(f"loud-{number % 7}", '{"y": 1}')])
    assert texts(messages.of("quiet", 1)) == ['{"x": 1}']
    assert messages.of("never-looked-at", 1) == []


def test_at_most_fifty_a_device_and_only_for_a_minute_after_the_last_look():
    messages, _ = tap()
    messages.of("a", 0)
    for number in range(message_tap.KEPT + 5):
        messages.take([said("a", f'{{"x": {number}}}')])
    assert len(messages.of("a", 1)) == message_tap.KEPT
    later = message_tap.PATIENCE_MS + 2
    for number in range(message_tap.RING):
        messages.take([said("b", f'{{"x": {number}}}', later)])
    assert messages.of("a", later) == []


def test_a_crowd_of_lookers_displaces_the_one_longest_not_asked_for():
    messages, _ = tap()
    for number in range(message_tap.WATCHED + 1):
        messages.of(f"d-{number}", number)
    messages.take([said("d-0", '{"x": 1}', 50)])
    messages.take([said("d-1", '{"x": 1}', 50)])
    for _ in range(message_tap.RING):
        messages.take([said("noise", "{}", 50)])
    assert messages.of("d-1", 60) != []
    assert messages.of("d-0", 60) == []


def test_a_long_payload_is_cut_and_its_size_told():
    messages, sink = tap()
    messages.take([RawMessage("devices/a/info", b'{"name": "' + b"x" * 100 + b'"}', 0)])
    long = RawMessage("devices/a/info", b'{"name": "' + b"x" * 10_000 + b'"}', 0)
    messages.take([long])
    newest = messages.of("a", 0)[0]
    assert (len(newest.message.payload), newest.size) == (message_tap.EXCERPT, len(long.payload))
    assert sink.taken[-1] is long, "what is handed on is whole"


def test_a_dialect_that_learns_finds_its_devices_topics():
    sink = Sink()
    zigbee = Zigbee2MqttDialect()
    zigbee._by_name["kitchen/lamp"] = Zigbee2MqttDevice(ieee="0x01", name="kitchen/lamp")
    messages = MessageTap(sink.offer, [zigbee], DeviceRegistry())
    messages.take([RawMessage("zigbee2mqtt/kitchen/lamp", b'{"brightness": 3}', 0)])
    assert texts(messages.of("0x01", 0)) == ['{"brightness": 3}']
