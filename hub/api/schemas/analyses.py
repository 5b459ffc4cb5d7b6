"""The JSON of analyses that goes out. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from hub.api.schemas.responses import QuoteShape, WriterShape
from hub.model import Analysis, AnalysisKind, Value


class AnalysisShape(TypedDict):
    """``facts`` is what was measured or read, kind by kind; ``notes`` what could not be done, and how to get it.
    ``models`` are the device models that a document is a manual of."""

    id: str
    kind: AnalysisKind
    filename: str
    format: str
    bytes: int
    created_at: int
    device_id: str | None
    analysis: str
    provider: str
    model: str
    generative: bool
    tokens_used: int
    facts: dict[str, Any]
    notes: list[str]
    models: list[str]


class ImageAnswer(AnalysisShape):
    width: int
    height: int
    properties: dict[str, Value]


class AnalysisPage(TypedDict):
    items: list[AnalysisShape]
    next: str | None


class DocumentAnswer(TypedDict):
    """``quotes`` is empty where nothing was found, and then nothing is claimed."""

    answer: str
    quotes: list[QuoteShape]
    generated_by: WriterShape
    tokens_used: int


def analysis(found: Analysis) -> AnalysisShape:
    return {
        "id": found.id,
        "kind": found.kind,
        "filename": found.filename,
        "format": found.format,
        "bytes": found.bytes,
        "created_at": found.created_at,
        "device_id": found.device,
        "analysis": found.analysis,
        "provider": found.generated_by.provider,
        "model": found.generated_by.model,
        "generative": found.generated_by.generative,
        "tokens_used": found.tokens_used,
        "facts": found.facts,
        "notes": list(found.notes),
        "models": list(found.models),
    }


def image(found: Analysis) -> ImageAnswer:
    facts = found.facts
    return {
        **analysis(found),
        "width": facts["width"],
        "height": facts["height"],
        "properties": facts["properties"],
    }
