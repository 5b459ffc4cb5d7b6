"""Execute the tool calls of a model for one question, and collect their results for the model and for the dashboard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from hub.ai.base import ChatMessage, Completion, CompletionRequest, ToolCall
from hub.ai.prompt_isolation import clean, fence
from hub.model import Chart, Extra, Proposal, Step
from hub.tools import Tools, call

_MAX_CALLS = 4
"""Maximum number of tool calls in one reply of the model; further calls are refused."""
_MAX_RESULT = 6_000
"""Maximum number of characters of one tool result that the model gets."""
_MAX_ALL_RESULTS = 32_000
"""Maximum number of characters of all tool results in one request to a model.

The oldest results beyond it are replaced by a short note.
"""
_MAX_TEXT = 2_000
"""Maximum number of characters of the text that a model writes together with tool calls; the rest is dropped."""
_CHARTS, _PROPOSALS = 3, 3
_ABOUT = 120


class ToolLoop:
    """Executes the tool calls of a model, reply by reply.

    ``given`` has all data that the model received. ``extras`` are the items that the dashboard shows beside the text of
    the answer: the steps, charts and proposed commands.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.given: list[Any] = []
        self.extras: list[Extra] = []

    async def answered(self, request: CompletionRequest, answer: Completion) -> tuple[CompletionRequest, list[Extra]]:
        """Execute the tool calls that a model requests in ``answer``.

        Returns:
            The next request to the model, which contains the results of the calls; and the new extras (steps, charts
                and proposed commands).
        """
        results: list[ChatMessage] = []
        new: list[Extra] = []
        for index, wanted in enumerate(answer.calls):
            result: Any = {"error": "Too many calls at once; ask again with fewer."}
            if index < _MAX_CALLS:
                result = await call(self._tools, wanted.name, wanted.arguments)
                new += self._shown(wanted, result, new)
            self.given.append(result)
            fenced = fence(wanted.name[:40], result, _MAX_RESULT)
            results.append(ChatMessage("tool", fenced, call_id=wanted.id, name=wanted.name[:64]))
        self.extras += new
        asked = ChatMessage("assistant", clean(answer.text[:_MAX_TEXT]), calls=answer.calls)
        messages = _shortened((*request.messages, asked, *results))
        return msgspec.structs.replace(request, messages=messages), new

    def _shown(self, wanted: ToolCall, result: Any, new: list[Extra]) -> list[Extra]:
        """Return the extras for one tool call: a step, and the chart or proposed command that is its result.

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


def _shortened(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Return all messages, with the oldest tool results replaced by a short note if the results exceed the limit.

    They are not removed, because many models refuse a call without a result.
    """
    kept: list[ChatMessage] = []
    left = _MAX_ALL_RESULTS
    for message in reversed(messages):
        if message.role == "tool":
            left -= len(message.text)
            if left < 0:
                message = msgspec.structs.replace(message, text="[Left out, there is too much. Ask again for less.]")
        kept.append(message)
    return tuple(reversed(kept))


def step_of(wanted: ToolCall, result: Any) -> Step:
    """Return a description of a tool call for the dashboard: tool, arguments, result, and whether it succeeded."""
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
