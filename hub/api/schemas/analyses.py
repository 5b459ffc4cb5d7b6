"""The JSON of analyses that goes out. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Any

import msgspec
from typing_extensions import TypedDict

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.responses import QuoteShape, WriterShape
from hub.model import Analysis, AnalysisKind, Value


class AnalysisShape(ApiObject, rename={"device": "device_id"}):
    """``facts`` is what was measured or read, kind by kind; ``notes`` what could not be done, and how to get it.
    ``models`` are the device models that a document is a manual of."""

    id: str
    kind: AnalysisKind
    filename: str
    format: str
    bytes: int
    created_at: int
    device: str | None
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
    writer = found.generated_by
    return AnalysisShape.of(found, provider=writer.provider, model=writer.model, generative=writer.generative)


def image(found: Analysis) -> ImageAnswer:
    return ImageAnswer(
        **msgspec.structs.asdict(analysis(found)),
        width=found.facts["width"],
        height=found.facts["height"],
        properties=found.facts["properties"],
    )
