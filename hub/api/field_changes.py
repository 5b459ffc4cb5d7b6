"""Compare two values field by field, for the audit log: short, and without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from hub.model import FieldChange

MAX_CHANGES = 40
MAX_TEXT = 200
MASK = "***"
_SECRET = re.compile(r"(^|[._-])(password|passwd|passphrase|secret|token|api_?key|key|psk)$", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=://)[^/@\s]+(?=@)")
"""The user name and password of an address."""


def field_changes(before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Return the fields that differ, at most :data:`MAX_CHANGES`; None stands for a missing field.

    A field is named by its path: ``hot.above``. Values of secrets are masked.
    """
    old, new = dict(_fields(_plain(before))), dict(_fields(_plain(after)))
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    return tuple(FieldChange(name, masked(name, old.get(name)), masked(name, new.get(name))) for name in names)[
        :MAX_CHANGES
    ]


def masked(name: str, value: Any) -> Any:
    """Return a value for the log: a secret as stars, long texts and lists truncated."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET.search(name):
        return MASK
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        value = ", ".join(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = _LOGIN.sub(MASK, text)
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, str_keys=True)


def _fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each field. A list is one value; an empty list counts as no value."""
    if not isinstance(value, dict):
        if path and value is not None and value != []:
            yield path, value
        return
    for name, inner in value.items():
        yield from _fields(inner, f"{path}.{name}" if path else str(name))
