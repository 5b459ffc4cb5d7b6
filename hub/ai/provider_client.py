"""The line to one provider: each request with its end in time, its retries, its cost, and what it says about the
provider's health."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, cast

from hub.ai.base import ROLES, ChatMessage, Completion, CompletionRequest, Piece, Provider, Recording, Role
from hub.ai.budget import Budget, Call, Price
from hub.ai.circuit_breaker import CircuitBreaker, wait_s
from hub.errors import AiBusy, AiError

_chance = random.SystemRandom().random


class ProviderClient:
    """All methods raise AiError. ``until`` is the loop's time at which a request must have ended.

    Health is judged by role: who is too slow for a diagnosis may well be fast enough for a talk.
    """

    def __init__(
        self, provider: Provider, clock: Callable[[], float], budget: Budget, price: Price, retries: int
    ) -> None:
        self.provider = provider
        self.breakers: dict[Role, CircuitBreaker] = {role: CircuitBreaker(clock) for role in ROLES}
        self._budget, self._price, self._retries = budget, price, retries
        self._busy, self._retired = 0, False

    async def chat(self, request: CompletionRequest, role: Role, until: float) -> Completion:
        if self._free(request):
            return await self.provider.chat(request)
        return await self._answer(request, role, lambda: self.provider.chat(request), until)

    async def transcribe(self, recording: Recording, until: float) -> Completion:
        asked = CompletionRequest((ChatMessage("user", recording.vocabulary),), _nothing)
        return await self._answer(asked, "transcription", lambda: self.provider.transcribe(recording), until)

    async def stream(
        self, request: CompletionRequest, role: Role, patience_s: float, until: float | None
    ) -> AsyncIterator[Piece]:
        """Tried again only as long as nothing has come."""
        if self._free(request):
            async for piece in self.provider.stream(request):
                yield piece
            return
        for attempt in range(self._retries + 1):
            begun = False
            try:
                async with self._used():
                    with self._counted(request, role) as call:
                        pieces = timely(self.provider.stream(request), patience_s, until)
                        async with aclosing(cast(Any, pieces)):
                            async for piece in pieces:
                                begun = True
                                call.settle(piece) if isinstance(piece, Completion) else call.heard(piece)
                                yield piece
                return
            except AiBusy as error:
                if begun:
                    raise
                await self._pause(attempt, role, error, until)

    async def retire(self) -> None:
        """Close the provider once the last request over this line has ended."""
        self._retired = True
        if not self._busy:
            await self.provider.close()

    async def _answer(
        self, asked: CompletionRequest, role: Role, ask: Callable[[], Awaitable[Completion]], until: float
    ) -> Completion:
        for attempt in range(self._retries + 1):
            try:
                async with self._used():
                    with self._counted(asked, role) as call:
                        async with asyncio.timeout_at(until):
                            answer = await ask()
                        call.settle(answer)
                        return answer
            except AiBusy as error:
                await self._pause(attempt, role, error, until)
        raise AssertionError("the last attempt raises")

    def _free(self, request: CompletionRequest) -> bool:
        """The built-in analyst costs nothing and never fails."""
        writer = self.provider.writer_for(request)
        return writer is not None and not writer.generative

    async def _pause(self, attempt: int, role: Role, error: AiBusy, until: float | None) -> None:
        """Wait before the next try; raise ``error`` where there is none, or no time for it."""
        wait = wait_s(attempt, _chance(), error.after_s)
        late = until is not None and asyncio.get_running_loop().time() + wait >= until
        if attempt >= self._retries or late or wait > _LONGEST_WAIT_S or not self.breakers[role].admits:
            raise error
        await asyncio.sleep(wait)

    @contextmanager
    def _counted(self, request: CompletionRequest, role: Role) -> Iterator[Call]:
        """One call: counted, and judged by how it ends."""
        with self._budget.call(self.provider.name, request, self._price) as call:
            breaker = self.breakers[role]
            breaker.begin()
            try:
                yield call
            except TimeoutError:
                breaker.failed(hung=True)
                raise AiError(f"{self.provider.name} did not answer in time.", "Try again.") from None
            except AiBusy as error:
                breaker.failed(after_s=error.after_s)
                raise
            except AiError:
                breaker.failed()
                raise
            except BaseException:
                breaker.dropped()
                raise
            breaker.answered()

    @asynccontextmanager
    async def _used(self) -> AsyncIterator[None]:
        """Holds the line open while a request runs over it."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            if self._retired and not self._busy:
                await self.provider.close()


_LONGEST_WAIT_S = 20.0
"""A server that asks for a longer pause than this is passed over instead."""


async def timely(pieces: AsyncIterator[Piece], patience_s: float, until: float | None) -> AsyncIterator[Piece]:
    """The same pieces, each within ``patience_s`` of the one before and all before the loop's time ``until``; the
    source is closed in the end in any case. Raises TimeoutError."""
    time = asyncio.get_running_loop().time
    async with aclosing(cast(Any, pieces)):
        while True:
            late = time() + patience_s
            try:
                async with asyncio.timeout_at(late if until is None else min(late, until)):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            yield piece


async def _nothing() -> str:
    return ""
