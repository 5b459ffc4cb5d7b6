"""Having a diagnosis written, before the eyes of whoever looks on: a model's words as they come, each claim with its
verdict as soon as it is whole, and the built-in analyst's own when no model answers in the form asked for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any, cast

import msgspec

from hub.ai.base import Answer, Message, Request
from hub.ai.builtin import BUILTIN
from hub.ai.providers import Broken, Providers
from hub.diagnosis.reading import Reading
from hub.diagnosis.writing import Written, by_rules, checked, request, understood
from hub.errors import AiError
from hub.insight import narrate
from hub.insight.narrative import Statement
from hub.model import Alert, CauseMatch, Device, Diagnosis, Evidence, Quote
from hub.runs import Run

log = logging.getLogger(__name__)


_TOO_LITTLE_S = 0.5
"""With less time left than this no model is asked."""


class DiagnosisWriter:
    """Knows no queue and no store."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    async def write(
        self,
        run: Run,
        device: Device,
        alert: Alert | None,
        found: Sequence[Evidence],
        matches: Sequence[CauseMatch],
        waited_s: float = 0.0,
        quotes: Sequence[Quote] = (),
    ) -> Written:
        """A provider's words if they can be read, else the built-in analyst's; checked either way. ``waited_s`` of the
        time for models is gone already."""
        started = time.monotonic()
        first = self._providers.describe("diagnosis")[:1]
        own = narrate(found, matches)
        asked = request(device, alert, found, matches, own, self._providers.settings.max_tokens, quotes)
        written: Written | None = None
        left_s = self._providers.settings.diagnosis_timeout_s - waited_s
        if first and first[0].generative and left_s >= _TOO_LITTLE_S:
            run.tell("start", writer=first[0])
            written = await self._by_model(
                run,
                asked,
                left_s,
                lambda answer: understood(answer, device, found, matches, own),
                lambda said: checked([said], device, found)[0].supported,
            )
        if written is None:
            written = by_rules(own, device, found)
            run.tell("start", writer=BUILTIN)
            run.tell("text", own.summary)
            for claim in written.claims:
                run.tell("cite", claim.text, evidence=claim.evidence, supported=claim.supported)
        run.tell("done", writer=written.writer)
        missed = first[0] if first and first[0] != written.writer else None
        return msgspec.structs.replace(_timed(written, asked, started), instead_of=missed)

    async def again(self, past: Diagnosis, device: Device, alert: Alert | None, model: str | None) -> Written:
        """The prompt of a diagnosis once more. Raises AiError where its model, or the one named, does not serve."""
        started = time.monotonic()
        own = narrate(past.evidence, past.causes)
        asked = request(device, alert, past.evidence, past.causes, own, self._providers.settings.max_tokens)
        if past.prompt:
            asked = msgspec.structs.replace(asked, messages=tuple(Message(cast(Any, r), t) for r, t in past.prompt))
        answer = await self._providers.chat(asked, model=model or past.generated_by.model, role="diagnosis")
        if not answer.writer.generative:
            return by_rules(own, device, past.evidence)
        return _timed(understood(answer, device, past.evidence, past.causes, own), asked, started)

    async def _by_model(
        self,
        run: Run,
        asked: Request,
        timeout_s: float,
        understand: Callable[[Answer], Written],
        supported: Callable[[Statement], bool],
    ) -> Written | None:
        """None where no model wrote what can be read. An alert without any explanation helps nobody, so even without
        fallback the rules' own one is written then."""
        reading = Reading()
        try:
            async with aclosing(
                cast(Any, self._providers.stream(asked, timeout_s=timeout_s, role="diagnosis"))
            ) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Broken):
                        raise AiError(piece.message, "The built-in analyst writes instead.")
                    if isinstance(piece, Answer):
                        return understand(piece) if piece.writer.generative else None
                    words, claims = reading.feed(piece)
                    if words:
                        run.tell("text", words)
                    for said in filter(None, map(_statement, claims)):
                        run.tell("cite", said.text, evidence=said.evidence, supported=supported(said))
        except AiError as error:
            log.warning("the built-in analyst explains in a model's place: %s", error)
            run.tell("error", error.message)
        return None


def _timed(written: Written, asked: Request, started: float) -> Written:
    prompt = tuple((m.role, m.text) for m in asked.messages) if written.writer.generative else ()
    return msgspec.structs.replace(written, prompt=prompt, took_ms=round((time.monotonic() - started) * 1000))


def _statement(claim: dict[str, Any]) -> Statement | None:
    text, ids = claim.get("text"), claim.get("evidence")
    if not isinstance(text, str) or not isinstance(ids, list):
        return None
    return Statement(text[:1000], tuple(str(i)[:8] for i in ids[:12]))
