"""Read the values of a rule's keys. A value that is not allowed is reported with its key and with what is allowed."""

from __future__ import annotations

import re
from typing import Any

from hub.bounds import decode_toml
from hub.errors import ConfigError
from hub.model import Scope

MAX_TEXT = 256
"""Maximum characters of a name, metric, value or pattern."""
MAX_LIST = 1_000
"""Maximum entries of a list, such as devices or labels."""
MAX_SECONDS = 1e9
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*(ms|s|m|min|h|d)")
_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


def read_tables(text: str, key: str, file: str, maximum: int | None = None) -> list[dict[str, Any]]:
    """Return the ``[[key]]`` tables of a TOML text.

    Raises ConfigError, which names ``file``, if the text has anything else or more than ``maximum`` tables.
    """
    document = decode_toml(text, file)
    tables = document.pop(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{file} holds [[{key}]] tables.", f"See config/{file} for examples.")
    if document:
        raise ConfigError(f"{file}: {min(document)!r} is not known.", f"Allowed: [[{key}]] tables, nothing else.")
    if maximum is not None and len(tables) > maximum:
        raise ConfigError(f"{file} has {len(tables)} tables.", f"Allowed: at most {maximum}.")
    return tables


class InvalidField(Exception):
    """Raised if a key of a rule is missing or its value is not allowed. ``value`` is None for a missing key."""

    def __init__(self, key: str, value: Any, allowed: str) -> None:
        problem = f"{key} is missing." if value is None else f"{key} = {shortened(value)} is not valid."
        super().__init__(problem)
        self.key, self.problem, self.allowed = key, problem, allowed
        self.path: tuple[int, ...] = ()  # indices of the joined condition with the key, as for line_of(); else empty

    @property
    def hint(self) -> str:
        return f"Allowed: {self.allowed}."


def shortened(value: Any) -> str:
    """Return a value as text for an error message, shortened if the text has more than 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def read_number(value: Any, key: str, allowed: str = "a number") -> float:
    """Return ``value`` as a float. Raise InvalidField unless it is a finite number; a boolean is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e308 <= value <= 1e308:
        raise InvalidField(key, value, allowed)
    return float(value)


def read_flag(table: dict[str, Any], key: str) -> bool:
    """Return the boolean at ``key``, False if the table has no such key. Raise InvalidField for another type."""
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise InvalidField(key, value, "true or false")
    return value


def read_duration(value: Any, key: str) -> int:
    """Return a duration in ms. ``value`` is ``2s``, ``500ms``, ``5m``, ``1h`` or ``1d``, or a number of seconds.

    Raises InvalidField for any other value.
    """
    seconds = -1.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if 0 <= value < MAX_SECONDS else -1.0
    elif isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())) is not None:
        seconds = float(match[1]) * _UNITS[match[2]] / 1000
    if not 0 <= seconds < MAX_SECONDS:
        raise InvalidField(key, value, 'a duration such as "2s", "500ms", "5m", "1h"')
    return round(seconds * 1000)


def read_text(value: Any, key: str, allowed: str) -> str:
    """Return ``value`` if it is a text of one line that is not blank and has at most :data:`MAX_TEXT` characters.

    Raises InvalidField for any other value.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT or _CONTROL.search(value):
        raise InvalidField(key, value, f"{allowed}, one line of at most {MAX_TEXT} characters")
    return value


def read_texts(value: Any, key: str) -> tuple[str, ...]:
    """Return ``value`` as a tuple. Raise InvalidField unless it is a list of texts that :func:`read_text` allows."""
    if not isinstance(value, list) or len(value) > MAX_LIST:
        raise InvalidField(key, value, f"a list of at most {MAX_LIST} texts")
    return tuple(read_text(item, key, "a list of texts that are not empty") for item in value)


def read_scope(table: dict[str, Any]) -> Scope:
    """Return the scope (which devices a rule applies to) from the keys of a table.

    Raises InvalidField. An empty list is refused, because a missing list selects all devices.
    """
    for key in Scope.__struct_fields__:
        if table.get(key) == []:
            raise InvalidField(key, [], f"a list of 1 to {MAX_LIST} texts; leave {key} out to select all")
    return Scope(**{key: read_texts(table[key], key) for key in Scope.__struct_fields__ if key in table})
