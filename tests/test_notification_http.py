"""HTTP requests to receivers of notifications: forbidden addresses, hostile answers, secrets in errors."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from http_receiver import HttpReceiver, http_receiver
from hub.notifications import http_session
from hub.notifications.base import DeliveryFailed
from hub.notifications.http_client import kept_connections, post
from pki import Issued, write_pair
from tcp_server import tcp_server

METADATA = "169.254.169.254"


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with http_receiver() as running:
        yield running


async def failure_of(url: str, method: str = "POST") -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as failed:
        await post(url, b"{}", {}, method)
    return failed.value


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Resolve names to these addresses, one list for each time that a name is resolved."""
    remaining = iter(answers)

    def resolve(host: str, port: int, **rest: object) -> list[object]:
        return [(0, 1, 6, "", (address, port)) for address in next(remaining)]

    monkeypatch.setattr("hub.ai.address_guard.socket.getaddrinfo", resolve)


@pytest.mark.parametrize(
    "host",
    [
        *(METADATA, "169。254。169。254", "2852039166", "0xA9FEA9FE", "169.16689662", "①⑥⑨.254.169.254", "0.0.0.0"),
        *("[::ffff:a9fe:a9fe]", "[fe80::1%25lo]", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]"),
    ],
)
async def test_no_spelling_of_a_forbidden_address_is_contacted(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[Any] = []
    monkeypatch.setattr("hub.notifications.http_session.socket.socket", lambda *given: connected.append(given))
    failed = await failure_of(f"http://{host}/latest/SECRET")
    assert (failed.reason, failed.maybe, connected) == ("rejected", False, [])
    assert "is not an allowed address" in failed.text


async def test_name_is_checked_at_each_connection(receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, ["127.0.0.1"], [METADATA])
    url = f"http://receiver.example:{receiver.port}/hook"
    async with kept_connections():
        for _ in range(2):
            await post(url, b"{}", {})
    assert (await failure_of(url)).text == "receiver.example is not an allowed address."
    assert [each.headers["host"] for each in receiver.posted] == [f"receiver.example:{receiver.port}"] * 2
    assert receiver.connections == 1


async def test_forbidden_address_of_a_name_is_skipped(receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, ["fe80::1", METADATA, "127.0.0.1"])
    await post(f"http://receiver.local:{receiver.port}/hook", b"{}", {})
    assert len(receiver.posted) == 1


async def test_proxy_and_password_file_of_the_environment_are_not_used(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    await post(f"{receiver.url}/hook", b"{}", {})
    assert "authorization" not in receiver.posted[0].headers


async def test_url_is_sent_with_its_own_spelling(receiver: HttpReceiver) -> None:
    await post(f"{receiver.url}/a%2Fb%41/../ü?sig=a%2Fb%2B+c%3D&x=%7e", b"{}", {})
    short = receiver.url.replace("127.0.0.1", "ada:p%40ss@127.1")
    await post(short, b"{}", {})
    assert [each.path for each in receiver.posted] == ["/a%2Fb%41/../%C3%BC?sig=a%2Fb%2B+c%3D&x=%7e", "/"]
    assert receiver.posted[1].headers["authorization"] == "Basic YWRhOnBAc3M="


async def test_redirect_is_not_followed(receiver: HttpReceiver) -> None:
    receiver.answer = lambda posted: f"307 Moved\r\nLocation: {receiver.url}/other\r\n"
    failed = await failure_of(f"{receiver.url}/hook")
    assert (failed.reason, failed.text[:8], len(receiver.posted)) == ("rejected", "HTTP 307", 1)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("start", "more", "reason"),
    [
        (b"", b"", "unreachable"),
        (b"220 mail.example SECRET ESMTP\r\n", b"", "unreachable"),
        (OK + b"x: ", b"y" * 1_000, "unreachable"),
        (OK, b"x: y\r\n" * 100, "unreachable"),
        (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", b"", "unreachable"),
        (b"HTTP/1.1 500 Broken\r\n\r\n", b"z" * 1_000, "unreachable"),
        (OK + b"Content-Length: 9\r\n\r\n", b"", "unreachable"),
    ],
    ids=["nothing", "mail", "long header", "many headers", "two lengths", "endless body", "too short"],
)
async def test_bad_answer_is_bounded_and_not_repeated(start: bytes, more: bytes, reason: str) -> None:
    requests, sent = 0, 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests, sent
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n{}")
            requests += 1
            writer.write(start)
            while more and sent < 50_000_000:
                writer.write(more)
                sent += len(more)
                await writer.drain()
        writer.close()

    async with tcp_server(serve) as port:
        failed = await failure_of(f"http://127.0.0.1:{port}/SECRET-path?key=SECRET")
    assert failed.reason == reason
    assert failed.maybe or failed.text.startswith("HTTP 500: zzz")
    assert "SECRET-path" not in failed.text
    assert len(failed.text) < 3_000
    assert requests == 1
    assert sent < 20_000_000


async def test_slow_answer_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_session, "REQUEST_S", 0.3)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(OK + b"Content-Length: 2000\r\n\r\n")
            for _ in range(2_000):
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(0.05)

    async with tcp_server(serve) as port:
        failed = await failure_of(f"http://127.0.0.1:{port}/")
    assert (failed.reason, failed.maybe) == ("timeout", True)


async def test_certificate_of_another_authority_is_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, Issued("localhost"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "hub.crt", tmp_path / "hub.key")
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        failed = await failure_of(f"https://localhost:{server.sockets[0].getsockname()[1]}/SECRET")
    finally:
        server.close()
    assert (failed.reason, failed.maybe, heard) == ("unreachable", False, [])
    assert "certificate verify failed" in failed.text
    assert "SECRET" not in failed.text


@pytest.mark.parametrize(
    "make", [lambda port: f"http://127.0.0.1:{port}/", lambda port: f"http://nobody.invalid:{port}/"]
)
async def test_server_that_is_not_there_is_unreachable(make: Callable[[int], str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        failed = await failure_of(make(closed.getsockname()[1]))
    assert (failed.reason, failed.maybe) == ("unreachable", False)


ANSWERS = {
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "until the end": b"HTTP/1.0 200 OK\r\n\r\nok",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "informational": b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
    "offered upgrade": OK + b"Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nok",
    "closed": OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok",
    "two answers": OK + b"Content-Length: 0\r\n\r\nHTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize(
    ("name", "in_pieces"),
    # A second answer that comes in pieces cannot be distinguished from the answer to the next request.
    [(name, in_pieces) for name in ANSWERS for in_pieces in (False, True) if not (in_pieces and name == "two answers")],
)
async def test_each_form_of_answer_is_understood(name: str, in_pieces: bool) -> None:
    requests, connections, answer = 0, 0, ANSWERS[name]
    kept = name not in ("until the end", "closed", "two answers")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests, connections
        connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n{}")
                requests += 1
                for piece in [answer[each : each + 1] for each in range(len(answer))] if in_pieces else [answer]:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if name in ("until the end", "closed"):
                    break
        writer.close()

    async with tcp_server(serve) as port, kept_connections():
        for _ in range(2):
            await post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert (requests, connections) == (2, 1 if kept else 2)


async def test_connection_that_the_server_closed_is_not_used_again(receiver: HttpReceiver) -> None:
    opened: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n{}")
            writer.write(OK + b"Content-Length: 0\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.close()

    async with tcp_server(serve) as port, kept_connections():
        await post(f"http://127.0.0.1:{port}/", b"{}", {})
        await asyncio.sleep(0.3)
        await post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert len(opened) == 2


@pytest.mark.parametrize("value", ["a\r\nx-other: b", "a\nb", "a\0b", "ü"])
async def test_header_with_other_characters_is_not_sent(receiver: HttpReceiver, value: str) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        await post(f"{receiver.url}/", b"{}", {"click": value})
    assert (failed.value.reason, receiver.posted) == ("rejected", [])


async def test_server_that_never_answers_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_session, "TIMEOUT_S", 0.2)
    ended: list[bool] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read()
            ended.append(True)
        writer.close()

    async with tcp_server(serve) as port, kept_connections():
        failed = await failure_of(f"http://127.0.0.1:{port}/")
        await asyncio.sleep(0.2)
        assert (failed.reason, failed.maybe, ended) == ("timeout", True, [True])
