"""Provider for Ollama. The only module that uses the ``ollama`` package."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import ollama

from hub.ai.address_guard import pin
from hub.ai.base import ANSWER_LIMIT, ChatMessage, Completion, CompletionRequest, Piece, Recording, ToolCall
from hub.ai.server_config import DEFAULT_ADDRESSES
from hub.errors import AiBusy, AiError
from hub.model import Writer


class OllamaProvider:
    """One Ollama server.

    Args:
        host: the server's address; None: Ollama's default address on this machine.
        model: the model for requests without an image.
        vision_model: the model for requests with an image; None: the server takes no images.
        api_key: the bearer token to send; None: no token.
        name: the server's name in the settings.
        timeout_s: time limit of a request, in seconds.
        context: context window in tokens. All requests use the same size, because Ollama reloads a model to change its
            context. Ollama's default of 4,096 would silently cut off the results of tools.
        **options: options for the library's client.
    """

    def __init__(
        self,
        *,
        host: str | None,
        model: str,
        vision_model: str | None = None,
        api_key: str | None = None,
        name: str = "ollama",
        timeout_s: float = 60.0,
        context: int = 16_384,
        **options: Any,
    ) -> None:
        self.name = name
        self._model, self._vision, self._context = model, vision_model, context

        def authorize(request: Any) -> Any:
            """Set the server's key in the Authorization header, or remove the header if the server has no key.

            Without this, the library would send a key from the environment.
            """
            request.headers.pop("Authorization", None)
            if api_key:
                request.headers["Authorization"] = f"Bearer {api_key}"
            return request

        self._client = ollama.AsyncClient(
            host=host or DEFAULT_ADDRESSES["ollama"],
            timeout=timeout_s,
            auth=authorize,
            follow_redirects=False,
            event_hooks={"request": [pin]},
            **options,
        )

    @property
    def models(self) -> tuple[str, ...]:
        return (self._model,) if self._vision is None else (self._model, self._vision)

    def writer_for(self, request: CompletionRequest) -> Writer | None:
        model = self._vision if request.picture is not None else self._model
        return Writer(self.name, model, generative=True) if model else None

    async def chat(self, request: CompletionRequest) -> Completion:
        with _translated(self._named(request)):
            response = await self._client.chat(**self._body(request), stream=False)
            return self._answer(request, response.message.content or "", _calls(response, 0), response)

    async def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        text, calls = "", list[ToolCall]()
        chunk: Any = None
        with _translated(self._named(request)):
            chunks: Any = await self._client.chat(**self._body(request), stream=True)
            try:
                async for chunk in chunks:
                    calls += _calls(chunk, len(calls))
                    if chunk.message.content:
                        text += chunk.message.content
                        yield chunk.message.content
                    if len(text) > ANSWER_LIMIT:
                        break
                else:
                    if chunk is None or not chunk.done:
                        raise AiBusy("The answer ended too early.", "Try again.")
            finally:
                await chunks.aclose()  # cancels the request at the server if the caller stops reading
            answer = self._answer(request, text, tuple(calls), chunk)
        yield answer

    def transcriber(self) -> Writer | None:
        return None

    async def transcribe(self, recording: Recording) -> Completion:
        raise AiError("Ollama cannot transcribe speech.", "Set another server in ai.transcription.")

    async def check(self) -> str | None:
        try:
            with _translated(self._model):
                served = {model.model or "" for model in (await self._client.list()).models}
        except AiError as error:
            return str(error)
        missing = [name for name in self.models if not any(s == name or s.split(":")[0] == name for s in served)]
        return f"Ollama answers but has no model {missing[0]}. Run `ollama pull {missing[0]}`." if missing else None

    async def close(self) -> None:
        await self._client.close()  # type: ignore[no-untyped-call]

    def _named(self, request: CompletionRequest) -> str:
        return (self._vision or self._model) if request.picture is not None else self._model

    def _body(self, request: CompletionRequest) -> dict[str, Any]:
        messages = [_message(message) for message in request.messages]
        if request.picture is not None:
            messages[-1]["images"] = [request.picture.data]
        body: dict[str, Any] = {
            "model": self._named(request),
            "messages": messages,
            "options": {"num_predict": request.max_tokens, "num_ctx": self._context},
        }
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
                }
                for t in request.tools
            ]
        if request.schema is not None:
            body["format"] = request.schema
        return body

    def _answer(self, request: CompletionRequest, text: str, calls: tuple[ToolCall, ...], last: Any) -> Completion:
        """Check the answer that a response contained, and return it as a Completion.

        ``text`` and ``calls`` are the collected parts of the answer. ``last`` is the response's last chunk, which has
        the numbers of tokens. Raises AiError if the answer is empty.
        """
        if not text.strip() and not calls:
            raise AiError("Ollama sent an empty answer.", "Try again or use another model.")
        writer = Writer(self.name, self._named(request), generative=True)
        tokens_in, tokens_out = max(last.prompt_eval_count or 0, 0), max(last.eval_count or 0, 0)
        return Completion(text[:ANSWER_LIMIT], writer, calls[:16], tokens_in + tokens_out, tokens_in)


def _message(message: ChatMessage) -> dict[str, Any]:
    fields: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.calls:
        fields["tool_calls"] = [
            {"function": {"name": c.name, "arguments": c.arguments if isinstance(c.arguments, dict) else {}}}
            for c in message.calls
        ]
    if message.role == "tool":
        fields["tool_name"] = message.name
    return fields


def _calls(response: ollama.ChatResponse, first: int) -> tuple[ToolCall, ...]:
    """Return the tool calls of a response. Ollama sends no ids, so the calls are numbered, beginning with ``first``."""
    calls = response.message.tool_calls or ()
    return tuple(
        ToolCall(f"call-{first + i}", c.function.name, dict(c.function.arguments)) for i, c in enumerate(calls)
    )


@contextmanager
def _translated(model: str) -> Iterator[None]:
    """Translate errors raised inside the block into AiError.

    The library raises ConnectionError itself, but lets errors of httpx through in streams.
    """
    try:
        yield
    except ollama.ResponseError as error:
        if error.status_code == 404:
            raise AiError(f"Ollama has no model {model}.", f"Run `ollama pull {model}`.") from None
        if error.status_code == 429:
            raise AiBusy("Ollama is busy.", "Try again in a moment.") from None
        kind = AiBusy if error.status_code >= 500 else AiError
        raise kind(f"Ollama answered with status {error.status_code}.", "See the log of ollama.") from None
    except ollama.RequestError:
        raise AiError("Ollama refused the request.", "Check the model's name.") from None
    except ConnectionError:
        raise AiBusy("Ollama cannot be reached.", "Start it, and check OLLAMA_HOST.") from None
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
        text = "The server at OLLAMA_HOST sent an answer that is not Ollama's."
        raise AiError(text, "Check which program listens there.") from None
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("httpx", "httpcore"):
            raise
        if "Timeout" in type(error).__name__:
            raise AiError("Ollama did not answer in time.", "Use a smaller model or wait until it is loaded.") from None
        raise AiBusy("Ollama cannot be reached.", "Start it, and check OLLAMA_HOST.") from None
