"""OpenAI's chat completions API: build requests and parse answers. It does not import OpenAI's library."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from hub.ai.base import ChatMessage, CompletionRequest, Picture, ToolCall
from hub.bounds import decode_json
from hub.errors import Rejected


def body(request: CompletionRequest, model: str, *, compatible: bool) -> dict[str, Any]:
    """Return the body of a request. ``compatible`` is True for servers other than OpenAI's own."""
    messages = [_message(message) for message in request.messages]
    if request.picture is not None:
        last = messages[-1]
        url = {"url": picture_url(request.picture)}
        last["content"] = [{"type": "text", "text": last["content"]}, {"type": "image_url", "image_url": url}]
    fields: dict[str, Any] = {"model": model, "messages": messages}
    # Compatible servers accept only the older name, OpenAI's newer models only the newer one.
    fields["max_tokens" if compatible else "max_completion_tokens"] = request.max_tokens
    if request.tools:
        fields["tools"] = [
            {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.parameters}}
            for t in request.tools
        ]
    if request.schema is not None:
        fields["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": request.schema}}
    return fields


def parse(completion: Any) -> ChatCompletionParser:
    """Parse an answer that was not streamed. Return a parser that contains the complete answer."""
    parsed = parser()
    message = completion.choices[0].message if completion.choices else None
    parsed.text = (message.content or "") if message else ""
    for number, call in enumerate((message.tool_calls or ()) if message else ()):
        parsed.calls[number] = [call.id, call.function.name, call.function.arguments]
    parsed.count(completion.usage)
    return parsed


def parser() -> ChatCompletionParser:
    """Return a parser for one streamed chat completion."""
    return ChatCompletionParser()


class ChatCompletionParser:
    """Assembles a Completion from the chunks of an OpenAI-style chat-completions stream."""

    def __init__(self) -> None:
        self.text = ""
        self.complete = False  # the server has ended the stream normally
        self.tokens = self.tokens_in = 0
        self.calls: dict[int, list[str]] = {}  # by index: id, name, and the arguments received so far

    def take(self, chunk: Any) -> Iterator[str]:
        """Process one chunk of a streamed answer, and yield the text that it adds, if any."""
        self.count(chunk.usage)
        self.complete = self.complete or bool(chunk.usage) or bool(chunk.choices and chunk.choices[0].finish_reason)
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
        """Return the number of characters received as text and tool calls. The caller limits this number."""
        return len(self.text) + sum(len(part) for call in self.calls.values() for part in call)

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Return the tool calls of the answer."""
        return tuple(ToolCall(call[0], call[1], arguments(call[2])) for _, call in sorted(self.calls.items()))

    def count(self, usage: Any) -> None:
        """Set the numbers of tokens from ``usage``, the server's report. Do nothing if ``usage`` is None."""
        if usage is not None:
            self.tokens, self.tokens_in = token_count(usage.total_tokens), token_count(usage.prompt_tokens)


def token_count(tokens: Any) -> int:
    """Return ``tokens``, which a server sent, or 0 if it is not a plausible number of tokens."""
    return tokens if isinstance(tokens, int) and 0 < tokens < 100_000_000 else 0


def picture_url(picture: Picture) -> str:
    """Return an image as a data URL."""
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"


def arguments(text: str) -> Any:
    """Decode the JSON arguments of a tool call.

    If ``text`` is not valid JSON or is too large, return the text itself. The tool will then refuse it.
    """
    try:
        return decode_json(text or "{}")
    except Rejected:
        return text


def _message(message: ChatMessage) -> dict[str, Any]:
    fields: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.calls:
        fields["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
            for c in message.calls
        ]
    if message.call_id is not None:
        fields["tool_call_id"] = message.call_id
    return fields
