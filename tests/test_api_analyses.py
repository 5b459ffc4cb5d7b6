"""File analysis over the API: upload limits, progress, listing, device links, questions and deletion."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from api_hub import ApiHub, running_hub
from hub.api.analysis_jobs import Jobs
from hub.errors import WrongType
from hub.model import Analysis
from hub.worker import Progress
from sample_files import machine, pdf, plate, png, sound

pytestmark = pytest.mark.asyncio(loop_scope="module")
LINES = {"Accept": "application/x-ndjson"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ApiHub]:
    data = tmp_path_factory.mktemp("hub")
    async with running_hub(data, real_ai=True, audio_bytes=600_000, document_bytes=300_000) as hub:
        hub.http.timeout = 60
        hub.publish("devices/pump-01/info", {"name": "Feed pump", "model": "P-100"})
        await hub.telemetry("pump-01", temperature=40.0)
        yield hub


async def upload(hub: ApiHub, path: str, name: str, data: bytes, **form: Any) -> dict[str, Any]:
    answer = await hub.http.post(path, files={"file": (name, data)}, data=form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_each_kind_of_file_is_analysed_stored_and_linked(hub: ApiHub) -> None:
    image = await upload(hub, "/analyze/image", "plate.png", png(plate()), device_id="pump-01")
    assert (image["filename"], image["width"], image["device_id"]) == ("plate.png", 800, "pump-01")
    assert "48213" in image["analysis"]
    audio = await upload(hub, "/analyze/audio", "pump.ogg", sound(machine(None), "OGG"), device_id="pump-01")
    assert audio["facts"]["sound"]["impacts"] is None
    document = await upload(
        hub, "/analyze/document", "care.pdf", pdf("Grease it often."), device_id="pump-01", model="P-100"
    )
    assert document["models"] == ["P-100"]

    of_device = (await hub.http.get("/api/analyses", params={"device_id": "pump-01", "limit": 2})).json()
    assert [each["id"] for each in of_device["items"]] == [document["id"], audio["id"]]
    rest = await hub.http.get("/api/analyses", params={"device_id": "pump-01", "limit": 2, "cursor": of_device["next"]})
    assert [each["id"] for each in rest.json()["items"]] == [image["id"]]
    assert rest.json()["next"] is None
    stored = (await hub.http.get(f"/api/analyses/{audio['id']}")).json()
    assert stored == audio


async def test_progress_is_streamed_as_json_lines(hub: ApiHub) -> None:
    lines = []
    files = {"file": ("a.pdf", pdf("The first page.", "The second page."))}
    async with hub.http.stream("POST", "/analyze/document", files=files, headers=LINES) as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        async for line in answer.aiter_lines():
            lines.append(json.loads(line))
    assert [each["type"] for each in lines[:-1]] == ["progress"] * (len(lines) - 1)
    assert len(lines) > 2
    assert (lines[-1]["type"], lines[-1]["analysis"]["filename"]) == ("done", "a.pdf")


async def test_invalid_file_is_answered_with_status_400_also_with_progress(hub: ApiHub) -> None:
    for path in ("/analyze/image", "/analyze/audio", "/analyze/document"):
        for headers in ({}, LINES):
            answer = await hub.http.post(path, files={"file": ("a.png", b"no file")}, headers=headers)
            assert answer.status_code == 400, path
            assert "detected from the content" not in answer.json()["detail"]
    damaged = await hub.http.post("/analyze/document", files={"file": ("a.pdf", pdf("x")[:300])}, headers=LINES)
    reply = json.loads(damaged.text.splitlines()[-1])
    assert reply["type"] == "error"
    assert "ends early" in reply["message"]


@pytest.mark.parametrize(("path", "limit"), [("/analyze/audio", 600_000), ("/analyze/document", 300_000)])
async def test_oversized_upload_is_refused(hub: ApiHub, path: str, limit: int) -> None:
    for excess in (1, 200_000):
        answer = await hub.http.post(path, files={"file": ("a", bytes(limit + excess))})
        assert answer.status_code == 413


async def test_document_is_linked_asked_and_deleted(hub: ApiHub) -> None:
    found = await upload(hub, "/analyze/document", "p.pdf", pdf("Torque of the flange bolts: 45 Nm, crosswise."))
    address = f"/api/analyses/{found['id']}"
    linked = await hub.http.patch(address, json={"device_id": "pump-01", "models": ["P-100", "P-100 "]})
    assert (linked.json()["device_id"], linked.json()["models"]) == ("pump-01", ["P-100"])
    unlinked = await hub.http.patch(address, json={"device_id": None})
    assert (unlinked.json()["device_id"], unlinked.json()["models"]) == (None, ["P-100"])
    reply = (await hub.http.post(f"{address}/ask", json={"question": "torque of the flange bolts?"})).json()
    assert reply["quotes"] == [
        {
            "document_id": found["id"],
            "filename": "p.pdf",
            "page": 1,
            "text": "Torque of the flange bolts: 45 Nm, crosswise.",
        }
    ]
    assert (await hub.http.delete(address)).status_code == 204
    for request in (hub.http.get(address), hub.http.patch(address, json={}), hub.http.delete("/api/analyses/none")):
        assert (await request).status_code in (404, 204)
    assert (await hub.http.get(address)).status_code == 404


async def test_invalid_device_or_model_link_is_refused(hub: ApiHub) -> None:
    found = await upload(hub, "/analyze/image", "plate.png", png(plate()))
    address = f"/api/analyses/{found['id']}"
    wrong = ({"device_id": "nobody"}, {"models": [""]}, {"models": ["a picture is no manual"]}, {"other": 1})
    statuses = [(await hub.http.patch(address, json=body)).status_code for body in wrong]
    assert statuses == [404, 422, 422, 422]
    refused = await hub.http.post(f"{address}/ask", json={"question": "what is it?"})
    assert refused.status_code == 422


async def test_client_disconnect_cancels_analysis(hub: ApiHub) -> None:
    files = {"file": ("a.pdf", pdf(*(["word " * 300] * 60)))}
    async with hub.http.stream("POST", "/analyze/document", files=files, headers=LINES) as answer:
        first = json.loads(await anext(answer.aiter_lines()))
        assert first["type"] == "progress"
    before = (await hub.http.get("/api/analyses")).json()["items"]
    await upload(hub, "/analyze/document", "b.pdf", pdf("What comes next."))
    after = (await hub.http.get("/api/analyses")).json()["items"]
    assert [each["filename"] for each in after[: len(after) - len(before)]] == ["b.pdf"]


async def lines_of(answer: Any) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.aiter_lines():
        yield json.loads(line)


async def test_kept_analysis_continues_after_disconnect_and_can_be_followed(hub: ApiHub) -> None:
    files = {"file": ("plate.png", png(plate()))}
    async with hub.http.stream("POST", "/analyze/image", files=files, data={"keep": "true"}, headers=LINES) as answer:
        started = await anext(lines_of(answer))
    assert started["type"] == "started"
    path = f"/api/analyses/{started['id']}/progress"
    async with hub.http.stream("GET", path) as answer:
        lines = [line async for line in lines_of(answer)]
    assert lines[-1]["type"] == "done"
    assert lines[-1]["analysis"]["id"] == started["id"]
    assert "48213" in lines[-1]["analysis"]["analysis"]
    again = json.loads((await hub.http.get(path)).text)
    assert again == {"type": "done", "analysis": lines[-1]["analysis"]}
    assert (await hub.http.get("/api/analyses/none/progress")).status_code == 404


async def test_kept_analysis_can_be_cancelled(hub: ApiHub) -> None:
    files = {"file": ("plate.png", png(plate()))}
    async with hub.http.stream("POST", "/analyze/image", files=files, data={"keep": "true"}, headers=LINES) as answer:
        started = await anext(lines_of(answer))
    path = f"/api/analyses/{started['id']}/progress"
    assert (await hub.http.delete(path)).status_code == 204
    assert (await hub.http.get(path)).status_code == 404
    assert (await hub.http.delete(path)).status_code == 404


async def test_failure_of_analysis_is_reported_to_later_follower() -> None:
    async def failing(progress: Progress) -> Analysis:
        progress("measuring", 0, 1)
        await asyncio.sleep(0)
        raise WrongType("This is no picture.", "Send another.")

    jobs = Jobs(asyncio.Event())
    job = jobs.start("a-1", failing)
    jobs.keep(job)
    await asyncio.wait([job.task])
    again = jobs.get("a-1")
    assert again is job
    with pytest.raises(WrongType, match="no picture"):
        await anext(again.lines(lambda analysis: analysis))


async def test_shutdown_cancels_running_analysis() -> None:
    async def endless(progress: Progress) -> Analysis:
        await asyncio.Event().wait()
        raise AssertionError

    shutdown = asyncio.Event()
    job = Jobs(shutdown).start("a-1", endless)
    await asyncio.sleep(0)
    shutdown.set()
    await asyncio.wait([job.task], timeout=5)
    assert job.task.cancelled()
