"""Where a listing goes on: opaque text for the client, a plain value for us."""

from __future__ import annotations

import base64
from typing import TypeVar

import msgspec

from hub.bounds import decode_json_as
from hub.errors import Invalid, Rejected

T = TypeVar("T")


def pack(place: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def unpack(cursor: str | None, kind: type[T]) -> T | None:
    """Raises Invalid for what :func:`pack` did not make."""
    if cursor is None:
        return None
    try:
        return decode_json_as(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True), kind)
    except (ValueError, Rejected):
        raise Invalid("This cursor is none of this hub's.", 'Use "next" of the page before, as it is.') from None
