"""Read the values of one message: a plain value, all values in a JSON object, or selected values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Generic, TypeVar

import msgspec

from hub.dialects.mapping.pattern import MISSING, at_path
from hub.dialects.payload import UNKNOWN_WORDS, is_unknown, metric_name, plain, scalar
from hub.dialects.rejections import Fault
from hub.errors import Rejected
from hub.model import Kind, Value

_BOOLEANS = {"on": True, "off": False, "true": True, "false": False}
_DECLARED_BOOLEANS = _BOOLEANS | {"1": True, "0": False, "yes": True, "no": False}
"""Words for booleans if the mapping declares the metric as a boolean."""
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_TIME_KEYS = ("ts", "time", "timestamp")
_UNIT_KEYS = ("unit", "units", "unit_of_measurement")
_BESIDE_VALUE = frozenset(("value", *_TIME_KEYS, *_UNIT_KEYS))
_EPOCH = 1_000_000_000
_TIME = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\d\d:?\d\d|\d{10,19}(?:\.\d*)?\Z", re.ASCII)
MAX_DEPTH = 12
MAX_METRICS = 256
"""Maximum number of metrics in one message."""
MAX_CACHED = 10_000
T = TypeVar("T")


class MappedValues(msgspec.Struct):
    """The values that were read from a message.

    If a message has values of several devices or times (SenML), there is one object for each device and time.
    """

    values: dict[str, Value] = {}
    unknown: list[str] = []  # metrics whose value is not known at the moment
    units: dict[str, str] = {}
    time: Any = None  # as written in the payload; None if the payload has no time
    device: str | None = None  # native id in the payload; None if the payload does not name the device
    faults: list[Fault] = []  # invalid values

    def take(self, metric: str, value: Any, kind: Kind | None = None) -> None:
        """Add a value, converted to ``kind``.

        An unknown value is added to ``unknown``, an invalid one to ``faults``.
        """
        try:
            metric_name(metric)
            if len(self.values) + len(self.unknown) >= MAX_METRICS:
                raise Rejected("too_many_metrics", f"A message may have at most {MAX_METRICS} metrics.")
            if value is None or is_unknown(value):
                self.unknown.append(metric)
            else:
                self.values[metric] = typed(metric, value, kind)
        except Rejected as error:
            self.faults.append((metric, value, error))


def typed(metric: str, value: Any, kind: Kind | None) -> Value:
    """Return ``value`` converted to ``kind`` (None: as it is). Raises Rejected."""
    if kind == "boolean":
        word = value.strip().lower() if isinstance(value, str) else value
        found = _DECLARED_BOOLEANS.get(word) if isinstance(word, str) else word
        if found not in (True, False):
            raise Rejected("bad_value", f"{metric[:60]!r} is neither true nor false.")
        return bool(found)
    if kind == "number" and isinstance(value, str | bool):
        word = value if isinstance(value, bool) else _BOOLEANS.get(value.strip().lower())
        if word is not None:
            return float(word)
    if kind == "number" and isinstance(value, str):
        try:
            return scalar(metric, float(value.replace("_", "?")))
        except ValueError:
            comma = " Use a decimal point, not a comma." if _DECIMAL_COMMA.fullmatch(value.strip()) else ""
            raise Rejected("bad_value", f"{metric[:60]!r} is not a number: {value[:40]!r}.{comma}") from None
    if kind == "text" and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return scalar(metric, value)


def read_plain(metric: str, payload: bytes, kind: Kind | None) -> MappedValues:
    """Return the value of a payload that is a single value, such as ``21.5``, and not JSON with several values.

    ``kind`` is the type that the mapping gives for the value; None to recognize the type from the payload. Raises
    Rejected for an invalid value. A number with a decimal comma counts as invalid, because it is ambiguous.
    """
    value = plain(metric, payload) if not _unknown(payload) else None
    if isinstance(value, str) and kind != "text":
        word = value.strip()
        if _DECIMAL_COMMA.fullmatch(word):
            raise Rejected("bad_value", f"{word[:40]!r} has a decimal comma; a number must have a decimal point.")
        value = _BOOLEANS.get(word.lower(), value)
    reading = MappedValues()
    reading.take(metric, value, kind)
    return reading


def _unknown(payload: bytes) -> bool:
    return len(payload) < 40 and payload.decode("utf-8", "replace").strip().lower() in UNKNOWN_WORDS


def read_tree(
    body: Any,
    prefix: str | None,
    ignored: NamePatterns[bool],
    kinds: NamePatterns[Kind],
    time: Sequence[str] | None = None,
) -> MappedValues:
    """Return all values in a JSON object, including those in nested objects.

    A metric is named by the keys that lead to its value, joined by dots. An object ``{"value": …, "unit": …}`` is one
    metric. Lists are left out. Raises Rejected if ``body`` is not an object.

    Args:
        body: The parsed JSON.
        prefix: The beginning of the name of each metric; None for no prefix.
        ignored: Patterns of the metrics to leave out.
        kinds: Patterns of metrics, with the types that the mapping declares for them.
        time: The keys that lead to the message's time, which is not a metric; None if the mapping names none.
    """
    if not isinstance(body, dict):
        problem = "The payload is a list, so its values have no names"
        raise Rejected("bad_value", f'{problem}. Select its items under metrics in the mapping, such as path = "0".')
    reading = MappedValues(time=_own_time(body))
    skip = reading.time is not None
    if time is not None and (own := at_path(body, time)) is not MISSING:
        reading.time, body = own, _without(body, time)
    for name, value, unit in _leaves(body, "", 0, skip=skip):
        metric = f"{prefix}.{name}" if prefix and name else prefix or name or "value"
        if ignored.get(name) or ignored.get(metric):
            continue
        reading.take(metric, value, kinds.get(name))
        if unit:
            reading.units[metric] = unit
    return reading


def _without(body: Any, steps: Sequence[str]) -> Any:
    """Return the JSON value ``body`` without the value at the path ``steps``."""
    if not isinstance(body, dict) or steps[0] not in body:
        return body
    rest = {key: value for key, value in body.items() if key != steps[0]}
    return rest if len(steps) == 1 else rest | {steps[0]: _without(body[steps[0]], steps[1:])}


def _leaves(body: dict[str, Any], prefix: str, depth: int, *, skip: bool) -> Iterator[tuple[str, Any, str | None]]:
    if body.keys() <= _BESIDE_VALUE and not isinstance(body.get("value", {}), dict | list):
        unit = next((body[key] for key in _UNIT_KEYS if isinstance(body.get(key), str)), None)
        yield prefix, body["value"], unit
        return
    for key, value in body.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict) and depth < MAX_DEPTH:
            yield from _leaves(value, name, depth + 1, skip=False)
        elif not isinstance(value, list) and not (skip and key in _TIME_KEYS):
            yield name, value, None


def _own_time(body: dict[str, Any]) -> Any:
    """Return the value of ``ts``, ``time`` or ``timestamp`` if it can only be a time; else None.

    A time is a number that means 2001 or later, or a date with a time of day.
    """
    for key in _TIME_KEYS:
        value = body.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= _EPOCH:
            return value
        if isinstance(value, str) and _TIME.match(value):
            return value
    return None


def pick(reading: MappedValues, body: Any, picks: Mapping[str, tuple[tuple[str, ...], Kind | None]]) -> None:
    """Add the selected values of a JSON message, and the time that it contains, to ``reading``.

    ``body`` is the decoded message. ``picks`` has for each metric the path to its value and the value's type. Metrics
    whose path is not in the message are skipped.
    """
    reading.time = (_own_time(body) if isinstance(body, dict) else None) or reading.time
    for metric, (path, kind) in picks.items():
        value = at_path(body, path)
        if value is not MISSING:
            reading.take(metric, value, kind)


class NamePatterns(Generic[T]):
    """A table whose keys are names or patterns with ``*``.

    A name is looked up as an exact key first, then by the first pattern that matches.
    """

    def __init__(self, table: Mapping[str, T]) -> None:
        self._table = table
        self._patterns = [(pattern, found) for pattern, found in table.items() if "*" in pattern]
        self._found: dict[str, T | None] = {}  # cache by name

    def get(self, name: str) -> T | None:
        """Return the value for a name; None if no key matches."""
        if name not in self._found:
            if len(self._found) >= MAX_CACHED:
                self._found.clear()
            matches = (found for pattern, found in self._patterns if fnmatchcase(name, pattern))
            self._found[name] = self._table[name] if name in self._table else next(matches, None)
        return self._found[name]
