"""The providers in their order of use: who is asked first, who takes over, and who is left alone for a while.

The built-in analyst comes last and always answers, unless ``fallback`` is off or the request names a model.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal

import msgspec

from hub.ai.base import AiSettings, Answer, Picture, Piece, Provider, Request
from hub.ai.builtin import BUILTIN, BuiltinProvider
from hub.errors import AiError, AiUnavailable, ConfigError
from hub.model import Writer

_FAILURES = 3
"""After so many failures in a row a provider is not asked for :data:`_REST_S` seconds; then one request tries it."""
_REST_S = 30.0
_PROBE_S = 0.5


class Broken(msgspec.Struct, frozen=True):
    """The last piece of a stream that broke off after it had begun: ``message`` says why."""

    message: str


class _Breaker:
    """A circuit breaker: closed while a provider works, open for a rest after failures."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    @property
    def open(self) -> bool:
        return self._failures >= _FAILURES and self._clock() < self._until

    def settle(self, outcome: Literal["answered", "failed"]) -> None:
        self._failures = 0 if outcome == "answered" else self._failures + 1
        self._until = self._clock() + _REST_S


class Providers:
    """``ordered`` without the built-in analyst, which is added at the end if ``fallback`` (or if it is alone)."""

    def __init__(
        self,
        *,
        ordered: Sequence[Provider],
        settings: AiSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings or AiSettings()
        self._builtin = BuiltinProvider()
        last: list[Provider] = [self._builtin] if self.settings.fallback or not ordered else []
        self._ordered: list[Provider] = [*ordered, *last]
        self._breakers = {provider.name: _Breaker(clock) for provider in self._ordered}

    def describe(self) -> list[Writer]:
        """Who answers questions, in the order of use."""
        return [w for p in self._ordered if (w := p.writer_for(_PLAIN)) is not None]

    def vision(self) -> list[Writer]:
        """Who looks at images, in the order of use."""
        return [w for p in self._ordered if (w := p.writer_for(_SEEING)) is not None]

    @property
    def generative(self) -> bool:
        """Whether a language model is asked before the built-in analyst."""
        return any(writer.generative for writer in self.describe())

    async def chat(self, request: Request, *, model: str | None = None, timeout_s: float | None = None) -> Answer:
        """The first answer in order. ``timeout_s`` bounds all generative providers together.

        Raises AiUnavailable: no provider by the name ``model``, the one named fails, or none answers and no fallback.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (timeout_s or self.settings.chat_timeout_s)
        reasons: list[str] = []
        chosen = self._chosen(request, model)
        for left, provider in zip(range(len(chosen), 0, -1), chosen, strict=True):
            if provider is self._builtin:
                return await provider.chat(request)
            # What is left is shared among those still to be asked, so that one that hangs leaves time for the next.
            rivals = left - (1 if chosen[-1] is self._builtin else 0)
            share = (deadline - loop.time()) / max(rivals, 1)
            try:
                async with asyncio.timeout(max(share, 0.05)):
                    answer = await provider.chat(request)
            except (AiError, TimeoutError) as error:
                reasons.append(self._failed(provider, error))
                continue
            self._breakers[provider.name].settle("answered")
            return answer
        raise _none_left(reasons)

    async def stream(
        self, request: Request, *, model: str | None = None, timeout_s: float | None = None
    ) -> AsyncIterator[Piece | Broken]:
        """Like :meth:`chat`, piece by piece. Who fails before the first piece is passed over; who fails after it ends
        the stream with :class:`Broken`, since what has been read cannot be taken back. ``timeout_s`` bounds all
        generative providers together; without it only the wait for each piece is bounded."""
        loop, patience = asyncio.get_running_loop(), self.settings.chat_timeout_s
        deadline = loop.time() + timeout_s if timeout_s else None
        reasons: list[str] = []
        chosen = self._chosen(request, model)
        for left, provider in zip(range(len(chosen), 0, -1), chosen, strict=True):
            begun = False
            pieces = provider.stream(request)
            rivals = left - (1 if chosen[-1] is self._builtin else 0)
            until = None if deadline is None else loop.time() + (deadline - loop.time()) / max(rivals, 1)
            try:
                async for piece in _timely(pieces, patience, until if provider is not self._builtin else None):
                    begun = True
                    yield piece
            except (AiError, TimeoutError) as error:
                reasons.append(self._failed(provider, error))
                if begun:
                    yield Broken(reasons[-1])
                    return
                continue
            self._breakers[provider.name].settle("answered")
            return
        raise _none_left(reasons)

    async def check(self) -> list[tuple[Writer, str | None]]:
        """For each provider: None if it answers, else what is wrong and what to do."""
        return [(writer, await p.check()) for p in self._ordered if (writer := p.writer_for(_PLAIN)) is not None]

    async def close(self) -> None:
        for provider in self._ordered:
            await provider.close()

    def _chosen(self, request: Request, model: str | None) -> list[Provider]:
        able = [p for p in self._ordered if p.writer_for(request) is not None]
        if model is None:
            rested = [p for p in able if not self._breakers[p.name].open]
            return rested or able
        if model in (self._builtin.name, *self._builtin.models):
            return [self._builtin]
        named = [p for p in able if model == p.name or model in p.models]
        if not named:
            known = sorted({name for p in self._ordered for name in (p.name, *p.models)} | {"builtin"})
            raise AiUnavailable(f"No model {model[:80]!r} is set up here.", f"There is: {', '.join(known)}.")
        return named[:1]

    def _failed(self, provider: Provider, error: AiError | TimeoutError) -> str:
        self._breakers[provider.name].settle("failed")
        return error.message if isinstance(error, AiError) else f"{provider.name} did not answer in time."


async def _nothing() -> str:
    return ""


_PLAIN = Request((), _nothing)
_SEEING = Request((), _nothing, picture=Picture(b"", "image/png"))


async def _timely(pieces: AsyncIterator[Piece], patience_s: float, until: float | None) -> AsyncIterator[Piece]:
    """The same pieces, each within ``patience_s`` of the one before and all before the loop's time ``until``; the
    source is closed in the end in any case."""
    time = asyncio.get_running_loop().time
    try:
        while True:
            try:
                async with asyncio.timeout(patience_s if until is None else min(patience_s, until - time())):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            yield piece
    finally:
        await pieces.aclose()  # type: ignore[attr-defined]


def _none_left(reasons: Sequence[str]) -> AiUnavailable:
    return AiUnavailable(
        " ".join(reasons) or "No AI provider is set up.", "Allow the built-in analyst (ai.fallback), or try again."
    )


async def open_providers(settings: AiSettings) -> Providers:
    """The providers that the settings ask for. ``auto`` takes OpenAI when there is a key, Ollama when its host is set
    or a server answers on this machine within half a second. Raises ConfigError for ``openai`` without a key."""
    ordered: list[Provider] = []
    if settings.mode == "openai" and not settings.openai_api_key:
        raise ConfigError("ai = openai needs a key.", "Set OPENAI_API_KEY, or use ai = auto.")
    if settings.openai_api_key and settings.mode in ("auto", "openai"):
        from hub.ai.openai import OpenAIProvider

        ordered.append(
            OpenAIProvider(
                api_key=settings.openai_api_key,
                model=settings.openai_model,
                base_url=settings.openai_base_url,
                timeout_s=settings.chat_timeout_s,
            )
        )
    if settings.mode == "ollama" or (settings.mode == "auto" and (settings.ollama_host or await _ollama_here())):
        from hub.ai.ollama import OllamaProvider

        ordered.append(
            OllamaProvider(
                host=settings.ollama_host,
                model=settings.ollama_model,
                vision_model=settings.ollama_vision_model,
                timeout_s=settings.chat_timeout_s,
            )
        )
    return Providers(ordered=ordered, settings=settings)


async def _ollama_here() -> bool:
    """Whether something accepts connections where Ollama does by default, and says that it is Ollama."""
    try:
        async with asyncio.timeout(_PROBE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", 11434)
            try:
                writer.write(b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                await writer.drain()
                return b"Ollama" in await reader.read(1024)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


__all__ = ["BUILTIN", "Broken", "Providers", "open_providers"]
