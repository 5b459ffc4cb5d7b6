"""Generate the text of a diagnosis: by a model if one answers in the required form, else by the built-in analyst.

While a model writes, each statement is sent to the dashboard as soon as it is complete, marked as supported by the
evidence or not.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from contextlib import aclosing
from typing import Any, cast

import msgspec

from hub.ai.base import ChatMessage, Completion, CompletionRequest
from hub.ai.builtin import BUILTIN
from hub.ai.providers import ProviderChain, ProviderProblem
from hub.diagnosis.partial_json import PartialStatements
from hub.diagnosis.prompt import request
from hub.diagnosis.reply import GeneratedDiagnosis, built_in_diagnosis, parse_reply
from hub.diagnosis.statements import WrittenStatement, judge
from hub.errors import AiError
from hub.insight import Narrative, narrate
from hub.model import Alert, CauseMatch, Device, Diagnosis, Evidence, Quote, Writer
from hub.runtime.progress import ProgressStream

log = logging.getLogger(__name__)

_MIN_TIME_S = 0.5
"""If less than this time (s) is left until the timeout, no model is asked."""


class Subject(msgspec.Struct, frozen=True):
    """The input for a diagnosis: the device, the alert, the evidence and the possible causes.

    ``alert`` is None if the current state of the device is diagnosed. ``quotes`` are passages from manuals.
    """

    device: Device
    alert: Alert | None
    evidence: Sequence[Evidence]
    causes: Sequence[CauseMatch]
    quotes: Sequence[Quote] = ()

    def narrative(self) -> Narrative:
        """Return the built-in analyst's explanation."""
        return narrate(self.evidence, self.causes, self.device.titles(), alerted=self.alert is not None)


class DiagnosisGenerator:
    """Asks language models for diagnoses. It neither queues nor stores them."""

    def __init__(self, providers: ProviderChain) -> None:
        self._providers = providers

    @property
    def local_timeout_s(self) -> float:
        """Return how long (s) a local model may take for one diagnosis."""
        return self._providers.settings.local_diagnosis_timeout_s

    def local_writer(self) -> Writer | None:
        """Return the first local language model that is configured to write diagnoses; None if there is none."""
        local = self._providers.local()
        writers = self._providers.describe("diagnosis")
        return next((w for w in writers if w.generative and w.provider in local), None)

    async def write(self, run: ProgressStream, subject: Subject, waited_s: float = 0.0) -> GeneratedDiagnosis:
        """Return the diagnosis of the first remote model that answers in time, else that of the built-in analyst.

        Local models are not asked, because they may need minutes (see :meth:`write_locally`). ``waited_s`` (the time
        that the alert has waited, in seconds) is subtracted from the timeout. The progress is sent to ``run``.
        """
        local = self._providers.local()
        remote = [w for w in self._providers.describe("diagnosis") if w.generative and w.provider not in local]
        left_s = self._providers.settings.diagnosis_timeout_s - waited_s
        written: GeneratedDiagnosis | None = None
        if remote and left_s >= _MIN_TIME_S:
            written = await self._by_model(run, subject, left_s, remote)
        if written is None:
            written = built_in_diagnosis(subject.narrative(), subject.device, subject.evidence, subject.causes)
            run.emit("start", writer=BUILTIN)
            run.emit("text", written.narrative.summary)
            for claim in written.claims:
                run.emit("cite", claim.text, evidence=claim.evidence, supported=claim.supported)
        run.emit("done", writer=written.writer)
        missed = remote[0] if remote and remote[0] != written.writer else None
        return msgspec.structs.replace(written, instead_of=missed)

    async def write_locally(self, run: ProgressStream, subject: Subject) -> GeneratedDiagnosis | None:
        """Return the diagnosis of a local model; None if no local model answers in time and in the required form."""
        local = self._providers.local()
        writers = [w for w in self._providers.describe("diagnosis") if w.generative and w.provider in local]
        written = await self._by_model(run, subject, self.local_timeout_s, writers) if writers else None
        if written is not None:
            run.emit("done", writer=written.writer)
        return written

    async def repeat(self, past: Diagnosis, subject: Subject, model: str | None) -> GeneratedDiagnosis:
        """Send the stored prompt of the diagnosis ``past`` to a model again, and return the new diagnosis.

        ``model`` is the name of the model; if it is None, the model that wrote ``past`` is asked. If ``past`` has no
        stored prompt, the current prompt is used.

        Raises:
            UnknownModel: no provider has the model.
            Forbidden: the person's role may not use the model.
            AiError: the model does not answer, or its answer has no usable statement.
        """
        started = time.monotonic()
        own = subject.narrative()
        asked = self._request(subject, own)
        if past.prompt:
            asked = msgspec.structs.replace(asked, messages=tuple(ChatMessage(cast(Any, r), t) for r, t in past.prompt))
        chosen = model or past.generated_by.model
        local = self._providers.local()
        timeout_s = self.local_timeout_s if local else None
        answer = await self._providers.chat(asked, model=chosen, role="diagnosis", timeout_s=timeout_s)
        if not answer.writer.generative:
            return built_in_diagnosis(own, subject.device, subject.evidence, subject.causes)
        read = await asyncio.to_thread(parse_reply, answer, subject.device, subject.evidence, subject.causes, own)
        return _timed(read, asked, started)

    def _request(self, subject: Subject, own: Narrative) -> CompletionRequest:
        max_tokens = self._providers.settings.max_tokens
        s = subject
        return request(s.device, s.alert, s.evidence, s.causes, own, max_tokens, s.quotes)

    async def _by_model(
        self, run: ProgressStream, subject: Subject, timeout_s: float, writers: Sequence[Writer]
    ) -> GeneratedDiagnosis | None:
        """Return the diagnosis of the first model in ``writers`` that answers; None if there is no usable answer.

        ``timeout_s`` limits the time for the answer, in seconds. The progress is sent to ``run``.
        """
        started = time.monotonic()
        own = subject.narrative()
        asked = self._request(subject, own)
        run.emit("start", writer=writers[0])
        try:
            answer = await self._streamed(run, subject, asked, timeout_s, {w.provider for w in writers})
            if answer is None or not answer.writer.generative:
                return None
            read = await asyncio.to_thread(parse_reply, answer, subject.device, subject.evidence, subject.causes, own)
            return _timed(read, asked, started)
        except AiError as error:
            log.warning("No diagnosis by %s (%s). The built-in analyst writes it.", writers[0].model, error)
            run.emit("error", error.message)
            return None

    async def _streamed(
        self, run: ProgressStream, subject: Subject, asked: CompletionRequest, timeout_s: float, only: Collection[str]
    ) -> Completion | None:
        reading = PartialStatements()
        pieces = self._providers.stream(asked, timeout_s=timeout_s, role="diagnosis", only=only)
        async with aclosing(cast(Any, pieces)) as stream:
            async for piece in stream:
                if isinstance(piece, ProviderProblem):
                    raise AiError(piece.message, "The built-in analyst writes instead.")
                if isinstance(piece, Completion):
                    return piece
                said = [statement for each in reading.feed(piece) if (statement := _statement(each)) is not None]
                if said:
                    await self._tell(run, subject, said)
        return None

    async def _tell(self, run: ProgressStream, subject: Subject, said: Sequence[WrittenStatement]) -> None:
        """Send the statements of a diagnosis to the listeners of ``run``.

        Each statement is sent as a ``cite`` step, which says whether the evidence supports it. A supported observation
        is also sent as a ``text`` step, because it becomes part of the summary.
        """
        for claim in await asyncio.to_thread(judge, said, subject.device, subject.evidence):
            if claim.supported and claim.kind == "observation":
                run.emit("text", f"{claim.text} ")
            run.emit("cite", claim.text, evidence=claim.evidence, supported=claim.supported)


def _timed(written: GeneratedDiagnosis, asked: CompletionRequest, started: float) -> GeneratedDiagnosis:
    prompt = tuple((m.role, m.text) for m in asked.messages) if written.writer.generative else ()
    return msgspec.structs.replace(written, prompt=prompt, took_ms=round((time.monotonic() - started) * 1000))


def _statement(found: dict[str, Any]) -> WrittenStatement | None:
    text, ids, kind = found.get("text"), found.get("evidence"), found.get("kind")
    if not isinstance(text, str) or not isinstance(ids, list):
        return None
    return WrittenStatement(text[:1000], tuple(str(i)[:8] for i in ids[:12]), kind if isinstance(kind, str) else "")
