"""The built-in analyst as a provider: it returns the answer that the hub gives without a model."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from hub.ai.base import Completion, CompletionRequest, Piece, Recording
from hub.errors import AiError
from hub.model import Writer

BUILTIN = Writer(provider="builtin", model="builtin-analyst", generative=False)


class BuiltinProvider:
    """Answers without a language model. The answer is the result of ``plain``, a function that each request has."""

    name = "builtin"
    models = ("builtin-analyst",)

    def writer_for(self, request: CompletionRequest) -> Writer | None:
        return BUILTIN

    async def chat(self, request: CompletionRequest) -> Completion:
        return Completion(await request.plain(), BUILTIN)

    async def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        """Yield the built-in answer word by word, as a model's stream would, and then the complete answer."""
        text = await request.plain()
        for word in re.findall(r"\S+\s*|\s+", text):
            yield word
        yield Completion(text, BUILTIN)

    def transcriber(self) -> Writer | None:
        return None

    async def transcribe(self, recording: Recording) -> Completion:
        raise AiError("The built-in analyst cannot transcribe speech.", "Set a server in ai.transcription.")

    async def check(self) -> str | None:
        return None

    async def close(self) -> None:
        return None
