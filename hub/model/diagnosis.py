"""The diagnosis of an alert: evidence computed from telemetry, and the explanation written from it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.model.quote import Quote
from hub.model.reading import Value

EvidenceKind = Literal[
    "alone",
    "at_end",
    "changed",
    "clock",
    "contradicted",
    "cycling",
    "deviation",
    "gap",
    "gateway",
    "history",
    "hunting",
    "idle",
    "incident",
    "jump",
    "level",
    "mode",
    "moved_with",
    "onset",
    "order",
    "over_limit",
    "past",
    "peers",
    "running",
    "silent",
    "slope",
    "steady",
    "stays_off",
    "stays_on",
    "step",
    "stuck",
    "unbalanced",
]
"""The method that found the evidence."""


class Evidence(msgspec.Struct, frozen=True):
    """Finding computed from telemetry.

    ``params`` are the values in ``finding``, unformatted, so that the sentence can be written in another language.
    Names that end in ``_at`` are times (epoch ms), those in ``_ms`` are durations. Other numbers are in ``unit``.
    """

    id: str  # ``e1``, ``e2``, ...: what claims cite
    kind: str  # the method: ``onset``, ``slope``, ``over_limit``, ``deviation``, ``moved_with``, ``peers``, ...
    device: str  # whose telemetry it was computed from
    metric: str | None
    finding: str  # one sentence
    value: Value | None  # the number in ``finding``
    unit: str | None
    start: int  # the range of telemetry
    end: int
    strength: float  # 0 to 1
    params: dict[str, Any] = {}


CauseNature = Literal["fault", "act", "process", "normal"]
"""``fault``: something is broken. ``act``: a person or a program did it (a door, a mode, a set point, a load).
``process``: demand, supply, weather or people changed. ``normal``: this is usual for the operation.
"""


class CauseMatch(msgspec.Struct, frozen=True):
    """How well a known cause matches the evidence. ``score`` (0 to 1) is a match strength, not a probability."""

    cause: str
    title: str
    component: str | None
    score: float
    supporting: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    confirm_by: tuple[str, ...] = ()
    nature: CauseNature = "fault"
    log_odds: float | None = (
        None  # of this cause against an unknown cause; a lack of tests or symptoms limits only ``score``
    )
    explain: str = ""  # why the cause produces these symptoms
    distinguish: dict[str, str] = {}  # for each other cause, the reading or check that tells it from this one


ClaimKind = Literal["observation", "inference", "advice"]
"""An observation is compared with the evidence. An inference is an opinion on causes. Advice says what to do."""
ClaimRelation = Literal[
    "above", "below", "rose", "fell", "changed", "steady", "began", "ended", "on", "off", "open", "closed", "before",
    "after", "equals",
]  # fmt: skip
"""What an observation says about its metric."""


class Claim(msgspec.Struct, frozen=True):
    """A sentence of a diagnosis, with the ids of the evidence that it cites.

    The fields from ``metric`` to ``end`` hold the statement as data. The hub takes them from the evidence, not from the
    sentence.
    """

    text: str
    evidence: tuple[str, ...]
    supported: bool  # the evidence does not contradict ``text``, and gives every number in it
    kind: ClaimKind = "observation"  # determined by the hub
    reason: str = ""  # why the claim is not supported
    by_hub: bool = False  # the hub wrote it from the evidence in place of a sentence that is not supported
    metric: str | None = None
    quantity: str | None = None  # what the metric measures
    relation: ClaimRelation | None = None
    value: Value | None = None
    unit: str | None = None
    start: int | None = None
    end: int | None = None


class Writer(msgspec.Struct, frozen=True):
    """The author of a text. `generative` is false for the built-in analyst, which uses rules and statistics."""

    provider: str
    model: str
    generative: bool


class CauseOpinion(msgspec.Struct, frozen=True):
    """The cause of an alert in the opinion of one writer: a language model or the built-in analyst.

    ``evidence`` has the ids of the findings that the writer cites.
    """

    writer: Writer
    cause: str | None  # None if the writer does not decide; a word of the writer's own if it is no known cause
    title: str | None
    evidence: tuple[str, ...] = ()


class Diagnosis(msgspec.Struct, frozen=True):
    """Explanation of an alert, or of the state of a device. The hub has checked its claims against the evidence."""

    id: str
    alert: str | None  # None for a diagnosis requested for a device without an alert
    device: str
    summary: str
    cause: str | None  # by rules and statistics; None if the evidence is not sufficient
    component: str | None
    confidence: float
    evidence: tuple[Evidence, ...]
    against: tuple[str, ...]
    claims: tuple[Claim, ...]
    actions: tuple[str, ...]
    confirm_by: tuple[str, ...]
    causes: tuple[CauseMatch, ...]  # best first
    generated_by: Writer
    tokens_used: int
    created_at: int
    prompt: tuple[tuple[str, str], ...] = ()  # the model's input as ``(role, text)``, which makes it reproducible
    took_ms: int = 0
    instead_of: Writer | None = None  # the model that failed, so that another writer wrote this
    quotes: tuple[Quote, ...] = ()  # from manuals of the device's model
    opinions: tuple[CauseOpinion, ...] = ()  # of the built-in analyst, and of the model that wrote the diagnosis
    awaits: Writer | None = None  # a model that is still writing; its diagnosis will replace this one
    awaits_until: int = 0  # until when the hub waits for that model
