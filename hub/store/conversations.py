"""Store conversations with the assistant, so that a question may refer to an earlier one in another tab or later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec

from hub.model import Conversation, Turn
from hub.store.connection import SqlConnection
from hub.store.rows import MAX_NUMBER, decoded

MAX_CONVERSATIONS = 200
"""Maximum number of conversations kept for one owner. The least recently used conversation is deleted first."""
MAX_TURNS = 200
"""Maximum number of turns kept of a conversation. The oldest turn is deleted first."""

_DELETE_ORPHANS = "DELETE FROM turn WHERE conversation NOT IN (SELECT id FROM conversation)"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Turn).decode

Run = Callable[[Callable[[SqlConnection], Any]], Awaitable[Any]]


class ConversationStore:
    """Stores conversations in the database.

    ``read`` and ``write`` are functions of the store. Each runs a function that it is given in a thread of the store,
    with a database connection as the argument, and returns the result. The id of a conversation begins with its owner
    and a colon (the *prefix*), or has no colon if it belongs to nobody.
    """

    def __init__(self, read: Run, write: Run) -> None:
        self._read, self._write = read, write

    async def add(self, conversation: str, turn: Turn) -> None:
        """Append a turn; the first one creates the conversation."""
        await self._write(partial(_add, conversation=conversation, turn=turn))

    async def newest(self, prefix: str = "", limit: int = 50) -> list[Conversation]:
        """Return the conversations of one owner, the most recently used first.

        Their ids begin with ``prefix``. If it is empty, return the conversations that belong to nobody.
        """
        found: list[Conversation] = await self._read(partial(_newest, prefix=prefix, limit=limit))
        return found

    async def turns(self, conversation: str, limit: int = MAX_TURNS) -> list[Turn]:
        """Return the last ``limit`` turns, oldest first; an empty list for an unknown conversation."""
        found: list[Turn] = await self._read(partial(_turns, conversation=conversation, limit=limit))
        return found

    async def delete(self, conversation: str) -> bool:
        """Delete a conversation; return False if there was none."""
        return bool(await self._write(partial(_delete, conversation=conversation)))

    async def delete_of(self, account: str) -> None:
        """Delete all conversations of an account, also those that it began when it could see other devices than now."""
        await self._write(partial(_delete_of, account=account))


def _add(connection: SqlConnection, conversation: str, turn: Turn) -> None:
    with connection.transaction():
        connection.execute(
            "INSERT INTO conversation VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at",
            (conversation, turn.question[:200], turn.at, turn.at),
        )
        connection.execute("INSERT INTO turn (conversation, body) VALUES (?, ?)", (conversation, _encode(turn)))
        connection.execute(
            "DELETE FROM turn WHERE conversation = ?1 AND id <= "
            "(SELECT id FROM turn WHERE conversation = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            (conversation, MAX_TURNS),
        )
        connection.execute(
            "DELETE FROM conversation WHERE id IN "
            "(SELECT id FROM conversation WHERE substr(id, 1, instr(id, ':')) = ? "
            "ORDER BY updated_at DESC LIMIT ? OFFSET ?)",
            (conversation[: conversation.find(":") + 1], MAX_NUMBER, MAX_CONVERSATIONS),
        )
        connection.execute(_DELETE_ORPHANS)


def _newest(connection: SqlConnection, prefix: str, limit: int) -> list[Conversation]:
    rows = connection.execute(
        "SELECT id, title, created_at, updated_at, (SELECT count(*) FROM turn WHERE conversation = conversation.id) "
        "FROM conversation WHERE substr(id, 1, instr(id, ':')) = ? ORDER BY updated_at DESC, id LIMIT ?",
        (prefix, limit),
    )
    return [Conversation(*row) for row in rows]


def _turns(connection: SqlConnection, conversation: str, limit: int) -> list[Turn]:
    rows = connection.execute(
        "SELECT CAST(id AS TEXT), body FROM turn WHERE conversation = ? ORDER BY id DESC LIMIT ?", (conversation, limit)
    ).fetchall()
    return list(decoded("turn", reversed(rows), _decode))


def _delete(connection: SqlConnection, conversation: str) -> bool:
    with connection.transaction():
        connection.execute("DELETE FROM turn WHERE conversation = ?", (conversation,))
        return connection.execute("DELETE FROM conversation WHERE id = ?", (conversation,)).rowcount > 0


def _delete_of(connection: SqlConnection, account: str) -> None:
    with connection.transaction():
        connection.execute(
            "DELETE FROM conversation WHERE substr(id, 1, CAST(? AS INTEGER)) IN (?, ?)",
            (len(account) + 1, f"{account}.", f"{account}:"),
        )
        connection.execute(_DELETE_ORPHANS)
