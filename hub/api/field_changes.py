"""Compare two values field by field, for the audit log. The results are short and contain no secrets."""

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
"""User name and password in a URL."""


def field_changes(before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Return the fields that differ, at most :data:`MAX_CHANGES`. A field that is missing on one side is None there.

    A field is named by its path, such as ``hot.above``. The values of secrets are masked.
    """
    old, new = dict(_fields(_plain(before))), dict(_fields(_plain(after)))
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    return tuple(FieldChange(name, masked(name, old.get(name)), masked(name, new.get(name))) for name in names)[
        :MAX_CHANGES
    ]


def masked(name: str, value: Any) -> Any:
    """Return the value of the field ``name`` for the log. Secrets are replaced by stars; long texts are cut."""
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
    """Yield the path (such as ``info.model``) and the value of each field in ``value``, also in nested objects.

    ``path`` is the path of ``value`` itself. A list counts as one value, so its items are not yielded. Fields whose
    value is None or an empty list are left out.
    """
    if not isinstance(value, dict):
        if path and value is not None and value != []:
            yield path, value
        return
    for name, inner in value.items():
        yield from _fields(inner, f"{path}.{name}" if path else str(name))
