"""Words taken from a document, with the place where they stand."""

from __future__ import annotations

import msgspec


class Quote(msgspec.Struct, frozen=True):
    """Words of a document exactly as its page has them. ``page`` counts from 1."""

    document: str
    filename: str
    page: int
    text: str
