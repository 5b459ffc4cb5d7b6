"""Bytes into JSON values, within bounds: whatever a device sends, this returns or raises Rejected."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from hub.bounds import decode_json, decode_shallow_json
from hub.errors import Rejected
from hub.model import RawMessage, Rejection, Value
from hub.topics import printable

MAX_BYTES = 262_144
MAX_TEXT = 1_024
MAX_NAME = 128
EXCERPT = 256
KEPT = 2_048
"""Bytes of a rejected payload that are kept."""
NOT_FINITE = frozenset(
    sign + word
    for sign in ("", "-", "+")
    for word in ("NaN", "nan", "NAN", "inf", "Inf", "INF", "Infinity", "infinity")
)
"""Texts that stand for a number which is none."""
UNKNOWN_WORDS = frozenset(("", "nan", "none", "null", "unknown", "unavailable", "undefined", "n/a"))
"""A device's word for a value that it does not know now, in lower case: not the same as a value it does not send."""
CAME = 40
"""Characters of a payload that a message about it repeats."""
MAX_QUOTED = 16_384
"""Bytes of a payload in which such words are looked for."""
_TOKENS = re.compile(
    rb'"(?:[^"\\]|\\.)*+"?|[+-]?(?:\bnan\b(?:\(\w*\))?|\binf(?:inity)?\b)|(?<![\d.])-?\d[\d.]*+e\+?\d{3,}',
    re.IGNORECASE | re.DOTALL,
)
"""Texts, to pass over them, and what programs write for numbers that JSON does not have. Each byte is looked at a fixed
number of times, whatever they are."""


def parse_json(payload: bytes, most: int = MAX_BYTES) -> Any:
    """Return the JSON value in a payload of at most ``most`` bytes, within the bounds of :mod:`hub.bounds`.

    Raises Rejected: ``too_large``, ``not_utf8``, ``too_deep``, ``not_json``, ``bad_value``."""
    _check_size(payload, most)
    try:
        return decode_json(payload)
    except Rejected as error:
        raise _named(error, payload) from None


def parse_telemetry(payload: bytes) -> Any:
    """Return the JSON value in a payload of which only the depth is checked: for a reader that passes each value
    through :func:`scalar` or :func:`~hub.dialects.times.when`.

    ``NaN``, ``nan``, ``Infinity`` and numbers beyond a double's range, which are no JSON, are read as texts of
    :data:`NOT_FINITE`: they cost themselves only. Raises Rejected."""
    _check_size(payload, MAX_BYTES)
    try:
        return decode_shallow_json(payload)
    except Rejected as error:
        if error.reason not in ("not_json", "bad_value") or len(payload) > MAX_QUOTED:
            raise _named(error, payload) from None
    try:
        return decode_shallow_json(_TOKENS.sub(_quoted, payload))
    except Rejected as error:
        raise _named(error, payload) from None


def _named(error: Rejected, payload: bytes) -> Rejected:
    """Return the error with what came, where that is no JSON at all."""
    if error.reason != "not_json":
        return error
    said = "The payload must be valid JSON (NaN, Infinity and lone surrogates are not)"
    return Rejected(error.reason, f"{said}; it is {came(payload)}.")


def _quoted(token: re.Match[bytes]) -> bytes:
    text = token[0]
    if text[:1] == b'"':
        return text
    return b'"NaN"' if b"nan" in text.lower() else b'"Infinity"'


def _check_size(payload: bytes, most: int) -> None:
    if len(payload) > most:
        raise Rejected("too_large", f"The payload has {len(payload)} bytes; at most {most} are taken.")


def parse_object(payload: bytes, what: str) -> dict[str, Any]:
    """A JSON object, or Rejected (``bad_value``, ``not_json`` and others)."""
    return _object(parse_json, payload, what)


def telemetry_object(payload: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object in a payload, as :func:`parse_telemetry` reads it. Raises Rejected."""
    return _object(parse_telemetry, payload, what)


def _object(parse: Callable[[bytes], Any], payload: bytes, what: str) -> dict[str, Any]:
    try:
        value = parse(payload)
    except Rejected as error:
        if error.reason != "not_json":
            raise
        value = None
        reason = "not_json"
    else:
        reason = "bad_value"
    if not isinstance(value, dict):
        raise Rejected(reason, f"{what} must be a JSON object; the payload is {came(payload)}.")
    return value


def came(payload: bytes) -> str:
    """Return how a payload begins, for a message that says what is wrong with it."""
    if not payload:
        return "empty"
    text = payload[: 4 * CAME].decode("utf-8", "backslashreplace")
    more = "…" if len(payload) > 4 * CAME and len(text) <= CAME else ""
    return f"'{printable(text, CAME)}{more}'"


def is_unknown(value: Any) -> bool:
    """Return True for a text by which a device says that it does not know a value now."""
    return type(value) is str and len(value) <= CAME and value.strip().lower() in UNKNOWN_WORDS


def scalar(metric: str, value: Any) -> Value:
    """A metric's value as the hub keeps it. Raises Rejected (``bad_value``)."""
    kind = type(value)
    if kind is float:
        if not math.isfinite(value):
            raise Rejected("bad_value", f"{metric[:60]!r} is not a finite number.")
        return value  # type: ignore[no-any-return]  # narrowed by type() for speed
    if kind is bool:
        return value  # type: ignore[no-any-return]
    if kind is int:
        try:
            return float(value)
        except OverflowError as error:
            raise Rejected("bad_value", f"{metric[:60]!r} is too large a number.") from error
    if kind is str:
        if len(value) > MAX_TEXT:
            raise Rejected("bad_value", f"{metric[:60]!r} is a text of more than {MAX_TEXT} characters.")
        if value in NOT_FINITE:
            raise Rejected("bad_value", f"{metric[:60]!r} is not a finite number.")
        return value  # type: ignore[no-any-return]
    raise Rejected("bad_value", f"{metric[:60]!r} must be a number, a boolean or a text, not {_kind(value)}.")


def plain(metric: str, payload: bytes) -> Value | None:
    """A value that is the whole payload: a number, ``true``/``false``, else the text itself. None for an empty one,
    ``null`` and ``nan``."""
    _check_size(payload, MAX_BYTES)
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise Rejected("not_utf8", "The payload is not UTF-8 text.") from error
    text = text.strip()
    if not text or text == "null":
        return None
    try:
        value = decode_shallow_json(text.encode())
    except Rejected as error:
        if error.reason != "not_json":
            raise
        if (bare := text.lower().lstrip("+-")) == "nan":
            return None
        if bare in ("inf", "infinity"):
            raise Rejected("bad_value", f"{metric[:60]!r} is not a finite number.") from None
        value = text
    return scalar(metric, value)


def metric_name(name: str) -> str:
    """A metric's name, bounded and printable. Raises Rejected (``bad_name``)."""
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise Rejected("bad_name", f"A metric's name has 1 to {MAX_NAME} printable characters.")
    return name


def rejection(message: RawMessage, error: Rejected, part: bytes | None = None) -> Rejection:
    """The dead letter for a message (or ``part`` of it) that could not be read."""
    raw = message.payload if part is None else part
    shown = printable(raw[:EXCERPT].decode("utf-8", "backslashreplace"), EXCERPT)
    topic, kept = printable(message.topic), raw[:KEPT]
    return Rejection(topic, error.reason, error.message, shown, message.received, kept, len(raw))


def _kind(value: Any) -> str:
    return {dict: "an object", list: "a list", type(None): "null"}.get(type(value), type(value).__name__)
