"""Decode the state of an entity to values, by the kind of its topic.

The value None means that the device does not know the value: null, ``None``, ``nan``, ``unknown`` and ``unavailable``.
Metrics without a value in the message are left out.

Source: the Home Assistant documentation, the pages of the MQTT components.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from hub.dialects.payload import metric_name, scalar
from hub.errors import Rejected
from hub.model import Value

Values = Iterable[tuple[str, Value | Rejected | None]]
"""Pairs of a metric and its value.

The value is a Rejected if this part of the message is invalid, and None if it is unknown.
"""
NOT_KNOWN = frozenset(("None", "unknown", "unavailable"))
_UNKNOWN_NUMBERS = frozenset(("none", "null", "nan", "unknown", "unavailable", "inf", "-inf", "infinity", "-infinity"))
_LIGHT = ("brightness", "color_temp", "color_mode", "effect", "white")
_TRACKED = ("latitude", "longitude", "gps_accuracy", "altitude", "battery_level")
_UPDATE = ("installed_version", "latest_version", "in_progress", "update_percentage")
_VACUUM = ("battery_level", "fan_speed")
_SIREN = ("tone", "volume_level", "duration")
_NUMBERS = frozenset(
    ("brightness", "color_temp", "white", "latitude", "longitude", "gps_accuracy", "altitude", "battery_level",
     "update_percentage", "volume_level", "duration", "position")
)  # fmt: skip
"""Parts of an entity that must be numbers. Other parts have the type that the payload has."""
_MAX_PARTS = 32


class EntityReading(msgspec.Struct, frozen=True):
    """How to decode the messages on one topic of an entity."""

    metric: str
    topic: str
    kind: str  # key of KINDS
    template: str | None = None
    words: dict[str, Value | None] = {}  # values by payload
    expires: int = 0  # ms from the last message until the value is unknown
    off_delay: int = 0  # ms from a true value until it is false again

    @property
    def is_event(self) -> bool:
        """Whether the topic reports events instead of a state. A retained event is ignored."""
        return self.kind in ("event", "trigger")

    @property
    def structured(self) -> bool:
        return self.kind in _STRUCTURED


def read_entity(reading: EntityReading, text: str, parsed: Any) -> Values:
    """Return the values in a payload. Raises Rejected.

    ``text`` is the payload, or what its template returned. ``parsed`` is the same as JSON; ``...`` (Ellipsis) if it is
    not JSON.
    """
    return KINDS[reading.kind](reading, text, parsed)


def _number(reading: EntityReading, text: str, parsed: Any) -> Values:
    if text.lower() in _UNKNOWN_NUMBERS or reading.words.get(text, ...) is None:
        return ((reading.metric, None),)
    try:
        value = float(text)
    except ValueError:
        raise Rejected("bad_value", f"{reading.metric[:60]!r} must be a number, not {text[:40]!r}.") from None
    return ((reading.metric, value if math.isfinite(value) else None),)


def _text(reading: EntityReading, text: str, parsed: Any) -> Values:
    return ((reading.metric, None if text in NOT_KNOWN else scalar(reading.metric, text)),)


def _words(reading: EntityReading, text: str, parsed: Any) -> Values:
    if text in reading.words:
        return ((reading.metric, reading.words[text]),)
    if text in NOT_KNOWN:
        return ((reading.metric, None),)
    for word, value in reading.words.items():
        if word.lower() == text.lower():
            return ((reading.metric, value),)
    known = ", ".join(list(reading.words)[:8])
    raise Rejected("bad_value", f"{reading.metric[:60]!r} must be one of {known[:200]}, not {text[:40]!r}.")


def _zone(reading: EntityReading, text: str, parsed: Any) -> Values:
    """Decode a tracker's state: home, not_home, or the name of a zone."""
    return ((reading.metric, reading.words[text]),) if text in reading.words else _text(reading, text, parsed)


def _trigger(reading: EntityReading, text: str, parsed: Any) -> Values:
    """Return the value of a trigger that has fired; nothing if it has not fired.

    If the announcement of the trigger names a payload, the trigger has fired only if the message has this payload. If
    it names none, every message means that the trigger has fired, and the value is the text of the message.
    """
    if not reading.words:
        return ((reading.metric, scalar(reading.metric, text)),)
    return ((reading.metric, reading.words[text]),) if text in reading.words else ()


def _light(reading: EntityReading, text: str, parsed: Any) -> Values:
    body = _object(reading, parsed)
    found = [*_state(reading, body), *_parts(reading, body, _LIGHT)]
    color = body.get("color")
    if isinstance(color, dict):
        found += _parts(reading, {f"color.{part}": value for part, value in color.items()}, None)
    return found


def _event(reading: EntityReading, text: str, parsed: Any) -> Values:
    body = _object(reading, parsed)
    kind = body.get("event_type")
    if not isinstance(kind, str) or not kind:
        raise Rejected("bad_value", f"{reading.metric[:60]!r} is an event, so the payload must have an event_type.")
    more = {part: value for part, value in body.items() if part != "event_type"}
    return [(reading.metric, scalar(reading.metric, kind)), *_parts(reading, more, None)]


def _update(reading: EntityReading, text: str, parsed: Any) -> Values:
    if isinstance(parsed, dict):
        return _parts(reading, parsed, _UPDATE)
    return _parts(reading, {"installed_version": text}, None)


def _valve(reading: EntityReading, text: str, parsed: Any) -> Values:
    """Decode a valve: a position, a state, or an object with both."""
    if isinstance(parsed, dict):
        return [*_state(reading, parsed), *_parts(reading, parsed, ("position",))]
    if isinstance(parsed, int | float) and not isinstance(parsed, bool):
        return _parts(reading, {"position": parsed}, None)
    return _words(reading, text, parsed)


def _with_parts(parts: tuple[str, ...]) -> Callable[[EntityReading, str, Any], Values]:
    def read(reading: EntityReading, text: str, parsed: Any) -> Values:
        if isinstance(parsed, dict):
            return [*_state(reading, parsed), *_parts(reading, parsed, parts)]
        return _words(reading, text, parsed) if reading.words else _text(reading, text, parsed)

    return read


def _attributes(reading: EntityReading, text: str, parsed: Any) -> Values:
    return _parts(reading, _object(reading, parsed), _TRACKED)


def _state(reading: EntityReading, body: dict[str, Any]) -> Values:
    """Return the value of the key ``state``. If it is invalid, only this value is rejected, not the other parts."""
    if "state" not in body:
        return ()
    state = body["state"]
    if state is None:
        return ((reading.metric, None),)
    try:
        return _words(reading, str(state), ...) if reading.words else _text(reading, str(state), ...)
    except Rejected as error:
        return ((reading.metric, error),)


def _parts(reading: EntityReading, body: dict[str, Any], names: tuple[str, ...] | None) -> list[tuple[str, Any]]:
    """Return parts of a JSON object as (metric, value). The metrics are named below the entity's own metric.

    ``names`` selects the keys; None selects all. Null becomes None, an invalid value becomes a Rejected, and nested
    objects and lists are left out.
    """
    found: list[tuple[str, Any]] = []
    for name in list(body)[:_MAX_PARTS] if names is None else [name for name in names if name in body]:
        value, metric = body[name], f"{reading.metric}.{name}"
        is_number = name.startswith("color.") if names is None else name in _NUMBERS
        if isinstance(value, dict | list) and not is_number:
            continue
        try:
            known = value is not None and value != ""
            read = (_part_number(metric, value) if is_number else scalar(metric, value)) if known else None
            found.append((metric_name(metric), read))
        except Rejected as error:
            found.append((metric, error))
    return found


def _part_number(metric: str, value: Any) -> Value | None:
    """Return the number in one part of a state, such as ``color.x``; None if the part says that it is unknown.

    The number may be written as a text. Raises Rejected if ``value`` is not a number.
    """
    text = "true" if value is True else "false" if value is False else str(value)
    if text.lower() in _UNKNOWN_NUMBERS:
        return None
    try:
        return scalar(metric, float(text))
    except ValueError:
        raise Rejected("bad_value", f"{metric[:60]!r} must be a number, not {text[:40]!r}.") from None


def _object(reading: EntityReading, parsed: Any) -> dict[str, Any]:
    if not isinstance(parsed, dict):
        raise Rejected("bad_value", f"The payload for {reading.metric[:60]!r} must be a JSON object.")
    return parsed


KINDS: dict[str, Callable[[EntityReading, str, Any], Values]] = {
    "number": _number,
    "text": _text,
    "words": _words,
    "zone": _zone,
    "trigger": _trigger,
    "light": _light,
    "event": _event,
    "update": _update,
    "valve": _valve,
    "vacuum": _with_parts(_VACUUM),
    "siren": _with_parts(_SIREN),
    "attributes": _attributes,
}
_STRUCTURED = frozenset(("light", "event", "update", "valve", "vacuum", "siren", "attributes"))
"""Kinds whose payload may be a JSON object."""
