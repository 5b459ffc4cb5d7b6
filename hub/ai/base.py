"""What a language model is to the hub: something that answers messages, maybe with tools, maybe about a picture.

Providers know no devices. What the hub itself can say without any model travels with the request as ``plain``; the
built-in provider answers with that. Each provider translates its library's errors into AiError with our own words.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal, Protocol

import msgspec

from hub.ai.server_config import ModelServer
from hub.model import Writer

Mode = Literal["auto", "builtin", "openai", "ollama"]
Role = Literal["chat", "diagnosis", "vision", "transcription"]
ROLES: tuple[Role, ...] = ("chat", "diagnosis", "vision", "transcription")


class AiSettings(msgspec.Struct, frozen=True):
    """Which models to use, in which order, and for how much. Times in seconds.

    ``roles`` names the servers of a role in their order; a role without names takes what ``mode`` finds. ``fallback``
    lets the built-in analyst answer when nothing else does. ``diagnosis_timeout_s`` is what all generative providers
    together may take for one diagnosis. ``ollama_context`` is how many tokens Ollama is to keep in view. ``retries`` is
    how often one provider is asked again about the same thing. The ``daily_`` limits hold for a UTC day; None is no
    limit.
    """

    mode: Mode = "auto"
    fallback: bool = True
    servers: tuple[ModelServer, ...] = ()
    roles: dict[Role, tuple[str, ...]] = {}
    chat_timeout_s: float = 60.0
    diagnosis_timeout_s: float = 6.0
    max_tokens: int = 900
    ollama_context: int = 16_384
    retries: int = 2
    daily_calls: int | None = None
    daily_tokens: int | None = None
    daily_money: float | None = None


class ToolSpec(msgspec.Struct, frozen=True):
    """A function that a model may ask for: ``parameters`` is its JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]


class ToolCall(msgspec.Struct, frozen=True):
    """A model's wish to have a function called; ``arguments`` is whatever it sent, not yet checked."""

    id: str
    name: str
    arguments: Any


class ChatMessage(msgspec.Struct, frozen=True):
    """One turn. An assistant's turn may hold ``calls``; a tool's turn answers the call ``call_id`` of tool ``name``."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None
    name: str | None = None


class Picture(msgspec.Struct, frozen=True):
    """A checked image and its media type (``image/png``, ``image/jpeg``)."""

    data: bytes
    media_type: str


class Recording(msgspec.Struct, frozen=True):
    """A checked recording, its file's name (the servers go by its ending) and words that are likely in it."""

    data: bytes
    filename: str
    vocabulary: str = ""


class CompletionRequest(msgspec.Struct, frozen=True):
    """``schema`` asks for one JSON object of that form; ``plain`` gives the hub's own answer, without any model."""

    messages: tuple[ChatMessage, ...]
    plain: Callable[[], Awaitable[str]]
    tools: tuple[ToolSpec, ...] = ()
    schema: dict[str, Any] | None = None
    picture: Picture | None = None
    max_tokens: int = 900


class Completion(msgspec.Struct, frozen=True):
    """``text`` is empty when the model asks for tools (``calls``). ``writer`` says who answered.

    ``tokens`` counts both ways; ``tokens_in`` of them were the question's.
    """

    text: str
    writer: Writer
    calls: tuple[ToolCall, ...] = ()
    tokens: int = 0
    tokens_in: int = 0


Piece = str | Completion
"""Of a stream: text as it comes, and at the end the whole answer."""

ANSWER_LIMIT = 40_000
"""Characters of an answer that are kept, whatever a server sends."""


class Provider(Protocol):
    """One way to get an answer. All methods raise AiError, never a library's own error.

    A request with a picture is only sent where ``writer_for`` gives a writer for it (None: cannot see).
    """

    name: str

    def writer_for(self, request: CompletionRequest) -> Writer | None:
        """Who would answer this request, or None if this provider cannot."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """The models it is configured for."""
        ...

    async def chat(self, request: CompletionRequest) -> Completion: ...

    def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        """Pieces of text, then the Answer. Closing the iterator ends the request at the server."""
        ...

    def hears(self) -> Writer | None:
        """Who would write down a recording, or None if this provider cannot."""
        ...

    async def transcribe(self, recording: Recording) -> Completion:
        """What is said in it. Only where :meth:`hears` gives a writer."""
        ...

    async def check(self) -> str | None:
        """None if it would answer now, else what is wrong and what to do."""
        ...

    async def close(self) -> None: ...
