"""Cursors of paginated lists: a position in the list, encoded as text."""

from __future__ import annotations

import base64
from typing import TypeVar

import msgspec

from hub.bounds import decode_json_as
from hub.errors import Invalid, Rejected

T = TypeVar("T")


def pack(position: object) -> str:
    """Encode a position as a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def unpack(cursor: str | None, kind: type[T]) -> T | None:
    """Decode a cursor that :func:`pack` made, and return the position; None if ``cursor`` is None.

    ``kind`` is the type of the position. Raises Invalid if the cursor does not contain a position of this type.
    """
    if cursor is None:
        return None
    try:
        return decode_json_as(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True), kind)
    except (ValueError, Rejected):
        raise Invalid("The cursor is not valid.", 'Use the value of "next" from the previous page unchanged.') from None
