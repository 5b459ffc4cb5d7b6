"""The providers in their order of use: who is asked first in which role, who takes over, who is left alone for a while.

The built-in analyst comes last and always answers, unless ``fallback`` is off or the request names a model. It writes
down no speech: there the caller has its own last resort.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, cast

import msgspec

from hub.ai.base import AiSettings, Completion, CompletionRequest, Picture, Piece, Provider, Recording, Role
from hub.ai.budget import Budget, Price
from hub.ai.builtin import BUILTIN, BuiltinProvider
from hub.ai.provider_client import ProviderClient
from hub.errors import AiError, AiUnavailable
from hub.model import Writer


class ProviderProblem(msgspec.Struct, frozen=True):
    """The last piece of a stream that broke off after it had begun: ``message`` says why."""

    message: str


class ProviderChain:
    """``ordered`` without the built-in analyst, which is added at the end if ``fallback`` (or if it is alone)."""

    def __init__(
        self,
        *,
        ordered: Sequence[Provider],
        settings: AiSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
        budget: Budget | None = None,
    ) -> None:
        self.settings = settings or AiSettings()
        self.budget = budget or Budget(self.settings)
        self._clock = clock
        self._builtin = BuiltinProvider()
        self._set(ordered)

    def _set(self, ordered: Sequence[Provider]) -> None:
        prices = {s.name: Price(s.price_in or 0.0, s.price_out or 0.0) for s in self.settings.servers}
        self._last = ProviderClient(self._builtin, self._clock, self.budget, Price(), retries=0)
        self._lines = [
            ProviderClient(p, self._clock, self.budget, prices.get(p.name, Price()), self.settings.retries)
            for p in ordered
        ]

    async def use(self, ordered: Sequence[Provider], settings: AiSettings) -> None:
        """Others from now on. What is being written is written to its end by those who began it."""
        old = self._lines
        self.settings = settings
        self.budget.use(settings)
        self._set(ordered)
        for line in old:
            await line.retire()

    def describe(self, role: Role = "chat") -> list[Writer]:
        """Who answers in this role, in the order of use."""
        return [writer for line in self._order(role) if (writer := self._writer(line, role)) is not None]

    def vision(self) -> list[Writer]:
        """Who looks at images, in the order of use."""
        return self.describe("vision")

    def resting(self, role: Role) -> dict[str, float]:
        """Who is left alone in this role at the moment, and for how many more seconds."""
        return {line.provider.name: rest for line in self._lines if (rest := line.breakers[role].rests_s) > 0}

    @property
    def generative(self) -> bool:
        """Whether a language model is asked before the built-in analyst."""
        return any(writer.generative for writer in self.describe())

    async def chat(
        self,
        request: CompletionRequest,
        *,
        model: str | None = None,
        timeout_s: float | None = None,
        role: Role | None = None,
    ) -> Completion:
        """The first answer in order. ``timeout_s`` bounds all generative providers together.

        Raises AiUnavailable: no provider by the name ``model``, the one named fails, or none answers and no fallback.
        """
        as_ = role or _role(request)
        chosen = self._chosen(request, model, as_)
        return await self._first(chosen, lambda line, until: line.chat(request, as_, until), timeout_s)

    async def transcribe(self, recording: Recording, *, timeout_s: float | None = None) -> Completion:
        """What is said, by the first that hears. Raises AiUnavailable where no server does."""
        able = [line for line in self._order("transcription") if line.provider.hears() is not None]
        if not able:
            raise AiUnavailable("No server for speech is set up.", "Name one in ai.transcription.")
        lines = [line for line in able if line.breakers["transcription"].admits] or able
        return await self._first(lines, lambda line, until: line.transcribe(recording, until), timeout_s)

    async def _first(
        self,
        chosen: Sequence[ProviderClient],
        ask: Callable[[ProviderClient, float], Awaitable[Completion]],
        timeout_s: float | None,
    ) -> Completion:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (timeout_s or self.settings.chat_timeout_s)
        reasons: list[str] = []
        for number, line in enumerate(chosen):
            if line is self._last:
                return await ask(line, deadline)
            try:
                return await ask(line, self._until(chosen[number:], deadline))
            except AiError as error:
                reasons.append(error.message)
        raise _none_left(reasons)

    async def stream(
        self,
        request: CompletionRequest,
        *,
        model: str | None = None,
        timeout_s: float | None = None,
        role: Role | None = None,
    ) -> AsyncIterator[Piece | ProviderProblem]:
        """Like :meth:`chat`, piece by piece. Who fails before the first piece is passed over; who fails after it ends
        the stream with :class:`ProviderProblem`, since what has been read cannot be taken back. ``timeout_s`` bounds
        all generative providers together; without it only the wait for each piece is bounded."""
        loop, patience = asyncio.get_running_loop(), self.settings.chat_timeout_s
        deadline = loop.time() + timeout_s if timeout_s else None
        reasons: list[str] = []
        as_ = role or _role(request)
        chosen = self._chosen(request, model, as_)
        for number, line in enumerate(chosen):
            until = None if deadline is None or line is self._last else self._until(chosen[number:], deadline)
            begun = False
            try:
                async with aclosing(cast(Any, line.stream(request, as_, patience, until))) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
                return
            except AiError as error:
                reasons.append(error.message)
                if begun:
                    yield ProviderProblem(error.message)
                    return
        raise _none_left(reasons)

    async def check(self) -> list[tuple[Writer, str | None]]:
        """For each provider: None if it answers, else what is wrong and what to do."""
        lines = self._order("chat")
        return [(w, await line.provider.check()) for line in lines if (w := self._writer(line, "chat")) is not None]

    async def close(self) -> None:
        for line in self._lines:
            await line.provider.close()

    def _until(self, left: Sequence[ProviderClient], deadline: float) -> float:
        """What is left is shared among those still to be asked, so that one that hangs leaves time for the next."""
        now = asyncio.get_running_loop().time()
        rivals = sum(line is not self._last for line in left)
        return now + max((deadline - now) / max(rivals, 1), 0.05)

    def _order(self, role: Role) -> list[ProviderClient]:
        named = self.settings.roles.get(role)
        lines = self._lines
        if named:
            known = {line.provider.name: line for line in lines}
            lines = [known[name] for name in named if name in known]
        last = [self._last] if role != "transcription" and (self.settings.fallback or not self._lines) else []
        return [*lines, *last]

    def _writer(self, line: ProviderClient, role: Role) -> Writer | None:
        if role == "transcription":
            return line.provider.hears()
        return line.provider.writer_for(_SEEING if role == "vision" else _PLAIN)

    def _chosen(self, request: CompletionRequest, model: str | None, role: Role) -> list[ProviderClient]:
        if model is None:
            able = [line for line in self._order(role) if line.provider.writer_for(request) is not None]
            return [line for line in able if line.breakers[role].admits] or able
        if model in (self._builtin.name, *self._builtin.models):
            return [self._last]
        able = [line for line in self._lines if line.provider.writer_for(request) is not None]
        named = [line for line in able if model == line.provider.name or model in line.provider.models]
        if not named:
            known = sorted({n for line in self._lines for n in (line.provider.name, *line.provider.models)})
            raise AiUnavailable(
                f"No model {model[:80]!r} is set up here.", f"There is: {', '.join([*known, 'builtin'])}."
            )
        return named[:1]


def _role(request: CompletionRequest) -> Role:
    return "vision" if request.picture is not None else "chat"


async def _nothing() -> str:
    return ""


_PLAIN = CompletionRequest((), _nothing)
_SEEING = CompletionRequest((), _nothing, picture=Picture(b"", "image/png"))


def _none_left(reasons: Sequence[str]) -> AiUnavailable:
    return AiUnavailable(
        " ".join(reasons) or "No AI provider is set up.", "Allow the built-in analyst (ai.fallback), or try again."
    )


__all__ = ["BUILTIN", "ProviderChain", "ProviderProblem"]
