"""Answers that come as lines of JSON, one object a line, while they are made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec
from starlette.responses import StreamingResponse

from hub.errors import HubError

LINES = "application/x-ndjson"


def line(told: Any) -> bytes:
    return msgspec.json.encode(told) + b"\n"


async def streamed(lines: AsyncGenerator[bytes, None]) -> StreamingResponse:
    """The first line is awaited here, so that what cannot be answered at all is told by the status; what goes wrong
    after it is told in a last line, ``error``."""
    first = await anext(lines, b"")
    return StreamingResponse(_rest(first, lines), media_type=LINES)


async def _rest(first: bytes, lines: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    # Closed with its reader: a page that leaves ends the work, and gives its turn back, at once.
    async with aclosing(lines):
        yield first
        try:
            async for each in lines:
                yield each
        except HubError as error:
            yield line({"type": "error", "message": str(error)})
