"""``/api/conversations``: conversations with the assistant, with streamed answers.

A question may refer to earlier ones. An answer is a stream of JSON objects, one on each line: ``text`` (part of the
answer), ``step`` (a look-up), ``chart``, ``source``, ``proposal`` (a command that the user may send), ``unsupported``
(a sentence that the data does not support), ``error``, and at the end ``done``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from hub.api.audit_draft import note, note_answer
from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.errors import Json
from hub.api.ndjson import LINES, line, streamed
from hub.api.schemas import conversations as shapes
from hub.api.schemas import requests
from hub.assistant import AssistantReply, ConversationMemory, Piece
from hub.model import Turn

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{8,64}$", description="Id of the conversation, chosen by the client")]


def routes(memory: ConversationMemory, slots: ConcurrencyLimit, shutdown: asyncio.Event) -> APIRouter:
    router = APIRouter(prefix="/api/conversations", tags=["assistant"])

    @router.get("", response_model=shapes.ConversationList)
    async def list_conversations(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
        """Return your conversations, most recently used first. The hub keeps each person's last 200 conversations."""
        return Json(shapes.ConversationList(items=list(await memory.conversations(limit))))

    @router.get("/{conversation}", response_model=shapes.ConversationShape)
    async def get_conversation(conversation: Id) -> Response:
        """Return all questions and answers of a conversation."""
        return Json(
            shapes.ConversationShape(id=conversation, turns=[_turn(turn) for turn in await memory.turns(conversation)])
        )

    @router.delete("/{conversation}", status_code=204)
    async def delete_conversation(conversation: Id) -> None:
        """Delete a conversation."""
        await memory.forget(conversation)

    @router.post(
        "/{conversation}/turns",
        response_class=Response,
        responses={200: {"content": {LINES: {}}}, 503: {"description": "AI service error"}},
    )
    async def ask_in_conversation(conversation: Id, body: requests.FollowUp, request: Request) -> Response:
        """Ask a question in a conversation, and stream the answer as lines of JSON.

        The first question creates the conversation.
        """
        return await streamed(
            _lines(memory, slots, shutdown, conversation, body.question, request.state.proof.language)
        )

    return router


async def _lines(
    memory: ConversationMemory,
    slots: ConcurrencyLimit,
    shutdown: asyncio.Event,
    conversation: str,
    question: str,
    language: str,
) -> AsyncGenerator[bytes, None]:
    note(question=question)
    with slots.acquire():
        async with aclosing(memory.ask(conversation, question, language=language)) as pieces:
            async for piece in pieces:
                if isinstance(piece, AssistantReply):
                    note_answer(question, piece)
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


def _turn(turn: Turn) -> shapes.TurnShape:
    return shapes.TurnShape.of(turn, extras=list(turn.extras))
