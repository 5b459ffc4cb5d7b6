"""Find tool calls that a model writes as text instead of sending them in the protocol's field.

Many local models do this: as a JSON object, in a fenced code block, or between the markers of their chat template. A
call is executed only if its tool was offered and no text follows it, because a call in the middle of an explanation is
only an example.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from hub.ai.base import Completion, CompletionRequest, ToolCall
from hub.bounds import check
from hub.errors import Rejected

_MAX_CALLS = 16
_MARKS = ("{", "[{", "[TOOL_CALLS]", "```", "<tool_call>", "<|python_tag|>", "<|tool_call|>", "<function_call>")
"""The character sequences with which a tool call may begin, at the start of a line."""
_WRAPPERS = re.compile(
    r"</?tool_call>|<\|/?tool_call\|>|</?function_call>|<\|python_tag\|>|\[TOOL_CALLS\]|```(?:json|tool_call)?|<\|eom_id\|>",
    re.I,
)
_TAGGED = re.compile(r"<tool_call>.*?</tool_call>", re.S | re.I)
_LINE = re.compile(r"^[ \t]*(\S[^\n]*)", re.M)
_CALLED = ("name", "tool", "tool_name", "function")
_GIVEN = ("arguments", "parameters", "args", "input")


class VisibleText:
    """Filters a streamed answer: holds back text while it may be the beginning of a tool call."""

    def __init__(self) -> None:
        self._text = ""
        self._shown = 0
        self._line = 0  # start of the last line

    def feed(self, piece: str) -> str:
        """Add the next piece of the answer. Return the text that can be shown now."""
        self._text += piece
        start = _call_start(self._text, self._line)
        if start is None:
            self._line = self._text.rfind("\n") + 1
        return self._show(len(self._text) if start is None else start)

    def rest(self) -> str:
        """Return the end of the text, which was not shown yet because it could have been the beginning of a tool call.

        Call this at the end of an answer that contains no tool call.
        """
        return self._show(len(self._text))

    def _show(self, end: int) -> str:
        new = self._text[self._shown : end]
        self._shown = max(end, self._shown)
        return new


def _call_start(text: str, begin: int = 0) -> int | None:
    """Return the index in ``text``, at or after ``begin``, at which a tool call may begin; None if there is none.

    The text may end in the middle of the character sequence that begins a call.
    """
    for line in _LINE.finditer(text, begin):
        content = line[1]
        incomplete = line.end() == len(text) and any(mark.startswith(content) for mark in _MARKS)
        if incomplete or content.startswith(_MARKS):
            return line.start(1)
    return None


def with_text_calls(answer: Completion, request: CompletionRequest) -> Completion:
    """Return ``answer`` with tool calls that the model wrote as text moved from its ``text`` to its ``calls``.

    The answer is returned unchanged if its text contains no tool call, if it already has ``calls``, or if ``request``
    offers no tools. The ids of the calls are unique within the conversation of ``request``.
    """
    start = _call_start(answer.text)
    if answer.calls or start is None or not request.tools:
        return answer
    known = {tool.name for tool in request.tools}
    found = _calls(answer.text[start:], known)
    if not found:
        return answer
    turn = len(request.messages)
    calls = tuple(ToolCall(f"text-{turn}-{i}", name, given) for i, (name, given) in enumerate(found[:_MAX_CALLS]))
    return msgspec.structs.replace(answer, text=answer.text[:start].rstrip(), calls=calls)


def _calls(text: str, known: set[str]) -> list[tuple[str, Any]]:
    """Return the tool name and the arguments of each call in ``text``.

    The result is empty unless the whole text consists of calls of tools in ``known``. Text outside ``<tool_call>`` tags
    is ignored if there are such tags.
    """
    tagged = "".join(_TAGGED.findall(text))  # a model may go on and invent the result
    left = _WRAPPERS.sub(" ", tagged or text).strip().strip(",;").strip()
    found: list[tuple[str, Any]] = []
    while left:
        try:
            value, end = json.JSONDecoder().raw_decode(left)
            check(value)
        except (ValueError, RecursionError, Rejected):
            return []
        for each in value if isinstance(value, list) else [value]:
            called = _call(each, known)
            if called is None:
                return []
            found.append(called)
        left = left[end:].strip().strip(",;").strip()
    return found


def _call(value: Any, known: set[str]) -> tuple[str, Any] | None:
    if not isinstance(value, dict):
        return None
    for inner in _objects(value):
        name = next((inner[key] for key in _CALLED if isinstance(inner.get(key), str)), None)
        given: Any = next((inner[key] for key in _GIVEN if key in inner), {})
        if name in known:
            return str(name), _arguments(given)
    return None


def _objects(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects that may be a tool call: ``value``, then the object under its key ``function``, if it has one.

    OpenAI's format puts the name and the arguments of a call into this inner object.
    """
    yield value
    if isinstance(value.get("function"), dict):
        yield value["function"]


def _arguments(given: Any) -> Any:
    """Return the arguments of a call, decoded if they are JSON text.

    The result may be something other than an object, which the tool refuses.
    """
    if isinstance(given, str):
        try:
            decoded = json.loads(given or "{}")
            check(decoded)
        except (ValueError, RecursionError, Rejected):
            return given
        return decoded
    return given
