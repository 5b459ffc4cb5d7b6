"""``mappings.toml`` into mappings. Every mistake is named with its mapping, key and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from hub.bounds import decode_toml
from hub.dialects.mapping.pattern import Pattern, TextTemplate, path_of
from hub.dialects.payload import metric_name
from hub.errors import ConfigError, Rejected
from hub.model import Mapping, Pick
from hub.topics import covers, overlap

MOST = 200
TEMPLATES = ("device", "metric", "name", "manufacturer", "model", "area", "via")
COLLECTD = ("plugin", "type")
_TABLE = re.compile(r"\s*\[\[\s*mapping\s*\]\]")


def parse_mappings(text: str, reserved: Sequence[str] = ()) -> list[Mapping]:
    """Return all mappings of a file, in order: the first that fits a topic reads it.

    ``reserved`` are filters of topics that other dialects read. Raises ConfigError.
    """
    mappings, faults = parse_usable_mappings(text, reserved)
    if faults:
        raise faults[0]
    return mappings


def parse_usable_mappings(text: str, reserved: Sequence[str] = ()) -> tuple[list[Mapping], list[ConfigError]]:
    """Return the mappings of a file that can be used, in order, and what is wrong with each of the others.

    Raises ConfigError where the text as a whole cannot be used.
    """
    document = decode_toml(text, "mappings.toml")
    tables = document.get("mapping", [])
    if document.keys() - {"mapping"} or not isinstance(tables, list):
        raise ConfigError("mappings.toml holds [[mapping]] tables.", "See config/mappings.toml for examples.")
    if len(tables) > MOST:
        raise ConfigError(f"mappings.toml has {len(tables)} mappings; at most {MOST} are taken.")
    mappings: list[Mapping] = []
    faults: list[ConfigError] = []
    for number, table in enumerate(tables, 1):
        topic = table.get("topic") if isinstance(table, dict) else None
        where = f"mappings.toml, mapping {number}" + (f" ({topic[:60]})" if isinstance(topic, str) else "")
        try:
            mapping = msgspec.convert(table, Mapping)
            check(mapping)
            _check_zone(mapping, text, number)
            _keep_apart(mapping, mappings, reserved)
            mappings.append(mapping)
        except msgspec.ValidationError as error:
            faults.append(ConfigError(f"{where}: {error}.", "See config/mappings.toml for examples."))
        except ConfigError as error:
            faults.append(ConfigError(f"{where}: {error.message}", error.hint))
    return mappings, faults


def _line(text: str, number: int, key: str) -> int:
    """Return the line of a ``key`` of mapping ``number``, that of its ``[[mapping]]`` where the key is not found."""
    found, table = 1, 0
    for at, line in enumerate(text.splitlines(), 1):
        if _TABLE.match(line):
            table += 1
            found = at if table == number else found
        elif table == number and re.match(rf"\s*{key}\s*=", line):
            return at
    return found


def _check_zone(mapping: Mapping, text: str, number: int) -> None:
    """Raises ConfigError for a name that the time zone database does not have."""
    if mapping.zone is None:
        return
    try:
        ZoneInfo(mapping.zone)
    except (KeyError, ValueError, OSError) as error:  # unknown, a path, a folder
        raise ConfigError(
            f"zone = {mapping.zone[:60]!r} in line {_line(text, number, 'zone')} is no time zone that is known here.",
            'A zone is an IANA name such as "Europe/Berlin", "America/Denver" or "UTC".',
        ) from error


def _keep_apart(mapping: Mapping, earlier: Sequence[Mapping], reserved: Sequence[str]) -> None:
    """A broker sends a message once for each subscription that it fits, so no two may overlap in part."""
    mine = Pattern(mapping.topic).filter
    if (owner := next((one for one in reserved if covers(one, mine) or covers(mine, one)), None)) is not None:
        raise ConfigError(
            f"{mapping.topic!r} reaches into {owner}, which a dialect of the hub reads.", "Narrow it down."
        )
    for other in earlier:
        its = Pattern(other.topic).filter
        if overlap(mine, its) and not covers(mine, its) and not covers(its, mine):
            raise ConfigError(
                f"{mapping.topic!r} and {other.topic!r} overlap in part.",
                "Let one take in all of the other (the first that fits reads a message), or keep them apart.",
            )


def check(mapping: Mapping) -> None:
    """Raises ConfigError for a mapping that cannot work."""
    pattern = Pattern(mapping.topic)
    for key in TEMPLATES:
        text = getattr(mapping, key)
        if key == "device" and mapping.form == "senml" and "device" not in pattern.names and text == "{device}":
            continue  # the messages name their devices themselves
        if text is not None:
            TextTemplate(text, pattern.names, key)
    if mapping.form == "collectd" and not {*COLLECTD} <= {*pattern.names}:
        raise ConfigError(
            "A collectd topic names its levels {plugin} and {type}.", 'As "collectd/{host}/{plugin}/{type}".'
        )
    if mapping.metrics and mapping.form not in ("auto", "json"):
        raise ConfigError("metrics are picked out of JSON only.", 'Leave out form, or say form = "json".')
    if mapping.form == "plain" and mapping.metric is None and "metric" not in pattern.names:
        raise ConfigError("A plain value needs a name.", 'Say metric = "temperature", or name a level {metric}.')
    for name, pick in mapping.metrics.items():
        try:
            metric_name(name)
        except Rejected as error:
            raise ConfigError(error.message) from error
        path_of(pick.path if isinstance(pick, Pick) else pick)
    if mapping.time is not None:
        path_of(mapping.time)
    if mapping.presence is not None:
        if mapping.presence.path is not None:
            path_of(mapping.presence.path)
        words = (*mapping.presence.online, *mapping.presence.offline)
        if not words or len({word.lower() for word in words}) < len(words) or not all(0 < len(w) <= 64 for w in words):
            raise ConfigError("presence has different words of 1 to 64 characters for online and offline.")
    for table in (mapping.units, mapping.kinds):
        if len(table) > 256 or any(len(key) > 128 for key in table):
            raise ConfigError("units and kinds hold at most 256 names of at most 128 characters.")
