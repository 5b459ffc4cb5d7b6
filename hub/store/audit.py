"""Store the audit log, in its own transactions instead of the pipeline's commits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, get_args

import msgspec

from hub.model import Actor, AuditEntry, AuditFilter, AuditKind, AuditOutcome, FieldChange
from hub.store.connection import SqlConnection, insert

SLICE = 5_000
"""Maximum number of entries that one transaction deletes."""

_COLUMNS = "at, until, count, kind, outcome, operation, person, account, token, client, object, text, changes, details"
_LIKE = "lower({}) LIKE lower(?) ESCAPE '!'"
_REPEATED = """ON CONFLICT (repeated) DO UPDATE SET count = audit.count + excluded.count,
    until = CASE WHEN audit.until > excluded.until THEN audit.until ELSE excluded.until END"""
_SEARCHED = ("text", "object", "person", "token", "client", "operation", "changes", "details")
_TOO_OLD = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY at LIMIT ?)"
_TOO_MANY = """DELETE FROM audit WHERE id IN (
    SELECT id FROM audit WHERE kind = ?1 AND outcome = ?2 ORDER BY id DESC LIMIT ?4 OFFSET ?3)"""

_changes = msgspec.json.Decoder(tuple[FieldChange, ...]).decode
_details = msgspec.json.Decoder(dict[str, Any]).decode

Run = Callable[[Callable[[SqlConnection], Any]], Awaitable[Any]]


class AuditStore:
    """Stores the entries of the audit log in the database.

    ``read`` and ``write`` are functions of the store. Each runs a function that it is given in a thread of the store,
    with a database connection as the argument, and returns the result.
    """

    def __init__(self, read: Run, write: Run) -> None:
        self._read, self._write = read, write

    async def add(self, entries: Sequence[tuple[AuditEntry, str | None]]) -> None:
        """Add all entries, each with its deduplication key or None, in one transaction.

        If an entry with the same key is stored already, increase the count of the stored entry instead.
        """
        await self._write(partial(_add, entries=entries))

    async def page(
        self, wanted: AuditFilter, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, AuditEntry]]:
        """Return entries with row numbers, newest first. If ``before`` is given, begin below this number."""
        found: list[tuple[int, AuditEntry]] = await self._read(
            partial(_page, wanted=wanted, limit=limit, before=before)
        )
        return found

    async def expire(self, before: int, entries: int) -> int:
        """Delete entries that are too old or too many, and return how many were deleted.

        One call deletes a limited number; the result 0 means that nothing is left to delete. An entry is deleted if it
        is older than ``before``, or if there are more than ``entries`` newer ones of the same kind and outcome. The
        limit applies to each kind and outcome, so that many refused requests do not displace other entries.
        """
        return int(await self._write(partial(_expire, before=before, entries=entries)))


def _add(connection: SqlConnection, entries: Sequence[tuple[AuditEntry, str | None]]) -> None:
    encode = msgspec.json.encode
    rows = [
        (
            *(e.at, e.until, e.count, e.kind, e.outcome, e.operation, e.actor.name, e.actor.account, e.actor.token),
            *(e.client, e.object, e.text, encode(e.changes).decode(), encode(e.details).decode(), repeated),
        )
        for e, repeated in _counted(entries)
    ]
    with connection.transaction():
        insert(connection, f"INSERT INTO audit ({_COLUMNS}, repeated) VALUES", rows, _REPEATED)


def _counted(entries: Sequence[tuple[AuditEntry, str | None]]) -> list[tuple[AuditEntry, str | None]]:
    """Combine entries that have the same key, because PostgreSQL cannot change a row twice in one statement."""
    combined: dict[object, tuple[AuditEntry, str | None]] = {}
    for place, (entry, key) in enumerate(entries):
        name = place if key is None else key
        if (before := combined.get(name)) is not None:
            first = before[0]
            until = max(first.until, entry.until)
            entry = msgspec.structs.replace(first, until=until, count=first.count + entry.count)
        combined[name] = (entry, key)
    return [*combined.values()]


def _page(
    connection: SqlConnection, wanted: AuditFilter, limit: int, before: int | None
) -> list[tuple[int, AuditEntry]]:
    terms, values = ["true"], list[Any]()
    for term, value in (
        ("kind = ?", wanted.kind),
        ("outcome = ?", wanted.outcome),
        ("until >= ?", wanted.start),
        ("at <= ?", wanted.end),
        ("id < ?", before),
    ):
        if value is not None:
            terms.append(term)
            values.append(value)
    if wanted.person is not None:
        terms.append("(lower(person) = lower(?) OR account = ?)")
        values += (wanted.person, wanted.person)
    for columns, part in ((("object",), wanted.object), (_SEARCHED, wanted.text)):
        if part is not None:
            terms.append(f"({' OR '.join(map(_LIKE.format, columns))})")
            values += [_containing(part)] * len(columns)
    rows = connection.execute(
        f"SELECT id, {_COLUMNS} FROM audit WHERE {' AND '.join(terms)} ORDER BY id DESC LIMIT ?",  # noqa: S608 (our own words)
        (*values, max(limit, 0)),
    )
    return [(row[0], _entry(*row[1:])) for row in rows]


def _containing(part: str) -> str:
    """Return a pattern for the SQL operator LIKE that matches texts that contain ``part``."""
    for special in "!%_":
        part = part.replace(special, f"!{special}")
    return f"%{part}%"


def _entry(
    at: int, until: int, count: int, kind: AuditKind, outcome: AuditOutcome, operation: str,
    person: str, account: str | None, token: str | None, client: str, of: str, text: str, changes: str, details: str,
) -> AuditEntry:  # fmt: skip
    return AuditEntry(
        at=at,
        until=until,
        count=count,
        kind=kind,
        outcome=outcome,
        operation=operation,
        actor=Actor(person, account, token),
        client=client,
        object=of,
        text=text,
        changes=_changes(changes),
        details=_details(details),
    )


def _expire(connection: SqlConnection, before: int, entries: int) -> int:
    with connection.transaction():
        deleted = connection.execute(_TOO_OLD, (before, SLICE)).rowcount
        for kind in get_args(AuditKind):
            for outcome in get_args(AuditOutcome):
                deleted += connection.execute(_TOO_MANY, (kind, outcome, entries, SLICE)).rowcount
        return deleted
