"""Conversations: earlier turns are read before a question is answered, and the answer is stored."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from hub.ai.builtin import BUILTIN
from hub.assistant.assistant import AssistantReply, AssistantService, Piece
from hub.errors import NotFound
from hub.model import Conversation, Turn, Writer
from hub.store.conversations import ConversationStore

REMEMBERED = 20
"""Earlier turns that are read. A model gets fewer if they are long."""


class ConversationMemory:
    """Answers questions in conversations. ``now`` returns epoch ms."""

    def __init__(self, assistant: AssistantService, store: ConversationStore, now: Callable[[], int]) -> None:
        self._assistant, self._store, self._now = assistant, store, now

    async def ask(
        self, conversation: str, question: str, model: str | None = None, *, language: str = "en"
    ) -> AsyncGenerator[Piece, None]:
        """Yield the answer piece by piece, and store it at its end, or what has arrived when the client disconnects."""
        before = await self._store.turns(conversation, REMEMBERED)
        at = self._now()
        parts: list[str] = []
        reply: AssistantReply | None = None
        try:
            async with aclosing(self._assistant.converse(question, before, model, language=language)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, str):
                        parts.append(piece)
                    elif isinstance(piece, AssistantReply):
                        reply = piece
                    yield piece
        finally:
            if reply is not None or parts:
                await self._store.add(conversation, _turn(question, at, "".join(parts), reply))

    async def conversations(self, limit: int = 50) -> list[Conversation]:
        return await self._store.newest(limit)

    async def turns(self, conversation: str) -> list[Turn]:
        """Return all turns of a conversation, oldest first. Raises NotFound."""
        found = await self._store.turns(conversation)
        if not found:
            raise NotFound("There is no such conversation.", "It may have been deleted.")
        return found

    async def forget(self, conversation: str) -> None:
        """Delete a conversation. Raises NotFound."""
        if not await self._store.delete(conversation):
            raise NotFound("There is no such conversation.", "It may have been deleted.")


def _turn(question: str, at: int, text: str, reply: AssistantReply | None) -> Turn:
    if reply is None:
        return Turn(question=question, answer=text, at=at, writer=BUILTIN, stopped=True)
    writer = Writer(reply.provider, reply.model, reply.generative)
    return Turn(
        question=question, answer=reply.text, at=at, writer=writer, tokens=reply.tokens_used, extras=reply.extras
    )
