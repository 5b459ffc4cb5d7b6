"""Ask a model to explain evidence: the prompt, and the required form of the answer.

An answer consists of statements that cite evidence. Statements contain no digits: for a number, time or direction, the
model writes a placeholder that the hub fills (:mod:`hub.diagnosis.placeholders`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.ai.base import ChatMessage, CompletionRequest
from hub.ai.prompt_isolation import RULES, fence
from hub.diagnosis.placeholders import NAMES, values_of
from hub.insight import Narrative, match_word
from hub.model import Alert, CauseMatch, Device, Evidence, Quote
from hub.rules.other_devices import hide_in_text

_MAX_STATEMENTS = 8
_NO_DIGITS = r'^[^0-9"\\\n\r\t]{12,240}$'
"""The regular expression for the text of a statement. It excludes digits, quotation marks and backslashes.

Quotation marks and backslashes are excluded because llama.cpp would write them into the JSON without escaping them.
"""

_SYSTEM = (
    "You are a maintenance engineer who explains an alert of an IoT device from computed findings. " + RULES + " "
    "Write plain English for the person on duty. Answer with the JSON object alone. `statements` are three to six "
    "sentences, each about the findings whose ids it cites in `evidence`. Do not write digits: where a number or a "
    "time belongs, write a placeholder, which is replaced with the value of the first cited finding that has it: "
    + ", ".join(f"{{{name}}}" for name in NAMES)
    + '. Example: "Vibration {direction} by {change} to {value} since {since}." `kind` is observation for what the '
    "findings say, inference for why it happens, advice for what to do. `cause` is one of the candidate causes, a "
    "short name of another cause, or null if the findings do not suffice; `cause_evidence` are the ids for it."
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
    """Return the request that asks a language model for a diagnosis.

    Args:
        device: The device that the diagnosis is about.
        alert: The alert to explain, or None to explain the current state.
        found: The evidence.
        matches: The known faults that fit the evidence.
        own: The built-in analyst's explanation, which is the answer if no language model is configured.
        max_tokens: Maximum length of the answer, in tokens.
        quotes: Passages from manuals.
    """
    info = device.info
    data: dict[str, Any] = {
        "device": {
            "id": device.id,
            "name": device.display_name,
            "model": info.model,
            "area": device.display_area,
        },
        "alert": alert
        and {
            # The diagnosis is shown to everybody who sees the device, also to people who do not see other devices.
            "message": hide_in_text(alert.message, lambda other: False),
            "severity": alert.severity,
            "metric": alert.metric,
        },
        "findings": [
            _fields(e, "id", "kind", "metric", "finding") | {"placeholders": list(values_of(e))} for e in found
        ],
        "candidate_causes": [
            _fields(m, "cause", "title", "supporting", "against") | {"match": match_word(m.score)} for m in matches
        ],
    }
    if quotes:
        data["manual"] = [{"file": q.filename, "page": q.page, "text": q.text} for q in quotes]

    async def plain() -> str:
        return own.summary

    messages = (ChatMessage("system", _SYSTEM), ChatMessage("user", fence("findings", data)))
    return CompletionRequest(messages, plain, schema=statement_schema([e.id for e in found]), max_tokens=max_tokens)


def _fields(thing: Evidence | CauseMatch, *fields: str) -> dict[str, Any]:
    return {field: getattr(thing, field) for field in fields}


def statement_schema(ids: Sequence[str]) -> dict[str, Any]:
    """Return the JSON schema for a model's answer.

    Statements can cite only the evidence with the given ``ids``, and their text must not contain digits. Not every
    model server enforces the schema.
    """
    cited = {"type": "array", "items": {"type": "string", "enum": list(ids) or ["none"]}, "maxItems": 6}
    statement = {
        "type": "object",
        "properties": {
            "evidence": {**cited, "minItems": 1},
            "kind": {"type": "string", "enum": ["observation", "inference", "advice"]},
            "text": {"type": "string", "pattern": _NO_DIGITS},
        },
        "required": ["evidence", "kind", "text"],
        "additionalProperties": False,
    }
    properties = {
        "statements": {"type": "array", "items": statement, "minItems": 1, "maxItems": _MAX_STATEMENTS},
        "cause": {"anyOf": [{"type": "string", "maxLength": 60}, {"type": "null"}]},
        "cause_evidence": cited,
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
