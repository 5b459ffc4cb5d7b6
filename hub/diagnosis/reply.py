"""Convert a model's answer, which is JSON or prose, to a diagnosis, and check its claims against the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from hub import text_format as fmt
from hub.ai.base import Completion
from hub.ai.builtin import BUILTIN
from hub.bounds import decode_json_as
from hub.diagnosis.statements import WrittenStatement, check_analyst, judge, replacements, summary_of
from hub.errors import AiError, Rejected
from hub.insight import Narrative, decide
from hub.insight.claims import holds_number, sentences
from hub.model import CauseMatch, CauseOpinion, Claim, Device, Evidence, Writer

_MAX_STATEMENTS = 12
_MAX_TITLE = 80
Text = Annotated[str, msgspec.Meta(max_length=1000)]
_Id = Annotated[str, msgspec.Meta(max_length=8)]


class GeneratedDiagnosis(msgspec.Struct, frozen=True):
    """The text of a diagnosis, its checked claims, and who wrote it.

    Attributes:
        narrative: The summary, cause and actions.
        claims: The sentences of the diagnosis, each checked against the evidence.
        writer: The language model that wrote the text, or the built-in analyst.
        tokens: Number of tokens that the language model used; 0 for the built-in analyst.
        opinions: The cause that the built-in analyst names and the one that the language model names.
        prompt: The messages sent to the language model, as pairs of role and text. Empty for the built-in analyst.
        took_ms: How long the language model took, in ms; 0 for the built-in analyst.
        instead_of: The model that should have written the diagnosis but failed; None if none failed.
    """

    narrative: Narrative
    claims: tuple[Claim, ...]
    writer: Writer
    tokens: int
    opinions: tuple[CauseOpinion, ...] = ()
    prompt: tuple[tuple[str, str], ...] = ()
    took_ms: int = 0
    instead_of: Writer | None = None


class _Statement(msgspec.Struct):
    text: Text
    evidence: list[_Id] = []
    kind: Annotated[str, msgspec.Meta(max_length=20)] = ""


class _Reply(msgspec.Struct):
    """The form of a model's answer. Unknown fields are ignored.

    Attributes:
        statements: the statements, as the prompt requires; some models name this field ``claims``.
        summary: prose, from models that ignore the schema. Its sentences are checked like statements.
        cause, cause_evidence: the cause, and the ids of the evidence for it.
        actions, confirm_by: advice on what to do, and on how to confirm the cause.
    """

    statements: list[_Statement] = []
    claims: list[_Statement] = []
    summary: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    cause: str | UnsetType | None = UNSET
    cause_evidence: list[_Id] = []
    actions: list[Text] = []
    confirm_by: list[Text] = []


def parse_reply(
    answer: Completion, device: Device, found: Sequence[Evidence], matches: Sequence[CauseMatch], own: Narrative
) -> GeneratedDiagnosis:
    """Return a model's answer as a diagnosis, with its claims checked against the evidence.

    The cause and the actions of the diagnosis are those of the built-in analyst (``own``). The cause that the model
    names is added as an opinion, and its advice as claims. Raises AiError for an answer without a usable statement.
    """
    reply = _read(answer.text)
    every = tuple(e.id for e in found)
    if reply is None:
        claims = judge([WrittenStatement(text, every) for text in _prose(answer.text)], device, found)
        usable = any(claim.supported and claim.kind == "observation" for claim in claims)
        reply = _Reply()
    else:
        said = [
            WrittenStatement(each.text, tuple(dict.fromkeys(each.evidence)), each.kind)
            for each in (*reply.statements, *reply.claims)[:_MAX_STATEMENTS]
        ]
        claims = judge(said, device, found)
        told = {each.text for each in claims}
        rest = [WrittenStatement(text, every) for text in sentences(reply.summary)[:_MAX_STATEMENTS]]
        rest += [WrittenStatement(text, every, "advice") for text in (*reply.actions[:3], *reply.confirm_by[:3])]
        claims += judge([each for each in rest if each.text not in told], device, found)
        usable = bool(claims)
    if not usable:
        raise AiError(f"{answer.writer.provider} wrote no diagnosis in the required form.", "Try another model.")
    claims += replacements(claims, device, found)
    summary = summary_of(claims) or own.summary
    narrative = Narrative(summary, own.cause, own.claims, own.actions, own.confirm_by)
    opinions = (analyst_opinion(matches), *_opinion(reply, answer.writer, found, matches))
    return GeneratedDiagnosis(narrative, claims, answer.writer, answer.tokens, opinions)


def built_in_diagnosis(
    own: Narrative, device: Device, found: Sequence[Evidence], matches: Sequence[CauseMatch]
) -> GeneratedDiagnosis:
    """Return the text of the built-in analyst as a diagnosis. Its claims are checked like those of a model.

    Args:
        own: The text of the built-in analyst.
        device: The device that the text is about.
        found: The evidence that the text cites.
        matches: The known faults that fit the evidence. The analyst's opinion is chosen from them.
    """
    claims = check_analyst(own, device, found)
    return GeneratedDiagnosis(own, claims, BUILTIN, 0, (analyst_opinion(matches),))


def analyst_opinion(matches: Sequence[CauseMatch]) -> CauseOpinion:
    """Return the cause that the built-in analyst names, with the evidence for it.

    The cause in the result is None if no known fault fits the evidence well enough.
    """
    chosen = decide(matches)
    if chosen is None:
        return CauseOpinion(BUILTIN, None, None)
    return CauseOpinion(BUILTIN, chosen.cause, chosen.title, chosen.supporting)


def _read(text: str) -> _Reply | None:
    """Return the parsed answer; None if it is prose. Raises AiError for JSON that is not in the required form."""
    text = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        return decode_json_as(text, _Reply)
    except Rejected:
        raise AiError("The model wrote no diagnosis in the required form.", "Try another model.") from None


def _prose(text: str) -> list[str]:
    return [sentence[:1000] for sentence in sentences(text)[:_MAX_STATEMENTS]]


def _opinion(
    reply: _Reply, writer: Writer, found: Sequence[Evidence], matches: Sequence[CauseMatch]
) -> list[CauseOpinion]:
    """Return a list with the model's opinion on the cause; an empty list if the answer has no usable opinion.

    The cause in the opinion is None if the model says that no cause can be found. A cause that differs from the
    built-in analyst's must cite evidence. A cause that is not among the known faults must not contain a number.
    """
    known = {e.id for e in found}
    evidence = tuple(cited for cited in dict.fromkeys(reply.cause_evidence) if cited in known)
    if isinstance(reply.cause, UnsetType):
        return []
    if not reply.cause:
        return [CauseOpinion(writer, None, None, evidence)]
    match = next((match for match in matches if match.cause == reply.cause), None)
    agrees = match is not None and match == decide(matches)
    if not evidence and not agrees:
        return []
    if match is not None:
        return [CauseOpinion(writer, match.cause, match.title, evidence or match.supporting)]
    title = fmt.spoken(reply.cause)[:_MAX_TITLE]
    return [] if holds_number(title) else [CauseOpinion(writer, reply.cause[:_MAX_TITLE], title, evidence)]
