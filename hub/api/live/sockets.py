"""What both WebSockets share: tasks that end together, and a bounded way to read JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from hub.bounds import decode_json_as
from hub.errors import Rejected

T = TypeVar("T")

GOING_AWAY = 1012
TOO_BIG = 1009
TRY_LATER = 1013
MISUSED = 1008
CLOSE_S = 1.0


async def until_first(**tasks: Coroutine[Any, Any, None]) -> None:
    """Run all, named; when the first ends, cancel and await the others, then raise what any of them raised."""
    running = [asyncio.create_task(task, name=name.replace("_", " ")) for name, task in tasks.items()]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in running:
            task.cancel()
        results = await asyncio.gather(*running, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
            raise result


async def read_json(socket: WebSocket, kind: type[T], limit: int) -> T:
    """The next message. Raises WebSocketDisconnect at the end, and ValueError for what is not a ``kind`` within bounds
    or has more than ``limit`` characters or bytes."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    data: str | bytes = message.get("text") or message.get("bytes") or b""
    if len(data) > limit:
        raise ValueError("too long")
    try:
        return decode_json_as(data, kind, "The message")
    except Rejected as error:
        raise ValueError(error.message) from None


async def close(socket: WebSocket, code: int, reason: str) -> None:
    """Say goodbye, but do not wait for a peer that takes nothing any more."""
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(CLOSE_S):
            await socket.close(code, reason)
