"""``/ask``, ``/ai/ask``, ``/ai/stream`` and ``/analyze``: response formats, limits, and errors of the AI."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, running_hub
from hub.errors import AiError, AiUnavailable, WrongType

NO_QUESTION = {"error": 'JSON payload must include a "question" key.'}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


async def test_ask_returns_question_answer_and_model(hub: ApiHub) -> None:
    answer = await hub.http.post("/ask", json={"question": "Why?"})
    assert answer.status_code == 200
    assert answer.json() == {"question": "Why?", "answer": "You asked: Why?", "model": "builtin"}


BODIES = (
    b"",
    b"{}",
    b"not json",
    b'["question"]',
    b'"question"',
    b"null",
    b"\xff",
    b'{"Question": "x"}',
    b"[" * 50_000,
)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
async def test_ask_without_question_is_400(hub: ApiHub, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    for body in BODIES:
        answer = await hub.http.post("/ask", content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (400, NO_QUESTION), body


async def test_ask_with_invalid_question_is_400(hub: ApiHub) -> None:
    for question in ("", "  ", 5, None, "x" * 20_001):
        answer = await hub.http.post("/ask", json={"question": question})
        assert answer.status_code == 400, question
        assert set(answer.json()) == {"error"}
    assert (await hub.http.post("/ask", json={"question": "Why?", "model": 3})).status_code == 400


async def test_ask_for_unknown_model_is_422(hub: ApiHub) -> None:
    answer = await hub.http.post("/ask", json={"question": "Why?", "model": "gpt-99"})
    assert answer.status_code == 422
    assert answer.json() == {"error": "No model 'gpt-99' is configured."}


async def test_ai_ask_returns_answer_and_token_count(hub: ApiHub) -> None:
    answer = await hub.http.post("/ai/ask", json={"question": "Why is it hot?"})
    assert answer.json() == {"question": "Why is it hot?", "answer": "You asked: Why is it hot?", "tokens_used": 7}
    hub.ai.fault = AiUnavailable("nobody is there.")
    answer = await hub.http.post("/ai/ask", json={"question": "Why is it hot?"})
    assert (answer.status_code, answer.json()) == (503, {"detail": "AI service error: nobody is there."})


@pytest.mark.parametrize("path", ["/ai/ask", "/ai/stream"])
async def test_ai_question_must_have_10_to_500_characters(hub: ApiHub, path: str) -> None:
    for length in (0, 9, 501):
        answer = await hub.http.post(path, json={"question": "x" * length})
        assert answer.status_code == 422, length
        (fault,) = answer.json()["detail"]
        assert fault["loc"] == ["body", "question"]
    assert (await hub.http.post(path, content=b"{")).status_code == 422
    for length in (10, 500):
        assert (await hub.http.post(path, json={"question": "x" * length})).status_code == 200, length


async def test_ai_stream_sends_pieces_as_they_arrive(hub: ApiHub) -> None:
    hub.ai.hold = asyncio.Event()
    async with hub.http.stream("POST", "/ai/stream", json={"question": "Why is it hot?"}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        pieces = answer.aiter_text()
        assert await anext(pieces) == "You "  # before the rest is written
        hub.ai.hold.set()
        assert "".join([piece async for piece in pieces]) == "asked: Why is it hot?"


async def test_client_disconnect_frees_ai_request_slot(tmp_path: Path) -> None:
    async with running_hub(tmp_path, ai_requests=1) as hub:
        hub.ai.hold = asyncio.Event()
        async with hub.http.stream("POST", "/ai/stream", json={"question": "Why is it hot?"}) as answer:
            await anext(answer.aiter_text())
            assert (await hub.http.post("/ask", json={"question": "Two"})).status_code == 503
        hub.ai.hold = None
        for _ in range(50):
            if (await hub.http.post("/ask", json={"question": "Three"})).status_code == 200:
                break
            await asyncio.sleep(0.02)
        assert (await hub.http.post("/ask", json={"question": "Four"})).status_code == 200


async def test_ai_stream_failure_before_first_piece_is_503(hub: ApiHub) -> None:
    hub.ai.fault = AiError("the provider timed out.")
    answer = await hub.http.post("/ai/stream", json={"question": "Why is it hot?"})
    assert (answer.status_code, answer.json()) == (503, {"detail": "AI service error: the provider timed out."})


async def test_concurrent_ai_requests_are_limited(tmp_path: Path) -> None:
    async with running_hub(tmp_path, ai_requests=1) as hub:
        hub.ai.hold = asyncio.Event()
        first = asyncio.create_task(hub.http.post("/ask", json={"question": "One"}))
        await asyncio.sleep(0.1)
        second = await hub.http.post("/ask", json={"question": "Two"})
        assert second.status_code == 503
        assert second.json()["error"].startswith("AI service error: too many questions")
        hub.ai.hold.set()
        assert (await first).status_code == 200
        assert (await hub.http.post("/ask", json={"question": "Three"})).status_code == 200


async def test_unexpected_error_hides_its_details_from_client(hub: ApiHub, caplog: pytest.LogCaptureFixture) -> None:
    hub.ai.fault = RuntimeError("secret detail of a library")
    answer = await hub.http.post("/ask", json={"question": "Why?"})
    assert answer.status_code == 500
    assert answer.json() == {"error": "An unexpected error occurred in the hub."}
    assert "nosniff" in answer.headers["x-content-type-options"]
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        "Answering /ask failed. Report this."
    ]


async def test_picture_upload_is_analysed(hub: ApiHub) -> None:
    file = {"file": ("gauge.png", b"picture", "image/png")}
    answer = await hub.http.post("/analyze/image", files=file, data={"device_id": "pump-01"})
    assert answer.status_code == 200
    analysis = answer.json()
    assert (analysis["filename"], analysis["analysis"], analysis["device_id"]) == ("gauge.png", "7 bytes", "pump-01")


async def test_invalid_or_missing_picture_is_refused(hub: ApiHub) -> None:
    hub.ai.fault = WrongType("This is neither PNG nor JPEG.")
    answer = await hub.http.post("/analyze/image", files={"file": ("a.png", b"text")})
    assert (answer.status_code, answer.json()) == (400, {"detail": "This is neither PNG nor JPEG."})
    assert (await hub.http.post("/analyze/image", files={"other": b"x"})).status_code == 422
    assert (await hub.http.post("/analyze/image", content=b"x")).status_code == 422


async def test_picture_upload_limit_is_10_mib(hub: ApiHub) -> None:
    limit = 10 * 1024 * 1024
    fits = await hub.http.post("/analyze/image", files={"file": ("a.png", b"x" * limit)})
    assert (fits.status_code, fits.json()["analysis"]) == (200, f"{limit} bytes")
    more = await hub.http.post("/analyze/image", files={"file": ("a.png", b"x" * (limit + 1))})
    assert (more.status_code, set(more.json())) == (413, {"detail"})
    much_more = await hub.http.post("/analyze/image", files={"file": ("a.png", b"x" * (limit + 500_000))})
    assert (much_more.status_code, set(much_more.json())) == (413, {"detail"})


@pytest.mark.parametrize("kind", ["image", "audio", "document"])
async def test_chunked_upload_is_cut_off_at_limit(tmp_path: Path, kind: str) -> None:
    """The request has no Content-Length, so the hub must count received bytes."""
    async with running_hub(tmp_path, **{f"{kind}_bytes": 100_000}) as hub:
        reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
        writer.write(
            b"POST /analyze/" + kind.encode() + b" HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            b'46\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n\r\n'
        )
        answer = asyncio.create_task(reader.readuntil(b"\r\n"))
        sent = 0
        with contextlib.suppress(ConnectionError):
            while not answer.done() and sent < 1_000_000:
                writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
                await writer.drain()
                sent += 0x4000
                await asyncio.sleep(0.001)
        assert sent < 1_000_000
        assert (await answer).startswith(b"HTTP/1.1 413 ")
        writer.close()
        assert (await hub.http.get("/healthz")).status_code == 200


async def test_json_body_size_is_limited(hub: ApiHub) -> None:
    body = json.dumps({"question": "x" * 300_000})
    answer = await hub.http.post("/ask", content=body)
    assert (answer.status_code, set(answer.json())) == (413, {"error"})
    answer = await hub.http.post("/api/history/query", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"
