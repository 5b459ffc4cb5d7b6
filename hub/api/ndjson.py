"""Streamed responses that consist of lines with one JSON object each."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec
from starlette.responses import StreamingResponse

from hub.errors import HubError

LINES = "application/x-ndjson"


def line(content: Any) -> bytes:
    """Return the content as a line of JSON."""
    return msgspec.json.encode(content) + b"\n"


async def streamed(lines: AsyncGenerator[bytes, None]) -> StreamingResponse:
    """Return a response that streams ``lines``.

    The first line is awaited before the response begins, so an error until then sets the HTTP status. A later HubError
    becomes a last line of type ``error``.
    """
    first = await anext(lines, b"")
    return StreamingResponse(_rest(first, lines), media_type=LINES)


async def _rest(first: bytes, lines: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    # If the client disconnects, the generator is closed at once, which ends its work and frees its slot.
    async with aclosing(lines):
        yield first
        try:
            async for each in lines:
                yield each
        except HubError as error:
            yield line({"type": "error", "message": str(error)})
