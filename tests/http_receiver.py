"""A real HTTP server that records the requests, and answers as a test requires."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from receiver import until
from tcp_server import tcp_server


@dataclass
class Posted:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpReceiver:
    """The server at :attr:`url`. ``answer`` returns the status line and further headers; it may be slow."""

    port: int = 0
    posted: list[Posted] = field(default_factory=list)
    connections: int = 0
    answer: Callable[[Posted], Awaitable[str] | str] = lambda posted: "200 OK\r\n"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def about(self, device: str) -> list[Any]:
        """Return the messages about a device."""
        sent = [each.json for each in self.posted if each.headers.get("content-type") == "application/json"]
        return [each for each in sent if any(alert["device"] == device for alert in each.get("alerts", ()))]

    async def heard(self, device: str, count: int, within: float = 30.0) -> list[Any]:
        """Wait for messages about a device and return them."""
        await until(lambda: len(self.about(device)) >= count, within)
        return self.about(device)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    await self._serve_one(reader, writer)
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        posted = Posted(method, path, headers, body)
        self.posted.append(posted)
        answer = self.answer(posted)
        line = answer if isinstance(answer, str) else await answer
        writer.write(f"HTTP/1.1 {line}Content-Length: 2\r\n\r\nok".encode())
        await writer.drain()


@contextlib.asynccontextmanager
async def http_receiver() -> AsyncIterator[HttpReceiver]:
    """Run a server on a free port."""
    receiver = HttpReceiver()
    async with tcp_server(receiver.serve) as receiver.port:
        yield receiver
