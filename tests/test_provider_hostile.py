"""Slow, invalid, truncated and hostile responses of AI servers on a real socket: each raises AiError in time."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from faulty_server import BUSY, HANG, Script, answer, faulty
from hub.ai.base import AiSettings, Completion, Provider, Recording, ToolCall, ToolSpec
from hub.ai.ollama import OllamaProvider
from hub.ai.openai import OpenAIProvider
from hub.ai.providers import ProviderChain, ProviderProblem
from hub.errors import AiBusy, AiError
from scripted_provider import request

KEY = "sk-this-must-never-be-seen"
STREAM = "text/event-stream"


def openai(base_url: str, **more: Any) -> OpenAIProvider:
    return OpenAIProvider(api_key=KEY, model="m", base_url=base_url, timeout_s=5, **more)


def responses(base_url: str) -> OpenAIProvider:
    return openai(base_url, api="responses")


def ollama(base_url: str) -> OllamaProvider:
    return OllamaProvider(host=base_url.removesuffix("/v1"), model="m", api_key=KEY, timeout_s=5)


async def send_request(provider: Provider, *, stream: bool) -> None:
    if stream:
        async for _ in provider.stream(request()):
            pass
    else:
        await provider.chat(request())


DEEP = b'{"a":' * 100_000
ANSWERS: dict[str, Script] = {
    "busy": BUSY,
    "its own fault": answer(b"<html>" + KEY.encode(), "502 Bad Gateway", "text/html"),
    "rubbish": answer(bytes(range(256)) * 100),
    "not UTF-8": answer(b'{"choices": [{"message": {"content": "\xff\xfe"'),
    "deeper than any answer": answer(DEEP),
    "an echo of the key": answer(b'{"error": {"message": "' + KEY.encode() + b'"}}', "401 Unauthorized"),
    "a page that moved": answer(b"", "307 Temporary Redirect", "text/plain", "Location: http://127.0.0.1:1/steal"),
    "nothing at all": (b"",),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le",),
    "half a body": (b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"choices"',),
    "another protocol": (b"220 mail.example ESMTP\r\n",),
    "wrong types": answer(b'{"choices": "x", "message": 5, "output": 7, "status": [], "usage": "many"}'),
    "silence instead of words": answer(b'{"choices": [], "output": [], "status": "completed", "message": {}}'),
}


@pytest.mark.parametrize("fault", ANSWERS)
@pytest.mark.parametrize("make", [openai, responses, ollama])
async def test_every_invalid_response_raises_ai_error_without_key(
    make: Any, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "hub")
    async with faulty(ANSWERS[fault]) as server:
        provider: Provider = make(server.base_url)
        for stream in (False, True):
            with pytest.raises(AiError) as caught:
                await send_request(provider, stream=stream)
            assert KEY not in str(caught.value) + caplog.text
            assert str(caught.value) == f"{caught.value.message} {caught.value.hint}".strip()
        assert KEY not in (await provider.check() or "")
        await provider.close()


def event(**fields: Any) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def text_event(text: str) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": text}}])


HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: {STREAM}\r\nConnection: close\r\n\r\n".encode()


CHUNK = text_event("half a sent")
TURN = json.dumps({"model": "m", "message": {"role": "assistant", "content": "half a sent"}, "done": False}).encode()
CHUNKED = HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked")
BROKEN: dict[str, tuple[Any, Script]] = {
    "without the mark of its end": (openai, (HEAD + CHUNK,)),
    "within a chunk": (openai, (CHUNKED + f"{len(CHUNK):x}\r\n".encode() + CHUNK + b"\r\n40\r\nda",)),
    "without its last event": (responses, (HEAD + event(type="response.output_text.delta", delta="half a sent"),)),
    "of Ollama, not done": (ollama, (HEAD + TURN + b"\n",)),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_truncated_stream_is_reported_and_not_retried(how: str) -> None:
    make, script = BROKEN[how]
    async with faulty(script) as server:
        providers = ProviderChain(ordered=[make(server.base_url)])
        pieces = [p async for p in providers.stream(request())]
        assert pieces[0] == "half a sent"
        assert isinstance(pieces[-1], ProviderProblem)
        assert len(server.requests) == 1
        await providers.close()


async def test_slow_stream_ends_at_timeout() -> None:
    slowly = [HEAD, *(part for n in range(200) for part in (text_event(f"word{n} "), 0.05))]
    async with faulty(slowly) as server:
        providers = ProviderChain(ordered=[openai(server.base_url)])
        pieces = [p async for p in providers.stream(request(), timeout_s=0.6)]
        assert len(pieces) < 100, "it ended in the middle"
        assert isinstance(pieces[-1], ProviderProblem)
        assert server.open == 0 or await asyncio.wait_for(server.closed.wait(), 1)
        await providers.close()


async def test_endless_stream_is_cut_and_closed() -> None:
    endless = [HEAD, *([text_event("x" * 4000)] * 500), *HANG]
    async with faulty(endless) as server:
        provider = openai(server.base_url)
        pieces = [p async for p in provider.stream(request())]
        assert isinstance(pieces[-1], Completion)
        assert len(pieces[-1].text) == 40_000
        await asyncio.wait_for(server.closed.wait(), 1)
        await provider.close()


@pytest.mark.parametrize("make", [openai, ollama])
async def test_redirect_is_not_followed_with_key(make: Any) -> None:
    async with faulty(answer(b"{}")) as thief:
        moved = answer(b"", "307 Temporary Redirect", "text/plain", f"Location: {thief.base_url}/chat/completions")
        async with faulty(moved) as server:
            provider = make(server.base_url)
            with pytest.raises(AiError):
                await provider.chat(request())
            await provider.close()
        assert not thief.requests


async def test_retry_after_is_kept_and_used_up_quota_is_not_retried() -> None:
    later = answer(b"{}", "429 Too Many Requests", "application/json", "Retry-After: 7")
    async with faulty(later) as server:
        provider = openai(server.base_url)
        with pytest.raises(AiBusy) as caught:
            await provider.chat(request())
        assert caught.value.after_s == 7.0
        await provider.close()
    empty = answer(b'{"error": {"code": "insufficient_quota", "message": "pay"}}', "429 Too Many Requests")
    async with faulty(empty) as server:
        providers = ProviderChain(ordered=[openai(server.base_url)], settings=AiSettings(retries=5))
        assert (await providers.chat(request())).writer.provider == "builtin"
        assert len(server.requests) == 1
        await providers.close()


async def test_keys_of_environment_are_not_sent_to_other_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with faulty(answer(b"{}")) as server:
        for provider in (
            OllamaProvider(host=server.base_url.removesuffix("/v1"), model="m"),
            OpenAIProvider(api_key=None, model="m", base_url=server.base_url),
        ):
            with pytest.raises(AiError):
                await provider.chat(request())
            await provider.close()
        assert len(server.requests) == 2
        assert KEY not in str(server.requests)


# -- the Responses API and transcription, which the real test servers do not offer -------------------------------------


async def test_responses_api_tool_calls_are_parsed() -> None:
    call = {"type": "function_call", "id": "f1", "call_id": "c1", "name": "look", "arguments": '{"device": "x"}'}
    usage = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
    response = {"id": "r", "object": "response", "status": "completed", "output": [call], "usage": usage}
    async with faulty(answer(json.dumps(response).encode())) as server:
        provider = responses(server.base_url)
        spec = ToolSpec("look", "Looks.", {"type": "object", "properties": {}})
        got = await provider.chat(request(tools=(spec,), schema={"type": "object"}))
        assert got.calls == (ToolCall("c1", "look", {"device": "x"}),)
        assert (got.tokens, got.tokens_in) == (7, 5)
        sent = json.loads(server.requests[0][1])
        assert sent["store"] is False
        assert sent["tools"][0]["name"] == "look"
        assert sent["text"]["format"]["schema"] == {"type": "object"}
        await provider.close()


async def test_transcription_sends_vocabulary() -> None:
    async with faulty(answer(b'{"text": "pump seven rattles"}')) as server:
        providers = ProviderChain(ordered=[openai(server.base_url, transcription_model="whisper-1")])
        assert [w.model for w in providers.describe("transcription")] == ["whisper-1"]
        transcript = await providers.transcribe(Recording(b"RIFF0000WAVE", "note.wav", "pump seven"))
        assert (transcript.text, transcript.writer.model) == ("pump seven rattles", "whisper-1")
        head, body = server.requests[0]
        assert "/v1/audio/transcriptions" in head
        assert b'filename="note.wav"' in body
        assert b"pump seven" in body
        assert providers.budget.total().calls == 1
        await providers.close()


async def test_invalid_transcript_raises_ai_error() -> None:
    async with faulty(answer(b'{"text": 5}')) as server:
        provider = openai(server.base_url, transcription_model="whisper-1")
        with pytest.raises(AiError):
            await provider.transcribe(Recording(b"x", "a.wav"))
        await provider.close()
