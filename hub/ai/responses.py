"""OpenAI's Responses API: build requests and parse answers. It does not import OpenAI's library.

Nothing is stored at the server (``store`` is off): the whole conversation is sent each time, as with chat completions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hub.ai.base import ChatMessage, CompletionRequest, ToolCall
from hub.ai.completions import arguments, picture_url, token_count
from hub.errors import AiBusy, AiError


def body(request: CompletionRequest, model: str, *, compatible: bool) -> dict[str, Any]:
    """Return the JSON body of a request to the Responses API.

    ``compatible`` has no effect here: unlike the chat completions API, all servers use the same field names.
    """
    items = [item for message in request.messages for item in _items(message)]
    if request.picture is not None:
        last = items[-1]
        image = {"type": "input_image", "image_url": picture_url(request.picture), "detail": "auto"}
        last["content"] = [{"type": "input_text", "text": last["content"]}, image]
    fields: dict[str, Any] = {"model": model, "input": items, "max_output_tokens": request.max_tokens, "store": False}
    if request.tools:
        fields["tools"] = [
            {"type": "function", "name": t.name, "description": t.description, "parameters": t.parameters,
             "strict": False}
            for t in request.tools
        ]  # fmt: skip
    if request.schema is not None:
        fields["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": request.schema, "strict": True}}
    return fields


def parse(response: Any) -> ResponseParser:
    """Parse an answer that was not streamed. Return a parser that contains the complete answer."""
    parsed = parser()
    parsed.finish(response)
    return parsed


def parser() -> ResponseParser:
    """Return a parser for one streamed response."""
    return ResponseParser()


class ResponseParser:
    """Parser of the events of one response."""

    def __init__(self) -> None:
        self.text = ""
        self.complete = False  # the server has ended the stream normally
        self.tokens = self.tokens_in = 0
        self._calls: dict[str, ToolCall] = {}  # by id
        self._argument_chars = 0  # number of characters in the arguments of all tool calls

    def take(self, event: Any) -> Iterator[str]:
        """Parse one event and yield its text. Raises AiError for an event that reports an error."""
        kind = event.type
        if kind == "response.output_text.delta" and event.delta:
            self.text += event.delta
            yield event.delta
        elif kind == "response.function_call_arguments.delta":
            self._argument_chars += len(event.delta or "")
        elif kind == "response.output_item.done":
            self._item(event.item)
        elif kind in ("response.completed", "response.incomplete", "response.failed"):
            before = self.text
            self.finish(event.response)
            if not before and self.text:
                yield self.text
        elif kind == "error":
            raise AiBusy("OpenAI cancelled the answer.", "Try again.")

    @property
    def size(self) -> int:
        """Return the number of characters received as text and tool calls. The caller limits this number."""
        return len(self.text) + self._argument_chars

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Return the tool calls of the answer."""
        return tuple(self._calls.values())

    def finish(self, response: Any) -> None:
        """Parse the complete response: tool calls, numbers of tokens, and the text if none was streamed.

        Raises AiBusy for a response that has failed.
        """
        if response.status == "failed":
            raise AiBusy("OpenAI cancelled the answer.", "Try again.")
        self.complete = True
        usage = response.usage
        if usage is not None:
            self.tokens, self.tokens_in = token_count(usage.total_tokens), token_count(usage.input_tokens)
        parts = [part for item in response.output or () for part in self._item(item)]
        if not self.text:
            self.text = "".join(parts)

    def _item(self, item: Any) -> list[str]:
        if item.type == "function_call":
            self._calls[item.call_id] = ToolCall(item.call_id, item.name, arguments(item.arguments))
        if item.type != "message":
            return []
        refused = [part for part in item.content or () if part.type == "refusal"]
        if refused:
            raise AiError("OpenAI declined to answer this.", "Rephrase the question, or use another model.")
        return [part.text or "" for part in item.content or () if part.type == "output_text"]


def _items(message: ChatMessage) -> Iterator[dict[str, Any]]:
    if message.role == "tool":
        yield {"type": "function_call_output", "call_id": message.call_id, "output": message.text}
        return
    if message.text or not message.calls:
        yield {"role": message.role, "content": message.text}
    for call in message.calls:
        text = json.dumps(call.arguments)
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": text}
