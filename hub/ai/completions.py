"""OpenAI's chat completions: what goes out and how what comes back is read. It imports nothing of OpenAI's."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from hub.ai.base import ChatMessage, CompletionRequest, Picture, ToolCall
from hub.bounds import decode_json
from hub.errors import Rejected


def body(request: CompletionRequest, model: str, *, compatible: bool) -> dict[str, Any]:
    """The request's fields; ``compatible`` for servers other than OpenAI's own."""
    messages = [_message(message) for message in request.messages]
    if request.picture is not None:
        last = messages[-1]
        url = {"url": picture_url(request.picture)}
        last["content"] = [{"type": "text", "text": last["content"]}, {"type": "image_url", "image_url": url}]
    told: dict[str, Any] = {"model": model, "messages": messages}
    # Compatible servers know only the older name; OpenAI's newer models only the newer one.
    told["max_tokens" if compatible else "max_completion_tokens"] = request.max_tokens
    if request.tools:
        told["tools"] = [
            {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.parameters}}
            for t in request.tools
        ]
    if request.schema is not None:
        told["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": request.schema}}
    return told


def whole(completion: Any) -> ChatCompletionParser:
    """An answer that came in one piece."""
    reading = parser()
    message = completion.choices[0].message if completion.choices else None
    reading.text = (message.content or "") if message else ""
    for number, call in enumerate((message.tool_calls or ()) if message else ()):
        reading.calls[number] = [call.id, call.function.name, call.function.arguments]
    reading.count(completion.usage)
    return reading


def parser() -> ChatCompletionParser:
    """Return a parser for one streamed chat completion."""
    return ChatCompletionParser()


class ChatCompletionParser:
    """What has come of a stream so far. ``whole`` once the server has said that this was all."""

    def __init__(self) -> None:
        self.text = ""
        self.whole = False
        self.tokens = self.tokens_in = 0
        self.calls: dict[int, list[str]] = {}

    def take(self, chunk: Any) -> Iterator[str]:
        """The text of one more chunk."""
        self.count(chunk.usage)
        self.whole = self.whole or bool(chunk.usage) or bool(chunk.choices and chunk.choices[0].finish_reason)
        delta = chunk.choices[0].delta if chunk.choices else None
        for part in (delta.tool_calls or ()) if delta else ():
            call = self.calls.setdefault(part.index, ["", "", ""])
            call[0] = part.id or call[0]
            call[1] += (part.function.name or "") if part.function else ""
            call[2] += (part.function.arguments or "") if part.function else ""
        if delta and delta.content:
            self.text += delta.content
            yield delta.content

    @property
    def size(self) -> int:
        """Characters that are held."""
        return len(self.text) + sum(len(part) for call in self.calls.values() for part in call)

    def asked(self) -> tuple[ToolCall, ...]:
        return tuple(ToolCall(call[0], call[1], arguments(call[2])) for _, call in sorted(self.calls.items()))

    def count(self, usage: Any) -> None:
        if usage is not None:
            self.tokens, self.tokens_in = counted(usage.total_tokens), counted(usage.prompt_tokens)


def counted(tokens: Any) -> int:
    """A server's count, which need not be one."""
    return tokens if isinstance(tokens, int) and 0 < tokens < 100_000_000 else 0


def picture_url(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"


def arguments(text: str) -> Any:
    """A call's arguments as JSON; what is no JSON within bounds stays text and is refused where the tool is called."""
    try:
        return decode_json(text or "{}")
    except Rejected:
        return text


def _message(message: ChatMessage) -> dict[str, Any]:
    told: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.calls:
        told["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
            for c in message.calls
        ]
    if message.call_id is not None:
        told["tool_call_id"] = message.call_id
    return told
