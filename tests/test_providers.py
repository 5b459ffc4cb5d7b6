"""Conformance suite of all AI providers, against llama.cpp and Ollama's protocol in front of it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest

import llm_server
from faulty_server import relay
from hub.ai.base import ChatMessage, Completion, CompletionRequest, Provider
from hub.ai.builtin import BuiltinProvider
from hub.ai.ollama import OllamaProvider
from hub.ai.openai import OpenAIProvider
from hub.ai.providers import ProviderChain
from hub.errors import AiError


async def plain() -> str:
    return "what the hub itself says"


def request(text: str = "Say hello.", **more: Any) -> CompletionRequest:
    return CompletionRequest((ChatMessage("user", text),), plain, max_tokens=more.pop("max_tokens", 24), **more)


@pytest.fixture(scope="module")
def servers() -> Iterator[llm_server.Servers]:
    with llm_server.running() as found:
        yield found


Make = Callable[[llm_server.Servers], Provider]
MAKERS: dict[str, Make] = {
    "openai": lambda s: OpenAIProvider(api_key=llm_server.KEY, model="smollm2", base_url=s.openai, timeout_s=30),
    "responses": lambda s: OpenAIProvider(
        api_key=llm_server.KEY, model="smollm2", base_url=s.openai, api="responses", timeout_s=30, name="responses"
    ),
    "ollama": lambda s: OllamaProvider(host=s.ollama, model=llm_server.MODEL, timeout_s=30),
    "builtin": lambda s: BuiltinProvider(),
}
if host := os.environ.get("OLLAMA_HOST"):  # a real Ollama, if one is configured
    MAKERS["a real Ollama"] = lambda s: OllamaProvider(host=host, model=os.environ.get("OLLAMA_MODEL", "llama3.2"))


@pytest.fixture(params=sorted(MAKERS))
async def provider(request: pytest.FixtureRequest, servers: llm_server.Servers) -> AsyncIterator[Provider]:
    made = MAKERS[request.param](servers)
    yield made
    await made.close()


# -- every provider ---------------------------------------------------------------------------------------------------


async def test_chat_returns_text_and_writer(provider: Provider) -> None:
    answer = await provider.chat(request())
    assert answer.text
    assert answer.writer.provider == provider.name
    assert answer.writer.generative == (provider.name != "builtin")
    assert (answer.tokens > 0) == answer.writer.generative


async def test_stream_yields_text_then_completion(provider: Provider) -> None:
    pieces = [piece async for piece in provider.stream(request())]
    *texts, last = pieces
    assert isinstance(last, Completion)
    assert len(texts) > 1
    assert "".join(t for t in texts if isinstance(t, str)) == last.text
    assert (last.tokens > 0) == last.writer.generative


async def test_closed_stream_frees_server(provider: Provider) -> None:
    pieces = provider.stream(request("Count to one thousand, in words.", max_tokens=3500))
    assert isinstance(await anext(pieces), str)
    started = time.perf_counter()
    await pieces.aclose()  # type: ignore[attr-defined]
    # The server has one slot: an answer soon after shows that the long one has ended.
    assert (await provider.chat(request(max_tokens=2))).text is not None
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("name", ["openai", "responses", "ollama"])
async def test_cancelled_stream_closes_connection_within_a_second(name: str, servers: llm_server.Servers) -> None:
    real = servers.ollama if name == "ollama" else servers.openai
    async with relay(int(real.removesuffix("/v1").rpartition(":")[2])) as between:
        moved = servers._replace(openai=between.base_url + "/v1", ollama=between.base_url)
        providers = ProviderChain(ordered=[MAKERS[name](moved)])
        begun = asyncio.Event()

        async def read() -> None:
            async with aclosing(providers.stream(request("Count to one thousand.", max_tokens=3500))) as pieces:
                async for _ in pieces:
                    begun.set()

        reader = asyncio.create_task(read(), name="reader")
        await asyncio.wait_for(begun.wait(), 60)
        assert between.open == 1
        between.closed.clear()
        reader.cancel()
        await asyncio.wait_for(between.closed.wait(), 1)
        assert between.open == 0
        assert (await asyncio.gather(reader, return_exceptions=True))[0].__class__ is asyncio.CancelledError
        assert not providers.paused("chat")
        await providers.close()


async def test_check_passes(provider: Provider) -> None:
    assert await provider.check() is None


SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "green"]}, "n": {"type": "integer", "minimum": 0}},
    "required": ["colour", "n"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("name", ["openai", "ollama"])  # llama.cpp ignores the schema of the Responses API
async def test_answer_matches_schema(name: str, servers: llm_server.Servers) -> None:
    made = MAKERS[name](servers)
    answer = await made.chat(request("Give a colour and a number.", schema=SCHEMA, max_tokens=60))
    body = json.loads(answer.text)
    assert body["colour"] in ("red", "green")
    assert isinstance(body["n"], int)
    await made.close()


async def test_wrong_key_raises_ai_error(servers: llm_server.Servers) -> None:
    made = OpenAIProvider(api_key="wrong-key", model="smollm2", base_url=servers.openai)
    with pytest.raises(AiError, match="OPENAI_API_KEY") as caught:
        await made.chat(request())
    assert "wrong-key" not in str(caught.value)
    assert "key" in (await made.check() or "")
    await made.close()


async def test_missing_model_raises_ai_error(servers: llm_server.Servers) -> None:
    made = OllamaProvider(host=servers.ollama, model="nonesuch")
    with pytest.raises(AiError, match="ollama pull nonesuch"):
        await made.chat(request())
    with pytest.raises(AiError, match="ollama pull nonesuch"):
        [piece async for piece in made.stream(request())]
    assert "ollama pull nonesuch" in (await made.check() or "")
    await made.close()
