"""What of one message does not fit while the rest does: each such value becomes a rejection of its own.

A value that a device sends wrongly costs itself, never the readings beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hub.dialects.payload import rejection
from hub.errors import Rejected
from hub.model import RawMessage, Rejection

MAX_SHOWN = 16
"""Rejections of one message; the last one says how many more there were."""
Fault = tuple[str, Any, Rejected]
"""A value's name, the value as it came, and why it does not fit."""


def rejections(message: RawMessage, faults: Iterable[Fault]) -> list[Rejection]:
    """Return the rejections of one message, each with its value's name and bytes."""
    listed = list(faults)
    shown = [rejection(message, error, _bytes(name, value)) for name, value, error in listed[:MAX_SHOWN]]
    if len(listed) > MAX_SHOWN:
        more = f" {len(listed) - MAX_SHOWN} more values of this message do not fit."
        shown[-1] = msgspec.structs.replace(shown[-1], detail=shown[-1].detail + more)
    return shown


def nothing_fits(message: RawMessage, faults: list[Fault]) -> list[Rejection]:
    """Return the rejections of a message of which no value fits; the only one stands for the whole message.

    Raises Rejected where there is only one."""
    if len(faults) == 1:
        raise faults[0][2]
    return rejections(message, faults)


def _bytes(name: str, value: Any) -> bytes:
    try:
        return msgspec.json.encode({name: value})
    except (TypeError, ValueError, OverflowError, RecursionError):
        return repr(value)[:1_000].encode("utf-8", "backslashreplace")
