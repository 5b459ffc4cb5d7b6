"""The tool calls of one question: what a model looked up, what the user is shown, and what its text may cite."""

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
"""Tool calls a round; more are answered with a refusal."""
_RESULT = 6_000
"""Characters of one tool's result that the model gets."""
_LOOKED_UP = 32_000
"""Characters of all results that a model gets at once; older results are replaced by a line."""
_SAID = 2_000
"""Characters that are kept of a model's text between its calls."""
_CHARTS, _PROPOSALS = 3, 3
_ABOUT = 120


class ToolLoop:
    """Calls tools for a model. ``given`` is all data that the model received; ``extras`` is shown beside the text."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.given: list[Any] = []
        self.extras: list[Extra] = []

    async def answered(self, request: CompletionRequest, answer: Completion) -> tuple[CompletionRequest, list[Extra]]:
        """Return the request with the results of the calls of ``answer``, and the new extras."""
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
        """Return the extras that a result adds to those of earlier rounds and to the ``new`` ones of this round."""
        kinds = Counter(type(extra) for extra in (*self.extras, *new))
        shown: list[Extra] = [step_of(wanted, result)]
        if isinstance(result, dict) and "error" not in result:
            if wanted.name == "history" and kinds[Chart] < _CHARTS and len(result["points"]) > 1:
                shown.append(msgspec.convert({**result, "type": "chart"}, Chart))
            if wanted.name == "propose_command" and kinds[Proposal] < _PROPOSALS:
                shown.append(msgspec.convert({**result, "type": "proposal"}, Proposal))
        return shown


def _fitting(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Return the messages with the newest results that fit.

    An older result is replaced by a line: many models refuse a call without a result.
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
    """Return the request and the result of a call in a few words."""
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
