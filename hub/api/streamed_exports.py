"""Limit how many exports are streamed at the same time, and how long a client may stop reading.

A client that does not read holds a slot, a process and a connection. It is disconnected when it has not read for
:data:`IDLE_S` seconds, or for :data:`SHORT_S` seconds if another client needs the slot.
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
"""The number of bytes that are sent at once. A client that reads a whole block before the timeout makes progress."""


class ExportSlot:
    """The slot of an export in progress.

    Attributes:
        progress_at: When the client last read a block (time of the event loop, in seconds).
        deadline: Timeout of the current write; None while the export is not waiting for the client.
    """

    def __init__(self, now: float) -> None:
        self.progress_at = now
        self.deadline: asyncio.Timeout | None = None


class ExportSlots:
    """Limits the number of exports in progress."""

    def __init__(self, limit: int = AT_ONCE) -> None:
        self._limit = limit
        self._used: list[ExportSlot] = []

    def acquire(self) -> ExportSlot:
        """Return a slot for a new export.

        If all slots are used, the client that has not read for the longest time is disconnected, if that time is at
        least :data:`SHORT_S` seconds. Otherwise, TooBusy is raised.
        """
        now = asyncio.get_running_loop().time()
        if len(self._used) >= self._limit:
            waiting = [slot for slot in self._used if slot.deadline is not None]
            idlest = min(waiting, key=lambda slot: slot.progress_at, default=None)
            if idlest is None or idlest.deadline is None or now - idlest.progress_at < SHORT_S:
                raise TooBusy("Other exports are in progress.", "Try again in a moment.", after_s=SHORT_S)
            idlest.deadline.reschedule(now)
            self.release(idlest)
        slot = ExportSlot(now)
        self._used.append(slot)
        return slot

    def release(self, slot: ExportSlot) -> None:
        """Free a slot. Do nothing if the slot was already given to another export."""
        if slot in self._used:
            self._used.remove(slot)


class Export(StreamingResponse):
    """A response that streams ``chunks``. ``end`` is awaited when the response ends, also after an error."""

    def __init__(
        self,
        chunks: AsyncGenerator[bytes],
        slot: ExportSlot,
        media_type: str,
        headers: Mapping[str, str],
        end: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(chunks, media_type=media_type, headers=headers)
        self._chunks = chunks
        self._slot = slot
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._chunks.aclose()
            await self._end()

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for chunk in self._chunks:
            for start in range(0, len(chunk), BLOCK):
                await self._send_block(send, chunk[start : start + BLOCK])
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_block(self, send: Send, block: bytes) -> None:
        """Send a block. Raises ClientDisconnect if the client does not read it in time."""
        slot, loop = self._slot, asyncio.get_running_loop()
        slot.progress_at = loop.time()
        try:
            async with asyncio.timeout(IDLE_S) as slot.deadline:
                await send({"type": "http.response.body", "body": block, "more_body": True})
        except TimeoutError:
            log.warning(
                "Export cancelled: the client read nothing for %.0f s. It can be requested again.",
                loop.time() - slot.progress_at,
            )
            raise ClientDisconnect from None
        finally:
            slot.deadline = None
