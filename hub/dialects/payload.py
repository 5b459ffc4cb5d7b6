"""Parse payloads within limits: whatever a device sends, these functions return a value or raise Rejected."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from hub.bounds import MAX_DEPTH, MAX_INT, MAX_KEY, MIN_INT, check, decode_json, decode_pruned_json, decode_shallow_json
from hub.dialects.repair import TOO_DEEP, UNREADABLE, repaired, unwrapped, without_deep_parts
from hub.errors import Rejected, RejectionReason
from hub.model import RawMessage, Rejection, Value
from hub.topics import printable

MAX_BYTES = 262_144
MAX_TEXT = 1_024
MAX_NAME = 128
EXCERPT = 256
MAX_KEPT_BYTES = 2_048
"""Maximum number of bytes that are stored of a rejected payload."""
NOT_FINITE = frozenset(
    sign + word
    for sign in ("", "-", "+")
    for word in ("NaN", "nan", "NAN", "inf", "Inf", "INF", "Infinity", "infinity")
)
"""Texts for numbers that are not finite."""
UNKNOWN_WORDS = frozenset(("", "nan", "none", "null", "unknown", "unavailable", "undefined", "n/a"))
"""Texts, in lower case, with which devices say that they do not know the value at the moment."""
MAX_SHOWN = 40
"""Maximum number of characters of a payload that an error message quotes."""
MAX_REPAIRED = 16_384
"""The largest payload, in bytes, that is repaired."""


def parse_json(payload: bytes, max_bytes: int = MAX_BYTES) -> Any:
    """Return the JSON value in a payload, within the limits of :mod:`hub.bounds`.

    Raises:
        Rejected: Its reason is ``too_large``, ``not_utf8``, ``too_deep``, ``not_json`` or ``bad_value``.
    """
    _check_size(payload, max_bytes)
    try:
        return decode_json(unwrapped(payload))
    except Rejected as error:
        raise _with_excerpt(error, payload) from None


def parse_telemetry(payload: bytes) -> Any:
    """Return the JSON value in a payload after checking only its size.

    The caller checks each value with :func:`scalar` or :func:`~hub.dialects.times.when`. Values that are not JSON or
    nested too deep are replaced (:mod:`hub.dialects.repair`), so that only these values are rejected and not the whole
    message. Raises Rejected.
    """
    _check_size(payload, MAX_BYTES)
    return _repaired(payload)


def parse_announcement(payload: bytes, max_bytes: int) -> Any:
    """Return the JSON value in a device's description, within the limits of :mod:`hub.bounds`.

    Values that are not JSON or nested too deep are replaced as in telemetry, so that only the options with such values
    are lost. Keys that are too long are left out. Integers beyond 64 bits become floating-point numbers, which they are
    in JavaScript. Raises Rejected.
    """
    _check_size(payload, max_bytes)
    value = _within_bounds(_repaired(payload))
    check(value, "The JSON")
    return value


def _within_bounds(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {key: _within_bounds(inner) for key, inner in value.items() if len(key) <= MAX_KEY}
    if kind is list:
        return [_within_bounds(inner) for inner in value]
    if kind is int and not MIN_INT <= value <= MAX_INT:
        try:
            return float(value)
        except OverflowError:
            return UNREADABLE
    return UNREADABLE if value == TOO_DEEP else value


def _repaired(payload: bytes) -> Any:
    payload = unwrapped(payload)
    try:
        return decode_pruned_json(payload, TOO_DEEP)
    except Rejected as error:
        if len(payload) > MAX_REPAIRED or payload.lstrip()[:1] not in (b"{", b"["):
            raise _with_excerpt(error, payload) from None
    try:
        return decode_pruned_json(without_deep_parts(repaired(payload), MAX_DEPTH + 1), TOO_DEEP)
    except Rejected as error:
        raise _with_excerpt(error, payload) from None


def _parse_shallow(payload: bytes) -> Any:
    _check_size(payload, MAX_BYTES)
    return decode_shallow_json(unwrapped(payload))


def _with_excerpt(error: Rejected, payload: bytes) -> Rejected:
    """Return an error that quotes the payload's beginning, if ``error`` says that it is not JSON; else ``error``."""
    if error.reason != "not_json":
        return error
    expected = "The payload must be valid JSON (NaN, Infinity and lone surrogates are not)"
    return Rejected(error.reason, f"{expected}; it is {excerpt(payload)}.")


def _check_size(payload: bytes, max_bytes: int) -> None:
    if len(payload) > max_bytes:
        raise Rejected("too_large", f"The payload has {len(payload)} bytes; at most {max_bytes} are allowed.")


def parse_object(payload: bytes, what: str, *, checked: bool = True) -> dict[str, Any]:
    """Return the JSON object in a payload. Raises Rejected.

    ``what`` names the payload in the error message, such as "An announcement". If ``checked`` is False, only the size
    and the depth of the object are checked.
    """
    return _object(parse_json if checked else _parse_shallow, payload, what)


def announcement_object(payload: bytes, what: str, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """Return the JSON object in a payload, read as :func:`parse_announcement` does. Raises Rejected."""
    return _object(partial(parse_announcement, max_bytes=max_bytes), payload, what)


def telemetry_object(payload: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object in a payload, read as :func:`parse_telemetry` does. Raises Rejected."""
    return _object(parse_telemetry, payload, what)


def _object(parse: Callable[[bytes], Any], payload: bytes, what: str) -> dict[str, Any]:
    reason: RejectionReason = "bad_value"
    try:
        value = parse(payload)
    except Rejected as error:
        if error.reason != "not_json":
            raise
        value, reason = None, "not_json"
    if not isinstance(value, dict):
        raise Rejected(reason, f"{what} must be a JSON object; the payload is {excerpt(payload)}.")
    return value


def excerpt(payload: bytes) -> str:
    """Return the beginning of a payload in quotation marks, for an error message."""
    if not payload:
        return "empty"
    text = payload[: 4 * MAX_SHOWN].decode("utf-8", "backslashreplace")
    more = "…" if len(payload) > 4 * MAX_SHOWN and len(text) <= MAX_SHOWN else ""
    return f"'{printable(text, MAX_SHOWN)}{more}'"


def is_unknown(value: Any) -> bool:
    """Return True if the value is a text by which devices say that they do not know it, such as "unavailable"."""
    return type(value) is str and len(value) <= MAX_SHOWN and value.strip().lower() in UNKNOWN_WORDS


def scalar(metric: str, value: Any) -> Value:
    """Return a JSON value as a metric's value; numbers become floats. Raises Rejected (``bad_value``, ``not_utf8``)."""
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
            raise Rejected("bad_value", f"{metric[:60]!r} is a number that is out of range.") from error
    if kind is str:
        if len(value) > MAX_TEXT:
            raise Rejected("bad_value", f"{metric[:60]!r} is a text of more than {MAX_TEXT} characters.")
        if value in NOT_FINITE:
            raise Rejected("bad_value", f"{metric[:60]!r} is not a finite number.")
        if value == UNREADABLE:
            raise Rejected("not_utf8", f"{metric[:60]!r} is not valid UTF-8 text.")
        if value == TOO_DEEP:
            raise Rejected("too_deep", f"{metric[:60]!r} is nested more than {MAX_DEPTH} levels deep.")
        return value  # type: ignore[no-any-return]
    raise Rejected("bad_value", f"{metric[:60]!r} must be a number, a boolean or a text, not {_kind(value)}.")


def text_of(payload: bytes) -> str:
    """Return a payload as text. Raises Rejected (``not_utf8``)."""
    try:
        return unwrapped(payload).decode()
    except UnicodeDecodeError as error:
        raise Rejected("not_utf8", "The payload is not UTF-8 text.") from error


def plain(metric: str, payload: bytes) -> Value | None:
    """Return the value of a payload that is one value: a number, ``true``, ``false``, or the text itself.

    Return None if the payload is empty, ``null`` or ``nan``. Raises Rejected.
    """
    _check_size(payload, MAX_BYTES)
    text = text_of(payload).strip()
    if not text or text == "null":
        return None
    try:
        value = decode_shallow_json(text.encode())
    except Rejected as error:
        if error.reason != "not_json":
            raise
        if (unsigned := text.lower().lstrip("+-")) == "nan":
            return None
        if unsigned in ("inf", "infinity"):
            raise Rejected("bad_value", f"{metric[:60]!r} is not a finite number.") from None
        value = text
    return scalar(metric, value)


def metric_name(name: str) -> str:
    """Return the name unchanged if a metric may have it. Raises Rejected (``bad_name``) otherwise."""
    if not name or len(name) > MAX_NAME or not name.isprintable() or name == UNREADABLE:
        raise Rejected("bad_name", f"A metric's name must have 1 to {MAX_NAME} printable characters.")
    return name


def rejection(message: RawMessage, error: Rejected, part: bytes | None = None) -> Rejection:
    """Return the rejection to report for a message. ``part`` is the rejected part of the payload; None: all of it."""
    raw = message.payload if part is None else part
    shown = printable(raw[:EXCERPT].decode("utf-8", "backslashreplace"), EXCERPT)
    topic, kept = printable(message.topic), raw[:MAX_KEPT_BYTES]
    return Rejection(topic, error.reason, error.message, shown, message.received, kept, len(raw))


def _kind(value: Any) -> str:
    return {dict: "an object", list: "a list", type(None): "null"}.get(type(value), type(value).__name__)
