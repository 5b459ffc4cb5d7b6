"""Check that the numbers in an alert file are within bounds, because a file from somebody else may be damaged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub import bounds
from hub.errors import Invalid, Rejected

MAX_TIME = 253_402_300_799_999
"""The latest time that a file may have: the last millisecond of the year 9999, in epoch ms."""
_TIMES = frozenset(
    ("at", "awaits_until", "acknowledged_until", "end", "first_seen", "last_reading", "last_seen", "last_ts", "since")
) | {"start", "until"}
_ANY_SIGN = frozenset(("constant_id", "limits"))
"""Fields of a device whose numbers are not checked, because they may be negative."""

Place = tuple[str, Any]
"""The path of a number in the file, such as ``.devices[0].first_seen``, and the number itself."""


def check_numbers(contents: dict[str, Any]) -> None:
    """Raise Invalid if a number of a decoded alert file is out of bounds. The message names the key and the number."""
    try:
        bounds.check(contents, "The file")
    except Rejected as error:
        raise Invalid(error.message, "Download the file again from the page of the alert.") from None
    for path, value in _limited(contents):
        if not 0 <= value <= MAX_TIME:
            raise Invalid(
                f"The file's {path.lstrip('.')} is {value:g}, but must be from 0 to {MAX_TIME}.",
                "Download the file again from the page of the alert.",
            )


def _limited(contents: dict[str, Any]) -> Iterator[Place]:
    """Yield each number of an alert file that has bounds, with its path: the times, durations and counts."""
    for key, inner in contents.items():
        if key == "readings":
            yield from _reading_times(inner)
        elif key in ("devices", "rules"):
            yield from _numbers(inner, f".{key}", all_keys=key == "devices")
        elif key != "version":
            yield from _numbers({key: inner}, "", all_keys=False)


def _numbers(value: Any, path: str, *, all_keys: bool) -> Iterator[Place]:
    """Yield the path and the number of each timestamp and each duration of a rule in ``value``, at any depth.

    Args:
        value: A part of the file.
        path: The path of ``value`` in the file, such as ``.rules[0]``.
        all_keys: Yield every number, not only timestamps and durations, except those in fields of :data:`_ANY_SIGN`.
            This is used for devices.
    """
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _numbers(inner, f"{path}[{number}]", all_keys=all_keys)
    elif isinstance(value, dict):
        for key, inner in value.items():
            place = f"{path}.{key}"
            if isinstance(inner, dict | list):
                if key not in (*_ANY_SIGN, "params"):
                    yield from _numbers(inner, place, all_keys=all_keys)
            elif isinstance(inner, int | float) and not isinstance(inner, bool):
                wanted = key in _TIMES or key.endswith("_at") or (path.startswith(".rules") and key.endswith("_ms"))
                if wanted or (all_keys and key not in _ANY_SIGN):
                    yield place, inner


def _reading_times(readings: Any) -> Iterator[Place]:
    for device, metrics in readings.items() if isinstance(readings, dict) else ():
        for metric, points in metrics.items() if isinstance(metrics, dict) else ():
            for number, point in enumerate(points if isinstance(points, list) else ()):
                if isinstance(point, list) and point and isinstance(point[0], int | float):
                    yield f".readings.{device[:64]}.{metric[:64]}[{number}][0]", point[0]
