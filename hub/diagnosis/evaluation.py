"""Score diagnoses: how often a language model, or the built-in analyst, names the cause that a person has confirmed."""

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
"""How many points a score may be below an earlier score before it counts as worse."""


class EvaluationCase(msgspec.Struct, frozen=True):
    """A case to score: an alert with its diagnosis and evidence, and the id of the cause that a person confirmed."""

    name: str
    device: Device
    alert: Alert
    diagnosis: Diagnosis
    cause: str

    def subject(self) -> Subject:
        """Return what a writer has to diagnose: the device, the alert, the evidence and the possible causes.

        If the device's metrics are known, the possible causes are ranked again with the current known faults. Otherwise
        they are those of the stored diagnosis.
        """
        evidence, causes = self.diagnosis.evidence, list(self.diagnosis.causes)
        if self.device.metrics:
            read = device_semantics(self.device)
            causes = rank(evidence, extended(()), read.metrics, read.kinds)
        return Subject(self.device, self.alert, evidence, causes, self.diagnosis.quotes)


class CaseResult(msgspec.Struct, frozen=True):
    """The result of one case: the confirmed ``cause``, and the cause that the diagnosis ``named``.

    ``named`` is None if the diagnosis names no cause or the model did not answer. ``among_three`` is True if the
    confirmed cause was named, or is among the three likeliest known faults.
    """

    name: str
    cause: str
    named: str | None
    among_three: bool


class EvaluationScore(msgspec.Struct, frozen=True):
    """The results of all cases. ``points`` is the percentage of cases whose confirmed cause was named."""

    results: list[CaseResult]

    @property
    def points(self) -> float:
        return 100 * sum(each.named == each.cause for each in self.results) / max(len(self.results), 1)

    @property
    def among_three(self) -> float:
        """Return the percentage of cases in which the confirmed cause was named or is among the three likeliest."""
        return 100 * sum(each.among_three for each in self.results) / max(len(self.results), 1)


def case_of(alert: Alert, diagnosis: Diagnosis | None, device: Device | None) -> EvaluationCase | None:
    """Return the case to score for an alert.

    Return None if no known cause is confirmed, or if the diagnosis or the device is missing.
    """
    cause = alert.confirmed.cause if alert.confirmed else None
    if cause is None or diagnosis is None or device is None:
        return None
    return EvaluationCase(f"{device.display_name}, {alert.message}", device, alert, diagnosis, cause)


async def evaluate(
    cases: Sequence[EvaluationCase], providers: ProviderChain | None = None, model: str | None = None
) -> EvaluationScore:
    """Let a model diagnose each case, and return how often it names the cause that a person confirmed.

    ``model`` is the name of the model, which gets the current prompt. Without ``providers`` or ``model``, the built-in
    analyst diagnoses the cases.
    """
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
