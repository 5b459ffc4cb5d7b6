"""Compute the evidence and the matching known faults for a diagnosis, and build the diagnosis that is stored."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from hub.diagnosis.generator import Subject
from hub.diagnosis.reply import GeneratedDiagnosis
from hub.insight import InvestigationInput, Signature, evidence, rank
from hub.insight.past_alerts import proven_actions
from hub.model import CauseMatch, Diagnosis, Evidence


def evidence_and_causes(
    case: InvestigationInput, signatures: Sequence[Signature]
) -> tuple[list[Evidence], list[CauseMatch]]:
    """Return the evidence found in the input of a diagnosis, and the known faults that fit it, the best match first."""
    found = evidence(case)
    metric = case.alert.metric if case.alert else None
    return found, rank(found, signatures, case.semantics, case.kinds, alarmed=not case.calm, alert_metric=metric)


def diagnosis_of(subject: Subject, written: GeneratedDiagnosis, now: int) -> Diagnosis:
    """Return the diagnosis to store: the evidence of ``subject`` and the text ``written``. ``now`` is in epoch ms."""
    narrative, alert = written.narrative, subject.alert
    chosen = next((m for m in subject.causes if m.cause == narrative.cause), None)
    return Diagnosis(
        id=f"d-{uuid.uuid4().hex[:16]}",
        alert=alert.id if alert else None,
        device=subject.device.id,
        summary=narrative.summary,
        cause=narrative.cause,
        component=chosen.component if chosen else None,
        confidence=chosen.score if chosen else 0.0,
        evidence=tuple(subject.evidence),
        against=chosen.against if chosen else (),
        claims=written.claims,
        actions=(*proven_actions(subject.evidence), *narrative.actions),
        confirm_by=narrative.confirm_by,
        causes=tuple(subject.causes),
        generated_by=written.writer,
        tokens_used=written.tokens,
        created_at=now,
        prompt=written.prompt,
        took_ms=written.took_ms,
        instead_of=written.instead_of,
        quotes=tuple(subject.quotes),
        opinions=written.opinions,
    )
