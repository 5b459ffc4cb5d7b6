"""Parse the topic patterns of mappings (``home/{room}/{metric}``), and their texts with placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping as Names
from collections.abc import Sequence
from typing import Any

from hub.errors import ConfigError

_NAME = re.compile(r"\{([A-Za-z_]\w{0,31})(\.\.\.)?\}")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_FIELD = "payload."
MISSING = object()
Part = tuple[str, Any]
"""A part of a text template: (``text``, the text), (``level``, name of the level) or (``field``, path in the JSON)."""


class Pattern:
    """A topic pattern such as ``home/{room}/{metric}`` or ``plant/+/{rest...}``.

    Attributes:
        filter: The MQTT topic filter to subscribe to.
        names: The names of the pattern's levels.

    Raises:
        ConfigError: The pattern has an empty level, a wildcard within a level, a name twice or levels after
            ``{rest...}``, or would match every topic (``{device}/{rest...}``).
    """

    def __init__(self, text: str) -> None:
        self.text = text
        levels = text.split("/")
        self.names: list[str] = []
        expressions, filters = [], []
        for number, level in enumerate(levels, 1):
            expression, mqtt = self._level(level, last=number == len(levels))
            expressions.append(expression)
            filters.append(mqtt)
        self.filter = "/".join(filters)
        if filters[-1] == "#" and not set(filters) - {"+", "#"}:
            raise ConfigError(
                f"The topic {text[:80]!r} would match every message of the broker.",
                'Give it a fixed level, such as "home/{rest...}", or a number of levels, such as "{device}/{metric}".',
            )
        if levels[0] == "$share":
            raise ConfigError("A topic cannot begin with $share.", "Map the topic without the first two levels.")
        not_internal = "" if text.startswith("$") else r"(?!\$)"  # as a broker's wildcards do not match $SYS/…
        self._matcher = re.compile(not_internal + "/".join(expressions), re.DOTALL)

    def _level(self, level: str, *, last: bool) -> tuple[str, str]:
        """Return two texts for one level of the pattern: a regular expression, and a level of an MQTT topic filter.

        The regular expression matches the level in a topic. The filter's level is ``+``, ``#`` or the text of the
        level. ``last`` says that it is the last level of the pattern. Raises ConfigError for an invalid level.
        """
        if level == "+":
            return "[^/]+", "+"
        named = _NAME.fullmatch(level)
        if named is None:
            if not level or set(level) & set("+#{}\0"):
                raise ConfigError(
                    f"The topic {self.text[:80]!r} has an invalid level: {level[:40]!r}.",
                    "A level is a text without + # { }, or +, or {name}, or at the end {rest...}.",
                )
            return re.escape(level), level
        name, rest = named.groups()
        if name in self.names:
            raise ConfigError(f"The topic {self.text[:80]!r} has {{{name}}} twice.", "Give each level its own name.")
        self.names.append(name)
        if not rest:
            return f"(?P<{name}>[^/]+)", "+"
        if not last:
            raise ConfigError(f"{{{name}...}} must be the last level of {self.text[:80]!r}.", "Remove what follows it.")
        return f"(?P<{name}>.+)", "#"

    def match(self, topic: str) -> dict[str, str] | None:
        """Return the named levels of ``topic``; None if the pattern does not match it."""
        found = self._matcher.fullmatch(topic)
        return None if found is None else found.groupdict()


class TextTemplate:
    """A text with placeholders: ``{room}`` stands for a level of the topic, ``{payload.a.b}`` for a field of the JSON.

    Raises:
        ConfigError: The text is empty or too long, or it has an unknown or incomplete placeholder.
    """

    def __init__(self, text: str, names: Sequence[str], key: str) -> None:
        self.uses_payload = False  # it has a placeholder for a field of the payload
        self._segments: list[list[Part]] = []
        if not text or len(text) > 200:
            raise ConfigError(f"{key} must have 1 to 200 characters.")
        for segment in text.split("/"):
            parts: list[Part] = []
            end = 0
            for placeholder in _PLACEHOLDER.finditer(segment):
                parts += [("text", segment[end : placeholder.start()])] if placeholder.start() > end else []
                parts.append(self._placeholder(placeholder[1], names, key))
                end = placeholder.end()
            if set(segment[end:]) & set("{}"):
                raise ConfigError(f"{key} = {text!r} has an unmatched brace.")
            parts += [("text", segment[end:])] if segment[end:] else []
            self._segments.append(parts)

    def _placeholder(self, inner: str, names: Sequence[str], key: str) -> Part:
        if inner.startswith(_FIELD):
            self.uses_payload = True
            return "field", path_of(inner.removeprefix(_FIELD))
        if inner not in names:
            known = ", ".join(f"{{{name}}}" for name in names) or "none"
            raise ConfigError(
                f"{key} uses {{{inner}}}, which is not a named level of the topic.",
                f"Its named levels: {known}. A field of the JSON is {{payload.FIELD}}.",
            )
        return "level", inner

    def fill(self, levels: Names[str, str], body: Any) -> str | None:
        """Return the text with its placeholders filled for one message; None if the result is empty.

        ``levels`` are values from the topic, and ``body`` is the payload. A part of the text between two slashes is
        left out if the message has no value for one of its placeholders.
        """
        filled = [text for parts in self._segments if (text := _segment(parts, levels, body))]
        return "/".join(filled) or None


def _segment(parts: Sequence[Part], levels: Names[str, str], body: Any) -> str | None:
    """Return the text of one segment (the part between two slashes) for a message.

    Args:
        parts: The parts of the segment: fixed texts, levels of the topic, and fields of the payload.
        levels: The named levels of the message's topic.
        body: The payload, decoded from JSON.

    Returns:
        The text; None if the payload lacks one of the fields.
    """
    text = ""
    for kind, what in parts:
        if kind == "text":
            text += what
        elif kind == "level":
            text += levels[what]
        else:
            value = at_path(body, what)
            if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
                return None
            text += f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)
    return text


def path_of(text: str) -> tuple[str, ...]:
    r"""Return the keys of a path such as ``outdoor.temps.0``. ``\.`` is a dot within a key. Raises ConfigError."""
    steps = tuple(step.replace("\\.", ".") for step in re.split(r"(?<!\\)\.", text))
    if not all(steps) or len(steps) > 16:
        raise ConfigError(
            f"{text[:80]!r} is not a valid path.", "A path has up to 16 keys, separated by dots: outdoor.temperature."
        )
    return steps


def at_path(body: Any, steps: Sequence[str]) -> Any:
    """Return the value at a path in JSON; :data:`MISSING` if there is no value."""
    for step in steps:
        if isinstance(body, dict) and step in body:
            body = body[step]
        elif isinstance(body, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(body):
            body = body[int(step[:9])]
        else:
            return MISSING
    return body
