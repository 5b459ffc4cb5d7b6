"""Measure how often a language model, or the built-in analyst, names the cause of an alert that a person confirmed."""

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
"""How many percentage points a score may be below an earlier score without counting as worse."""


class EvaluationCase(msgspec.Struct, frozen=True):
    """A case to score: an alert, its stored diagnosis, and the id of the cause that a person confirmed."""

    name: str
    device: Device
    alert: Alert
    diagnosis: Diagnosis
    cause: str

    def subject(self) -> Subject:
        """Return the input for a diagnosis: the device, the alert, the evidence and the possible causes.

        If the device has metrics, the possible causes are ranked again by the current known faults. Otherwise they are
        the causes of the stored diagnosis.
        """
        evidence, causes = self.diagnosis.evidence, list(self.diagnosis.causes)
        if self.device.metrics:
            read = device_semantics(self.device)
            causes = rank(evidence, extended(()), read.metrics, read.kinds, alert_metric=self.alert.metric)
        return Subject(self.device, self.alert, evidence, causes, self.diagnosis.quotes)


class CaseResult(msgspec.Struct, frozen=True):
    """The result of one case: the confirmed cause (``cause``), and the cause that the diagnosis names (``named``).

    ``named`` is None if the diagnosis names no cause or the model did not answer. ``among_three`` is True if the
    diagnosis names the confirmed cause, or if the confirmed cause is one of the three likeliest known faults.
    """

    name: str
    cause: str
    named: str | None
    among_three: bool


class EvaluationScore(msgspec.Struct, frozen=True):
    """The results of all cases. ``points`` is the percentage of cases whose diagnosis names the confirmed cause."""

    results: list[CaseResult]

    @property
    def points(self) -> float:
        return 100 * sum(each.named == each.cause for each in self.results) / max(len(self.results), 1)

    @property
    def among_three(self) -> float:
        """Return the percentage of cases in which the diagnosis or the three likeliest faults name the right cause."""
        return 100 * sum(each.among_three for each in self.results) / max(len(self.results), 1)


def case_of(alert: Alert, diagnosis: Diagnosis | None, device: Device | None) -> EvaluationCase | None:
    """Return the case to score for an alert.

    Return None if nobody has confirmed a known cause of the alert, or if ``diagnosis`` or ``device`` is None.
    """
    cause = alert.confirmed.cause if alert.confirmed else None
    if cause is None or diagnosis is None or device is None:
        return None
    return EvaluationCase(f"{device.display_name}, {alert.message}", device, alert, diagnosis, cause)


async def evaluate(
    cases: Sequence[EvaluationCase], providers: ProviderChain | None = None, model: str | None = None
) -> EvaluationScore:
    """Let the model with the name ``model`` diagnose each case, and return how often it names the confirmed cause.

    The model gets the current prompt, not the prompt of the stored diagnosis. If ``providers`` or ``model`` is None,
    the built-in analyst diagnoses the cases.
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
        written = await DiagnosisGenerator(providers).repeat(asked, subject, model)
    except AiError:
        return None
    return next((each.cause for each in written.opinions if each.writer.generative), None)
