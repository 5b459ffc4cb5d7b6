"""The interface of AI providers: chat with tools and images, and transcription.

Providers know nothing about devices. Each request has a function ``plain``, which returns the answer that the hub can
give without a model; the built-in provider returns that answer. Each provider translates the errors of its library into
AiError with a message of the hub.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal, Protocol

import msgspec

from hub.ai.server_config import ModelServer
from hub.model import Writer

PersonRole = Literal["viewer", "operator", "administrator"]
PERSON_ROLES: tuple[PersonRole, ...] = ("viewer", "operator", "administrator")
Mode = Literal["auto", "builtin", "openai", "ollama"]
Role = Literal["chat", "diagnosis", "vision", "transcription"]
ROLES: tuple[Role, ...] = ("chat", "diagnosis", "vision", "transcription")


class AiSettings(msgspec.Struct, frozen=True):
    """Which models to use, in which order, and within which limits.

    Attributes:
        mode: which servers to use for tasks that have no list in ``roles`` (see :mod:`hub.ai.factory`).
        fallback: whether the built-in analyst answers if no server does.
        servers: the known servers.
        roles: names of servers by task (``chat``, ``diagnosis``, …), in the order of use.
        chat_timeout_s: time limit of a request, in seconds.
        diagnosis_timeout_s: time limit of all remote servers together for one diagnosis, in seconds.
        local_diagnosis_timeout_s: the same for servers on this machine or in its network, which may be slow.
        max_tokens: maximum length of an answer, in tokens.
        ollama_context: context window that is requested from Ollama, in tokens.
        retries: maximum number of repetitions of a failed request to one server.
        daily_calls, daily_tokens, daily_money: limits for a UTC day; None: no limit.
        person_daily_calls, person_daily_tokens, person_daily_money: the same limits for each person with an account.
        cloud_roles: the roles of people (viewer, operator, administrator) for whom the hub may use servers that are
            neither on this machine nor in its network.
    """

    mode: Mode = "auto"
    fallback: bool = True
    servers: tuple[ModelServer, ...] = ()
    roles: dict[Role, tuple[str, ...]] = {}
    chat_timeout_s: float = 60.0
    diagnosis_timeout_s: float = 6.0
    local_diagnosis_timeout_s: float = 300.0
    max_tokens: int = 900
    ollama_context: int = 16_384
    retries: int = 2
    daily_calls: int | None = None
    daily_tokens: int | None = None
    daily_money: float | None = None
    person_daily_calls: int | None = None
    person_daily_tokens: int | None = None
    person_daily_money: float | None = None
    cloud_roles: tuple[PersonRole, ...] = PERSON_ROLES


class ToolSpec(msgspec.Struct, frozen=True):
    """A function that a model may call; ``parameters`` is its JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]


class ToolCall(msgspec.Struct, frozen=True):
    """A model's request to call a function; ``arguments`` are as the model sent them, unchecked."""

    id: str
    name: str
    arguments: Any


class ChatMessage(msgspec.Struct, frozen=True):
    """One message of a conversation.

    A message with the role ``assistant`` may have ``calls`` of tools. A message with the role ``tool`` has the result
    of the call ``call_id`` of the tool ``name``.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None
    name: str | None = None


class Picture(msgspec.Struct, frozen=True):
    """An image that was checked, and its media type (``image/png`` or ``image/jpeg``)."""

    data: bytes
    media_type: str


class Recording(msgspec.Struct, frozen=True):
    """A recording that was checked, its file name (servers use the extension), and words that it may contain."""

    data: bytes
    filename: str
    vocabulary: str = ""


class CompletionRequest(msgspec.Struct, frozen=True):
    """A request to a provider.

    Attributes:
        messages: The conversation, oldest first.
        plain: A function that returns the hub's own answer, computed without a model.
        tools: Functions that the model may call.
        schema: JSON schema of the answer, if the answer has to be a JSON object.
        picture: An image to send with the last message.
        max_tokens: Maximum length of the answer, in tokens.
    """

    messages: tuple[ChatMessage, ...]
    plain: Callable[[], Awaitable[str]]
    tools: tuple[ToolSpec, ...] = ()
    schema: dict[str, Any] | None = None
    picture: Picture | None = None
    max_tokens: int = 900


class Completion(msgspec.Struct, frozen=True):
    """Answer of a provider.

    Attributes:
        text: the text, which may be empty if there are ``calls``.
        writer: the provider and the model that answered.
        calls: the tools that the model wants to call.
        tokens: tokens of the request and the answer together; 0 if the server did not report them.
        tokens_in: tokens of the request.
    """

    text: str
    writer: Writer
    calls: tuple[ToolCall, ...] = ()
    tokens: int = 0
    tokens_in: int = 0


Piece = str | Completion
"""An item of a streamed answer: first the parts of the text, and at the end the complete answer."""

ANSWER_LIMIT = 40_000
"""Maximum length of an answer in characters. Longer answers are cut off."""


class Caller(Protocol):
    """The user of a model. ``account`` is the id of the person's account.

    ``account`` is None for the hub's own tasks, on a hub without accounts, and for requests with the access token.
    """

    @property
    def account(self) -> str | None: ...

    @property
    def role(self) -> PersonRole: ...


class Provider(Protocol):
    """A model server, or the built-in analyst. The methods raise AiError, never an error of an imported library."""

    name: str

    def writer_for(self, request: CompletionRequest) -> Writer | None:
        """Return the provider and model that would answer this request; None if no model of the provider can."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """Return the names of the configured models."""
        ...

    async def chat(self, request: CompletionRequest) -> Completion: ...

    def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        """Yield parts of the text, then the Completion. Closing the iterator cancels the request at the server."""
        ...

    def transcriber(self) -> Writer | None:
        """Return the model that this provider would use to transcribe a recording; None if it has none."""
        ...

    async def transcribe(self, recording: Recording) -> Completion:
        """Transcribe a recording. Call it only if :meth:`transcriber` returns a writer."""
        ...

    async def check(self) -> str | None:
        """Return None if the server is ready, else what is wrong and what to do."""
        ...

    async def close(self) -> None: ...
