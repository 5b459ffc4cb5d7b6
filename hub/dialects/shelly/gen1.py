"""Decode Shelly's first generation: one value per topic below ``shellies/ID/``, mostly as plain text, without a time.

A metric is named by its topic, with dots instead of slashes (``relay.0.power``). Only energy counters in watt-minutes
are converted, to Wh. The totals of an energy meter are in Wh already.

Source: the Shelly technical documentation, Gen1, "MQTT" of each device.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.bounds import MAX_INT, MIN_INT
from hub.dialects.payload import (
    MAX_TEXT,
    UNKNOWN_WORDS,
    excerpt,
    metric_name,
    scalar,
    telemetry_object,
    text_of,
)
from hub.dialects.shelly.device import PERCENT, ShellyDevice
from hub.dialects.shelly.status import Readings
from hub.errors import Rejected
from hub.model import Value

SLEEPERS = ("shellyht-", "shellydw-", "shellydw2-", "shellyflood-", "shellysmoke-", "shellybutton1-", "shellymotion")
"""Beginnings of the ids of devices that go offline between their messages."""
_METERS = ("relay", "roller", "light", "white", "color")
_NUMBERS = {
    **{f"{what}/#/power": "W" for what in (*_METERS, "emeter")},
    **{f"{what}/#/energy": "Wmin" for what in (*_METERS, "emeter")},
    "emeter/#/returned_energy": "Wmin",
    "emeter/#/total": "Wh",
    "emeter/#/total_returned": "Wh",
    "emeter/#/reactive_power": "VAr",
    "emeter/#/voltage": "V",
    "emeter/#/current": "A",
    "emeter/#/pf": "",
    "emeter_n/#/current": "A",
    "relay/#/overpower_value": "W",
    "roller/#/pos": "%",
    "temperature": "°C",
    "voltage": "V",
    "sensor/temperature": "°C",
    "sensor/humidity": "%",
    "sensor/battery": "%",
    "sensor/lux": "lx",
    "sensor/tilt": "°",
    "sensor/concentration": "ppm",
    "ext_temperature/#": "°C",
    "ext_humidity/#": "%",
    "adc/#": "V",
}
_SENSES = ("state", "motion", "vibration", "flood", "smoke", "charger")
_SWITCHES = ("relay/#", "light/#", "white/#", "color/#", "input/#", "longpush/#", "ext_switch/#")
_BOOLEANS = frozenset((*_SWITCHES, *(f"sensor/{sense}" for sense in _SENSES), "overtemperature", "overload"))
_TEXTS = frozenset(("roller/#", "roller/#/stop_reason", "temperature_status", "sensor/gas", "sensor/operation"))
_WORDS = dict.fromkeys(("on", "true", "1", "open"), True) | dict.fromkeys(("off", "false", "0", "close"), False)
_LIGHT = {"ison": "", "mode": "", "brightness": "%", "gain": "%", "temp": "K", "red": "", "green": "", "blue": ""}
_SENSOR = {
    "motion": ("motion", ""),
    "vibration": ("vibration", ""),
    "lux": ("lux", "lx"),
    "bat": ("battery", "%"),
    "tmp": ("temperature", "°C"),
}
_NUMBER = re.compile(r"/\d{1,3}(?=/|\Z)")
_OVERPOWER = "overpower"

Found = Iterator[tuple[str, Any, str]]
"""A list of (metric, value, unit). The value is None if the device does not know it."""


def read(known: ShellyDevice, rest: str, payload: bytes) -> tuple[ShellyDevice, Readings]:
    """Return the device, changed by the message, and the values in the message.

    ``rest`` is the topic below the device's prefix.

    Raises:
        Rejected: The payload is not valid for this topic (``bad_value``).
    """
    pattern, metric = _pattern_and_metric(rest)
    if pattern == "input_event/#":
        return _event(known, rest, payload)
    if pattern in ("relay/#", "light/#"):
        known, values = _switch(known, metric, payload)
        return known, Readings(values)
    readings = Readings()
    for name, raw, unit in _decode(pattern, metric, payload):
        try:
            if raw is None or raw == "":
                readings.unknown.append(name)
                continue
            readings.values[name] = value = scalar(name, raw)
        except Rejected as error:
            readings.faults.append((name, raw, error))
            continue
        if unit and type(value) is float:
            readings.units[name] = unit
    return known, readings


@lru_cache(20_000)
def _pattern_and_metric(rest: str) -> tuple[str, str]:
    """Return two texts for a topic: the topic with ``#`` in place of each number, and the name of its metric.

    For ``relay/0/power`` they are ``relay/#/power`` and ``relay.0.power``. ``rest`` is the topic below the device's
    prefix. Raises Rejected (``bad_name``).
    """
    return _NUMBER.sub("/#", rest), metric_name(rest.replace("/", "."))


def _decode(pattern: str, metric: str, payload: bytes) -> Found:
    if pattern in _NUMBERS:
        value, unit = _number(metric, payload), _NUMBERS[pattern]
        if value is None or (pattern == "roller/#/pos" and value < 0):  # not calibrated
            yield metric, None, unit
        else:
            yield (metric, value / 60, "Wh") if unit == "Wmin" else (metric, value, unit)
    elif pattern in _BOOLEANS:
        yield metric, _boolean(metric, _word(payload)), ""
    elif pattern in _TEXTS:
        yield metric, _word(payload), ""
    elif pattern in ("light/#/status", "white/#/status", "color/#/status"):
        body = telemetry_object(payload, "A light's status")
        yield from _parts(metric.removesuffix("status"), body, {key: (key, unit) for key, unit in _LIGHT.items()})
    elif pattern == "status":
        yield from _parts("sensor.", telemetry_object(payload, "A sensor's status"), _SENSOR)


def _parts(within: str, body: Mapping[str, Any], parts: Mapping[str, tuple[str, str]]) -> Found:
    for key, (name, unit) in parts.items():
        raw = body.get(key)
        raw = raw.get("value") if isinstance(raw, dict) else raw
        if key in body and not isinstance(raw, dict | list):
            yield within + name, raw, unit


def _switch(known: ShellyDevice, metric: str, payload: bytes) -> tuple[ShellyDevice, dict[str, Value]]:
    """Decode the state of a relay or light.

    ``overpower`` means that the relay was switched off because of too much power. This lasts until it is switched
    again.
    """
    word = _word(payload)
    if word == _OVERPOWER:
        known = replace(known, tripped=known.tripped | {metric})
        return known, {metric: False, f"{metric}.{_OVERPOWER}": True}
    values: dict[str, Value] = {metric: _boolean(metric, word)}
    if metric in known.tripped:
        known = replace(known, tripped=known.tripped - {metric})
        values[f"{metric}.{_OVERPOWER}"] = False
    return known, values


def _event(known: ShellyDevice, rest: str, payload: bytes) -> tuple[ShellyDevice, Readings]:
    """Decode an event of an input.

    The device repeats its last event. Only a message with another ``event_cnt`` is a new event; otherwise there are no
    values.
    """
    body = telemetry_object(payload, "An event")
    event, count = body.get("event"), body.get("event_cnt")
    if not isinstance(event, str) or not isinstance(count, int) or not MIN_INT <= count <= MAX_INT:
        expected = 'An event must be such as {"event": "S", "event_cnt": 3}'
        raise Rejected("bad_value", f"{expected}; the payload is {excerpt(payload)}.")
    if known.counts.get(rest) == count or not event:
        return known, Readings()
    metric = rest.replace("input_event/", "input.") + ".event"
    values = {metric: scalar(metric, event[:MAX_TEXT])}
    return replace(known, counts={**known.counts, rest: count}), Readings(values)


def commands(known: ShellyDevice) -> dict[str, dict[str, Any]]:
    """Return the descriptions of the commands of a first-generation device."""
    found: dict[str, dict[str, Any]] = {}
    for metric in sorted(known.controls):
        kind, number, *part = metric.split(".")
        topic = f"{known.prefix}/{kind}/{number}"
        base = {"confirm_by": metric, "encoding": "text", "topic": f"{topic}/command"}
        if part == ["brightness"]:
            found[metric] = {**base, **PERCENT, "topic": f"{topic}/set", "encoding": "json", "property": "brightness"}
        elif part == ["pos"]:
            found[metric] = {**base, **PERCENT, "topic": f"{topic}/command/pos"}
        elif kind == "roller":
            found[metric] = {**base, "type": "enum", "values": ["open", "close", "stop"]}
        else:
            found[metric] = {**base, "type": "boolean", "on": "on", "off": "off"}
    return found


def controls(values: Mapping[str, Value]) -> list[str]:
    """Return the metrics of a first-generation device that a command can set.

    ``values`` are the values that the device reports, by metric.
    """
    return [metric for metric in values if _can_be_set(metric)]


@lru_cache(20_000)
def _can_be_set(metric: str) -> bool:
    return _CONTROL.fullmatch(metric) is not None


_CONTROL = re.compile(r"(relay|light|white|color|roller)\.\d+|roller\.\d+\.pos|(light|white)\.\d+\.brightness")


def _word(payload: bytes) -> str:
    return text_of(payload).strip()[:MAX_TEXT]


def _boolean(metric: str, word: str) -> bool:
    value = _WORDS.get(word.lower())
    if value is None:
        raise Rejected("bad_value", f"{metric} must be on, off, true, false, 1 or 0, not {word[:40]!r}.")
    return value


def _number(metric: str, payload: bytes) -> float | None:
    """Return the number in a payload; None if the device does not know the value. Raises Rejected."""
    word = _word(payload)
    if word.lower() in UNKNOWN_WORDS:
        return None
    try:
        value = float(msgspec.json.decode(word, type=float))
    except msgspec.MsgspecError as error:
        raise Rejected("bad_value", f"{metric} must be a number, not {word[:40]!r}.") from error
    if not math.isfinite(value):
        raise Rejected("bad_value", f"{metric} is not a finite number.")
    return value
