"""Send requests to one provider, with time limit, retries, budget and circuit breaker."""

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
    """A provider with retries, budget and circuit breakers. Its methods raise AiError.

    Each task, such as ``chat``, has its own circuit breaker: a model that is too slow for a diagnosis may be fast
    enough for a conversation. The parameter ``until`` is the deadline of a request on the event loop's clock; None: no
    limit.
    """

    def __init__(
        self, provider: Provider, clock: Callable[[], float], budget: Budget, price: Price, retries: int
    ) -> None:
        self.provider = provider
        self.breakers: dict[Role, CircuitBreaker] = {role: CircuitBreaker(clock) for role in ROLES}
        self._budget, self._price, self._retries = budget, price, retries
        self._busy, self._retired = 0, False  # number of requests in progress; close when there are none

    async def chat(self, request: CompletionRequest, role: Role, until: float) -> Completion:
        """Return the answer to a request for the task ``role``. Retry if the provider is busy."""
        if self._is_builtin(request):
            return await self.provider.chat(request)
        return await self._answer(request, role, lambda: self.provider.chat(request), until)

    async def transcribe(self, recording: Recording, until: float) -> Completion:
        """Return the transcript of a recording. Retry if the provider is busy."""
        request = CompletionRequest((ChatMessage("user", recording.vocabulary),), _nothing)  # for the budget
        return await self._answer(request, "transcription", lambda: self.provider.transcribe(recording), until)

    async def stream(
        self, request: CompletionRequest, role: Role, patience_s: float, until: float | None
    ) -> AsyncIterator[Piece]:
        """Yield the items of a streamed answer. The wait for each item is limited to ``patience_s`` seconds.

        A failed request is retried only before the first item.
        """
        if self._is_builtin(request):
            async for piece in self.provider.stream(request):
                yield piece
            return
        for attempt in range(self._retries + 1):
            begun = False
            try:
                async with self._kept_open():
                    with self._counted(request, role) as call:
                        pieces = with_time_limits(self.provider.stream(request), patience_s, until)
                        async with aclosing(cast(Any, pieces)):
                            async for piece in pieces:
                                begun = True
                                call.finish(piece) if isinstance(piece, Completion) else call.add_text(piece)
                                yield piece
                return
            except AiBusy as error:
                if begun:
                    raise
                await self._pause(attempt, role, error, until)

    async def retire(self) -> None:
        """Close the provider when its last request has ended. The caller must not send new requests."""
        self._retired = True
        if not self._busy:
            await self.provider.close()

    async def _answer(
        self, request: CompletionRequest, role: Role, send: Callable[[], Awaitable[Completion]], until: float
    ) -> Completion:
        for attempt in range(self._retries + 1):
            try:
                async with self._kept_open():
                    with self._counted(request, role) as call:
                        async with asyncio.timeout_at(until):
                            answer = await send()
                        call.finish(answer)
                        return answer
            except AiBusy as error:
                await self._pause(attempt, role, error, until)
        raise AssertionError("the last attempt raises")

    def _is_builtin(self, request: CompletionRequest) -> bool:
        """Return True for the built-in analyst, which costs nothing and never fails."""
        writer = self.provider.writer_for(request)
        return writer is not None and not writer.generative

    async def _pause(self, attempt: int, role: Role, error: AiBusy, until: float | None) -> None:
        """Wait before the next attempt to reach a busy provider. Raise ``error`` if there will be no next attempt.

        Args:
            attempt: The number of the failed attempt, counted from 0.
            role: The task of the request. No further attempt is made while its circuit breaker is open.
            error: The error of the last attempt, which may say how long to wait.
            until: The deadline of the request.
        """
        wait = wait_s(attempt, _chance(), error.after_s)
        late = until is not None and asyncio.get_running_loop().time() + wait >= until
        if attempt >= self._retries or late or wait > _LONGEST_WAIT_S or not self.breakers[role].allows_request:
            raise error
        await asyncio.sleep(wait)

    @contextmanager
    def _counted(self, request: CompletionRequest, role: Role) -> Iterator[Call]:
        """Count the call that the ``with`` block makes in the daily budget, and in the circuit breaker if it fails."""
        with self._budget.call(self.provider.name, request, self._price) as call:
            breaker = self.breakers[role]
            breaker.begin()
            try:
                yield call
            except TimeoutError:
                breaker.failed(timed_out=True)
                raise AiError(f"{self.provider.name} did not answer in time.", "Try again.") from None
            except AiBusy as error:
                breaker.failed(after_s=error.after_s)
                raise
            except AiError:
                breaker.failed()
                raise
            except BaseException:
                breaker.cancelled()
                raise
            breaker.succeeded()

    @asynccontextmanager
    async def _kept_open(self) -> AsyncIterator[None]:
        """Keep the provider open inside the block. The last block closes a provider that was retired."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            if self._retired and not self._busy:
                await self.provider.close()


_LONGEST_WAIT_S = 20.0
"""If a server requests a longer pause (in seconds), the next provider is used instead."""


async def with_time_limits(
    pieces: AsyncIterator[Piece], patience_s: float, until: float | None
) -> AsyncIterator[Piece]:
    """Yield the ``pieces`` unchanged, and close their iterator at the end.

    Raises TimeoutError if the next item does not arrive within ``patience_s`` seconds, or at the deadline ``until``.
    """
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
