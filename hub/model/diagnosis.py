"""Why it is alarming: findings computed from the telemetry, and what was written from them."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.model.quote import Quote
from hub.model.reading import Value


class Evidence(msgspec.Struct, frozen=True):
    """One finding, computed and never guessed. ``id`` (``e1``, ``e2``, ...) is what claims cite.

    ``kind`` is the method (``onset``, ``slope``, ``over_limit``, ``deviation``, ``moved_with``, ``peers``,
    ``quality``, ...); ``finding`` a sentence; ``value`` its number in ``unit``; ``start`` and ``end`` (ms) the range of
    telemetry it was read from; ``strength`` 0 to 1; ``device`` the device it was read from. ``params`` hold what the
    sentence of this kind says, unformatted, so that it can be written in another language: ``..._at`` are times in ms
    since 1970, ``..._ms`` lengths of time, the rest is in ``unit`` of the metric.
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
    params: dict[str, Any] = {}


class CauseMatch(msgspec.Struct, frozen=True):
    """How well one known cause fits the evidence: ``score`` 0 to 1 is rule-match strength, not a probability."""

    cause: str
    title: str
    component: str | None
    score: float
    supporting: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    confirm_by: tuple[str, ...] = ()


class Claim(msgspec.Struct, frozen=True):
    """One sentence of a diagnosis with the evidence it cites. ``supported`` is the hub's check, not the
    writer's word: every number in ``text`` stands in the cited evidence."""

    text: str
    evidence: tuple[str, ...]
    supported: bool


class Writer(msgspec.Struct, frozen=True):
    """Who wrote a text. ``generative`` is False for the built-in analyst, which is rules and statistics."""

    provider: str
    model: str
    generative: bool


class Diagnosis(msgspec.Struct, frozen=True):
    """A checked explanation. ``cause`` is None where the evidence does not suffice; ``alert`` is None for a
    diagnosis that somebody asked for without one. ``causes`` ranks the alternatives. ``prompt`` is what a model was
    asked, as ``(role, text)``: with the evidence it makes the diagnosis repeatable. ``instead_of`` should have
    written it and could not. ``quotes`` stand in the manuals of the device's model."""

    id: str
    alert: str | None
    device: str
    summary: str
    cause: str | None
    component: str | None
    confidence: float
    evidence: tuple[Evidence, ...]
    against: tuple[str, ...]
    claims: tuple[Claim, ...]
    actions: tuple[str, ...]
    confirm_by: tuple[str, ...]
    causes: tuple[CauseMatch, ...]
    generated_by: Writer
    tokens_used: int
    created_at: int
    prompt: tuple[tuple[str, str], ...] = ()
    took_ms: int = 0
    instead_of: Writer | None = None
    quotes: tuple[Quote, ...] = ()
