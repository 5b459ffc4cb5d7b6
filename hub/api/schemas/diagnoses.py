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
    - `metric`, `quantity`, `relation`, `value`, `unit`, `from`, `to`: what an observation says, in parts that a program
      can read, such as the metric and its value; taken from the evidence
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
    """A diagnosis of a device or an alert. The built-in analyst uses no language model.

    - `cause`: the cause that the built-in analyst found; null if the evidence is not sufficient
    - `outcome`: how definite `cause` is. `named`: it is the cause; `possible`: several causes in `differential` fit,
      none well enough to be named, so never show one of them as the cause; `unknown`: no known cause fits; `normal`:
      nothing is unusual
    - `confidence`: how well the evidence matches the cause, from 0 to 1
    - `differential`: other possible causes
    - `deciding_check`: the one reading or inspection that decides between the two likeliest causes
    - `opinions`: the cause that the built-in analyst found and the causes that models found; they may differ
    - `summary`: consists of checked observations
    - `struck`: the number of claims that the evidence does not support
    - `actions`, `confirm_by`: advice of the built-in analyst. The advice of a model is in `claims`
    - `quotes`: quotes from manuals of the device's model
    - `instead_of`: the model that failed before `generated_by` wrote the diagnosis
    - `awaits`: a local model that may replace this diagnosis until the time `awaits_until`
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
