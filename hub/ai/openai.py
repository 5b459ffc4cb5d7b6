"""OpenAI and whatever speaks its chat API at another base address. The owner of the ``openai`` package.

The package is imported at the first request: it costs a second and 48 MB, which a hub without a key should not pay.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from hub.ai.base import ANSWER_LIMIT, Answer, Message, Piece, Request, ToolCall
from hub.errors import AiError
from hub.model import Writer


class OpenAIProvider:
    """``http_client`` replaces the transport (an ``httpx2.AsyncClient``); tests use it for faults."""

    name = "openai"

    def __init__(
        self, *, api_key: str, model: str, base_url: str | None = None, timeout_s: float = 60.0, http_client: Any = None
    ) -> None:
        self._key, self._model, self._base_url = api_key, model, base_url
        self._timeout, self._http = timeout_s, http_client
        self._client: Any = None

    @property
    def models(self) -> tuple[str, ...]:
        return (self._model,)

    def writer_for(self, request: Request) -> Writer | None:
        return Writer("openai", self._model, generative=True)

    async def chat(self, request: Request) -> Answer:
        with _translated():
            completion = await self._open().chat.completions.create(**self._body(request))
            if not completion.choices:
                raise AiError("OpenAI sent an empty answer.", "Try again.")
            message = completion.choices[0].message
            calls = tuple(
                ToolCall(c.id, c.function.name, _parsed(c.function.arguments)) for c in message.tool_calls or ()
            )
            tokens = completion.usage.total_tokens if completion.usage else 0
            return self._answer(message.content or "", calls, tokens)

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        text, tokens, calls = "", 0, dict[int, list[str]]()
        with _translated():
            body = self._body(request) | {"stream": True, "stream_options": {"include_usage": True}}
            async with await self._open().chat.completions.create(**body) as chunks:
                async for chunk in chunks:
                    tokens = chunk.usage.total_tokens if chunk.usage else tokens
                    delta = chunk.choices[0].delta if chunk.choices else None
                    for part in (delta.tool_calls or ()) if delta else ():
                        call = calls.setdefault(part.index, ["", "", ""])
                        call[0] = part.id or call[0]
                        call[1] += (part.function.name or "") if part.function else ""
                        call[2] += (part.function.arguments or "") if part.function else ""
                    if delta and delta.content:
                        text += delta.content
                        yield delta.content
                    if len(text) + sum(len(call[2]) for call in calls.values()) > ANSWER_LIMIT:
                        break
        asked = tuple(ToolCall(call[0], call[1], _parsed(call[2])) for _, call in sorted(calls.items()))
        yield self._answer(text, asked, tokens)

    async def check(self) -> str | None:
        try:
            with _translated():
                await self._open().with_options(timeout=5.0, max_retries=0).models.list()
        except AiError as error:
            return str(error)
        return None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    def _open(self) -> Any:
        if self._client is None:
            from openai import AsyncOpenAI  # costs a second: only when first used

            self._client = AsyncOpenAI(
                api_key=self._key, base_url=self._base_url, timeout=self._timeout, max_retries=0, http_client=self._http
            )
        return self._client

    def _body(self, request: Request) -> dict[str, Any]:
        messages = [_message(message) for message in request.messages]
        if request.picture is not None:
            encoded = base64.b64encode(request.picture.data).decode()
            url = {"url": f"data:{request.picture.media_type};base64,{encoded}"}
            last = messages[-1]
            last["content"] = [{"type": "text", "text": last["content"]}, {"type": "image_url", "image_url": url}]
        body: dict[str, Any] = {"model": self._model, "messages": messages}
        # Compatible servers know only the older name; OpenAI's newer models only the newer one.
        body["max_tokens" if self._base_url else "max_completion_tokens"] = request.max_tokens
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
                }
                for t in request.tools
            ]
        if request.schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": request.schema},
            }
        return body

    def _answer(self, text: str, calls: tuple[ToolCall, ...], tokens: int) -> Answer:
        if not text and not calls:
            raise AiError("OpenAI sent an answer without text.", "Try again or name another model.")
        return Answer(text[:ANSWER_LIMIT], Writer("openai", self._model, generative=True), calls[:16], tokens)


def _message(message: Message) -> dict[str, Any]:
    told: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.calls:
        told["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
            for c in message.calls
        ]
    if message.call_id is not None:
        told["tool_call_id"] = message.call_id
    return told


def _parsed(arguments: str) -> Any:
    """The arguments as JSON; what is not JSON stays text and is refused where the tool is called."""
    try:
        return json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return arguments


@contextmanager
def _translated() -> Iterator[None]:
    """The library's errors as ours; its texts may quote keys and addresses, so none is passed on."""
    import openai

    try:
        yield
    except openai.AuthenticationError:
        raise AiError("OpenAI refused the API key.", "Check OPENAI_API_KEY.") from None
    except openai.PermissionDeniedError:
        raise AiError(
            "OpenAI does not allow this key to use the model.", "Check the key's project and the model."
        ) from None
    except openai.NotFoundError:
        raise AiError(
            "OpenAI does not know the model or the address.", "Check OPENAI_MODEL and OPENAI_BASE_URL."
        ) from None
    except openai.RateLimitError:
        raise AiError(
            "OpenAI's rate limit or quota is used up.", "Wait a little, or check the account's plan."
        ) from None
    except openai.APITimeoutError:
        raise AiError("OpenAI did not answer in time.", "Try again.") from None
    except openai.APIConnectionError:
        raise AiError("OpenAI cannot be reached.", "Check the network and OPENAI_BASE_URL.") from None
    except openai.APIStatusError as error:
        raise AiError(f"OpenAI answered with status {error.status_code}.", "Try again later.") from None
    except openai.OpenAIError:
        raise AiError("OpenAI's answer could not be read.", "Try again.") from None
    except (ValueError, AttributeError, TypeError, IndexError, KeyError):
        # A compatible server that answers with something else than it promised.
        raise AiError("The server at OPENAI_BASE_URL sent an answer that is none.", "Check what runs there.") from None
    except Exception as error:
        if type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2"):
            raise AiError("The connection to OpenAI broke off.", "Try again.") from None
        raise
