"""Reject single values of a message, so that its valid values are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hub.dialects.payload import rejection
from hub.errors import Rejected
from hub.model import RawMessage, Rejection

MAX_SHOWN = 16
"""Maximum number of rejections reported for one message. The last one says how many more values were invalid."""
Fault = tuple[str, Any, Rejected]
"""An invalid value: its name, the value itself, and the error."""


def rejections(message: RawMessage, faults: Iterable[Fault]) -> list[Rejection]:
    """Return a rejection for each invalid value, with its name and value, but at most :data:`MAX_SHOWN`."""
    listed = list(faults)
    shown = [rejection(message, error, _bytes(name, value)) for name, value, error in listed[:MAX_SHOWN]]
    if len(listed) > MAX_SHOWN:
        more = f" {len(listed) - MAX_SHOWN} more values of this message are invalid."
        shown[-1] = msgspec.structs.replace(shown[-1], detail=shown[-1].detail + more)
    return shown


def reject_all(message: RawMessage, faults: list[Fault]) -> list[Rejection]:
    """Return the rejections for a message without any valid value.

    Raises:
        Rejected: There is only one invalid value. The whole message is then rejected for the same reason.
    """
    if len(faults) == 1:
        raise faults[0][2]
    return rejections(message, faults)


def _bytes(name: str, value: Any) -> bytes:
    try:
        return msgspec.json.encode({name: value})
    except (TypeError, ValueError, OverflowError, RecursionError):
        return repr(value)[:1_000].encode("utf-8", "backslashreplace")
