"""``/api/conversations``: questions that build on earlier ones, answered piece by piece.

An answer is a stream of JSON objects, one a line: ``text`` (words), ``step`` (something was looked up), ``chart``,
``source``, ``proposal`` (a command that a person may send), ``unsupported`` (a sentence that nothing bears out),
``error``, and at the end ``done``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from hub.api.concurrency_limit import Turns
from hub.api.errors import Json
from hub.api.ndjson import LINES, line, streamed
from hub.api.schemas import conversations as shapes
from hub.api.schemas import requests
from hub.assistant import AssistantReply, ConversationMemory, Piece
from hub.model import Turn

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{8,64}$", description="Made by whoever begins it")]


def routes(memory: ConversationMemory, turns: Turns, shutdown: asyncio.Event) -> APIRouter:
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
    async def ask(conversation: Id, body: requests.Question) -> Response:
        """Ask in a conversation; the first question makes it. The answer comes as lines of JSON."""
        return await streamed(_lines(memory, turns, shutdown, conversation, body.question))

    return router


async def _lines(
    memory: ConversationMemory, turns: Turns, shutdown: asyncio.Event, conversation: str, question: str
) -> AsyncGenerator[bytes, None]:
    with turns.turn():
        async with aclosing(memory.ask(conversation, question)) as pieces:
            async for piece in pieces:
                yield _line(piece)
                if shutdown.is_set():
                    return


def _line(piece: Piece) -> bytes:
    if isinstance(piece, str):
        return line({"type": "text", "text": piece})
    if isinstance(piece, AssistantReply):
        done = {"type": "done", "provider": piece.provider, "model": piece.model, "generative": piece.generative}
        return line({**done, "tokens_used": piece.tokens_used})
    return line(piece)


def _turn(turn: Turn) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(turn)
    return told
