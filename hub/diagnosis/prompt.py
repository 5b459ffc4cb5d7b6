"""Putting findings into words: the request to a model, reading what it wrote, and the check of every claim.

A model gets the evidence with its ids and must cite them. What it wrote is parsed strictly; sentences of its summary
that the evidence does not bear out are taken out of the summary and kept as claims marked unsupported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from hub.ai.base import ChatMessage, Completion, CompletionRequest
from hub.ai.builtin import BUILTIN
from hub.ai.prompt_isolation import RULES, fence
from hub.bounds import decode_json_as
from hub.errors import AiError, Rejected
from hub.insight import Narrative, Vocabulary, check, decide, match_word
from hub.insight.claims import sentences
from hub.insight.narrative import Statement
from hub.model import Alert, CauseMatch, Claim, Device, Evidence, Quote, Writer

_MOST = 12
Text = Annotated[str, msgspec.Meta(max_length=1000)]


class GeneratedDiagnosis(msgspec.Struct, frozen=True):
    """A narrative with its checked claims, and who wrote it."""

    narrative: Narrative
    claims: tuple[Claim, ...]
    writer: Writer
    tokens: int
    prompt: tuple[tuple[str, str], ...] = ()
    took_ms: int = 0
    instead_of: Writer | None = None


class _Said(msgspec.Struct):
    text: Text
    evidence: list[Annotated[str, msgspec.Meta(max_length=8)]] = []


class _Reply(msgspec.Struct):
    """The form a model's answer must have; unknown fields are ignored."""

    summary: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    claims: list[_Said]
    cause: str | None = None
    actions: list[Text] = []
    confirm_by: list[Text] = []


_SYSTEM = (
    "You are a maintenance engineer who explains an alert of an IoT device from computed findings. " + RULES + " "
    "Write plain English for the person on duty. Each claim is one sentence and cites the ids of the findings it "
    "rests on; "
    "use only numbers, times and units that stand in the findings you cite, spelled as they stand there. "
    "`cause` is one of the candidate causes, or null if the findings do not suffice. Answer with the JSON object alone."
)


def request(
    device: Device,
    alert: Alert | None,
    found: Sequence[Evidence],
    matches: Sequence[CauseMatch],
    own: Narrative,
    max_tokens: int,
    quotes: Sequence[Quote] = (),
) -> CompletionRequest:
    """What is asked of a provider. ``own`` is the built-in analyst's narrative, which answers where no model does."""
    info = device.info
    told: dict[str, Any] = {
        "device": {
            "id": device.id,
            "name": device.display_name,
            "model": info.model,
            "area": device.display_area,
        },
        "alert": alert and {"message": alert.message, "severity": alert.severity, "metric": alert.metric},
        "findings": [_told(e, "id", "kind", "metric", "finding", "strength") for e in found],
        "candidate_causes": [
            _told(m, "cause", "title", "supporting", "against", "actions", "confirm_by")
            | {"match": match_word(m.score)}
            for m in matches
        ],
    }
    if quotes:
        told["manual"] = [{"file": q.filename, "page": q.page, "text": q.text} for q in quotes]

    async def plain() -> str:
        return own.summary

    messages = (ChatMessage("system", _SYSTEM), ChatMessage("user", fence("findings", told)))
    return CompletionRequest(messages, plain, schema=_schema(found, matches), max_tokens=max_tokens)


def _told(thing: Evidence | CauseMatch, *fields: str) -> dict[str, Any]:
    return {field: getattr(thing, field) for field in fields}


def _schema(found: Sequence[Evidence], matches: Sequence[CauseMatch]) -> dict[str, Any]:
    ids = [e.id for e in found] or ["none"]
    line = {"type": "string", "maxLength": 400}
    claim = {
        "type": "object",
        "properties": {
            "text": line,
            "evidence": {"type": "array", "items": {"type": "string", "enum": ids}, "minItems": 1, "maxItems": 6},
        },
        "required": ["text", "evidence"],
        "additionalProperties": False,
    }
    listed = {"type": "array", "items": line, "maxItems": 5}
    properties = {
        "summary": {"type": "string", "maxLength": 800},
        "cause": {"anyOf": [{"type": "string", "enum": [m.cause for m in matches]}, {"type": "null"}]}
        if matches
        else {"type": "null"},
        "claims": {"type": "array", "items": claim, "minItems": 1, "maxItems": 8},
        "actions": listed,
        "confirm_by": listed,
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def parse_reply(
    answer: Completion, device: Device, found: Sequence[Evidence], matches: Sequence[CauseMatch], own: Narrative
) -> GeneratedDiagnosis:
    """A model's answer as a checked narrative. Raises AiError if it is not the JSON that was asked for.

    The model may decline to name a cause, but it may not name one that the rules do not hold for likely: a cause is a
    rule match or none.
    """
    text = answer.text.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    try:
        reply = decode_json_as(text, _Reply)
    except Rejected:
        raise AiError(
            f"{answer.writer.provider} wrote no diagnosis in the form asked for.", "Try another model."
        ) from None
    chosen = decide(matches)
    cause = chosen.cause if chosen is not None and reply.cause == chosen.cause else None
    said = tuple(Statement(s.text, tuple(dict.fromkeys(s.evidence))) for s in reply.claims[:_MOST])
    claims = check_claims(said, device, found)
    every = tuple(e.id for e in found)
    good: list[str] = []
    bad: list[str] = []
    for sentence in sentences(reply.summary):
        (good if check(sentence, every, found, _vocabulary(device)) else bad).append(sentence)
    claims += tuple(Claim(sentence, (), False) for sentence in bad)
    summary = " ".join(good) if good else own.summary
    actions = tuple(reply.actions[:5]) or own.actions
    narrative = Narrative(summary, cause, said, actions, tuple(reply.confirm_by[:5]) or own.confirm_by)
    return GeneratedDiagnosis(narrative, claims, answer.writer, answer.tokens)


def built_in_diagnosis(own: Narrative, device: Device, found: Sequence[Evidence]) -> GeneratedDiagnosis:
    """The built-in analyst's narrative, held to the same check."""
    return GeneratedDiagnosis(own, check_claims(own.claims, device, found), BUILTIN, 0)


def check_claims(said: Sequence[Statement], device: Device, found: Sequence[Evidence]) -> tuple[Claim, ...]:
    """Each statement with the verdict of the check. Citations of findings that do not exist stay visible and count
    against."""
    words = _vocabulary(device)
    return tuple(Claim(s.text, s.evidence, check(s.text, s.evidence, found, words)) for s in said)


def _vocabulary(device: Device) -> Vocabulary:
    info = device.info
    names = (device.id, device.native_id, device.display_name, info.model, info.firmware, info.via, device.display_area)
    return Vocabulary(tuple(device.metrics), tuple(name for name in names if name), device.titles())
