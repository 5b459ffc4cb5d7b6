"""Check the statements of a model or of the built-in analyst against the evidence.

The hub decides whether a statement is an observation, an inference or advice, whether the evidence supports it, and
which value it is about. It does not rely on the writer for this.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.diagnosis.placeholders import fill
from hub.insight import Narrative, Vocabulary
from hub.insight.claims import holds_number, kind_of, verify
from hub.insight.device_semantics import device_semantics
from hub.model import Claim, ClaimRelation, Device, Evidence

_MAX_REPLACED = 6
_MAX_SUMMARY = 3
_MAX_CITED = 3
"""A sentence that cites more evidence items than this is not regarded as a report of each of them."""
_RELATIONS: dict[str, ClaimRelation] = {"steady": "steady", "stuck": "steady", "silent": "ended", "order": "before"}


class WrittenStatement(msgspec.Struct, frozen=True):
    """A sentence as a model or the analyst wrote it, with the ids of the evidence that it cites.

    ``kind`` is the writer's own classification: observation, inference or advice.
    """

    text: str
    evidence: tuple[str, ...]
    kind: str = ""


def judge(said: Sequence[WrittenStatement], device: Device, found: Sequence[Evidence]) -> tuple[Claim, ...]:
    """Return each statement as a claim, which says whether the evidence in ``found`` supports it."""
    vocabulary = vocabulary_of(device)
    return tuple(_judged(each, device, found, vocabulary) for each in said)


def check_analyst(own: Narrative, device: Device, found: Sequence[Evidence]) -> tuple[Claim, ...]:
    """Return the claims in the built-in analyst's text (``own``), each checked against the evidence (``found``).

    All claims of the analyst are observations.
    """
    vocabulary = vocabulary_of(device)
    claims = []
    for said in own.claims:
        reason = verify(said.text, said.evidence, found, vocabulary).reason
        claim = Claim(said.text, said.evidence, not reason, reason=reason)
        claims.append(_with_data(claim, device, [e for i in said.evidence for e in found if e.id == i]))
    return tuple(claims)


def replacements(claims: Sequence[Claim], device: Device, found: Sequence[Evidence]) -> tuple[Claim, ...]:
    """Return sentences, written by the hub, that replace observations which the evidence does not support.

    A replacement states correctly the evidence that the observation cites. Evidence that a supported observation
    already reports gets no replacement.
    """
    kept = [claim for claim in claims if claim.supported and claim.kind == "observation"]
    told = {cited for claim in kept if len(claim.evidence) <= _MAX_CITED for cited in claim.evidence}
    wrong = [claim for claim in claims if not claim.supported and claim.kind == "observation"]
    by_id = {e.id: e for e in found}
    wanted: dict[str, Evidence] = {}
    for claim in wrong:
        cited = [by_id[i] for i in claim.evidence if i in by_id and by_id[i].metric == claim.metric]
        wanted |= {e.id: e for e in cited[:1] if e.id not in told}
    written = list(wanted.values())[:_MAX_REPLACED]
    return tuple(
        msgspec.structs.replace(_with_data(Claim(_sentence(e.finding), (e.id,), True), device, [e]), by_hub=True)
        for e in written
    )


def summary_of(claims: Sequence[Claim]) -> str:
    """Return the first three supported observations as a summary; an empty text if there are none."""
    kept = [claim.text for claim in claims if claim.supported and claim.kind == "observation"]
    return " ".join(_sentence(text) for text in dict.fromkeys(kept[:_MAX_SUMMARY]))


def vocabulary_of(device: Device) -> Vocabulary:
    """Return the names of a device and its metrics that may occur in a sentence about the device."""
    info = device.info
    names = (device.id, device.native_id, device.display_name, info.model, info.firmware, info.via, device.display_area)
    return Vocabulary(tuple(device.metrics), tuple(name for name in names if name), device.titles())


def _judged(said: WrittenStatement, device: Device, found: Sequence[Evidence], vocabulary: Vocabulary) -> Claim:
    cited = [e for i in said.evidence for e in found if e.id == i]
    text = fill(said.text, cited)
    if text is None:
        reason = "its evidence does not have the value that it refers to"
        return _with_data(Claim(said.text, said.evidence, False, reason=reason), device, cited)
    verdict = verify(text, said.evidence, found, vocabulary)
    kind = kind_of(text, verdict, said.kind)
    reason = verdict.reason
    if kind == "inference" and not reason and holds_number(text):
        reason = "an opinion must not contain numbers"
    claim = Claim(text, said.evidence, not reason, kind, reason)
    if kind != "observation":
        return claim
    named = next((outcome.metric for outcome in verdict.outcomes if outcome.metric), None)
    return _with_data(claim, device, [e for e in cited if named is None or e.metric == named] or cited)


def _with_data(claim: Claim, device: Device, cited: Sequence[Evidence]) -> Claim:
    """Return the claim with the metric, value, unit and times of the evidence that it cites.

    They are those of the first cited item with a metric or, if no item has a metric, of the first item.
    """
    if not cited:
        return claim
    e = next((each for each in cited if each.metric is not None), cited[0])
    semantics = device_semantics(device).metrics.get(e.metric or "")
    return msgspec.structs.replace(
        claim,
        metric=e.metric,
        quantity=semantics.quantity if semantics else None,
        relation=_relation(e),
        value=e.value,
        unit=e.unit,
        start=e.start,
        end=e.end,
    )


def _relation(e: Evidence) -> ClaimRelation | None:
    number = e.value if isinstance(e.value, float) else None
    if e.kind == "over_limit":
        return "above" if e.params.get("is_above", True) else "below"
    if e.kind in ("onset", "step", "jump", "slope", "level") and number is not None:
        return "rose" if number > 0 else "fell"
    if e.kind in ("deviation", "peers") and number is not None:
        return "above" if number > 0 else "below"
    if e.kind in ("stays_on", "running"):
        return "open" if " open" in e.finding else "on"
    if e.kind in ("stays_off", "idle"):
        return "closed" if " closed" in e.finding else "off"
    return _RELATIONS.get(e.kind)


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
