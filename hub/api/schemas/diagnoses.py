"""Diagnoses as the API returns them: evidence, claims, causes and writers. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Any, Literal

from hub.api.schemas.api_object import ApiObject
from hub.model import CauseNature, ClaimKind, ClaimRelation, Value

Match = Literal["strong", "medium", "weak"]
Outcome = Literal["named", "possible", "unknown", "normal"]


class EvidenceShape(ApiObject, rename={"device": "device_id", "start": "from", "end": "to"}):
    """A finding computed from the telemetry between `from` and `to`.

    `params` are the values in the sentence `finding`. With `kind` and `params`, a client can write the sentence in
    another language.
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
    """A sentence of a diagnosis, the ids of the evidence that it cites, and whether this evidence supports it.

    - `kind`: the hub's classification of the sentence. An observation was compared with the evidence, an inference is
      the writer's opinion about a cause, and advice says what to do
    - `reason`: why the evidence does not support the sentence
    - `by_hub`: true for a sentence that the hub wrote in place of an unsupported one
    - `metric`, `quantity`, `relation`, `value`, `unit`, `from`, `to`: the statement of an observation as data, taken
      from the evidence
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
    """Another cause that matches in part. `check` says how to tell this cause from the likeliest cause."""

    cause: str
    title: str
    component: str | None
    nature: CauseNature
    match: Match
    check: str


class CauseShape(ApiObject):
    """A possible cause.

    `score` says from 0 to 1 how well the evidence matches the cause. It is not a probability, so show users the word in
    `match` instead. `nature` is `fault` if something is broken, `act` if a person or a program did something, and
    `process` if demand, supply, weather or the number of people changed. `explain` says why the cause produces these
    symptoms.
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
    """The cause that one writer found, with its evidence. `cause` is null if the writer does not decide on one."""

    writer: WriterShape
    cause: str | None
    title: str | None
    evidence: list[str]


class DiagnosisShape(ApiObject, rename={"alert": "alert_id", "device": "device_id"}):
    """A diagnosis of a device or an alert.

    `cause` is the cause that the built-in analyst found, null if the evidence is not sufficient. `outcome` says how
    definite it is: `named` (`cause` is the cause), `possible` (several causes in `differential` fit, none well enough
    to be named; never show one of them as the cause), `unknown` (no known cause fits) or `normal` (nothing is unusual).
    `differential` has other possible causes. `deciding_check` is the one reading or inspection that decides between the
    two likeliest causes. `confidence` is the strength of the match, 0 to 1. `opinions` has the cause that the analyst
    found and those of the models; they may differ. `summary` consists of checked observations. `struck` is the number
    of claims that the evidence does not support. `actions` and `confirm_by` come from the analyst; the advice of a
    model is a claim. `quotes` come from manuals of the device's model. `instead_of` is the model that failed before
    `generated_by` wrote the diagnosis. `awaits` is a local model that may replace this diagnosis until the time
    `awaits_until`.
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
