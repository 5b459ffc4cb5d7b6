"""A scripted AI provider, and a chain of such providers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from hub.ai.base import AiSettings, ChatMessage, Completion, CompletionRequest, Piece, Recording
from hub.ai.budget import Budget
from hub.ai.providers import ProviderChain
from hub.errors import AiError
from hub.model import Writer


async def plain() -> str:
    return "what the hub itself says"


def request(text: str = "Say hello.", **more: Any) -> CompletionRequest:
    return CompletionRequest((ChatMessage("user", text),), plain, max_tokens=more.pop("max_tokens", 24), **more)


class Scripted:
    """A provider that follows a script: texts to answer, errors to raise, seconds to hang."""

    def __init__(self, name: str, *script: str | AiError | float) -> None:
        self.name, self.models = name, (f"{name}-model",)
        self.script = list(script)
        self.asked = 0

    def writer_for(self, request: CompletionRequest) -> Writer | None:
        return None if request.picture else Writer(self.name, self.models[0], generative=True)

    async def chat(self, request: CompletionRequest) -> Completion:
        self.asked += 1
        step = self.script[min(self.asked, len(self.script)) - 1]
        if isinstance(step, AiError):
            raise step
        if isinstance(step, float):
            await asyncio.sleep(step)
        return Completion(str(step), Writer(self.name, self.models[0], generative=True), tokens=3)

    async def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        self.asked += 1
        for step in self.script:
            if isinstance(step, AiError):
                raise step
            if isinstance(step, float):
                await asyncio.sleep(step)
                continue
            yield step
        yield Completion("".join(str(s) for s in self.script), Writer(self.name, self.models[0], generative=True))

    def transcriber(self) -> Writer | None:
        return None

    async def transcribe(self, recording: Recording) -> Completion:
        raise NotImplementedError

    async def check(self) -> str | None:
        return None

    async def close(self) -> None: ...


DOWN = AiError("It is down.", "Start it.")


def chain(*providers: Scripted, **settings: Any) -> ProviderChain:
    clock, budget = settings.pop("clock", time.monotonic), settings.pop("budget", None)
    made = AiSettings(**settings)
    return ProviderChain(ordered=providers, settings=made, clock=clock, budget=budget and Budget(made, *budget))
