"""Roles of AI providers, retries, the circuit breaker, and validation of the settings."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from hub.ai.base import AiSettings, Recording
from hub.ai.circuit_breaker import FAILURES, PAUSE_S, CircuitBreaker, wait_s
from hub.ai.factory import check, create_providers
from hub.ai.providers import ProviderChain
from hub.ai.server_config import Kind, ModelServer, checked_address, origin
from hub.errors import AiBusy, AiError, AiUnavailable, ConfigError
from scripted_provider import DOWN, Scripted, chain, request

BUSY = AiBusy("It is busy.", "Wait.")


async def test_each_role_has_its_own_order() -> None:
    roles = {"chat": ("one", "two"), "diagnosis": ("two",)}
    one, two, three = (Scripted(name, f"from {name}") for name in ("one", "two", "three"))
    providers = chain(one, two, three, roles=roles)
    assert (await providers.chat(request())).text == "from one"
    assert (await providers.chat(request(), role="diagnosis")).text == "from two"
    assert [w.provider for w in providers.describe("chat")] == ["one", "two", "builtin"]
    assert [w.provider for w in providers.describe("diagnosis")] == ["two", "builtin"]
    two.script = [DOWN]
    answer = await providers.chat(request(), role="diagnosis")
    assert answer.writer.provider == "builtin", "a provider that is not listed for a role is not used in it"
    assert (await providers.chat(request(), model="three")).text == "from three", "but a request may name it"


async def test_temporary_error_is_retried_and_permanent_one_is_not() -> None:
    one = Scripted("one", BUSY, BUSY, "at last")
    assert (await chain(one, retries=2).chat(request())).text == "at last"
    two = Scripted("two", DOWN, "never asked again")
    assert (await chain(two).chat(request())).writer.provider == "builtin"
    assert (one.asked, two.asked) == (3, 1)


async def test_stream_is_retried_only_before_first_piece() -> None:
    one = Scripted("one", BUSY)
    pieces = [p async for p in chain(one, retries=1).stream(request())]
    assert one.asked == 2
    assert pieces[-1].writer.provider == "builtin"
    late = Scripted("late", "a", BUSY)
    pieces = [p async for p in chain(late, retries=2).stream(request())]
    assert (late.asked, pieces[0], len(pieces)) == (1, "a", 2)


async def test_long_retry_after_goes_to_next_provider() -> None:
    one, two = Scripted("one", AiBusy("Busy.", after_s=3600.0)), Scripted("two", "from two")
    assert (await chain(one, two).chat(request())).text == "from two"
    assert one.asked == 1


def test_retry_delay_grows_with_jitter_and_respects_retry_after() -> None:
    assert [wait_s(n, 1.0) for n in range(4)] == [0.25, 0.5, 1.0, 2.0]
    assert wait_s(0, 0.0) == 0.125
    assert wait_s(60, 1.0) == 8.0
    assert wait_s(0, 0.5, after_s=3.0) == 3.0


def test_breaker_opens_lets_one_through_and_backs_off() -> None:
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0])
    for _ in range(FAILURES):
        assert breaker.allows_request
        breaker.begin()
        breaker.failed()
    assert not breaker.allows_request
    now[0] = PAUSE_S
    assert breaker.allows_request
    breaker.begin()
    assert not breaker.allows_request, "one request at a time while half-open"
    breaker.cancelled()
    assert breaker.allows_request, "a dropped request says nothing about the server"
    breaker.begin()
    breaker.failed()
    assert breaker.pause_left_s == 2 * PAUSE_S
    now[0] += 2 * PAUSE_S
    breaker.begin()
    breaker.succeeded()
    assert breaker.allows_request
    assert breaker.pause_left_s == 0


def test_breaker_opens_at_once_on_hang_and_honours_retry_after() -> None:
    slow, busy = CircuitBreaker(lambda: 0.0), CircuitBreaker(lambda: 0.0)
    slow.begin()
    slow.failed(timed_out=True)
    assert not slow.allows_request
    for _ in range(FAILURES):
        busy.begin()
        busy.failed(after_s=120.0)
    assert busy.pause_left_s == 120.0


async def test_breaker_is_separate_for_each_role() -> None:
    slow = Scripted("slow", 0.3, "slow words")
    providers = chain(slow)
    assert (await providers.chat(request(), role="diagnosis", timeout_s=0.1)).writer.provider == "builtin"
    assert providers.paused("diagnosis")
    assert not providers.paused("chat")
    slow.script = ["in time"]
    assert (await providers.chat(request())).text == "in time"


async def test_replaced_providers_finish_running_streams() -> None:
    closed: list[str] = []

    class Closing(Scripted):
        async def close(self) -> None:
            closed.append(self.name)

    old, new = Closing("old", 0.2, "to its end"), Closing("new", "from new")
    providers = chain(old)

    async def read() -> list[object]:
        return [piece async for piece in providers.stream(request())]

    reader = asyncio.create_task(read(), name="reader")
    await asyncio.sleep(0.05)
    await providers.replace([new], AiSettings())
    assert not closed
    assert (await providers.chat(request())).text == "from new"
    assert "to its end" in await reader
    assert closed == ["old"]


async def test_transcription_without_speech_provider_raises() -> None:
    with pytest.raises(AiUnavailable, match="transcription"):
        await chain(Scripted("deaf", "a")).transcribe(Recording(b"", "a.wav"))


# -- settings ----------------------------------------------------------------------------------------------------------

KEYLESS = ModelServer(name="openai", kind="openai", model="m")
OPENAI = ModelServer(name="openai", kind="openai", model="m", api_key="sk-secret", base_url="https://one.example/v1")


def test_server_repr_hides_key() -> None:
    assert "sk-secret" not in f"{OPENAI!r} {OPENAI} {AiSettings(servers=(OPENAI,))}"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (AiSettings(servers=(OPENAI,), roles={"chat": ("nobody",)}), "nobody"),
        (AiSettings(servers=(OPENAI,), roles={"vision": ("openai", "builtin")}), "builtin"),
        (
            AiSettings(servers=(ModelServer(name="openai", kind="openai", model="m"),), roles={"chat": ("openai",)}),
            "key",
        ),
        (AiSettings(servers=(OPENAI,), daily_money=5.0), "price"),
        (AiSettings(servers=(ModelServer(name="x", kind="openai", model="m", base_url="ftp://x/v1"),)), "address"),
    ],
)
def test_invalid_settings_raise_config_error(settings: AiSettings, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        check(settings)
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["", "x", "file:///etc/passwd", "http://", "https://user:pw@x/v1", "https://x/v1?key=1", "https://x/#a",
     "https://x\\@y/v1", "https://x:99999/v1", "https://x y/v1", "https://x/\nv1"],
)  # fmt: skip
def test_invalid_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        checked_address(address, "openai")


@pytest.mark.parametrize(
    ("address", "kind", "expected"),
    [
        ("https://BÜRO.example:8443/v1/", "openai", "https://xn--bro-hoa.example:8443/v1"),
        ("BÜRO:11434", "ollama", "xn--bro-hoa:11434"),
        ("\U000ba19bÔ", "ollama", "xn--lda95153m"),  # the codec of Python encodes it; httpx refuses it
    ],
)
def test_host_of_address_is_encoded_for_dns(address: str, kind: Kind, expected: str) -> None:
    assert checked_address(address, kind) == expected
    httpx.AsyncClient(base_url=checked_address(address, kind))


def test_origin_is_scheme_host_and_port() -> None:
    assert origin("https://API.openai.com/v1") == origin("https://api.openai.com:443/v2")
    assert origin("https://a.example/v1") != origin("http://a.example/v1")
    assert origin("https://a.example/v1") != origin("https://a.example:444/v1")
    assert origin("127.0.0.1:11434") == origin("http://127.0.0.1:11434") == origin("127.0.0.1")


async def test_additional_servers_are_used_by_role() -> None:
    lab = ModelServer(name="lab", kind="openai", model="llama", base_url="http://127.0.0.1:9/v1")
    settings = AiSettings(servers=(OPENAI, lab), roles={"diagnosis": ("lab", "openai")})
    providers = ProviderChain(ordered=await create_providers(settings), settings=settings)
    assert [w.provider for w in providers.describe("chat")] == ["openai", "lab", "builtin"]
    assert [w.provider for w in providers.describe("diagnosis")] == ["lab", "openai", "builtin"]
    await providers.close()


def test_busy_error_keeps_retry_after() -> None:
    assert isinstance(AiBusy("x", after_s=3.0), AiError)
    assert AiBusy("x", after_s=3.0).after_s == 3.0
