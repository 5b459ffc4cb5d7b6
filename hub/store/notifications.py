"""Store notifications: notices of alerts (written by the pipeline's commit), groups, and deliveries with attempts.

A delivery is sent outside of any transaction::

    waiting ─▶ claim (lease, attempt + 1) ─▶ sending ─▶ send ─▶ finish ─▶ delivered | waiting (later) | failed

If the hub is killed before ``finish``, the next start releases the delivery, and it is sent again with the same
key. The same happens after a power cut that follows ``finish`` closely, because ``claim`` and ``finish`` do not wait
for the disk: if both waited, one slow disk would limit all channels together to some 100 messages a second.

The message that alerts have cleared goes only to receivers who have ``heard`` of these alerts: the message about them
was delivered, or an attempt ended without an answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec

from hub.model import (
    DeliveryAttempt,
    DeliveryRecord,
    DeliveryState,
    NotificationDelivery,
    NotificationGroup,
    NotificationReceiver,
    PendingNotice,
)
from hub.store.connection import SqlConnection, replace

MAX_WAITING = 1_000
"""Maximum number of deliveries that wait for one channel. Further deliveries are recorded as failed."""
MAX_KEPT = 10_000
"""Maximum number of finished deliveries that are kept."""

_encode = msgspec.msgpack.encode
_notice = msgspec.msgpack.Decoder(PendingNotice).decode
_group = msgspec.msgpack.Decoder(NotificationGroup).decode
_delivery = msgspec.msgpack.Decoder(NotificationDelivery).decode
_attempts = msgspec.msgpack.Decoder(tuple[DeliveryAttempt, ...]).decode

_RECORD = "id, body, state, attempt, due_at, lease_until, attempts"
_INSERT = """INSERT INTO delivery
    (key, notification_group, kind, channel, receiver, state, created_at, due_at, body, attempts)
    SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
    WHERE ?3 <> 'resolved' OR EXISTS (
        SELECT 1 FROM delivery WHERE notification_group = ?2 AND receiver = ?5 AND kind = 'firing'
            AND (heard OR state = 'sending'))
    ON CONFLICT (key) DO NOTHING"""
_WAITING = "SELECT count(*) FROM delivery WHERE channel = ? AND state = 'waiting'"
_NEXT = """SELECT id FROM delivery WHERE channel = ?1 AND state IN ('waiting', 'sending') AND due_at <= ?2
    AND (state = 'waiting' OR lease_until < ?2) ORDER BY due_at, id LIMIT 1"""
_CLAIM = f"""UPDATE delivery SET heard = heard OR state = 'sending',
    state = 'sending', attempt = attempt + 1, lease_until = ?2 WHERE id = ?1 RETURNING {_RECORD}"""  # noqa: S608 (our own words)
# A message about cleared alerts is no longer sent. "Resolved" goes only to receivers who have heard of the alerts.
_OUTDATED = """UPDATE delivery SET heard = heard OR state = 'sending', state = 'cancelled' WHERE id = ?1 AND CASE kind
    WHEN 'firing' THEN NOT EXISTS (SELECT 1 FROM notification_group WHERE id = delivery.notification_group)
    WHEN 'resolved' THEN NOT EXISTS (
        SELECT 1 FROM delivery AS told WHERE told.notification_group = delivery.notification_group
            AND told.receiver = delivery.receiver AND told.kind = 'firing'
            AND (told.heard OR told.state = 'sending'))
    ELSE false END"""
_EXPIRE = """DELETE FROM delivery WHERE id IN (
    SELECT id FROM delivery WHERE state NOT IN ('waiting', 'sending')
        AND notification_group NOT IN (SELECT id FROM notification_group) ORDER BY id DESC LIMIT ?2 OFFSET ?1)"""

Run = Callable[[Callable[[SqlConnection], Any]], Awaitable[Any]]


class NotificationPlan(msgspec.Struct):
    """The changes of one step of the planning of notifications. They are written in one transaction.

    Attributes:
        last_notice: The row number of the last notice (change of an alert) that is processed; 0 if there is none.
        groups: Changed groups by id. A group that is None is removed, and its waiting deliveries are cancelled.
        deliveries: New deliveries. A delivery about resolved alerts is stored only if its receiver was notified of
            them.
    """

    last_notice: int = 0
    groups: dict[str, NotificationGroup | None] = {}
    deliveries: list[NotificationDelivery] = []

    @property
    def empty(self) -> bool:
        """Return whether there is nothing to write."""
        return not (self.last_notice or self.groups or self.deliveries)

    def then(self, later: NotificationPlan) -> NotificationPlan:
        """Return a plan with the changes of this plan, followed by the changes of ``later``."""
        last = max(self.last_notice, later.last_notice)
        return NotificationPlan(last, {**self.groups, **later.groups}, [*self.deliveries, *later.deliveries])


class NotificationStore:
    """Stores notifications; ``read`` and ``write`` run a function with a connection in the store's threads."""

    def __init__(self, read: Run, write: Run) -> None:
        self._read, self._write = read, write

    async def open(self) -> list[NotificationGroup]:
        """Return the groups. Release deliveries that an earlier process was sending when that process ended."""
        await self._write(_release)
        found: list[NotificationGroup] = await self._read(_groups)
        return found

    async def notices(self, after: int, limit: int) -> list[tuple[int, PendingNotice]]:
        """Return the oldest notices with row numbers above ``after``, each with its row number."""
        found: list[tuple[int, PendingNotice]] = await self._read(partial(_notices, after=after, limit=limit))
        return found

    async def apply(self, plan: NotificationPlan) -> None:
        """Write the changes of ``plan`` in one transaction: after a crash, either all of them are stored or none."""
        await self._write(partial(_apply, plan=plan))

    async def claim(
        self, channel: str, now: int, lease_until: int, ended: DeliveryRecord | None = None
    ) -> DeliveryRecord | None:
        """Reserve the first due delivery of a channel until ``lease_until`` and return it; None if none is due.

        If ``ended`` is given, first record it as the result of the previous attempt, as :meth:`finish` does.
        """
        found: DeliveryRecord | None = await self._write(
            partial(_claim, channel=channel, now=now, lease_until=lease_until, ended=ended)
        )
        return found

    async def next_due(self, channel: str) -> int | None:
        """Return when the channel's next delivery is due, in epoch ms; None if no delivery waits."""
        found: int | None = await self._read(partial(_next_due, channel=channel))
        return found

    async def finish(self, ended: DeliveryRecord) -> None:
        """Record the attempts, state and due time of a claimed delivery, unless another attempt was begun meanwhile."""
        await self._write(partial(_finish, ended=ended))

    async def retry(self, number: int, now: int) -> str | None:
        """Make a failed or waiting delivery due now. Return its channel's id; None if there is no such delivery."""
        found: str | None = await self._write(partial(_retry, number=number, now=now))
        return found

    async def make_due(self, channel: str, now: int) -> None:
        """Make all waiting deliveries of a channel due now, so that they are tried at once."""
        await self._write(partial(_make_due, channel=channel, now=now))

    async def deliveries(
        self,
        limit: int = 100,
        before: int | None = None,
        state: DeliveryState | None = None,
        channel: str | None = None,
    ) -> list[DeliveryRecord]:
        """Return deliveries, newest first. If ``before`` is given, begin below this delivery number."""
        found: list[DeliveryRecord] = await self._read(
            partial(_page, limit=limit, before=before, state=state, channel=channel)
        )
        return found

    async def counts(self) -> dict[tuple[str, DeliveryState], int]:
        """Return how many deliveries each channel has in each state."""
        found: dict[tuple[str, DeliveryState], int] = await self._read(_counts)
        return found


def _release(connection: SqlConnection) -> None:
    with connection.transaction():
        connection.execute(
            "UPDATE delivery SET state = 'waiting', lease_until = 0, heard = true WHERE state = 'sending'"
        )


def _groups(connection: SqlConnection) -> list[NotificationGroup]:
    return [_group(body) for (body,) in connection.execute("SELECT body FROM notification_group ORDER BY id")]


def _notices(connection: SqlConnection, after: int, limit: int) -> list[tuple[int, PendingNotice]]:
    rows = connection.execute("SELECT id, body FROM notice WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
    return [(number, _notice(body)) for number, body in rows]


def _apply(connection: SqlConnection, plan: NotificationPlan) -> None:
    with connection.transaction():
        write_plan(connection, plan)


def write_plan(connection: SqlConnection, plan: NotificationPlan) -> None:
    """Write a :class:`NotificationPlan` within the caller's transaction."""
    connection.execute("DELETE FROM notice WHERE id <= ?", (plan.last_notice,))
    for group_id, group in plan.groups.items():
        if group is None:
            connection.execute("DELETE FROM notification_group WHERE id = ?", (group_id,))
            connection.execute(
                "UPDATE delivery SET state = 'cancelled' WHERE notification_group = ? AND state = 'waiting' "
                "AND kind = 'firing'",
                (group_id,),
            )
    groups = ((group.id, _encode(group)) for group in plan.groups.values() if group is not None)
    replace(connection, "notification_group", "id, body", groups)
    waiting: dict[str, int] = {}
    for each in plan.deliveries:
        channel = each.receiver.channel
        if channel not in waiting:
            waiting[channel] = connection.execute(_WAITING, (channel,)).fetchone()[0]
        full = waiting[channel] >= MAX_WAITING
        attempts = (DeliveryAttempt(each.created_at, 0, "overflow", "Too many deliveries were waiting."),)
        inserted = connection.execute(
            _INSERT,
            (
                *(each.key, each.group, each.message.kind, channel, receiver_key(each.receiver)),
                *("failed" if full else "waiting", each.created_at, each.created_at, _encode(each)),
                _encode(attempts if full else ()),
            ),
        ).rowcount
        waiting[channel] += max(inserted, 0)
    if plan.deliveries:
        connection.execute(_EXPIRE, (MAX_KEPT, MAX_WAITING))


def receiver_key(receiver: NotificationReceiver) -> str:
    """Return a text that is equal for deliveries to the same receiver: channel, person and address."""
    return f"{receiver.channel}\n{receiver.person or ''}\n{receiver.address}"


def _claim(
    connection: SqlConnection, channel: str, now: int, lease_until: int, ended: DeliveryRecord | None
) -> DeliveryRecord | None:
    with connection.transaction(flush=False):
        if ended is not None:
            _record_attempt(connection, ended)
        while (found := connection.execute(_NEXT, (channel, now)).fetchone()) is not None:
            if not connection.execute(_OUTDATED, found).rowcount:
                return _record(*connection.execute(_CLAIM, (*found, lease_until)).fetchone())
    return None


def _next_due(connection: SqlConnection, channel: str) -> int | None:
    query = (
        "SELECT min(CASE WHEN due_at > lease_until THEN due_at ELSE lease_until END) FROM delivery "
        "WHERE channel = ? AND state IN ('waiting', 'sending')"
    )
    found: int | None = connection.execute(query, (channel,)).fetchone()[0]
    return found


def _finish(connection: SqlConnection, ended: DeliveryRecord) -> None:
    with connection.transaction(flush=False):
        _record_attempt(connection, ended)


def _record_attempt(connection: SqlConnection, ended: DeliveryRecord) -> None:
    heard = ended.state == "delivered" or ended.attempts[-1].maybe
    connection.execute(
        "UPDATE delivery SET state = ?, due_at = ?, lease_until = 0, attempts = ?, heard = heard OR ? "
        "WHERE id = ? AND state = 'sending' AND attempt = ?",
        (ended.state, ended.due_at, _encode(ended.attempts), heard, ended.number, ended.attempt),
    )


def _retry(connection: SqlConnection, number: int, now: int) -> str | None:
    query = (
        "UPDATE delivery SET state = 'waiting', attempt = 0, due_at = ? "
        "WHERE id = ? AND state IN ('failed', 'waiting') RETURNING channel"
    )
    with connection.transaction():
        row = connection.execute(query, (now, number)).fetchone()
    return None if row is None else str(row[0])


def _make_due(connection: SqlConnection, channel: str, now: int) -> None:
    query = "UPDATE delivery SET due_at = ?1 WHERE channel = ?2 AND state = 'waiting' AND due_at > ?1"
    with connection.transaction():
        connection.execute(query, (now, channel))


def _page(
    connection: SqlConnection, limit: int, before: int | None, state: DeliveryState | None, channel: str | None
) -> list[DeliveryRecord]:
    given = {term: value for term, value in (("id < ?", before), ("state = ?", state), ("channel = ?", channel))
             if value is not None}  # fmt: skip
    rows = connection.execute(
        f"SELECT {_RECORD} FROM delivery WHERE {' AND '.join(['true', *given])} ORDER BY id DESC LIMIT ?",  # noqa: S608 (our own words)
        (*given.values(), limit),
    )
    return [_record(*row) for row in rows]


def _counts(connection: SqlConnection) -> dict[tuple[str, DeliveryState], int]:
    rows = connection.execute("SELECT channel, state, count(*) FROM delivery GROUP BY channel, state")
    return {(channel, state): count for channel, state, count in rows}


def _record(
    number: int, body: bytes, state: DeliveryState, attempt: int, due_at: int, lease_until: int, attempts: bytes
) -> DeliveryRecord:
    return DeliveryRecord(number, _delivery(body), state, attempt, due_at, lease_until, _attempts(attempts))
