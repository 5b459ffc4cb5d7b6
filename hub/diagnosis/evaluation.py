"""Score diagnoses on cases with a known cause: how often a model, or the built-in analyst, names it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from hub.ai.providers import ProviderChain
from hub.diagnosis.generator import DiagnosisGenerator, Subject
from hub.diagnosis.reply import built_in_diagnosis
from hub.errors import AiError
from hub.insight import rank
from hub.insight.device_semantics import device_semantics
from hub.insight.signature import extended
from hub.model import Alert, Device, Diagnosis

MAX_FALL = 5.0
"""By how many points a score may fall below the earlier one."""


class EvaluationCase(msgspec.Struct, frozen=True):
    """A case: a diagnosis with its evidence, and the id of the cause that a person confirmed."""

    name: str
    device: Device
    alert: Alert
    diagnosis: Diagnosis
    cause: str

    def subject(self) -> Subject:
        """Return the subject of the case. If the device's metrics are known, rank the known faults again."""
        evidence, causes = self.diagnosis.evidence, list(self.diagnosis.causes)
        if self.device.metrics:
            read = device_semantics(self.device)
            causes = rank(evidence, extended(()), read.metrics, read.kinds)
        return Subject(self.device, self.alert, evidence, causes, self.diagnosis.quotes)


class CaseResult(msgspec.Struct, frozen=True):
    """The cause ``named`` in a case; None if no cause was named or no model answered."""

    name: str
    cause: str
    named: str | None
    among_three: bool


class EvaluationScore(msgspec.Struct, frozen=True):
    """The results of all cases. ``points`` are the cases with the right cause in percent."""

    results: list[CaseResult]

    @property
    def points(self) -> float:
        return 100 * sum(each.named == each.cause for each in self.results) / max(len(self.results), 1)

    @property
    def among_three(self) -> float:
        """Return the percentage of cases whose right cause is among the first three."""
        return 100 * sum(each.among_three for each in self.results) / max(len(self.results), 1)


def case_of(alert: Alert, diagnosis: Diagnosis | None, device: Device | None) -> EvaluationCase | None:
    """Return the case of an alert; None if no known cause is confirmed, or there is no diagnosis."""
    cause = alert.confirmed.cause if alert.confirmed else None
    if cause is None or diagnosis is None or device is None:
        return None
    return EvaluationCase(f"{device.display_name}, {alert.message}", device, alert, diagnosis, cause)


async def evaluate(
    cases: Sequence[EvaluationCase], providers: ProviderChain | None = None, model: str | None = None
) -> EvaluationScore:
    """Score the model with this name, using the current prompt; without a name, score the built-in analyst."""
    results = []
    for case in cases:
        subject = await asyncio.to_thread(case.subject)
        first = [match.cause for match in subject.causes[:3]]
        if providers is None or model is None:
            written = built_in_diagnosis(subject.narrative(), subject.device, subject.evidence, subject.causes)
            named = written.narrative.cause
        else:
            named = await _by_model(case, subject, providers, model)
        results.append(CaseResult(case.name, case.cause, named, case.cause in first or named == case.cause))
    return EvaluationScore(results)


async def _by_model(case: EvaluationCase, subject: Subject, providers: ProviderChain, model: str) -> str | None:
    asked = msgspec.structs.replace(case.diagnosis, prompt=())  # so that the current prompt is used
    try:
        written = await DiagnosisGenerator(providers).again(asked, subject, model)
    except AiError:
        return None
    return next((each.cause for each in written.opinions if each.writer.generative), None)
