"""What was told of a picture, a recording or a document that somebody sent."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.model.diagnosis import Writer

AnalysisKind = Literal["image", "audio", "document"]


class Analysis(msgspec.Struct, frozen=True):
    """One file and what could be told of it.

    The file itself is not kept. ``facts`` holds what was measured or read (kind by kind, plain JSON), ``notes``
    what could not be done and how to get it. ``models`` are the device models that a document is a manual of.
    """

    id: str
    kind: AnalysisKind
    filename: str
    format: str
    bytes: int
    created_at: int
    device: str | None
    analysis: str
    generated_by: Writer
    tokens_used: int
    facts: dict[str, Any]
    notes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
