"""Remove control characters from what a device says about itself, before people and logs see it."""

from __future__ import annotations

import re

import msgspec

from hub.model import Info

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
"""Control characters, line separators, and marks that change the direction of the text around them."""


def readable(info: Info) -> Info:
    """Return a device's description with spaces in place of control characters, so that each name is a single line."""
    own = {name: getattr(info, name) for name in ("name", "manufacturer", "model", "firmware", "area")}
    texts = [text for text in (*own.values(), *info.labels, *info.titles.values()) if text]
    if not any(map(_CONTROL.search, texts)):
        return info
    return msgspec.structs.replace(
        info,
        **{name: _one_line(text) if text else text for name, text in own.items()},
        labels=tuple(filter(None, map(_one_line, info.labels))),
        titles={metric: title for metric, text in info.titles.items() if (title := _one_line(text))},
    )


def _one_line(text: str) -> str | None:
    return _CONTROL.sub(" ", text).strip() or None
