"""A scripted MQTT broker, byte by byte, for behaviour that no real broker shows. It knows a little of 3.1.1 and 5."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from tcp_server import tcp_server

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 4, 8, 12, 14


def packet(head: int, body: bytes) -> bytes:
    """Encode a control packet with its remaining length."""
    length, rest = bytearray(), len(body)
    while True:
        rest, digit = divmod(rest, 128)
        length.append(digit | (0x80 if rest else 0))
        if not rest:
            return bytes([head]) + bytes(length) + body


def filters_in(payload: bytes) -> int:
    """Return the number of topic filters in the payload of a SUBSCRIBE."""
    count = 0
    while payload:
        payload = payload[2 + int.from_bytes(payload[:2]) + 1 :]
        count += 1
    return count


class Peer:
    """An accepted connection of a client, with the packets received from it as ``(type, body)``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.level = 0
        self.closed = False
        self.received: list[tuple[int, bytes]] = []

    @property
    def acknowledged(self) -> list[int]:
        return [int.from_bytes(body[:2]) for kind, body in self.received if kind == PUBACK]

    def kinds(self) -> list[int]:
        return [kind for kind, _ in self.received]

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def publish(self, topic: bytes, payload: bytes, mid: int | None = None) -> None:
        """Send a message, at QoS 1 if ``mid`` is given."""
        head = PUBLISH << 4 | (2 if mid is not None else 0)
        properties = b"\0" if self.level == 5 else b""
        number = b"" if mid is None else mid.to_bytes(2)
        self.send(packet(head, len(topic).to_bytes(2) + topic + number + properties + payload))

    def hang_up(self) -> None:
        self._writer.transport.abort()

    async def read(self) -> tuple[int, bytes]:
        head = (await self._reader.readexactly(1))[0]
        length = shift = 0
        while True:
            digit = (await self._reader.readexactly(1))[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                break
        body = await self._reader.readexactly(length)
        self.received.append((head >> 4, body))
        return head >> 4, body


class PeerServer:
    """A server that accepts clients.

    ``script`` runs when a client has subscribed. ``suback`` is the reason code of each SUBACK, ``connack`` the body of
    the CONNACK. Without ``answers`` it only reads. ``refuses`` maps protocol levels to the body of a CONNACK (empty:
    none is sent), after which the connection is closed. It is also closed at a SUBSCRIBE that contains ``closes_at``.
    """

    def __init__(
        self,
        script: Callable[[Peer], Awaitable[None]] | None = None,
        *,
        suback: int = 1,
        session_present: bool = False,
        answers: bool = True,
        connack: bytes | None = None,
        refuses: Mapping[int, bytes] | None = None,
        closes_at: bytes = b"",
    ) -> None:
        self.port = 0
        self.peers: list[Peer] = []
        self.suback = suback
        self.codes: int | None = None  # reason codes in a SUBACK, if not one for each filter
        self._script = script
        self._present = session_present
        self._answers = answers
        self._connack = connack
        self._refuses = refuses or {}
        self.closes_at = closes_at
        self._server = tcp_server(self._serve)

    async def __aenter__(self) -> PeerServer:
        self.port = await self._server.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._server.__aexit__(*error)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self.peers.append(peer)
        with suppress(OSError, EOFError):
            while True:
                kind, body = await peer.read()
                extra = b"\0" if peer.level == 5 else b""
                if not self._answers:
                    continue
                if kind == CONNECT:
                    peer.level = body[6]
                    if peer.level in self._refuses:
                        peer.send(packet(0x20, self._refuses[peer.level]) if self._refuses[peer.level] else b"")
                        break
                    extra = b"\0" if peer.level == 5 else b""
                    peer.send(packet(0x20, self._connack or bytes([self._present, 0]) + extra))
                elif kind == SUBSCRIBE and self.closes_at and self.closes_at in body:
                    break
                elif kind == SUBSCRIBE:
                    codes = bytes([self.suback]) * (self.codes or filters_in(body[2 + len(extra) :]))
                    peer.send(packet(0x90, body[:2] + extra + codes))
                    if self._script is not None:
                        await self._script(peer)
                elif kind == PINGREQ:
                    peer.send(packet(0xD0, b""))
                elif kind == DISCONNECT:
                    break
        peer.closed = True
        with suppress(OSError):
            await writer.drain()
        writer.close()
