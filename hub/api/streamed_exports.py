"""Files that are streamed while they are made: how many at once, and for how long one may stand still.

A client that does not read holds a place, a process and a connection. It is cut off after :data:`IDLE_S` without
progress, and after :data:`SHORT_S` as soon as somebody else waits for its place.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from hub.errors import TooBusy

log = logging.getLogger(__name__)

AT_ONCE = 4
IDLE_S = 30.0
SHORT_S = 5.0
BLOCK = 64 * 1024
"""Bytes sent at once: whoever takes so many in time makes progress."""


class Place:
    """One of the places. ``moved`` is when its client last took something, ``deadline`` ends a wait for it."""

    def __init__(self, now: float) -> None:
        self.moved = now
        self.deadline: asyncio.Timeout | None = None


class Places:
    """The places that there are."""

    def __init__(self, most: int = AT_ONCE) -> None:
        self._most = most
        self._taken: list[Place] = []

    def take(self) -> Place:
        """Take a place, if need be that of the client that has stood still longest. Raises TooBusy."""
        now = asyncio.get_running_loop().time()
        if len(self._taken) >= self._most:
            waiting = [place for place in self._taken if place.deadline is not None]
            stillest = min(waiting, key=lambda place: place.moved, default=None)
            if stillest is None or stillest.deadline is None or now - stillest.moved < SHORT_S:
                raise TooBusy("Other tables are being written already.", "Try again in a moment.", after_s=SHORT_S)
            stillest.deadline.reschedule(now)
            self.leave(stillest)
        place = Place(now)
        self._taken.append(place)
        return place

    def leave(self, place: Place) -> None:
        if place in self._taken:
            self._taken.remove(place)


class Export(StreamingResponse):
    """Streams ``pieces``; ``end`` is awaited when it is done, however it ends."""

    def __init__(
        self,
        pieces: AsyncGenerator[bytes],
        place: Place,
        media_type: str,
        headers: Mapping[str, str],
        end: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._pieces = pieces
        self._place = place
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._pieces.aclose()
            await self._end()

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for piece in self._pieces:
            for at in range(0, len(piece), BLOCK):
                await self._sent(send, piece[at : at + BLOCK])
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _sent(self, send: Send, block: bytes) -> None:
        """Raises ClientDisconnect where the client takes too long: for the hub it has left."""
        place, loop = self._place, asyncio.get_running_loop()
        place.moved = loop.time()
        try:
            async with asyncio.timeout(IDLE_S) as place.deadline:
                await send({"type": "http.response.body", "body": block, "more_body": True})
        except TimeoutError:
            log.warning(
                "an export was cut off: its client took nothing for %.0f s. It can be asked for again.",
                loop.time() - place.moved,
            )
            raise ClientDisconnect from None
        finally:
            place.deadline = None
