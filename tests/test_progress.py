"""Progress of a diagnosis: streamed text, verdicts on claims, failover, and repeating a stored diagnosis."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_hub import Socket, running_hub
from hub.ai.base import CompletionRequest
from hub.diagnosis.partial_json import PartialStatements
from hub.errors import NotFound, UnknownModel
from hub.model import Diagnosis, RunStep, Writer
from hub.runtime.progress import MAX_STEPS, ProgressStreams
from hub.store.sqlite import SqliteStore
from worn_pump import Site, Writes

MODEL = Writer("openai", "scripted", generative=True)
BUILTIN = Writer("builtin", "builtin-analyst", generative=False)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    store = SqliteStore.open(tmp_path)
    made = Site(store)
    await made.fill()
    made.alert()
    yield made
    await store.close()


def write_answer(_: CompletionRequest) -> str:
    statements = [
        {"text": 'Vibration is {side} its limit of {limit} \\ "high" é 💧.', "evidence": ["e1"], "kind": "observation"},
        {"text": "The limit is 4.5 mm/s.", "evidence": ["e1"], "kind": "inference"},
    ]
    return json.dumps({"statements": statements, "cause": "bearing_wear", "cause_evidence": ["e1"]})


async def diagnose(site: Site, *models: Any) -> tuple[Diagnosis, list[RunStep]]:
    steps: list[RunStep] = []
    desk = site.diagnostician(*models, timeout_s=3.0)
    desk.runs.subscribe(steps.append)
    found = await desk.diagnose_device("pump-00")
    assert {step.run for step in steps} == {"device:pump-00"}
    assert desk.runs.snapshot("device:pump-00") == []
    return found, steps


async def test_model_text_is_streamed_and_each_claim_with_its_verdict(site: Site) -> None:
    found, steps = await diagnose(site, Writes(write_answer))
    ops = [step.op for step in steps]
    assert ops[:3] == ["tool", "tool", "start"]
    assert ops[-1] == "done"
    assert steps[2].writer == steps[-1].writer == found.generated_by == MODEL
    first = 'Vibration is above its limit of 7.1 mm/s \\ "high" é 💧.'
    assert "".join(s.text for s in steps if s.op == "text").strip() == found.summary == first
    cites = [s for s in steps if s.op == "cite"]
    assert [(s.text, s.supported) for s in cites] == [(c.text, c.supported) for c in found.claims]
    assert [c.supported for c in found.claims] == [True, False]
    assert ops.index("cite") < len(ops) - 2  # before the answer is complete


async def test_builtin_analyst_text_is_streamed(site: Site) -> None:
    found, steps = await diagnose(site)
    assert "".join(s.text for s in steps if s.op == "text") == found.summary
    assert [s.text for s in steps if s.op == "cite"] == [c.text for c in found.claims]
    assert (found.prompt, found.instead_of) == ((), None)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (Writes(write_answer, breaks_at=40), "cut"),
        (Writes(lambda _: "I say what I like."), "form"),
        (Writes(write_answer, 9), ""),
    ],
    ids=["cut off", "not in the form", "hangs"],
)
async def test_fallback_restarts_stream_and_is_recorded_in_diagnosis(site: Site, model: Writes, why: str) -> None:
    found, steps = await diagnose(site, model)
    starts = [s.writer for s in steps if s.op == "start"]
    assert starts == [MODEL, BUILTIN]
    assert (found.generated_by, found.instead_of) == (BUILTIN, MODEL)
    assert why in "".join(s.text for s in steps if s.op == "error")
    after = steps[[s.op for s in steps].index("start", 3) :]
    assert "".join(s.text for s in after if s.op == "text") == found.summary


async def test_late_subscriber_gets_condensed_steps_from_start() -> None:
    runs = ProgressStreams()
    with runs.open("a-1") as run:
        run.emit("tool", "Looked.")
        run.emit("start")
        run.emit("text", "Wrong ")
        run.emit("error", "It broke.")
        run.emit("start")
        for word in ("It ", "is ", "warm."):
            run.emit("text", word)
        kept = [(s.op, s.text) for s in runs.snapshot("a-1")]
        assert kept == [("tool", "Looked."), ("error", "It broke."), ("start", ""), ("text", "It is warm.")]
        for number in range(MAX_STEPS):
            run.emit("cite", str(number))
        assert len(runs.snapshot("a-1")) == MAX_STEPS
        assert runs.dropped_steps == 4
    assert runs.snapshot("a-1") == []


@given(st.lists(st.text(max_size=20), max_size=4), st.integers(1, 9), st.booleans())
def test_partial_json_is_parsed_however_it_is_split(texts: list[str], size: int, plain: bool) -> None:
    body = {"cause": None, "statements": [{"text": text, "evidence": ["e1"]} for text in texts]}
    text = json.dumps(body, ensure_ascii=plain) + " ]}"
    reading, found = PartialStatements(), list[dict[str, Any]]()
    for start in range(0, len(text), size):
        found += reading.feed(text[start : start + size])
    assert [statement["text"] for statement in found] == texts


async def test_diagnosis_is_repeated_from_stored_prompt(site: Site) -> None:
    model = Writes(write_answer)
    desk = site.diagnostician(model)
    first = await desk.diagnose_device("pump-00")
    assert [role for role, _ in first.prompt] == ["system", "user"]
    again = await desk.repeat(first.id)
    assert model.asked[0].messages == model.asked[1].messages
    assert model.asked[0].schema == model.asked[1].schema
    same = ("summary", "cause", "confidence", "evidence", "claims", "actions", "prompt", "generated_by", "tokens_used")
    assert [getattr(again, name) for name in same] == [getattr(first, name) for name in same]
    assert len(site.written) == 1
    by_rules = await desk.repeat(first.id, "builtin")
    assert by_rules.summary.startswith("Bearing wear: vibration rises first")
    assert by_rules.summary == (await site.diagnostician().repeat(first.id, "builtin")).summary
    with pytest.raises(NotFound):
        await desk.repeat("d-nonesuch")
    with pytest.raises(UnknownModel):
        await desk.repeat(first.id, "nonesuch")


async def test_run_is_streamed_to_subscribed_socket_only(tmp_path: Path) -> None:
    async with running_hub(tmp_path, real_ai=True) as hub:
        await hub.telemetry("boiler-1", temperature=70.0)
        async with hub.socket("/api/live") as connection, hub.socket("/api/live") as other:
            page, idle = Socket(connection), Socket(other)
            for each in (page, idle):
                await each.say(type="hello")
                await each.wait("alerts")
            await page.say(type="subscribe", topic="run/device:boiler-1")
            await page.say(type="ping", ts=1)
            await page.wait("pong")
            made = (await hub.http.post("/api/devices/boiler-1/diagnose")).json()
            while (await page.wait("run"))["op"] != "done":
                pass
            steps = [m for m in page.seen if m["type"] == "run"]
            assert [s["op"] for s in steps][:4] == ["tool", "tool", "start", "text"]
            assert {s["id"] for s in steps} == {"device:boiler-1"}
            assert "".join(s["text"] for s in steps if s["op"] == "text") == made["summary"]
            assert made["instead_of"] is None
            prompt = (await hub.http.get(f"/api/diagnoses/{made['id']}/prompt")).json()
            assert prompt == {"diagnosis_id": made["id"], "messages": []}
            again = (await hub.http.post(f"/api/diagnoses/{made['id']}/repeat", json={"model": "builtin"})).json()
            assert again["summary"] == made["summary"]
            unknown = await hub.http.post(f"/api/diagnoses/{made['id']}/repeat", json={"model": "nonesuch"})
            assert unknown.status_code == 422
            await page.say(type="unsubscribe", topic="run/device:boiler-1")
            await idle.say(type="ping", ts=2)
            await idle.wait("pong")
            assert not [m for m in idle.seen if m["type"] == "run"]
