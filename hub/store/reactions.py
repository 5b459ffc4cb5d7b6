"""Store reactions: steps of alerts that may start them (written by the pipeline's commit), runs, and their state.

A run is stored before anything is sent, in the transaction that removes the step that started it. Its key is unique, so
a reaction that is found due twice for the same reason runs once. The delivery of a webhook is stored in the same
transaction. Commands are sent after this transaction: if the hub is killed in between, the run stays ``running``, and
the next start marks it as ``interrupted`` instead of sending commands late.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from hub.model import NotificationDelivery
from hub.model.reaction import AlertStepTaken, ReactionRun, ReactionState
from hub.store.connection import SqlConnection, replace
from hub.store.notifications import NotificationPlan, write_plan
from hub.store.rows import MAX_NUMBER

MAX_KEPT = 10_000
"""Maximum number of runs that are kept."""

_encode = msgspec.msgpack.encode
_step = msgspec.msgpack.Decoder(AlertStepTaken).decode
_run = msgspec.msgpack.Decoder(ReactionRun).decode
_state = msgspec.msgpack.Decoder(ReactionState).decode

_EXPIRE = """DELETE FROM reaction_run WHERE id <= (SELECT max(id) FROM reaction_run) - ?
    AND outcome <> 'running'"""

Run = Callable[[Callable[[SqlConnection], Any]], Awaitable[Any]]


class RunPlan(msgspec.Struct):
    """The decision whether a reaction runs, as the hub stores it in one transaction.

    Attributes:
        run: The run to store; None if there is none.
        done: Row numbers of the stored alert steps to delete, because no reaction needs them any more.
        state: The new state of the reactions; None if it does not change.
        delivery: The call of a webhook to put into the outbox; None if there is none.
    """

    run: ReactionRun | None = None
    done: Sequence[int] = ()
    state: ReactionState | None = None
    delivery: NotificationDelivery | None = None


class ReactionStore:
    """Stores reactions. ``read`` and ``write`` run a function with a connection in the store's threads."""

    def __init__(self, read: Run, write: Run) -> None:
        self._read, self._write = read, write

    async def state(self) -> ReactionState:
        """Return the stored state of all reactions."""
        found: ReactionState = await self._read(_read_state)
        return found

    async def steps(self, after: int, limit: int) -> list[tuple[int, AlertStepTaken]]:
        """Return the oldest stored steps of alerts (such as raised or cleared), at most ``limit``.

        Reactions to these steps have not been decided yet. Each item is a pair of a row number and a step. Only rows
        with numbers above ``after`` are returned.
        """
        found: list[tuple[int, AlertStepTaken]] = await self._read(partial(_steps, after=after, limit=limit))
        return found

    async def apply(self, plan: RunPlan) -> bool:
        """Write a decision in one transaction. Return False if the occasion already has a stored run.

        In this case only the steps in ``plan.done`` are removed, so that no occasion runs twice.
        """
        written: bool = await self._write(partial(_apply, plan=plan))
        return written

    async def finish(self, run: ReactionRun) -> None:
        """Store a run that has ended or changed, in place of the stored run with the same key."""
        await self._write(partial(_finish, run=run))

    async def runs(
        self, reaction: str | None = None, limit: int = 100, before: int | None = None, since: int = 0
    ) -> list[tuple[int, ReactionRun]]:
        """Return runs since a time (epoch ms) with row numbers, newest first.

        If ``before`` is given, only return runs with lower row numbers.
        """
        found: list[tuple[int, ReactionRun]] = await self._read(
            partial(_runs, reaction=reaction, limit=limit, before=before, since=since)
        )
        return found

    async def last(self) -> dict[str, tuple[int, ReactionRun]]:
        """Return the last run of each reaction, with its row number."""
        found: dict[str, tuple[int, ReactionRun]] = await self._read(_last)
        return found

    async def running(self) -> list[ReactionRun]:
        """Return the runs in the state ``running``, which were not finished."""
        found: list[ReactionRun] = await self._read(_running)
        return found


def _read_state(connection: SqlConnection) -> ReactionState:
    row = connection.execute("SELECT body FROM reaction_state").fetchone()
    return ReactionState() if row is None else _state(row[0])


def _steps(connection: SqlConnection, after: int, limit: int) -> list[tuple[int, AlertStepTaken]]:
    rows = connection.execute("SELECT id, body FROM reaction_step WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
    return [(number, _step(body)) for number, body in rows]


def _apply(connection: SqlConnection, plan: RunPlan) -> bool:
    with connection.transaction():
        connection.executemany("DELETE FROM reaction_step WHERE id = ?", ((number,) for number in plan.done))
        if plan.run is not None:
            run = plan.run
            row = (run.key, run.reaction, run.at, run.outcome, _encode(run))
            query = (
                "INSERT INTO reaction_run (key, reaction, at, outcome, body) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (key) DO NOTHING"
            )
            if connection.execute(query, row).rowcount == 0:
                return False
            connection.execute(_EXPIRE, (MAX_KEPT,))
        if plan.state is not None:
            replace(connection, "reaction_state", "id, body", [(1, _encode(plan.state))])
        if plan.delivery is not None:
            write_plan(connection, NotificationPlan(deliveries=[plan.delivery]))
    return True


def _finish(connection: SqlConnection, run: ReactionRun) -> None:
    with connection.transaction():
        query = "UPDATE reaction_run SET outcome = ?, body = ? WHERE key = ?"
        connection.execute(query, (run.outcome, _encode(run), run.key))


def _runs(
    connection: SqlConnection, reaction: str | None, limit: int, before: int | None, since: int
) -> list[tuple[int, ReactionRun]]:
    of_one, name = ("reaction = ?", (reaction,)) if reaction is not None else ("true", ())
    rows = connection.execute(
        f"SELECT id, body FROM reaction_run WHERE {of_one} AND id < ? AND at >= ? ORDER BY id DESC LIMIT ?",  # noqa: S608 (our own words)
        (*name, MAX_NUMBER if before is None else before, since, limit),
    )
    return [(number, _run(body)) for number, body in rows]


def _last(connection: SqlConnection) -> dict[str, tuple[int, ReactionRun]]:
    rows = connection.execute(
        "SELECT id, body FROM reaction_run WHERE id IN (SELECT max(id) FROM reaction_run GROUP BY reaction)"
    )
    return {run.reaction: (number, run) for number, run in ((number, _run(body)) for number, body in rows)}


def _running(connection: SqlConnection) -> list[ReactionRun]:
    return [_run(body) for (body,) in connection.execute("SELECT body FROM reaction_run WHERE outcome = 'running'")]
