"""Tool calls that a model writes as text: executed like those of the protocol, and never shown."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.ai.base import Completion, ToolSpec
from hub.assistant.text_calls import VisibleText, with_text_calls
from hub.model import Step, Writer
from hub.store.sqlite import SqliteStore
from scripted_provider import request
from test_assistant import Scripted, Site

CALL = '{"name": "device_state", "arguments": {"device": "freezer 1"}}'
ASKED = request(tools=(ToolSpec("device_state", "", {}), ToolSpec("history", "", {})))
WRITER = Writer("openai", "scripted", generative=True)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    store = SqliteStore.open(tmp_path)
    made = Site(store)
    await made.fill()
    yield made
    await store.close()


@pytest.mark.parametrize(
    "text",
    [
        CALL,
        f"```json\n{CALL}\n```",
        f"<tool_call>\n{CALL}\n</tool_call>",
        f"I look it up.\n<tool_call>{CALL}</tool_call>\nThe temperature is 3 °C.",
        f"[TOOL_CALLS] [{CALL}]",
        f"<|python_tag|>{CALL.replace('arguments', 'parameters')}<|eom_id|>",
        '{"tool": "device_state", "args": {"device": "freezer 1"}}',
        '{"type": "function", "function": {"name": "device_state", "arguments": "{\\"device\\": \\"freezer 1\\"}"}}',
    ],
    ids=["bare", "fenced", "tagged", "after words", "mistral", "llama", "tool and args", "openai"],
)
def test_call_written_as_text_becomes_tool_call(text: str) -> None:
    (call,) = with_text_calls(Completion(text, WRITER), ASKED).calls
    assert (call.name, call.arguments) == ("device_state", {"device": "freezer 1"})


@pytest.mark.parametrize(
    "text",
    [
        "Freezer 1 is at 9.5 °C.",
        '{"name": "delete_device", "arguments": {"device": "freezer 1"}}',
        f"{CALL}\nThat is how a call looks.",
        '{"temperature": 9.5}',
        "{" * 5000,
        '{"name": "device_state", "arguments": {"device": ',
        "[" * 100_000,
    ],
)
def test_other_text_is_not_a_tool_call(text: str) -> None:
    answer = Completion(text, WRITER)
    assert with_text_calls(answer, ASKED) == answer


def test_call_without_offered_tools_stays_text() -> None:
    assert with_text_calls(Completion(CALL, WRITER), request()).calls == ()


def test_number_of_calls_in_text_is_bounded() -> None:
    assert len(with_text_calls(Completion(f"[{', '.join([CALL] * 50)}]", WRITER), ASKED).calls) == 16


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_possible_call_is_held_back_while_it_streams(size: int) -> None:
    text = f"I look it up.\n  <tool_call>{CALL}</tool_call>"
    visible = VisibleText()
    shown = "".join(visible.feed(text[start : start + size]) for start in range(0, len(text), size))
    assert shown.strip() == "I look it up."
    assert shown + visible.rest() == text


@pytest.mark.parametrize("streamed", [False, True])
async def test_call_written_as_text_is_executed_and_not_shown(site: Site, streamed: bool) -> None:
    model = Scripted(f"<tool_call> {CALL} </tool_call>", "Freezer 1 is at 9.5 °C.")
    if streamed:
        pieces = [piece async for piece in site.assistant(model).converse("how is freezer 1?")]
        text = " ".join(piece for piece in pieces if isinstance(piece, str))
        steps = [piece for piece in pieces if isinstance(piece, Step)]
    else:
        reply = await site.assistant(model).answer("how is freezer 1?")
        text, steps = reply.text, [extra for extra in reply.extras if isinstance(extra, Step)]
    assert "tool_call" not in text
    assert "9.5" in text
    assert [(step.tool, step.ok) for step in steps] == [("device_state", True)]
    asked, result = model.requests[1].messages[-2:]
    assert [call.id for call in asked.calls] == [result.call_id]
    assert '"value":9.5' in result.text


async def test_json_answer_that_is_no_call_is_shown(site: Site) -> None:
    answer = json.dumps({"temperature": 9.5})
    pieces = [piece async for piece in site.assistant(Scripted(answer)).converse("freezer 1 as JSON?")]
    assert "".join(piece for piece in pieces if isinstance(piece, str)).replace(" ", "") == answer.replace(" ", "")
