"""Analyses of uploaded files as the API returns them. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.accounts.requester import current_requester
from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.diagnoses import QuoteShape, WriterShape
from hub.model import Analysis, AnalysisKind, Value


class AnalysisShape(ApiObject, rename={"device": "device_id"}):
    """The analysis of an uploaded file.

    `facts` are measurements and contents; their keys depend on `kind`. `notes` say what could not be analysed and what
    to do about it. If the file is a manual, `models` are the device models that it describes. `own` is false for a
    manual that another person uploaded; you may not change or delete it.
    """

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
    own: bool


class ImageAnswer(AnalysisShape):
    """The analysis of a picture."""

    width: int
    height: int
    properties: dict[str, Value]


class AnalysisPage(ApiObject):
    items: list[AnalysisShape]
    next: str | None


class DocumentAnswer(ApiObject):
    """An answer from a document. `quotes` is empty if nothing was found; the answer then says so."""

    answer: str
    quotes: list[QuoteShape]
    generated_by: WriterShape
    tokens_used: int


def analysis(found: Analysis) -> AnalysisShape:
    """Return an analysis as an object of the API."""
    writer = found.generated_by
    own = current_requester().owns(found.owner)
    return AnalysisShape.of(found, provider=writer.provider, model=writer.model, generative=writer.generative, own=own)


def image(found: Analysis) -> ImageAnswer:
    """Return the analysis of a picture as an object of the API."""
    return ImageAnswer(
        **msgspec.structs.asdict(analysis(found)),
        width=found.facts["width"],
        height=found.facts["height"],
        properties=found.facts["properties"],
    )
