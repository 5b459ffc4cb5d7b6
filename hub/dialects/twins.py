"""Decode the twin of a native device: its objects ``desired`` and ``reported``."""

from __future__ import annotations

from typing import Any

from hub.bounds import check
from hub.dialects.payload import MAX_NAME, parse_object
from hub.dialects.rejections import Fault
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
    body = parse_object(message.payload, kind, checked=kind == "desired")
    if kind == "reported":
        check_sender(body, topic)
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, value in body.items():
        try:
            if not 1 <= len(key) <= MAX_NAME:
                raise Rejected("bad_name", f"The keys of {kind} must have 1 to {MAX_NAME} characters.")
            check({key: value}, kind)
            values[key] = value
        except Rejected as error:
            if kind == "desired":
                raise
            faults.append((key[:MAX_NAME], value, error))
    return values, faults
