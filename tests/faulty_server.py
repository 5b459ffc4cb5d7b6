"""HTTP servers with faults on demand: they hang, refuse, trickle, break off or send invalid data.

Each connection serves one request: the server reads it whole and then plays a script of bytes and pauses (seconds).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tcp_server import Handler, tcp_server

Script = Sequence[bytes | float]
HANG: Script = (3600.0,)


def answer(body: bytes, status: str = "200 OK", kind: str = "application/json", *headers: str) -> Script:
    """Return a script that sends one complete response."""
    more = "".join(f"{line}\r\n" for line in headers)
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}Connection: close"
    return (head.encode() + b"\r\n\r\n" + body,)


BUSY = answer(b'{"error": {"message": "slow down"}}', "429 Too Many Requests")


@dataclass
class Faulty:
    """State of a server: ``requests`` are the requests so far (head, body), ``open`` the number of open connections."""

    base_url: str = ""
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    open: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def listen(self, turn: Handler) -> AsyncIterator[int]:
        """Run ``turn`` for each connection to a free port, and end all connections at exit."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.open += 1
            try:
                with suppress(OSError, asyncio.IncompleteReadError):
                    await turn(reader, writer)
            finally:
                self.open -= 1
                self.closed.set()
                writer.close()

        async with tcp_server(serve) as port:
            yield port

    def headers(self, number: int) -> dict[str, str]:
        lines = self.requests[number][0].split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}


@asynccontextmanager
async def faulty(script: Script | Callable[[str], Script]) -> AsyncIterator[Faulty]:
    """Serve ``script`` to every request; a function returns a script for a request line."""
    server = Faulty()

    async def turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _play(server, script, reader, writer)

    async with server.listen(turn) as port:
        server.base_url = f"http://127.0.0.1:{port}/v1"
        yield server


async def _play(server: Faulty, script: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    fields = [line.partition(":") for line in head.split("\r\n")]
    length = next((int(value) for name, _, value in fields if name.lower() == "content-length"), 0)
    server.requests.append((head, await reader.readexactly(length)))
    disconnected = asyncio.create_task(reader.read(), name="disconnect")
    try:
        for step in script(head.split("\r\n")[0]) if callable(script) else script:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            else:  # a pause ends when the client disconnects
                done, _ = await asyncio.wait({disconnected}, timeout=step)
                if done:
                    return
    finally:
        disconnected.cancel()


@asynccontextmanager
async def relay(port: int) -> AsyncIterator[Faulty]:
    """Forward all data to a real server on ``port`` and count open connections."""
    server = Faulty()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(copy(reader, downstream), copy(upstream, writer))
        finally:
            downstream.close()

    async with server.listen(turn) as own:
        server.base_url = f"http://127.0.0.1:{own}"
        yield server
