"""API with the hub's own AI: the built-in analyst diagnoses alerts and answers questions without a model."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from api_hub import ApiHub, Socket, events, first, now_ms, running_hub
from live_page import Page


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path, real_ai=True) as hub:
        yield hub


def picture(kind: str) -> bytes:
    with io.BytesIO() as file:
        Image.new("RGB", (40, 20), (200, 30, 30)).save(file, kind)
        return file.getvalue()


async def test_diagnosis_of_alert_is_sent_on_every_channel(hub: ApiHub) -> None:
    past = [{"ts": now_ms() - 600_000 + n * 10_000, "temperature": 60 + n * 0.3, "flow": 5} for n in range(59)]
    hub.publish("devices/pump-01/info", {"name": "Feed pump", "units": {"temperature": "°C"}})
    hub.publish("devices/pump-01/telemetry", past)
    await hub.settled()
    async with (
        hub.socket("/api/live") as live,
        hub.socket("/ws") as simple,
        hub.http.stream("GET", "/events/devices") as stream,
    ):
        page, script = Page(live), Socket(simple)
        await page.start()
        await script.wait("devices")
        hub.publish("devices/pump-01/telemetry", {"temperature": 85, "flow": 5})
        assert (await first(events(stream.aiter_lines()), "alert")).data["device_id"] == "pump-01"
        raised = (await script.wait("new_alert"))["alert"]
        assert raised["device_id"] == "pump-01"
        explained = (await script.wait("alert_update", within=10))["alert"]
        live_alert = (await page.wait("alert"))["alert"]
        while live_alert["diagnosis"] is None:
            live_alert = (await page.wait("alert", within=10))["alert"]
    assert explained["id"] == live_alert["id"] == raised["id"]
    assert explained["diagnosis"] == live_alert["diagnosis"]
    assert live_alert["diagnosis_state"] == "ready"
    diagnosis = (await hub.http.get(f"/api/alerts/{raised['id']}")).json()["diagnosis"]
    assert diagnosis["summary"]
    assert diagnosis["evidence"]
    assert diagnosis["generated_by"]["generative"] is False


async def test_question_is_answered_without_model(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", temperature=85)
    answer = await hub.http.post("/ask", json={"question": "Which devices have alerts?"})
    assert answer.status_code == 200
    assert "temperature 85" in answer.json()["answer"]
    assert answer.json()["model"]
    streamed = await hub.http.post("/ai/stream", json={"question": "Which devices have alerts?"})
    assert (streamed.status_code, "temperature 85" in streamed.text) == (200, True)
    refused = await hub.http.post("/ask", json={"question": "Why?", "model": "gpt-99"})
    assert refused.status_code == 422
    assert "gpt-99" in refused.json()["error"]


async def test_public_socket_diagnoses_and_chats(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", temperature=20)
    async with hub.socket("/ws") as connection:
        socket = Socket(connection)
        await socket.say(action="diagnose_device", device_id="pump-01")
        alert = (await socket.wait("new_alert"))["alert"]
        assert (alert["device_id"], bool(alert["message"])) == ("pump-01", True)
        assert (await hub.http.get(f"/api/diagnoses/{alert['diagnosis']['id']}")).status_code == 200
        await socket.say(action="chat", message="How is pump-01?")
        assert (await socket.wait("ai_response"))["message"]


@pytest.mark.parametrize(("kind", "name"), [("PNG", "gauge.png"), ("JPEG", "odd name.txt")])
async def test_picture_format_is_detected_from_content(hub: ApiHub, kind: str, name: str) -> None:
    answer = await hub.http.post("/analyze/image", files={"file": (name, picture(kind), "text/plain")})
    assert answer.status_code == 200
    analysis = answer.json()
    assert (analysis["format"], analysis["width"], analysis["height"]) == (kind.lower(), 40, 20)
    assert analysis["analysis"]


async def test_file_that_is_not_a_picture_is_refused_despite_media_type(hub: ApiHub) -> None:
    for data in (b"", b"text", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture("PNG")[:40], picture("GIF")):
        answer = await hub.http.post("/analyze/image", files={"file": ("a.png", data, "image/png")})
        assert (answer.status_code, set(answer.json())) == (400, {"detail"}), data[:20]
