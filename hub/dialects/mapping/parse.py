"""Parse ``mappings.toml``. An error names the mapping, the key and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from hub.bounds import decode_toml
from hub.dialects.mapping.pattern import Pattern, TextTemplate, path_of
from hub.dialects.payload import metric_name
from hub.errors import ConfigError, Rejected
from hub.model import Mapping, Pick
from hub.toml_fields import read_fields
from hub.topics import covers, overlap

MAX_MAPPINGS = 200
TEMPLATES = ("device", "metric", "name", "manufacturer", "model", "area", "via")
COLLECTD = ("plugin", "type")
_TABLE = re.compile(r"\s*\[\[\s*mapping\s*\]\]")


def parse_mappings(text: str, reserved: Sequence[str] = ()) -> list[Mapping]:
    """Return all mappings of a file, in its order: the first mapping that matches a topic decodes it.

    ``reserved`` are the topic filters of other dialects. Raises ConfigError for the first invalid mapping.
    """
    mappings, faults = parse_usable_mappings(text, reserved)
    if faults:
        raise faults[0]
    return mappings


def parse_usable_mappings(text: str, reserved: Sequence[str] = ()) -> tuple[list[Mapping], list[ConfigError]]:
    """Return the valid mappings of a file in its order, and one error for each invalid mapping.

    ``reserved`` are the topic filters of other dialects.

    Raises:
        ConfigError: The file as a whole is invalid.
    """
    document = decode_toml(text, "mappings.toml")
    tables = document.get("mapping", [])
    if document.keys() - {"mapping"} or not isinstance(tables, list):
        raise ConfigError("mappings.toml may only have [[mapping]] tables.", "See config/mappings.toml for examples.")
    if len(tables) > MAX_MAPPINGS:
        raise ConfigError(
            f"mappings.toml has {len(tables)} mappings; at most {MAX_MAPPINGS} are allowed.",
            "Merge mappings with wildcards, or remove unused ones.",
        )
    mappings: list[Mapping] = []
    faults: list[ConfigError] = []
    for number, table in enumerate(tables, 1):
        topic = table.get("topic") if isinstance(table, dict) else None
        where = f"mappings.toml, mapping {number}" + (f" ({topic[:60]})" if isinstance(topic, str) else "")
        try:
            if not isinstance(table, dict):
                raise ConfigError("A mapping must be a table.", "Begin it with [[mapping]] on a line of its own.")
            mapping = read_fields(Mapping, table)
            check(mapping)
            _check_zone(mapping, text, number)
            _check_overlap(mapping, mappings, reserved)
            mappings.append(mapping)
        except ConfigError as error:
            faults.append(ConfigError(f"{where}: {error.message}", error.hint))
    return mappings, faults


def _line(text: str, number: int, key: str) -> int:
    """Return the line number of ``key`` in the mapping with this number.

    If the key is not found, return the line number of the mapping's ``[[mapping]]``.
    """
    found, table = 1, 0
    for line_number, line in enumerate(text.splitlines(), 1):
        if _TABLE.match(line):
            table += 1
            found = line_number if table == number else found
        elif table == number and re.match(rf"\s*{key}\s*=", line):
            return line_number
    return found


def _check_zone(mapping: Mapping, text: str, number: int) -> None:
    """Raise ConfigError if the mapping's time zone is not in the time zone database."""
    if mapping.zone is None:
        return
    try:
        ZoneInfo(mapping.zone)
    except (KeyError, ValueError, OSError) as error:  # unknown, a path, a folder
        raise ConfigError(
            f"zone = {mapping.zone[:60]!r} in line {_line(text, number, 'zone')} is not a known time zone.",
            'Use an IANA name such as "Europe/Berlin", "America/Denver" or "UTC".',
        ) from error


def _check_overlap(mapping: Mapping, earlier: Sequence[Mapping], reserved: Sequence[str]) -> None:
    """Raise ConfigError if the topic of a mapping conflicts with other dialects or with an earlier mapping.

    It must not overlap with a topic in ``reserved``, because other dialects decode these; only a topic that begins with
    ``+/`` may include them. It may overlap with the topic of an earlier mapping only if one includes the other. With
    subscriptions that overlap partly, a broker may deliver a message more than once.
    """
    new = Pattern(mapping.topic).filter
    free = new.startswith("+/")  # it may include topics of other dialects, which stay theirs
    if owner := next((one for one in reserved if covers(one, new) or (covers(new, one) and not free)), None):
        raise ConfigError(
            f"{mapping.topic!r} overlaps with {owner}, which another dialect of the hub decodes.",
            "Use a narrower topic.",
        )
    for other in earlier:
        existing = Pattern(other.topic).filter
        if overlap(new, existing) and not covers(new, existing) and not covers(existing, new):
            raise ConfigError(
                f"{mapping.topic!r} and {other.topic!r} overlap partly.",
                "Let one include all topics of the other (the first that matches is used), or separate them.",
            )


def check(mapping: Mapping) -> None:
    """Raise ConfigError if the keys of a mapping are invalid or do not fit together."""
    pattern = Pattern(mapping.topic)
    for key in TEMPLATES:
        text = getattr(mapping, key)
        if key == "device" and mapping.form == "senml" and "device" not in pattern.names and text == "{device}":
            continue  # the device is in the payload
        if text is not None:
            TextTemplate(text, pattern.names, key)
    if mapping.form == "collectd" and not {*COLLECTD} <= {*pattern.names}:
        raise ConfigError(
            "A topic of collectd needs the levels {plugin} and {type}.",
            'For example topic = "collectd/{host}/{plugin}/{type}".',
        )
    if (mapping.metrics or mapping.values) and mapping.form not in ("auto", "json"):
        raise ConfigError("metrics and values can be used with JSON only.", 'Remove form, or use form = "json".')
    if mapping.form == "plain" and mapping.metric is None and "metric" not in pattern.names:
        raise ConfigError("A plain value needs a name.", 'Set metric = "temperature", or name a level {metric}.')
    for name, pick in mapping.metrics.items():
        try:
            metric_name(name)
        except Rejected as error:
            raise ConfigError(error.message) from error
        path_of(pick.path if isinstance(pick, Pick) else pick)
    for path in (mapping.time, mapping.values):
        if path is not None:
            path_of(path)
    if mapping.presence is not None:
        if mapping.presence.path is not None:
            path_of(mapping.presence.path)
        words = (*mapping.presence.online, *mapping.presence.offline)
        if not words or len({word.lower() for word in words}) < len(words) or not all(0 < len(w) <= 64 for w in words):
            raise ConfigError("presence needs different words of 1 to 64 characters for online and offline.")
    for table in (mapping.units, mapping.kinds):
        if len(table) > 256 or any(len(key) > 128 for key in table):
            raise ConfigError("units and kinds may have at most 256 names of at most 128 characters.")
