"""Having a diagnosis written, before the eyes of whoever looks on: a model's words as they come, each claim with its
verdict as soon as it is whole, and the built-in analyst's own when no model answers in the form asked for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any, cast

import msgspec

from hub.ai.base import ChatMessage, Completion, CompletionRequest
from hub.ai.builtin import BUILTIN
from hub.ai.providers import ProviderChain, ProviderProblem
from hub.diagnosis.partial_json import PartialDiagnosis
from hub.diagnosis.prompt import GeneratedDiagnosis, built_in_diagnosis, check_claims, parse_reply, request
from hub.errors import AiError
from hub.insight import narrate
from hub.insight.narrative import Statement
from hub.model import Alert, CauseMatch, Device, Diagnosis, Evidence, Quote
from hub.runtime.progress import ProgressStream

log = logging.getLogger(__name__)


_TOO_LITTLE_S = 0.5
"""With less time left than this no model is asked."""


class DiagnosisGenerator:
    """Knows no queue and no store."""

    def __init__(self, providers: ProviderChain) -> None:
        self._providers = providers

    async def write(
        self,
        run: ProgressStream,
        device: Device,
        alert: Alert | None,
        found: Sequence[Evidence],
        matches: Sequence[CauseMatch],
        waited_s: float = 0.0,
        quotes: Sequence[Quote] = (),
    ) -> GeneratedDiagnosis:
        """A provider's words if they can be read, else the built-in analyst's; checked either way. ``waited_s`` of the
        time for models is gone already."""
        started = time.monotonic()
        first = self._providers.describe("diagnosis")[:1]
        own = narrate(found, matches, device.titles())
        asked = request(device, alert, found, matches, own, self._providers.settings.max_tokens, quotes)
        written: GeneratedDiagnosis | None = None
        left_s = self._providers.settings.diagnosis_timeout_s - waited_s
        if first and first[0].generative and left_s >= _TOO_LITTLE_S:
            run.emit("start", writer=first[0])
            written = await self._by_model(
                run,
                asked,
                left_s,
                lambda answer: parse_reply(answer, device, found, matches, own),
                lambda said: check_claims([said], device, found)[0].supported,
            )
        if written is None:
            written = built_in_diagnosis(own, device, found)
            run.emit("start", writer=BUILTIN)
            run.emit("text", own.summary)
            for claim in written.claims:
                run.emit("cite", claim.text, evidence=claim.evidence, supported=claim.supported)
        run.emit("done", writer=written.writer)
        missed = first[0] if first and first[0] != written.writer else None
        return msgspec.structs.replace(_timed(written, asked, started), instead_of=missed)

    async def again(
        self, past: Diagnosis, device: Device, alert: Alert | None, model: str | None
    ) -> GeneratedDiagnosis:
        """The prompt of a diagnosis once more. Raises AiError where its model, or the one named, does not serve."""
        started = time.monotonic()
        own = narrate(past.evidence, past.causes, device.titles())
        asked = request(device, alert, past.evidence, past.causes, own, self._providers.settings.max_tokens)
        if past.prompt:
            asked = msgspec.structs.replace(asked, messages=tuple(ChatMessage(cast(Any, r), t) for r, t in past.prompt))
        answer = await self._providers.chat(asked, model=model or past.generated_by.model, role="diagnosis")
        if not answer.writer.generative:
            return built_in_diagnosis(own, device, past.evidence)
        return _timed(parse_reply(answer, device, past.evidence, past.causes, own), asked, started)

    async def _by_model(
        self,
        run: ProgressStream,
        asked: CompletionRequest,
        timeout_s: float,
        understand: Callable[[Completion], GeneratedDiagnosis],
        supported: Callable[[Statement], bool],
    ) -> GeneratedDiagnosis | None:
        """None where no model wrote what can be read. An alert without any explanation helps nobody, so even without
        fallback the rules' own one is written then."""
        reading = PartialDiagnosis()
        try:
            async with aclosing(
                cast(Any, self._providers.stream(asked, timeout_s=timeout_s, role="diagnosis"))
            ) as pieces:
                async for piece in pieces:
                    if isinstance(piece, ProviderProblem):
                        raise AiError(piece.message, "The built-in analyst writes instead.")
                    if isinstance(piece, Completion):
                        return understand(piece) if piece.writer.generative else None
                    words, claims = reading.feed(piece)
                    if words:
                        run.emit("text", words)
                    for said in filter(None, map(_statement, claims)):
                        run.emit("cite", said.text, evidence=said.evidence, supported=supported(said))
        except AiError as error:
            log.warning("the built-in analyst explains in a model's place: %s", error)
            run.emit("error", error.message)
        return None


def _timed(written: GeneratedDiagnosis, asked: CompletionRequest, started: float) -> GeneratedDiagnosis:
    prompt = tuple((m.role, m.text) for m in asked.messages) if written.writer.generative else ()
    return msgspec.structs.replace(written, prompt=prompt, took_ms=round((time.monotonic() - started) * 1000))


def _statement(claim: dict[str, Any]) -> Statement | None:
    text, ids = claim.get("text"), claim.get("evidence")
    if not isinstance(text, str) or not isinstance(ids, list):
        return None
    return Statement(text[:1000], tuple(str(i)[:8] for i in ids[:12]))
