"""A quotation from an uploaded document."""

from __future__ import annotations

import msgspec


class Quote(msgspec.Struct, frozen=True):
    """Literal text of a document. ``page`` counts from 1."""

    document: str
    filename: str
    page: int
    text: str
