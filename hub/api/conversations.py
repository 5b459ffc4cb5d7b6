"""``/api/conversations``: questions that build on earlier ones, answered piece by piece.

An answer is a stream of JSON objects, one a line: ``text`` (words), ``step`` (something was looked up), ``chart``,
``source``, ``proposal`` (a command that a person may send), ``unsupported`` (a sentence that nothing bears out),
``error``, and at the end ``done``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response, StreamingResponse

from hub.api import conversation_shapes as shapes
from hub.api import wire
from hub.api.problems import Json
from hub.api.turns import Turns
from hub.assistant import Memory, Piece, Reply
from hub.errors import AiError
from hub.model import Turn

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{8,64}$", description="Made by whoever begins it")]
LINES = "application/x-ndjson"


def routes(memory: Memory, turns: Turns, shutdown: asyncio.Event) -> APIRouter:
    router = APIRouter(prefix="/api/conversations", tags=["assistant"])

    @router.get("", response_model=shapes.ConversationList)
    async def listing(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
        """Those spoken in last come first; the hub keeps 200."""
        return Json({"items": [msgspec.to_builtins(each) for each in await memory.conversations(limit)]})

    @router.get("/{conversation}", response_model=shapes.ConversationShape)
    async def one(conversation: Id) -> Response:
        return Json({"id": conversation, "turns": [_turn(turn) for turn in await memory.turns(conversation)]})

    @router.delete("/{conversation}", status_code=204)
    async def forget(conversation: Id) -> None:
        await memory.forget(conversation)

    @router.post(
        "/{conversation}/turns",
        response_class=Response,
        responses={200: {"content": {LINES: {}}}, 503: {"description": "AI service error"}},
    )
    async def ask(conversation: Id, body: wire.Question) -> Response:
        """Ask in a conversation; the first question makes it. The answer comes as lines of JSON."""
        lines = _lines(memory, turns, shutdown, conversation, body.question)
        # The first line is awaited here, so that a provider that cannot serve is told by the status.
        first = await anext(lines, b"")
        return StreamingResponse(_rest(first, lines), media_type=LINES)

    return router


async def _lines(
    memory: Memory, turns: Turns, shutdown: asyncio.Event, conversation: str, question: str
) -> AsyncGenerator[bytes, None]:
    with turns.turn():
        async with aclosing(memory.ask(conversation, question)) as pieces:
            async for piece in pieces:
                yield _line(piece)
                if shutdown.is_set():
                    return


async def _rest(first: bytes, lines: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    # Closed with its reader: a page that leaves gives its turn back at once.
    async with aclosing(lines):
        yield first
        try:
            async for line in lines:
                yield line
        except AiError as error:
            yield _json({"type": "error", "message": str(error)})


def _line(piece: Piece) -> bytes:
    if isinstance(piece, str):
        return _json({"type": "text", "text": piece})
    if isinstance(piece, Reply):
        done = {"type": "done", "provider": piece.provider, "model": piece.model, "generative": piece.generative}
        return _json({**done, "tokens_used": piece.tokens_used})
    return _json(piece)


def _json(told: Any) -> bytes:
    return msgspec.json.encode(told) + b"\n"


def _turn(turn: Turn) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(turn)
    return told
