"""Execute the tool calls of one question, and keep their results and what the page shows of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from hub.ai.base import ChatMessage, Completion, CompletionRequest, ToolCall
from hub.ai.prompt_isolation import clean, fence
from hub.model import Chart, Extra, Proposal, Step
from hub.tools import Tools, call

_CALLS = 4
"""Maximum number of tool calls in one reply of the model; further calls are refused."""
_RESULT = 6_000
"""Maximum number of characters that the model gets of one tool's result."""
_LOOKED_UP = 32_000
"""Maximum number of characters of all results that a model gets in one request.

Older results beyond it are replaced by a short note.
"""
_SAID = 2_000
"""Maximum number of characters that are kept of the text beside a model's tool calls."""
_CHARTS, _PROPOSALS = 3, 3
_ABOUT = 120


class ToolLoop:
    """Executes the tool calls of a model, reply by reply.

    ``given`` is all data that the model received. ``extras`` are the items that the page shows beside the answer's
    text: the steps, charts and proposed commands.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.given: list[Any] = []
        self.extras: list[Extra] = []

    async def answered(self, request: CompletionRequest, answer: Completion) -> tuple[CompletionRequest, list[Extra]]:
        """Execute the tool calls that a model asks for in ``answer``. Return two values.

        Returns:
            The next request to the model, which contains the results of the calls.
            The new extras: what the page shows beside the answer, such as the look-ups that were made and charts.
        """
        results: list[ChatMessage] = []
        new: list[Extra] = []
        for index, wanted in enumerate(answer.calls):
            result: Any = {"error": "Too many calls at once; ask again with fewer."}
            if index < _CALLS:
                result = await call(self._tools, wanted.name, wanted.arguments)
                new += self._shown(wanted, result, new)
            self.given.append(result)
            fenced = fence(wanted.name[:40], result, _RESULT)
            results.append(ChatMessage("tool", fenced, call_id=wanted.id, name=wanted.name[:64]))
        self.extras += new
        asked = ChatMessage("assistant", clean(answer.text[:_SAID]), calls=answer.calls)
        messages = _fitting((*request.messages, asked, *results))
        return msgspec.structs.replace(request, messages=messages), new

    def _shown(self, wanted: ToolCall, result: Any, new: list[Extra]) -> list[Extra]:
        """Return what the page shows for one tool call: a step, and the chart or proposed command that it resulted in.

        A chart or proposed command is left out if the answer already has the maximum number of them. ``new`` are the
        extras of the model's current reply, and :attr:`extras` are those of its earlier replies.
        """
        kinds = Counter(type(extra) for extra in (*self.extras, *new))
        shown: list[Extra] = [step_of(wanted, result)]
        if isinstance(result, dict) and "error" not in result:
            if wanted.name == "history" and kinds[Chart] < _CHARTS and len(result["points"]) > 1:
                shown.append(msgspec.convert({**result, "type": "chart"}, Chart))
            if wanted.name == "propose_command" and kinds[Proposal] < _PROPOSALS:
                shown.append(msgspec.convert({**result, "type": "proposal"}, Proposal))
        return shown


def _fitting(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Return all messages, with the oldest tool results shortened until the results fit into the limit.

    A result that does not fit is replaced by a short note and not removed, because many models refuse a call without a
    result.
    """
    kept: list[ChatMessage] = []
    left = _LOOKED_UP
    for message in reversed(messages):
        if message.role == "tool":
            left -= len(message.text)
            if left < 0:
                message = msgspec.structs.replace(message, text="[Left out, there is too much. Ask again for less.]")
        kept.append(message)
    return tuple(reversed(kept))


def step_of(wanted: ToolCall, result: Any) -> Step:
    """Return a short description of a tool call for the page: tool, arguments, result, and whether it succeeded."""
    arguments = wanted.arguments if isinstance(wanted.arguments, dict) else {}
    about = ", ".join(f"{value}" for value in arguments.values() if isinstance(value, str | int | float))
    found, ok = _found(result), not (isinstance(result, dict) and "error" in result)
    return Step(wanted.name[:64], about[:_ABOUT], found[:_ABOUT], ok)


def _found(result: Any) -> str:
    if isinstance(result, list):
        return f"{len(result)} found"
    if not isinstance(result, dict):
        return ""
    if "error" in result:
        return str(result["error"])
    if "total" in result:
        return f"{result['total']} found"
    named = result.get("device")
    name = named.get("name") if isinstance(named, dict) else result.get("name")
    return str(name or "")
