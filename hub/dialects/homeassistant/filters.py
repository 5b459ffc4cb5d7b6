"""Home Assistant's template filters, functions and tests that devices use, with limits.

Results have at most :data:`MAX_TEXT` characters. The only time zone is UTC, and ``now()`` is the time of the message.
This module does not import the template engine: an undefined value raises the engine's own error.

Source: the Home Assistant documentation, "Templating", "Home Assistant template extensions".
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from hub.dialects.homeassistant.patterns import (
    regex_findall,
    regex_findall_index,
    regex_match,
    regex_replace,
    regex_search,
)

MAX_TEXT = 65_536
MAX_PRECISION = 30
MAX_FORMAT = 200
_RAISE: Any = object()
_WIDTH = re.compile(r"%[-+ #0]*(\d*)(?:\.(\d*))?[a-zA-Z%]")
_DATE = re.compile(r"%[-_0^#]*\d")


def bounded(size: int) -> None:
    """Raise ValueError if a text or list of this size is larger than :data:`MAX_TEXT`."""
    if size > MAX_TEXT:
        raise ValueError(f"the result has more than {MAX_TEXT} characters")


def to_float(value: Any, default: Any = _RAISE) -> Any:
    try:
        return float(value)
    except (ValueError, TypeError):
        return _default_or_raise(default, f"{value!r:.40} is not a number")


def to_int(value: Any, default: Any = _RAISE, base: int = 10) -> Any:
    try:
        return int(value, base) if isinstance(value, str) and base != 10 else int(float(value))
    except (ValueError, TypeError, OverflowError):
        return _default_or_raise(default, f"{value!r:.40} is not an integer")


def rounded(value: Any, precision: int = 0, method: str = "common", default: Any = _RAISE) -> Any:
    try:
        number, places = float(value), max(-MAX_PRECISION, min(MAX_PRECISION, int(precision)))
        scale = 10.0**places
        if method == "ceil":
            result = math.ceil(number * scale) / scale
        elif method == "floor":
            result = math.floor(number * scale) / scale
        elif method == "half":
            result = round(number * 2) / 2.0
        else:
            result = round(number, places)
        return int(result) if places == 0 else result
    except (ValueError, TypeError, OverflowError):
        return _default_or_raise(default, f"{value!r:.40} cannot be rounded")


def iif(value: Any, if_true: Any = True, if_false: Any = False, if_none: Any = _RAISE) -> Any:
    if value is None and if_none is not _RAISE:
        return if_none
    return if_true if value else if_false


def is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (ValueError, TypeError):
        return False


def _default_or_raise(default: Any, problem: str) -> Any:
    if default is _RAISE:
        raise ValueError(problem)
    return default


def _arithmetic(operation: Callable[..., Any]) -> Callable[..., Any]:
    def apply(value: Any, *arguments: Any, default: Any = _RAISE) -> Any:
        try:
            return operation(float(value), *(float(each) for each in arguments))
        except (ValueError, TypeError, ZeroDivisionError, OverflowError):
            return _default_or_raise(default, f"{value!r:.40} cannot be used in a calculation")

    return apply


# -- texts --------------------------------------------------------------------------------------------------------


def joined(parts: Iterable[Any], between: Any = "") -> str:
    texts = [str(part) for part in parts]
    bounded(sum(map(len, texts)) + len(str(between)) * len(texts))
    return str(between).join(texts)


def replaced(value: Any, old: Any, new: Any, count: int | None = None) -> str:
    text, old, new = str(value), str(old), str(new)
    bounded(len(text) + text.count(old) * len(new))
    return text.replace(old, new, -1 if count is None else int(count))


def formatted(pattern: Any, *values: Any) -> str:
    """Format values by a ``%`` pattern, as ``"%0.1f" | format(x)`` does.

    Widths in the pattern may have two digits, and must not be taken from the values (``*``).
    """
    text = str(pattern)
    for width, precision in _WIDTH.findall(text):
        if len(width) > 2 or len(precision or "") > 2:
            raise ValueError("widths in a format may have at most two digits")
    if "*" in text or "(" in text:
        raise ValueError("* and ( are not allowed in a format")
    return text % values


def split(value: Any, by: str | None = None, maxsplit: int = -1) -> list[str]:
    return str(value).split(by, maxsplit)


def from_json(value: Any, default: Any = _RAISE) -> Any:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, TypeError, RecursionError):
        return _default_or_raise(default, "the value is not JSON")


def to_json(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    bounded(len(text))
    return text


def base64_decode(value: Any) -> str:
    try:
        return base64.b64decode(str(value)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("the value is not a text in base 64") from error


# -- times ------------------------------------------------------------------------------------------------------------


def as_datetime(value: Any, default: Any = _RAISE) -> Any:
    try:
        if isinstance(value, datetime):
            return value
        if isinstance(value, int | float) or is_number(value):
            return datetime.fromtimestamp(float(value), UTC)
        parsed = datetime.fromisoformat(str(value))
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return _default_or_raise(default, f"{value!r:.40} is not a time")


def as_timestamp(value: Any, default: Any = _RAISE) -> Any:
    moment = as_datetime(value, default)
    return moment.timestamp() if isinstance(moment, datetime) else moment


def timestamp_custom(value: Any, pattern: str = "%Y-%m-%d %H:%M:%S", local: bool = True, default: Any = _RAISE) -> Any:
    """Format a time in UTC with the codes of ``strftime`` in ``pattern``.

    ``default`` is returned if ``value`` is no time; without a default, this is an error. ``local`` is ignored, because
    the hub formats all times in UTC.
    """
    moment = as_datetime(value, default)
    if not isinstance(moment, datetime):
        return moment
    if _DATE.search(str(pattern)) or len(str(pattern)) > MAX_FORMAT:
        raise ValueError("widths are not allowed in the format of a date")
    return moment.strftime(str(pattern))


def timestamp_iso(value: Any, default: Any = _RAISE) -> Any:
    moment = as_datetime(value, default)
    return moment.isoformat() if isinstance(moment, datetime) else moment


# -- tables ------------------------------------------------------------------------------------------------------------

_NUMBERS: dict[str, Callable[..., Any]] = {
    "float": to_float,
    "int": to_int,
    "sqrt": _arithmetic(math.sqrt),
    "log": _arithmetic(math.log),
    "sin": _arithmetic(math.sin),
    "cos": _arithmetic(math.cos),
    "tan": _arithmetic(math.tan),
    "bitwise_and": lambda a, b: int(a) & int(b),
    "bitwise_or": lambda a, b: int(a) | int(b),
    "bitwise_xor": lambda a, b: int(a) ^ int(b),
    "iif": iif,
    "as_datetime": as_datetime,
    "as_timestamp": as_timestamp,
    "is_number": is_number,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {**_NUMBERS, "max": max, "min": min, "timedelta": timedelta, "bool": bool}
CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}
FILTERS: dict[str, Callable[..., Any]] = {
    **_NUMBERS,
    "round": rounded,
    "add": _arithmetic(lambda a, b: a + b),
    "multiply": _arithmetic(lambda a, b: a * b),
    "sum": lambda values: sum(float(each) for each in values),
    "join": joined,
    "replace": replaced,
    "format": formatted,
    "split": split,
    "from_json": from_json,
    "to_json": to_json,
    "tojson": to_json,
    "base64_decode": base64_decode,
    "regex_match": regex_match,
    "regex_search": regex_search,
    "regex_replace": regex_replace,
    "regex_findall": regex_findall,
    "regex_findall_index": regex_findall_index,
    "as_local": as_datetime,
    "timestamp_custom": timestamp_custom,
    "timestamp_local": timestamp_iso,
    "timestamp_utc": timestamp_iso,
    "bool": bool,
    "ord": ord,
}
TESTS: dict[str, Callable[..., Any]] = {
    "is_number": is_number,
    "match": regex_match,
    "search": regex_search,
    "contains": lambda where, what: what in where,
}
