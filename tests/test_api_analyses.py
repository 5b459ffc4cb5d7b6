"""Files over the API: taken by content, in bounds, with progress; kept, listed, linked, asked and deleted."""

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
from specimens import machine, pdf, plate, png, sound

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


async def sent(hub: ApiHub, path: str, name: str, data: bytes, **form: Any) -> dict[str, Any]:
    answer = await hub.http.post(path, files={"file": (name, data)}, data=form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_each_kind_of_file_is_analysed_kept_and_linked(hub: ApiHub) -> None:
    image = await sent(hub, "/analyze/image", "plate.png", png(plate()), device_id="pump-01")
    assert (image["filename"], image["width"], image["device_id"]) == ("plate.png", 800, "pump-01")
    assert "48213" in image["analysis"]
    heard = await sent(hub, "/analyze/audio", "pump.ogg", sound(machine(None), "OGG"), device_id="pump-01")
    assert heard["facts"]["sound"]["impacts"] is None
    read = await sent(hub, "/analyze/document", "care.pdf", pdf("Grease it often."), device_id="pump-01", model="P-100")
    assert read["models"] == ["P-100"]

    of_device = (await hub.http.get("/api/analyses", params={"device_id": "pump-01", "limit": 2})).json()
    assert [each["id"] for each in of_device["items"]] == [read["id"], heard["id"]]
    rest = await hub.http.get("/api/analyses", params={"device_id": "pump-01", "limit": 2, "cursor": of_device["next"]})
    assert [each["id"] for each in rest.json()["items"]] == [image["id"]]
    assert rest.json()["next"] is None
    kept = (await hub.http.get(f"/api/analyses/{heard['id']}")).json()
    assert kept == heard


async def test_progress_is_told_line_by_line(hub: ApiHub) -> None:
    said = []
    files = {"file": ("a.pdf", pdf("The first page.", "The second page."))}
    async with hub.http.stream("POST", "/analyze/document", files=files, headers=LINES) as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        async for line in answer.aiter_lines():
            said.append(json.loads(line))
    assert [each["type"] for each in said[:-1]] == ["progress"] * (len(said) - 1)
    assert len(said) > 2
    assert (said[-1]["type"], said[-1]["analysis"]["filename"]) == ("done", "a.pdf")


async def test_a_wrong_file_is_told_by_the_status_with_progress_too(hub: ApiHub) -> None:
    for path in ("/analyze/image", "/analyze/audio", "/analyze/document"):
        for headers in ({}, LINES):
            answer = await hub.http.post(path, files={"file": ("a.png", b"no file")}, headers=headers)
            assert answer.status_code == 400, path
            assert "detected from the content" not in answer.json()["detail"]
    damaged = await hub.http.post("/analyze/document", files={"file": ("a.pdf", pdf("x")[:300])}, headers=LINES)
    told = json.loads(damaged.text.splitlines()[-1])
    assert told["type"] == "error"
    assert "ends early" in told["message"]


@pytest.mark.parametrize(("path", "most"), [("/analyze/audio", 600_000), ("/analyze/document", 300_000)])
async def test_what_is_too_large_is_refused(hub: ApiHub, path: str, most: int) -> None:
    for more in (1, 200_000):
        answer = await hub.http.post(path, files={"file": ("a", bytes(most + more))})
        assert answer.status_code == 413


async def test_a_document_is_bound_asked_and_deleted(hub: ApiHub) -> None:
    found = await sent(hub, "/analyze/document", "p.pdf", pdf("Torque of the flange bolts: 45 Nm, crosswise."))
    address = f"/api/analyses/{found['id']}"
    bound = await hub.http.patch(address, json={"device_id": "pump-01", "models": ["P-100", "P-100 "]})
    assert (bound.json()["device_id"], bound.json()["models"]) == ("pump-01", ["P-100"])
    freed = await hub.http.patch(address, json={"device_id": None})
    assert (freed.json()["device_id"], freed.json()["models"]) == (None, ["P-100"])
    told = (await hub.http.post(f"{address}/ask", json={"question": "torque of the flange bolts?"})).json()
    assert told["quotes"] == [
        {
            "document_id": found["id"],
            "filename": "p.pdf",
            "page": 1,
            "text": "Torque of the flange bolts: 45 Nm, crosswise.",
        }
    ]
    assert (await hub.http.delete(address)).status_code == 204
    for gone in (hub.http.get(address), hub.http.patch(address, json={}), hub.http.delete("/api/analyses/none")):
        assert (await gone).status_code in (404, 204)
    assert (await hub.http.get(address)).status_code == 404


async def test_a_link_that_cannot_be_is_refused(hub: ApiHub) -> None:
    found = await sent(hub, "/analyze/image", "plate.png", png(plate()))
    address = f"/api/analyses/{found['id']}"
    wrong = ({"device_id": "nobody"}, {"models": [""]}, {"models": ["a picture is no manual"]}, {"other": 1})
    statuses = [(await hub.http.patch(address, json=body)).status_code for body in wrong]
    assert statuses == [404, 422, 422, 422]
    asked = await hub.http.post(f"{address}/ask", json={"question": "what is it?"})
    assert asked.status_code == 422


async def test_who_goes_away_ends_the_work(hub: ApiHub) -> None:
    files = {"file": ("a.pdf", pdf(*(["word " * 300] * 60)))}
    async with hub.http.stream("POST", "/analyze/document", files=files, headers=LINES) as answer:
        first = json.loads(await anext(answer.aiter_lines()))
        assert first["type"] == "progress"
    before = (await hub.http.get("/api/analyses")).json()["items"]
    await sent(hub, "/analyze/document", "b.pdf", pdf("What comes next."))
    after = (await hub.http.get("/api/analyses")).json()["items"]
    assert [each["filename"] for each in after[: len(after) - len(before)]] == ["b.pdf"]


async def lines_of(answer: Any) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.aiter_lines():
        yield json.loads(line)


async def test_an_analysis_goes_on_without_its_page_and_is_followed_again(hub: ApiHub) -> None:
    files = {"file": ("plate.png", png(plate()))}
    async with hub.http.stream("POST", "/analyze/image", files=files, data={"keep": "true"}, headers=LINES) as answer:
        begun = await anext(lines_of(answer))
    assert begun["type"] == "started"
    path = f"/api/analyses/{begun['id']}/progress"
    async with hub.http.stream("GET", path) as answer:
        said = [line async for line in lines_of(answer)]
    assert said[-1]["type"] == "done"
    assert said[-1]["analysis"]["id"] == begun["id"]
    assert "48213" in said[-1]["analysis"]["analysis"]
    again = json.loads((await hub.http.get(path)).text)
    assert again == {"type": "done", "analysis": said[-1]["analysis"]}
    assert (await hub.http.get("/api/analyses/none/progress")).status_code == 404


async def test_an_analysis_that_goes_on_can_be_stopped(hub: ApiHub) -> None:
    files = {"file": ("plate.png", png(plate()))}
    async with hub.http.stream("POST", "/analyze/image", files=files, data={"keep": "true"}, headers=LINES) as answer:
        begun = await anext(lines_of(answer))
    path = f"/api/analyses/{begun['id']}/progress"
    assert (await hub.http.delete(path)).status_code == 204
    assert (await hub.http.get(path)).status_code == 404
    assert (await hub.http.delete(path)).status_code == 404


async def test_why_an_analysis_failed_is_told_to_who_follows_again() -> None:
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


async def test_the_end_of_the_hub_ends_what_goes_on() -> None:
    async def endless(progress: Progress) -> Analysis:
        await asyncio.Event().wait()
        raise AssertionError

    shutdown = asyncio.Event()
    job = Jobs(shutdown).start("a-1", endless)
    await asyncio.sleep(0)
    shutdown.set()
    await asyncio.wait([job.task], timeout=5)
    assert job.task.cancelled()
