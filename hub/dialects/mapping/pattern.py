"""Topics with named levels, and texts with gaps that a message fills. Pure text; no message is read here."""

from __future__ import annotations

import re
from collections.abc import Mapping as Names
from collections.abc import Sequence
from typing import Any

from hub.errors import ConfigError

_NAME = re.compile(r"\{([A-Za-z_]\w{0,31})(\.\.\.)?\}")
_GAP = re.compile(r"\{([^{}]*)\}")
_FIELD = "payload."
MISSING = object()
Part = tuple[str, Any]
"""Of a template: ``text`` as it is, the ``level`` of that name, or the ``field`` at that path."""


class Pattern:
    """``home/{room}/{metric}``, ``plant/+/{rest...}``. ``filter`` is the MQTT filter that brings its messages.

    Raises ConfigError: an empty level, a wildcard within a level, a name used twice, levels behind ``{rest...}``.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        levels = text.split("/")
        self.names: list[str] = []
        wanted, filters = [], []
        for number, level in enumerate(levels, 1):
            expression, mqtt = self._level(level, last=number == len(levels))
            wanted.append(expression)
            filters.append(mqtt)
        if text.startswith("{") or text[:1] in "+$":
            raise ConfigError(f"{text[:80]!r} must begin with a plain level.", 'For example "home/{room}/{metric}".')
        self.filter = "/".join(filters)
        self._matcher = re.compile("/".join(wanted), re.DOTALL)

    def _level(self, level: str, *, last: bool) -> tuple[str, str]:
        if level == "+":
            return "[^/]+", "+"
        named = _NAME.fullmatch(level)
        if named is None:
            if not level or set(level) & set("+#{}\0"):
                raise ConfigError(
                    f"The topic {self.text[:80]!r} has a level that cannot be: {level[:40]!r}.",
                    "A level is a text without + # { }, or +, or {name}, or last {rest...}.",
                )
            return re.escape(level), level
        name, rest = named.groups()
        if name in self.names:
            raise ConfigError(f"The topic {self.text[:80]!r} has {{{name}}} twice.", "Give each level its own name.")
        self.names.append(name)
        if not rest:
            return f"(?P<{name}>[^/]+)", "+"
        if not last:
            raise ConfigError(f"{{{name}...}} must be the last level of {self.text[:80]!r}.", "Nothing may follow it.")
        return f"(?P<{name}>.+)", "#"

    def match(self, topic: str) -> dict[str, str] | None:
        """The named levels of ``topic``, None where the pattern does not fit."""
        found = self._matcher.fullmatch(topic)
        return None if found is None else found.groupdict()


class TextTemplate:
    """``{room}`` is one of the topic's ``names``, ``{payload.a.b}`` a field of the message. Raises ConfigError."""

    def __init__(self, text: str, names: Sequence[str], key: str) -> None:
        self.of_payload = False
        self._segments: list[list[Part]] = []
        if not text or len(text) > 200:
            raise ConfigError(f"{key} has 1 to 200 characters.")
        for segment in text.split("/"):
            parts: list[Part] = []
            at = 0
            for gap in _GAP.finditer(segment):
                parts += [("text", segment[at : gap.start()])] if gap.start() > at else []
                parts.append(self._gap(gap[1], names, key))
                at = gap.end()
            if set(segment[at:]) & set("{}"):
                raise ConfigError(f"{key} = {text!r} has a brace without its other half.")
            parts += [("text", segment[at:])] if segment[at:] else []
            self._segments.append(parts)

    def _gap(self, inner: str, names: Sequence[str], key: str) -> Part:
        if inner.startswith(_FIELD):
            self.of_payload = True
            return "field", path_of(inner.removeprefix(_FIELD))
        if inner not in names:
            known = ", ".join(f"{{{name}}}" for name in names) or "none"
            raise ConfigError(
                f"{key} asks for {{{inner}}}, which the topic does not name.",
                f"It names: {known}. A field of the message is {{payload.FIELD}}.",
            )
        return "level", inner

    def fill(self, levels: Names[str, str], body: Any) -> str | None:
        """The text for one message; None if nothing is left of it."""
        filled = [text for parts in self._segments if (text := _segment(parts, levels, body))]
        return "/".join(filled) or None


def _segment(parts: Sequence[Part], levels: Names[str, str], body: Any) -> str | None:
    said = ""
    for kind, what in parts:
        if kind == "text":
            said += what
        elif kind == "level":
            said += levels[what]
        else:
            value = at_path(body, what)
            if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
                return None
            said += f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)
    return said


def path_of(text: str) -> tuple[str, ...]:
    """``outdoor.temps.0`` as its steps; ``\\.`` is a dot within a step. Raises ConfigError for an empty step."""
    steps = tuple(step.replace("\\.", ".") for step in re.split(r"(?<!\\)\.", text))
    if not all(steps) or len(steps) > 16:
        raise ConfigError(f"{text[:80]!r} is no path.", "A path is keys with dots between: outdoor.temperature.")
    return steps


def at_path(body: Any, steps: Sequence[str]) -> Any:
    """What stands there in a JSON value, :data:`MISSING` where nothing does."""
    for step in steps:
        if isinstance(body, dict) and step in body:
            body = body[step]
        elif isinstance(body, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(body):
            body = body[int(step[:9])]
        else:
            return MISSING
    return body
