"""Diagnoses as the API returns them: evidence, claims, causes, and who wrote. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Any, Literal

from hub.api.schemas.api_object import ApiObject
from hub.model import CauseNature, ClaimKind, ClaimRelation, Value

Match = Literal["strong", "medium", "weak"]
Outcome = Literal["named", "possible", "unknown", "normal"]


class EvidenceShape(ApiObject, rename={"device": "device_id", "start": "from", "end": "to"}):
    """A finding computed from the telemetry between `from` and `to`.

    `params` are the unformatted values in `finding`. With `kind`, a client can write it in another language.
    """

    id: str
    kind: str
    device: str
    metric: str | None
    finding: str
    value: Value | None
    unit: str | None
    start: int
    end: int
    strength: float
    params: dict[str, Any]


class ClaimShape(ApiObject, rename={"start": "from", "end": "to"}):
    """A sentence of a diagnosis, the ids of the evidence that it cites, and whether that supports it.

    The hub decides the `kind`: an observation was compared with the evidence, an inference is the writer's opinion
    about a cause, advice says what to do. `reason` says why a sentence is not supported. `by_hub` is true for a
    sentence that the hub wrote in place of an unsupported one. The other fields are what an observation says, as data
    from the evidence.
    """

    text: str
    evidence: list[str]
    supported: bool
    kind: ClaimKind
    reason: str
    by_hub: bool
    metric: str | None
    quantity: str | None
    relation: ClaimRelation | None
    value: Value | None
    unit: str | None
    start: int | None
    end: int | None


class AlternativeShape(ApiObject):
    """Another cause that matches in part. `check` says what to inspect to distinguish it from the likeliest one."""

    cause: str
    title: str
    component: str | None
    nature: CauseNature
    match: Match
    check: str


class CauseShape(ApiObject):
    """A possible cause. `score` is the strength of the match from 0 to 1, not a probability: show `match` to users.

    `nature` says whether something is broken (`fault`), somebody or a program did it (`act`), or demand, supply,
    weather or people changed (`process`). `explain` says why it produces these symptoms.
    """

    cause: str
    title: str
    component: str | None
    nature: CauseNature
    explain: str
    match: Match
    score: float
    supporting: list[str]
    against: list[str]
    actions: list[str]
    confirm_by: list[str]


class WriterShape(ApiObject):
    """The model that wrote a text. `generative` is false for the built-in analyst."""

    provider: str
    model: str
    generative: bool


class QuoteShape(ApiObject, rename={"document": "document_id"}):
    """A literal quote from a document. Pages count from 1."""

    document: str
    filename: str
    page: int
    text: str


class CauseOpinionShape(ApiObject):
    """The cause according to one writer, with its evidence. `cause` is null if the writer does not decide."""

    writer: WriterShape
    cause: str | None
    title: str | None
    evidence: list[str]


class DiagnosisShape(ApiObject, rename={"alert": "alert_id", "device": "device_id"}):
    """A diagnosis of a device or an alert.

    `cause` is that of the built-in analyst, and null if the evidence is not sufficient. `outcome` says how definite it
    is: `named` (by `cause`), `possible` (`differential` has the causes that fit, none well enough to be named; never
    show one of them as the cause), `unknown` (no known cause fits) or `normal` (nothing is unusual). `differential` has
    other possible causes, and `deciding_check` is the one reading or inspection that decides between the likeliest two.
    `confidence` is the strength of the match, 0 to 1. `opinions` are the causes by analyst and model, which may differ.
    `summary` consists of checked observations. `struck` is the number of claims that the evidence does not support.
    `actions` and `confirm_by` are the analyst's; a model's advice is a claim. `quotes` are from manuals of the device's
    model. `instead_of` is the model that failed before `generated_by`. `awaits` is a local model that may replace this
    version until `awaits_until`.
    """

    id: str
    alert: str | None
    device: str
    summary: str
    outcome: Outcome
    cause: str | None
    component: str | None
    confidence: float
    match: Match | None
    evidence: list[EvidenceShape]
    against: list[str]
    claims: list[ClaimShape]
    actions: list[str]
    confirm_by: list[str]
    causes: list[CauseShape]
    differential: list[AlternativeShape]
    deciding_check: str | None
    generated_by: WriterShape
    instead_of: WriterShape | None
    quotes: list[QuoteShape]
    opinions: list[CauseOpinionShape]
    struck: int
    awaits: WriterShape | None
    awaits_until: int
    tokens_used: int
    took_ms: int
    created_at: int
