"""``/api/conversations``: answers as JSON lines, stored as turns of a conversation."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, running_hub
from hub.errors import AiError
from test_assistant import Scripted

ID = "3f2a9c10-talk"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as running:
        for n in range(40):
            await running.telemetry("pump-01", temperature=20 + n / 10)
        yield running


async def ask(hub: ApiHub, question: str, conversation: str = ID) -> list[dict]:
    answer = await hub.http.post(f"/api/conversations/{conversation}/turns", json={"question": question})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_answer_is_streamed_as_json_lines_and_stored(hub: ApiHub):
    lines = await ask(hub, "What is the status of pump-01?")
    kinds = [line["type"] for line in lines]
    assert kinds[0] == "text"
    assert kinds[-1] == "done"
    text = "".join(line["text"] for line in lines if line["type"] == "text")
    assert "pump-01" in text
    (source,) = [line for line in lines if line["type"] == "source"]
    assert (source["device"], source["metric"]) == ("pump-01", "temperature")
    assert lines[-1]["provider"] == "builtin"
    again = "".join(line.get("text", "") for line in await ask(hub, "and how many devices are online?"))
    assert "1" in again

    stored = (await hub.http.get(f"/api/conversations/{ID}")).json()
    assert [turn["question"] for turn in stored["turns"]] == [
        "What is the status of pump-01?",
        "and how many devices are online?",
    ]
    assert stored["turns"][0]["answer"] == text
    assert [extra["type"] for extra in stored["turns"][0]["extras"]] == [
        kind for kind in kinds if kind not in ("text", "done")
    ]
    (listed,) = (await hub.http.get("/api/conversations")).json()["items"]
    assert (listed["id"], listed["turns"]) == (ID, 2)
    assert (await hub.http.delete(f"/api/conversations/{ID}")).status_code == 204
    assert (await hub.http.get(f"/api/conversations/{ID}")).status_code == 404
    assert (await hub.http.delete(f"/api/conversations/{ID}")).status_code == 404


@pytest.mark.parametrize(
    ("conversation", "question"),
    [("short", "How many devices?"), (ID, " "), (ID, "x" * 501), ("a/../../b", "x" * 20)],
)
async def test_invalid_question_or_conversation_id_is_refused(hub: ApiHub, conversation: str, question: str):
    answer = await hub.http.post(f"/api/conversations/{conversation}/turns", json={"question": question})
    assert answer.status_code in (404, 405, 422)
    assert (await hub.http.get("/api/conversations")).json()["items"] == []


async def test_question_of_one_word_is_answered(hub: ApiHub):
    await ask(hub, "What is the status of pump-01?")
    assert [line for line in await ask(hub, "Why?") if line["type"] == "text"]


async def test_partial_answer_of_failed_model_is_completed_and_stored(tmp_path: Path):
    class Breaking(Scripted):
        async def stream(self, request):
            yield "There are "
            raise AiError("It broke off.", "Ask again.")

    async with running_hub(tmp_path, models=[Breaking("")]) as hub:
        await hub.telemetry("pump-01", temperature=20)
        lines = await ask(hub, "How many devices are there?")
        text = "".join(line.get("text", "") for line in lines)
        assert text.startswith("There are ")
        assert "The built-in analyst says:" in text
        assert "1 device" in text
        assert lines[-1]["type"] == "done"
        (turn,) = (await hub.http.get(f"/api/conversations/{ID}")).json()["turns"]
        assert turn["answer"] == text
