"""The result of analyzing an uploaded picture, recording or document."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.model.diagnosis import Writer

AnalysisKind = Literal["image", "audio", "document"]


class Analysis(msgspec.Struct, frozen=True):
    """The analysis of one uploaded file. The hub does not keep the file itself."""

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
    facts: dict[str, Any]  # what was measured or read: plain JSON, keys depend on ``kind``
    notes: tuple[str, ...] = ()  # what could not be done, and what has to be installed for it
    models: tuple[str, ...] = ()  # the device models that a document is a manual of
    owner: str | None = None  # the account that sent the file; None: it belongs to nobody
