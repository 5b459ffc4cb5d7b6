"""MQTT topics as text: match a filter, turn a foreign name into a safe topic level.

Knows the MQTT rules (5.0, section 4.7) and the hub's id form; knows no dialect.
"""

from __future__ import annotations

import hashlib
import re

ID = re.compile(r"[A-Za-z0-9._:~-]{1,128}")
MAX_BYTES = 65_535
MAX_LEVELS = 200
"""Mosquitto takes no more, and hangs up."""
_SLUGGED = re.compile(r"~[0-9a-f]{8}\Z")


def matches(topic_filter: str, topic: str) -> bool:
    """True if ``topic`` is matched by ``topic_filter`` with its ``+`` and ``#``.

    Topics that begin with ``$`` are matched only by a filter that does so too.
    """
    if topic.startswith("$") and topic_filter[:1] in "+#":
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for i, want in enumerate(wanted):
        if want == "#":
            return True
        if i >= len(levels) or want not in ("+", levels[i]):
            return False
    return len(wanted) == len(levels)


def covers(wide: str, narrow: str) -> bool:
    """True if every topic that the filter ``narrow`` matches is matched by the filter ``wide`` too."""
    wider, narrower = wide.split("/"), narrow.split("/")
    for i, level in enumerate(wider):
        if level == "#":
            return True
        if i >= len(narrower) or narrower[i] == "#" or level not in ("+", narrower[i]):
            return False
    return len(wider) == len(narrower)


def overlap(one: str, other: str) -> bool:
    """True if there are topics that both filters match."""
    ones, others = one.split("/"), other.split("/")
    for a, b in zip(ones, others, strict=False):
        if "#" in (a, b):
            return True
        if a != b and "+" not in (a, b):
            return False
    longer = max(ones, others, key=len)[min(len(ones), len(others)) :]
    return longer in ([], ["#"])


def is_filter(text: str) -> bool:
    """Return True for a topic filter that a broker takes. Some close the connection at one that they do not take."""
    levels = text.split("/")
    wild = all(level in ("+", "#") or not set(level) & {"+", "#"} for level in levels) and "#" not in levels[:-1]
    return wild and _is_name(text)


def is_topic(text: str) -> bool:
    """Return True for a topic that a broker takes a message on."""
    return not set(text) & {"+", "#"} and _is_name(text)


def _is_name(text: str) -> bool:
    if not text or "\0" in text or text.count("/") >= MAX_LEVELS:
        return False
    try:
        return len(text.encode()) <= MAX_BYTES
    except UnicodeEncodeError:
        return False


def is_id(text: str) -> bool:
    """Return True if ``text`` has the form of a device's id. ``.`` and ``..`` have not: in a URL they mean a folder, so
    no browser could ask for such a device."""
    return ID.fullmatch(text) is not None and text not in (".", "..")


def slug(native_id: str) -> str:
    """The hub's id for what a device is called elsewhere: itself where it fits, else a readable form with a hash.

    Stable, and without collisions: a name that only looks like one of our hashed forms is hashed as well.
    """
    if is_id(native_id) and not _SLUGGED.search(native_id):
        return native_id
    digest = hashlib.blake2b(native_id.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    readable = re.sub(r"[^A-Za-z0-9._:-]+", "-", native_id)[:110].strip("-")
    return f"{readable or 'device'}~{digest}"


def printable(topic: str, most: int = 200) -> str:
    """A topic as it may stand in a log line or an answer: bounded, control characters made visible."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in topic[:most])
    return shown + ("…" if len(topic) > most else "")
