"""Decode ``ROOT/{id}/info``: a device's description of itself."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from hub.bounds import check
from hub.dialects.payload import announcement_object
from hub.dialects.rejections import Fault
from hub.dialects.repair import UNREADABLE
from hub.dialects.telemetry import TelemetryTopic, check_sender
from hub.dialects.units import spell
from hub.errors import Rejected
from hub.model import CommandDescriptor, Info
from hub.model.metric import MAX_TITLE

MAX_COMMANDS = 64
MAX_METRICS = 256
MAX_SILENCE = 31_536_000
"""The longest silence that a device may announce: one year, in seconds."""
COMMAND = re.compile(r"[A-Za-z0-9._-]{1,64}")


def read_info(payload: bytes, topic: TelemetryTopic, base: str) -> tuple[Info, list[Fault]]:
    """Return the device's description, and its invalid keys as faults. An empty payload removes the description.

    ``base`` is the beginning of the device's topics. Raises Rejected if the payload is not a JSON object.
    """
    fields: dict[str, Any] = {}
    faults: list[Fault] = []
    body = announcement_object(payload, "info") if payload else {}
    check_sender(body, topic)
    for key, value in body.items():
        if key in Info.__struct_fields__:
            try:
                fields[key] = getattr(_part_of_info({key: value}, base), key)
            except Rejected as error:
                is_table = isinstance(value, dict) and len(value) <= MAX_METRICS
                valid, wrong = _valid_entries(key, value, base) if is_table else ({}, [])
                if valid and wrong:
                    fields[key] = valid
                faults += wrong if valid and wrong else [(key, value, error)]
    return Info(**fields), faults


def _valid_entries(key: str, table: dict[str, Any], base: str) -> tuple[dict[str, Any], list[Fault]]:
    """Check each entry of a table in a device's description. Return the valid entries, and the invalid ones as faults.

    Args:
        key: The key of the table, such as ``units``.
        table: The entries.
        base: The beginning of the device's topics.
    """
    valid: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, value in table.items():
        try:
            valid |= getattr(_part_of_info({key: {name: value}}, base), key)
        except Rejected as error:
            faults.append((f"{key}.{name}", value, error))
    return valid, faults


def _part_of_info(body: dict[str, Any], base: str) -> Info:
    """Return the description with only the key in ``body`` set. Raises Rejected (``bad_value``) if it is invalid."""
    if _is_unreadable(body):
        raise Rejected("not_utf8", "info has a text that is not valid UTF-8, or a value that is nested too deep.")
    try:
        info = msgspec.convert(body, Info, strict=False)
    except msgspec.ValidationError as error:
        raise Rejected("bad_value", f"info is invalid: {error}.") from error
    check(msgspec.to_builtins(info.limits), "info")  # the texts "nan" and "inf" were converted to numbers
    texts = (info.name, info.manufacturer, info.model, info.firmware, info.area, info.via, *info.labels)
    if (
        any(text is not None and len(text) > 200 for text in texts)
        or len(info.labels) > 50
        or len(info.units) > 256
        or len(info.limits) > 256
    ):
        allowed = "texts of 200 characters, 50 labels, 256 units and 256 limits"
        raise Rejected("bad_value", f"info is too large: at most {allowed} are allowed.")
    for key, texts_by_metric in (("titles", info.titles), ("classes", info.classes), ("categories", info.categories)):
        if len(texts_by_metric) > MAX_METRICS or any(not 0 < len(t) <= MAX_TITLE for t in texts_by_metric.values()):
            allowed = f"at most {MAX_METRICS} texts of 1 to {MAX_TITLE} characters are allowed"
            raise Rejected("bad_value", f"info.{key} is invalid: {allowed}.")
    if info.max_silence is not None and not 1 <= info.max_silence <= MAX_SILENCE:
        allowed = f"1 to {MAX_SILENCE} seconds are allowed"
        raise Rejected("bad_value", f"info.max_silence = {info.max_silence:g} is invalid: {allowed}.")
    units = {name: spell(unit) for name, unit in info.units.items()}
    return msgspec.structs.replace(info, units=units, commands=_commands(info.commands, base))


def _is_unreadable(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_unreadable(inner) for inner in (*value, *value.values()))
    return any(map(_is_unreadable, value)) if isinstance(value, list) else value == UNREADABLE


def _commands(described: dict[str, dict[str, Any]], base: str) -> dict[str, dict[str, Any]]:
    """Return the device's commands, with the topic and encoding that the hub uses. The device cannot choose these.

    Raises Rejected if a command's description is invalid.
    """
    if len(described) > MAX_COMMANDS:
        raise Rejected("bad_value", f"info.commands has {len(described)} commands; at most {MAX_COMMANDS} are allowed.")
    commands = {}
    for name, schema in described.items():
        if not COMMAND.fullmatch(name):
            raise Rejected("bad_value", "A command's name must have 1 to 64 letters, digits, '.', '_' or '-'.")
        topic = f"{base}/commands/{name}"
        command = {"type": "object", **schema, "topic": topic, "encoding": "native", "replies": True}
        try:
            msgspec.convert(command, CommandDescriptor)
        except msgspec.ValidationError as error:
            raise Rejected("bad_value", f"The description of the command {name!r} is invalid: {error}.") from error
        commands[name] = command
    return commands
