"""MQTT topics as text: match topics and filters, and turn a foreign name into a safe topic level.

The rules are those of MQTT 5.0, section 4.7. Nothing here depends on dialects.
"""

from __future__ import annotations

import hashlib
import re

ID = re.compile(r"[A-Za-z0-9._:~-]{1,128}")
MAX_BYTES = 65_535
MAX_LEVELS = 200
"""Maximum number of levels. Mosquitto closes the connection if a topic has more."""
_NONCHARACTERS = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_FORBIDDEN = re.compile(f"[\\x00-\\x1f\\x7f-\\x9f\\ufdd0-\\ufdef{_NONCHARACTERS}]")
"""Control characters and Unicode noncharacters. Mosquitto closes the connection of a client that sends them in a topic,
as MQTT 5.0, section 1.5.4, allows."""
_SLUGGED = re.compile(r"~[0-9a-f]{8}\Z")


def matches(topic_filter: str, topic: str) -> bool:
    """Return True if ``topic_filter`` (with ``+`` and ``#``) matches ``topic``.

    A topic that begins with ``$`` is matched only by a filter that begins with ``$``.
    """
    if topic.startswith("$") and topic_filter[:1] in "+#":
        return False
    patterns, levels = topic_filter.split("/"), topic.split("/")
    for i, pattern in enumerate(patterns):
        if pattern == "#":
            return True
        if i >= len(levels) or pattern not in ("+", levels[i]):
            return False
    return len(patterns) == len(levels)


def covers(wide: str, narrow: str) -> bool:
    """Return True if the filter ``wide`` matches every topic that the filter ``narrow`` matches."""
    wider, narrower = wide.split("/"), narrow.split("/")
    for i, level in enumerate(wider):
        if level == "#":
            return True
        if i >= len(narrower) or narrower[i] == "#" or level not in ("+", narrower[i]):
            return False
    return len(wider) == len(narrower)


def overlap(one: str, other: str) -> bool:
    """Return True if at least one topic is matched by both filters."""
    ones, others = one.split("/"), other.split("/")
    for a, b in zip(ones, others, strict=False):
        if "#" in (a, b):
            return True
        if a != b and "+" not in (a, b):
            return False
    longer = max(ones, others, key=len)[min(len(ones), len(others)) :]
    return longer in ([], ["#"])


def is_filter(text: str) -> bool:
    """Return True if ``text`` is a valid topic filter. Some brokers close the connection when a filter is not valid."""
    levels = text.split("/")
    wild = all(level in ("+", "#") or not set(level) & {"+", "#"} for level in levels) and "#" not in levels[:-1]
    return wild and _is_name(text)


def is_topic(text: str) -> bool:
    """Return True if ``text`` is a valid topic to publish to."""
    return not set(text) & {"+", "#"} and _is_name(text)


def _is_name(text: str) -> bool:
    if not text or _FORBIDDEN.search(text) or text.count("/") >= MAX_LEVELS:
        return False
    try:
        return len(text.encode()) <= MAX_BYTES
    except UnicodeEncodeError:
        return False


def is_id(text: str) -> bool:
    """Return True if ``text`` is a valid device id. ``.`` and ``..`` are not valid: browsers resolve them in a URL."""
    return ID.fullmatch(text) is not None and text not in (".", "..")


def slug(native_id: str) -> str:
    """Return the device id for a native id: the same text if it is a valid id, else a readable form with a hash.

    The same native id always gives the same device id. A valid id that looks like a hashed form is hashed too, so that
    it cannot collide with a hashed form.
    """
    if is_id(native_id) and not _SLUGGED.search(native_id):
        return native_id
    digest = hashlib.blake2b(native_id.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    readable = re.sub(r"[^A-Za-z0-9._:-]+", "-", native_id)[:110].strip("-")
    return f"{readable or 'device'}~{digest}"


def printable(topic: str, max_length: int = 200) -> str:
    """Return a topic that is safe in a log line or an answer: truncated, with control characters escaped."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in topic[:max_length])
    return shown + ("…" if len(topic) > max_length else "")


def is_own(topic: str) -> bool:
    """Return True for a topic on which the hub itself publishes, such as its events and alerts."""
    return topic.startswith("hub/")
