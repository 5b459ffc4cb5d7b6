"""Reject single values of a message, and keep its valid ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hub.dialects.payload import rejection
from hub.errors import Rejected
from hub.model import RawMessage, Rejection

MAX_SHOWN = 16
"""Limit of rejections for one message. The last one says how many more values were invalid."""
Fault = tuple[str, Any, Rejected]
"""An invalid value: its name, the value, and the reason."""


def rejections(message: RawMessage, faults: Iterable[Fault]) -> list[Rejection]:
    """Return a rejection for each invalid value, with its name and bytes."""
    listed = list(faults)
    shown = [rejection(message, error, _bytes(name, value)) for name, value, error in listed[:MAX_SHOWN]]
    if len(listed) > MAX_SHOWN:
        more = f" {len(listed) - MAX_SHOWN} more values of this message are invalid."
        shown[-1] = msgspec.structs.replace(shown[-1], detail=shown[-1].detail + more)
    return shown


def reject_all(message: RawMessage, faults: list[Fault]) -> list[Rejection]:
    """Return the rejections of a message without any valid value.

    Raises:
        Rejected: There is only one invalid value, so the whole message is rejected for its reason.
    """
    if len(faults) == 1:
        raise faults[0][2]
    return rejections(message, faults)


def _bytes(name: str, value: Any) -> bytes:
    try:
        return msgspec.json.encode({name: value})
    except (TypeError, ValueError, OverflowError, RecursionError):
        return repr(value)[:1_000].encode("utf-8", "backslashreplace")
