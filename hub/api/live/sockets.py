"""Helpers for the WebSockets ``/api/live`` and ``/ws``: run tasks that end together, read bounded JSON, close."""

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
    """Run tasks. When the first task ends, cancel and await the others, then raise the first exception, if any.

    The keywords are the names of the tasks. A WebSocketDisconnect is not raised.
    """
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
    """Return the client's next message, decoded from JSON as a ``kind``.

    Raises:
        WebSocketDisconnect: The client has disconnected.
        ValueError: The message is not a valid ``kind``, or is longer than ``limit`` characters or bytes.
    """
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
    """Close the socket. If the client does not read, give up after :data:`CLOSE_S` seconds."""
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(CLOSE_S):
            await socket.close(code, reason)
