"""Load the earlier turns of a conversation before a question is answered, and store the question with its answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import msgspec

from hub.accounts.requester import current_requester
from hub.accounts.scope import current_scope
from hub.ai.builtin import BUILTIN
from hub.assistant.assistant import AssistantReply, AssistantService, Piece
from hub.errors import NotFound
from hub.model import Conversation, Turn, Writer
from hub.store.conversations import ConversationStore

REMEMBERED = 20
"""Number of earlier turns that are loaded. A model receives fewer turns if they are long."""


class ConversationMemory:
    """Answers questions in conversations, and stores the conversations. ``now`` returns the time in epoch ms."""

    def __init__(self, assistant: AssistantService, store: ConversationStore, now: Callable[[], int]) -> None:
        self._assistant, self._store, self._now = assistant, store, now

    async def ask(
        self, conversation: str, question: str, model: str | None = None, *, language: str = "en"
    ) -> AsyncGenerator[Piece, None]:
        """Yield the answer in pieces, and store the question with the complete answer at the end.

        If the client disconnects, the part of the answer that was yielded is stored.
        """
        key = _key(conversation)
        before = await self._store.turns(key, REMEMBERED)
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
                await self._store.add(key, _turn(question, at, "".join(parts), reply))

    async def conversations(self, limit: int = 50) -> list[Conversation]:
        """Return the conversations of the person who sent the request, the most recently used first."""
        prefix = _key("")
        own = await self._store.newest(prefix, limit)
        return [msgspec.structs.replace(each, id=each.id.removeprefix(prefix)) for each in own]

    async def turns(self, conversation: str) -> list[Turn]:
        """Return all turns of a conversation, oldest first. Raises NotFound."""
        found = await self._store.turns(_key(conversation))
        if not found:
            raise NotFound("There is no such conversation.", "It may have been deleted.")
        return found

    async def forget(self, conversation: str) -> None:
        """Delete a conversation. Raises NotFound."""
        if not await self._store.delete(_key(conversation)):
            raise NotFound("There is no such conversation.", "It may have been deleted.")

    async def forget_person(self, account: str) -> None:
        """Delete all conversations of an account that was removed."""
        await self._store.delete_of(account)


def _key(conversation: str) -> str:
    """Return the id under which a conversation is stored: ``OWNER:ID``, or just ``ID`` in a hub without accounts.

    For a person who sees only some devices, ``OWNER`` also encodes which devices these are. If they change, the person
    no longer finds earlier conversations, which may be about devices that the person must not see any more.
    """
    owner = current_scope().key or current_requester().account
    return conversation if owner is None else f"{owner}:{conversation}"


def _turn(question: str, at: int, text: str, reply: AssistantReply | None) -> Turn:
    if reply is None:
        return Turn(question=question, answer=text, at=at, writer=BUILTIN, stopped=True)
    writer = Writer(reply.provider, reply.model, reply.generative)
    return Turn(
        question=question, answer=reply.text, at=at, writer=writer, tokens=reply.tokens_used, extras=reply.extras
    )
