"""Decode the twin of a native device: its objects ``desired`` and ``reported``."""

from __future__ import annotations

from typing import Any

from hub.bounds import check
from hub.dialects.payload import MAX_NAME, MAX_TEXT, parse_object, scalar, telemetry_object
from hub.dialects.rejections import Fault
from hub.dialects.repair import UNREADABLE
from hub.dialects.telemetry import TelemetryTopic, check_sender
from hub.errors import Rejected
from hub.model import RawMessage


def twin_values(message: RawMessage, topic: TelemetryTopic) -> tuple[dict[str, Any], list[Fault]]:
    """Return the valid values of ``desired`` or ``reported``, and the invalid ones.

    Raises Rejected if any value of ``desired`` is invalid, or if ``reported`` names another device.
    """
    kind = topic.kind
    if not message.payload:
        return {}, []
    strict = kind == "desired"
    try:
        body, is_repaired = parse_object(message.payload, kind, checked=strict), False
    except Rejected:
        if strict:
            raise
        body, is_repaired = telemetry_object(message.payload, kind), True
    if not strict:
        check_sender(body, topic)
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, value in body.items():
        try:
            if not 1 <= len(key) <= MAX_NAME or (is_repaired and key == UNREADABLE):
                raise Rejected("bad_name", f"The keys of {kind} must have 1 to {MAX_NAME} characters.")
            check({key: value}, kind)
            if is_repaired:
                _check_repaired(key, value)
            values[key] = value
        except Rejected as error:
            if kind == "desired":
                raise
            faults.append((key[:MAX_NAME], value, error))
    return values, faults


def _check_repaired(key: str, value: Any) -> None:
    """Raise Rejected if ``value`` has a text that replaces a value that was not valid JSON, such as NaN."""
    if isinstance(value, dict | list):
        for inner in (*value, *value.values()) if isinstance(value, dict) else value:
            _check_repaired(key, inner)
    elif isinstance(value, str) and len(value) <= MAX_TEXT:
        scalar(key, value)
