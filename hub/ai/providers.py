"""Try the providers of a task one after another, until one of them answers.

The built-in analyst, which uses no language model, is the last provider. It always answers, but is not used if
``fallback`` is off or the request names a model. It cannot transcribe speech: if no other provider does,
:meth:`ProviderChain.transcribe` raises AiUnavailable.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from typing import Any, cast

import msgspec

from hub.ai.base import AiSettings, Completion, CompletionRequest, Picture, Piece, Provider, Recording, Role
from hub.ai.budget import Budget, Price
from hub.ai.builtin import BUILTIN, BuiltinProvider
from hub.ai.provider_client import ProviderClient
from hub.errors import AiError, AiUnavailable, Forbidden, UnknownModel
from hub.model import Writer


class ProviderProblem(msgspec.Struct, frozen=True):
    """The last item of a stream that failed after its first item. ``message`` is the reason."""

    message: str


class ProviderChain:
    """The providers in the order of use.

    If ``fallback`` is on or no other provider is configured, the built-in analyst is the last one.
    """

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
        self._clients = [
            ProviderClient(p, self._clock, self.budget, prices.get(p.name, Price()), self.settings.retries)
            for p in ordered
        ]

    async def replace(self, ordered: Sequence[Provider], settings: AiSettings) -> None:
        """Replace the providers and the settings. The old providers still finish the requests in progress."""
        old = self._clients
        self.settings = settings
        self.budget.set_limits(settings)
        self._set(ordered)
        for client in old:
            await client.retire()

    def describe(self, role: Role = "chat") -> list[Writer]:
        """Return the providers and models for the task ``role``, in the order of use."""
        return [writer for client in self._order(role) if (writer := self._writer(client, role)) is not None]

    def local(self) -> frozenset[str]:
        """Return the names of the providers that run on this machine or in its network."""
        return frozenset(server.name for server in self.settings.servers if server.local)

    def vision(self) -> list[Writer]:
        """Return the providers and models that describe images, in the order of use."""
        return self.describe("vision")

    def paused(self, role: Role) -> dict[str, float]:
        """Return the providers whose circuit breaker is open, with the seconds until they may be used again.

        These providers are not called for the task ``role`` in the meantime.
        """
        left = {client.provider.name: client.breakers[role].pause_left_s for client in self._clients}
        return {name: seconds for name, seconds in left.items() if seconds > 0}

    @property
    def generative(self) -> bool:
        """Return True if there is a language model besides the built-in analyst."""
        return any(writer.generative for writer in self.describe())

    async def chat(
        self,
        request: CompletionRequest,
        *,
        model: str | None = None,
        timeout_s: float | None = None,
        role: Role | None = None,
    ) -> Completion:
        """Return the answer of the first provider that succeeds.

        Args:
            request: the request.
            model: use only the provider or model of this name.
            timeout_s: time limit in seconds for all providers together. It does not apply to the built-in analyst.
            role: the task; by default ``vision`` for a request with an image, else ``chat``.

        Raises:
            UnknownModel: no provider has the model.
            Forbidden: the person's role may not use the model.
            AiUnavailable: the model fails, or no provider answers and the fallback is off.
        """
        in_role = role or _role(request)
        chosen = self._chosen(request, model, in_role)
        return await self._first(chosen, lambda client, until: client.chat(request, in_role, until), timeout_s)

    async def transcribe(self, recording: Recording, *, timeout_s: float | None = None) -> Completion:
        """Return the transcript of the first provider that succeeds. Raises AiUnavailable if none does."""
        able = [client for client in self._order("transcription") if client.provider.transcriber() is not None]
        if not able:
            raise AiUnavailable("No server for transcription is configured.", "Set one in ai.transcription.")
        clients = [client for client in able if client.breakers["transcription"].allows_request] or able
        return await self._first(clients, lambda client, until: client.transcribe(recording, until), timeout_s)

    async def _first(
        self,
        chosen: Sequence[ProviderClient],
        send: Callable[[ProviderClient, float], Awaitable[Completion]],
        timeout_s: float | None,
    ) -> Completion:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (timeout_s or self.settings.chat_timeout_s)
        reasons: list[str] = []
        for number, client in enumerate(chosen):
            if client is self._last:
                return await send(client, deadline)
            try:
                return await send(client, self._until(chosen[number:], deadline))
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
        only: Collection[str] | None = None,
    ) -> AsyncIterator[Piece | ProviderProblem]:
        """Yield the parts of an answer as the provider sends them, and then the complete answer.

        If a provider fails before its first item, the next provider is used. If it fails later, the stream ends with
        :class:`ProviderProblem`, because the caller has already received a part of the answer.

        Raises the errors of :meth:`chat`, which also explains the parameters. Without ``timeout_s``, only the wait for
        each item is limited. ``only`` has the names of the providers that may be used besides the built-in analyst;
        None allows all.
        """
        loop, patience = asyncio.get_running_loop(), max(self.settings.chat_timeout_s, timeout_s or 0.0)
        deadline = loop.time() + timeout_s if timeout_s else None
        reasons: list[str] = []
        in_role = role or _role(request)
        chosen = self._chosen(request, model, in_role)
        if only is not None:
            chosen = [client for client in chosen if client is self._last or client.provider.name in only]
        for number, client in enumerate(chosen):
            until = None if deadline is None or client is self._last else self._until(chosen[number:], deadline)
            begun = False
            try:
                async with aclosing(cast(Any, client.stream(request, in_role, patience, until))) as pieces:
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
        """Check every provider. Return each with a message that says what is wrong, or with None if it is ready."""
        clients = self._order("chat")
        return [
            (w, await client.provider.check()) for client in clients if (w := self._writer(client, "chat")) is not None
        ]

    async def close(self) -> None:
        for client in self._clients:
            await client.provider.close()

    def _until(self, left: Sequence[ProviderClient], deadline: float) -> float:
        """Return the deadline of the next provider, as a time of the event loop's clock.

        The time until ``deadline``, when the whole request must end, is divided equally among the providers ``left``,
        which have not been tried yet. The next one comes first. The built-in analyst is not counted.
        """
        now = asyncio.get_running_loop().time()
        count = sum(client is not self._last for client in left)
        return now + max((deadline - now) / max(count, 1), 0.05)

    def _order(self, role: Role) -> list[ProviderClient]:
        named = self.settings.roles.get(role)
        clients = self._permitted()
        if named:
            known = {client.provider.name: client for client in clients}
            clients = [known[name] for name in named if name in known]
        last = [self._last] if role != "transcription" and (self.settings.fallback or not self._clients) else []
        return [*clients, *last]

    def _permitted(self) -> list[ProviderClient]:
        """Return the providers that the current user may use.

        A person whose role is not in ``cloud_roles`` may only use servers on this machine or in its network.
        """
        person = self.budget.person
        if person is None or person.role in self.settings.cloud_roles:
            return self._clients
        local = self.local()
        return [client for client in self._clients if client.provider.name in local]

    def _writer(self, client: ProviderClient, role: Role) -> Writer | None:
        if role == "transcription":
            return client.provider.transcriber()
        return client.provider.writer_for(_SEEING if role == "vision" else _PLAIN)

    def _chosen(self, request: CompletionRequest, model: str | None, role: Role) -> list[ProviderClient]:
        if model is None:
            able = [client for client in self._order(role) if client.provider.writer_for(request) is not None]
            return [client for client in able if client.breakers[role].allows_request] or able
        if model in (self._builtin.name, *self._builtin.models):
            return [self._last]
        able = [client for client in self._clients if client.provider.writer_for(request) is not None]
        named = [client for client in able if model == client.provider.name or model in client.provider.models]
        if not named:
            known = sorted({n for client in self._clients for n in (client.provider.name, *client.provider.models)})
            raise UnknownModel(f"No model {model[:80]!r} is configured. Known: {', '.join([*known, 'builtin'])}.")
        if not (permitted := [client for client in named if client in self._permitted()]):
            raise Forbidden(
                f"Your role may not use the model {model[:80]!r}: it runs outside the local network.",
                "Ask an administrator.",
            )
        return permitted[:1]


def _role(request: CompletionRequest) -> Role:
    return "vision" if request.picture is not None else "chat"


async def _nothing() -> str:
    return ""


_PLAIN = CompletionRequest((), _nothing)
_SEEING = CompletionRequest((), _nothing, picture=Picture(b"", "image/png"))


def _none_left(reasons: Sequence[str]) -> AiUnavailable:
    return AiUnavailable(
        " ".join(reasons) or "No AI provider is configured.", "Allow the built-in analyst (ai.fallback), or try again."
    )


__all__ = ["BUILTIN", "ProviderChain", "ProviderProblem"]
