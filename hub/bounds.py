"""Limits for values from outside, the same for MQTT, HTTP, TOML files and model replies.

=================  ===================================================================================================
integers           fit signed 64 bits
numbers            are finite: no NaN, no Infinity, no exponent beyond what a double holds
nesting            has at most :data:`MAX_DEPTH` levels, a fixed number: Python's own limit differs between decoding,
                   encoding and restoring
keys               have at most :data:`MAX_KEY` characters; the last value of a repeated key counts
texts              are Unicode: no lone surrogates
coordinates        are within ±90° (latitude) and ±180° (longitude); see :func:`coordinate_problem`
=================  ===================================================================================================

A value that passed :func:`check` can be encoded as JSON and msgpack, stored, and read back at the next start. The
number of values has no limit here; each interface limits the size of a message instead.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from hub.errors import ConfigError, Rejected

MAX_DEPTH = 32
MAX_KEY = 1_024
MAX_INT = 2**63 - 1
MIN_INT = -(2**63)
MAX_PATH_LEVELS = 8
"""Maximum number of levels of the path to a value that an error message shows."""

T = TypeVar("T")
_COORDINATES = {"latitude": 90.0, "longitude": 180.0}
_SEPARATORS = re.compile(r"[._/:\s-]")
_decode = msgspec.json.decode
_LONG_KEY = re.compile(rf"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}""", re.ASCII)
"""Matches a dotted TOML key with too many levels.

tomllib would need memory that grows with the square of such a key's length.
"""


def check(value: Any, what: str = "The value") -> None:
    """Raise Rejected if ``value``, a tree of dicts, lists and scalars, is out of bounds.

    ``what`` is how the error message names the value.
    """
    try:
        _check(value, what, MAX_DEPTH)
    except Rejected as error:
        if error.reason == "too_deep" or not (path := _path(value, MAX_PATH_LEVELS)):
            raise
        raise Rejected(error.reason, f"{error.message.rstrip('.')}, at {path.lstrip('.')}.") from None


def _path(value: Any, levels: int) -> str:
    """Return the path to the first part of ``value`` that exceeds this module's limits, such as ``.rule[0].above``.

    The path is empty if no part exceeds them, and is cut off after ``levels`` + 1 levels.
    """
    inside: Any = value.items() if type(value) is dict else enumerate(value) if type(value) in (list, tuple) else ()
    for key, inner in inside:
        try:
            _check(inner, "", MAX_DEPTH)
        except Rejected:
            name = f"[{key}]" if type(key) is int else "." + ascii(key[:60])[1:-1]
            return name + (_path(inner, levels - 1) if levels else "")
    return ""


def _check(value: Any, what: str, levels: int) -> None:
    kind = type(value)
    if kind is float:
        if value - value != 0:  # NaN and both infinities
            raise Rejected("bad_value", f"{what} has a number that is not finite.")
    elif kind is int:
        if not MIN_INT <= value <= MAX_INT:
            raise Rejected("bad_value", f"{what} has an integer beyond 64 bits ({MIN_INT} to {MAX_INT}).")
    elif kind is str:
        _check_text(value, what)
    elif kind is dict:
        if not levels:
            raise _too_deep(what)
        for key, inner in value.items():
            if type(key) is not str or len(key) > MAX_KEY:
                raise Rejected("bad_name", f"{what} has a key that is not a text of at most {MAX_KEY} characters.")
            _check_text(key, what)
            _check(inner, what, levels - 1)
    elif kind is list or kind is tuple:
        if not levels:
            raise _too_deep(what)
        for inner in value:
            _check(inner, what, levels - 1)
    elif value is not None and not isinstance(value, bool | date | datetime | time):
        raise Rejected("bad_value", f"{what} has a value of a type that JSON does not have.")


@lru_cache(4_096)
def coordinate_limit(metric: str) -> float | None:
    """Return the largest absolute value, in degrees, of a metric whose name says that it is a coordinate.

    Such a name is or ends with ``latitude`` or ``longitude``: ``location.latitude``, ``gps_longitude``. Short names
    such as ``lat`` are also used for other things (latency), so they have no limit. Returns None for other metrics.
    """
    return _COORDINATES.get(_SEPARATORS.split(metric.lower())[-1])


def coordinate_problem(metric: str, value: Any) -> str | None:
    """Return an error message if the metric is a coordinate and the value is out of range; otherwise None."""
    limit = coordinate_limit(metric)
    if limit is None or type(value) not in (int, float) or -limit <= value <= limit:
        return None
    return f"{metric[:60]!r} must be from -{limit:g} to {limit:g} degrees, not {value:g}."


def _check_text(text: str, what: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Rejected("bad_value", f"{what} has a text that is not Unicode (a lone surrogate).") from None


def _too_deep(what: str) -> Rejected:
    return Rejected("too_deep", f"{what} is nested more than {MAX_DEPTH} levels deep.")


def decode_json(data: bytes | str, what: str = "The JSON") -> Any:
    """Return the JSON value in ``data`` after checking all bounds. ``what`` is how errors name the value.

    Raises:
        Rejected: Its reason is ``not_json``, ``not_utf8``, ``too_deep``, ``bad_value`` or ``bad_name``.
    """
    value = _decoded(data, what)
    check(value, what)
    return value


def decode_json_as(data: bytes | str, kind: type[T], what: str = "The JSON") -> T:
    """Return the JSON value in ``data``, converted to the type ``kind``.

    Raises Rejected as :func:`decode_json` does, and if the value does not fit the type.
    """
    try:
        return msgspec.convert(decode_json(data, what), kind)
    except msgspec.ValidationError as error:
        raise Rejected("bad_value", f"{what} does not fit: {error}.") from None


def decode_shallow_json(data: bytes, what: str = "The JSON") -> Any:
    """Return the JSON value in ``data`` after checking only its depth, for a caller that checks each value itself.

    The check of the depth costs next to nothing if ``data`` has few brackets, as flat telemetry has.
    """
    value = _decoded(data, what)
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        _check_depth(value, what, MAX_DEPTH)
    return value


def decode_pruned_json(data: bytes, replacement: str) -> Any:
    """Return the JSON value in ``data``, with ``replacement`` in place of what is nested too deep.

    If a list contains such a part, the whole list is replaced. Otherwise only the part below the last allowed level is
    replaced. Raises Rejected if nothing else would be left, and as :func:`decode_shallow_json` does.
    """
    value = _decoded(data, "The JSON")
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return value
    try:
        _check_depth(value, "The JSON", MAX_DEPTH)
    except Rejected as error:
        kept = _pruned(value, MAX_DEPTH, replacement) if type(value) is dict else _pruned_items(value, replacement)
        if kept == [replacement] * len(kept):
            raise error from None
        return kept
    return value


def _pruned_items(items: list[Any], replacement: str) -> list[Any]:
    return [_pruned(item, MAX_DEPTH - 1, replacement) for item in items]


def _pruned(value: Any, levels: int, replacement: str) -> Any:
    kind = type(value)
    if kind is not dict and kind is not list:
        return value
    if not levels:
        return replacement
    if kind is dict:
        return {key: _pruned(inner, levels - 1, replacement) for key, inner in value.items()}
    kept = [_pruned(inner, levels - 1, replacement) for inner in value]
    return replacement if replacement in kept else kept


def _decoded(data: bytes | str, what: str) -> Any:
    try:
        return _decode(data)
    except RecursionError:
        raise _too_deep(what) from None
    except msgspec.ValidationError:
        raise Rejected("bad_value", f"{what} has a number that is out of range.") from None
    except msgspec.DecodeError:
        raise Rejected("not_json", f"{what} is invalid (NaN, Infinity and lone surrogates are not JSON).") from None
    except UnicodeError:
        raise Rejected("not_utf8", f"{what} is not UTF-8 text.") from None


def _check_depth(value: Any, what: str, levels: int) -> None:
    kind = type(value)
    if kind is dict or kind is list:
        if not levels:
            raise _too_deep(what)
        for inner in value.values() if kind is dict else value:
            if type(inner) is dict or type(inner) is list:
                _check_depth(inner, what, levels - 1)


def decode_utf8(content: bytes, name: str) -> str:
    """Decode the bytes of the file ``name``, and return the text without a byte order mark, which some editors write.

    Raises:
        ConfigError: The content is not UTF-8. The message names the line.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:4]:
        raise ConfigError(f"{name} is not UTF-8 but UTF-16 or UTF-32.", "Save the file as UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = "Save the file as UTF-8."
        raise ConfigError(f"{name} is not UTF-8: line {line}, byte 0x{content[error.start]:02X}.", hint) from None


def decode_toml(text: str, name: str) -> dict[str, Any]:
    """Return the tables of the TOML file ``name`` after checking all bounds. Raises ConfigError."""
    if _LONG_KEY.search(text):
        raise ConfigError(_too_deep(name).message, "Use fewer levels.")
    try:
        tables = tomllib.loads(text)
        check(tables, name)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}.") from None
    except RecursionError:
        raise ConfigError(_too_deep(name).message, "Use fewer levels.") from None
    except ValueError:  # an integer with more digits than Python converts
        raise ConfigError(f"{name} has an integer beyond 64 bits.", "Use a smaller number.") from None
    except Rejected as error:
        raise ConfigError(error.message, "Integers must fit 64 bits, and numbers must be finite.") from None
    return tables
