"""A word like ``unavailable`` in place of a number: the value becomes unknown, and no reading is stored."""

from __future__ import annotations

from typing import Any

import pytest

from dialect_run import DialectRun
from hub.dialects import MappingDialect, parse_mappings
from test_fast_path import T0
from test_moved_announcements import Hub, zigbee

WORDS = ["unavailable", "Unknown", "None", "nan", "NaN", "null", "undefined", "N/A", " unavailable "]
HIGH = '[[rule]]\nid = "high"\nmetric = "*"\nabove = 80\n'


def native(hub: Hub, value: Any, *, alone: bool) -> None:
    if alone:
        hub.publish("devices/d/telemetry/t", str(value).encode())
    else:
        hub.publish("devices/d/telemetry", {"t": value})


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("word", WORDS)
def test_word_in_place_of_number_expires_metric(word: str, alone: bool) -> None:
    hub = Hub("native", HIGH)
    for value in (95, 95, 95, 95, word, word):
        native(hub, value, alone=alone)
    device = hub.device("d")
    assert (device.metrics["t"].value, device.metrics["t"].quality) == (95, "unknown")
    assert device.last_seen == T0 + hub.at, "the device was seen"
    assert [value for _, _, value, _ in hub.history()["d", "t"]] == [95] * 4
    native(hub, 20, alone=alone)
    assert (device.metrics["t"].value, device.metrics["t"].quality) == (20, "good")


@pytest.mark.parametrize("alone", [True, False])
def test_word_before_first_number_does_not_make_text_metric(alone: bool) -> None:
    hub = Hub("native")
    for value in ("unavailable", "unknown", 21.5):
        native(hub, value, alone=alone)
    assert [value for _, _, value, _ in hub.history()["d", "t"]] == [21.5]


@pytest.mark.parametrize("alone", [True, False])
def test_text_metric_keeps_such_words_as_values(alone: bool) -> None:
    hub = Hub("native")
    states = ["none", "overheat", "none", "unknown", "overheat", "unavailable"] * 3
    for value in states:
        native(hub, value, alone=alone)
    assert [v for _, _, v, _ in sorted(hub.history()["d", "t"], key=lambda each: each[1])] == states


def test_word_in_list_item_expires_metric() -> None:
    hub = Hub("native")
    hub.publish("devices/d/telemetry", [{"t": 1}, {"t": "unavailable"}])
    assert hub.qualities("d") == {"t": "unknown"}


@pytest.mark.parametrize("word", ["unavailable", "unknown", None, ""])
def test_zigbee_word_in_place_of_number_is_no_reading(word: str | None) -> None:
    hub = Hub("zigbee2mqtt")
    hub.publish("zigbee2mqtt/bridge/devices", zigbee(("0x01", "door")), retained=True)
    for body in ({"t": word, "battery": 99}, {"t": 21}, {"t": word}):
        hub.publish("zigbee2mqtt/door", body)
    hub.publish("zigbee2mqtt/door/t", str(word).encode())
    assert [value for _, _, value, _ in hub.history()["0x01", "t"]] == [21]
    hub.publish("zigbee2mqtt/door", {"mode": "auto"})
    hub.publish("zigbee2mqtt/door", {"mode": "unknown"})
    assert hub.device("0x01").metrics["mode"].value == "unknown"


def test_senml_word_in_place_of_number_expires_metric() -> None:
    site = DialectRun(MappingDialect(parse_mappings('[[mapping]]\ntopic = "s/x"\nform = "senml"\n')))
    result = site.say(
        "s/x", [{"bn": "d:", "n": "t", "u": "Cel", "v": 21.5}, {"n": "h", "u": "%RH", "vs": "unavailable"}]
    )
    assert [record.values for record in result.records] == [{"t": 21.5}]
    assert [expiration.metric for expiration in result.expirations] == ["h"]


@pytest.mark.parametrize("word", ["nan", "unavailable", "null"])
def test_homie_word_in_place_of_number_expires_metric(word: str) -> None:
    hub = Hub("homie", HIGH)
    nodes = {"n": {"properties": {"a": {"datatype": "float"}}}}
    hub.publish("homie/5/d/$description", {"homie": "5.0", "version": 1, "nodes": nodes}, retained=True)
    hub.publish("homie/5/d/n/a", b"95")
    hub.publish("homie/5/d/n/a", word.encode())
    assert hub.qualities("homie:d") == {"n.a": "unknown"}
    assert hub.batch.rejections == []
