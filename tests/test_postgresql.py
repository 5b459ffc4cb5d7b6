"""The store on PostgreSQL, beside the conformance suites: the lease, lost connections, and its dialect of SQL."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from hub.errors import StoreBusy, StoreError
from hub.model import SeriesQuery
from hub.runtime.clock import now_ms
from hub.store.base import Retention
from hub.store.connection import to_json
from hub.store.postgresql.sql import rewrite
from store_samples import T0, activity, all_of, delta, record

_numbers = count()


@pytest.fixture
def schema() -> str:
    return f"test_{next(_numbers)}"


@pytest.fixture
def reopen(schema: str) -> Callable[[], Any]:
    from hub.store.postgresql.store import PostgresStore
    from postgresql_server import shared_server

    return lambda: PostgresStore.open(shared_server().url, schema)


@pytest.fixture
async def store(reopen: Callable[[], Any]) -> AsyncIterator[Any]:
    opened = reopen()
    yield opened
    await opened.close()


async def points(store: Any, device: str = "a") -> list[tuple[int, Any]]:
    [series] = await store.history([all_of(device, "t")])
    return [(ts - T0, value) for ts, value in series.points]


@pytest.mark.parametrize(
    ("sqlite", "postgresql", "lists"),
    [
        ("SELECT ?, ? LIMIT ?", "SELECT $1, $2 LIMIT $3", set()),
        ("SELECT ?2 WHERE x < ?1 OR y = ?2", "SELECT $2 WHERE x < $1 OR y = $2", set()),
        ("a = ? AND id IN (SELECT value FROM json_each(?))", "a = $1 AND id = ANY($2)", {1}),
        ("id NOT IN (SELECT value FROM json_each(?3))", "id <> ALL($3)", {2}),
        (
            "SELECT CAST(json_extract(value, '$[1]') AS BIGINT) FROM json_each(?) AS wanted",
            "SELECT CAST((value ->> 1) AS BIGINT) FROM "
            "jsonb_array_elements(CAST($1 AS JSONB)) WITH ORDINALITY AS wanted(value, key)",
            set(),
        ),
    ],
)
def test_statement_is_rewritten_for_postgresql(sqlite: str, postgresql: str, lists: set[int]) -> None:
    assert rewrite(sqlite) == (postgresql, lists)


def test_json_list_is_text_and_keeps_its_values() -> None:
    encoded = to_json([1, 2])
    assert (encoded, encoded.values) == ("[1,2]", [1, 2])


@pytest.mark.cluster
async def test_replaced_hub_cannot_write(store: Any, reopen: Callable[[], Any]) -> None:
    await store.commit(1, delta(0, record("a", 0, t=1.0), states={"a": b"1"}))
    other = reopen()
    try:
        with pytest.raises(StoreError, match="Another hub has taken over"):
            await store.commit(1, delta(1, record("a", 1, t=2.0), states={"a": b"2"}))
        assert await points(other) == [(0, 1.0)]
        await other.commit(1, delta(1, record("a", 1, t=3.0)))
        assert (await other.load()).states == {"a": b"1"}
        assert await points(other) == [(0, 1.0), (1, 3.0)]
    finally:
        await other.close()


@pytest.mark.cluster
async def test_takeover_waits_for_transaction_under_way(store: Any, reopen: Callable[[], Any]) -> None:
    connection = store._writing_connection
    with connection.transaction():
        connection.execute("INSERT INTO learnt VALUES (?, ?, ?)", ("d", "k", b"v"))
        waiting = asyncio.create_task(asyncio.to_thread(reopen))
        await asyncio.sleep(0.3)
        assert not waiting.done()
    other = await waiting
    try:
        assert (await other.load()).learnt == {"d": {"k": b"v"}}
        with pytest.raises(StoreError, match="Another hub"), connection.transaction():
            pass
    finally:
        await other.close()


@contextmanager
def stopped_server() -> Iterator[None]:
    """Let the server crash, and start it again at the end of the block."""
    from postgresql_server import shared_server

    server = shared_server()
    server.stop(signal.SIGQUIT)
    try:
        yield
    finally:
        server.start()


@pytest.mark.cluster
async def test_commit_succeeds_after_server_is_back(store: Any) -> None:
    await store.commit(1, delta(0, record("a", 0, t=1.0)))
    following = delta(1, record("a", 1, t=2.0), record("b", 1, t=5.0), activity=[activity(1)])
    with stopped_server():
        with pytest.raises(StoreBusy, match="connection to PostgreSQL is lost"):
            await store.commit(1, following)
        with pytest.raises(StoreBusy):  # the server is still away: connecting again fails
            await store.commit(1, following)
        with pytest.raises(StoreBusy):
            await store.alerts()
    for _ in range(2):
        await store.commit(1, following)
    assert await points(store) == [(0, 1.0), (1, 2.0)]
    assert await points(store, "b") == [(1, 5.0)]
    assert [each for _, each in await store.activity()] == [activity(1)]


@pytest.mark.cluster
async def test_commit_whose_answer_was_lost_is_written_once(store: Any) -> None:
    """The server commits, and the connection breaks before its answer: the hub tries the same batch again."""
    connection = store._writing_connection
    lost = delta(0, record("a", 0, 7, t=1.0), record("new", 0, t=2.0))

    def commit_and_break() -> None:
        real = connection._connection.execute

        def execute(query: bytes, *more: Any, **options: Any) -> Any:
            found = real(query, *more, **options)
            if query == b"COMMIT":
                connection.close()
                real(b"SELECT 1")  # raises the error of a lost connection
            return found

        connection._connection.execute = execute
        store._writer.write(1, lost)

    with pytest.raises(StoreBusy):
        await store._write(commit_and_break)
    await store.commit(1, lost)
    await store.commit(1, delta(2, record("a", 1, 8, t=3.0), record("other", 1, t=4.0)))
    for _ in range(2):
        assert await points(store) == [(0, 1.0), (1, 3.0)]
        assert await points(store, "new") == [(0, 2.0)]
        assert await points(store, "other") == [(1, 4.0)]
        await store.tidy()  # and the points are complete in the chunks


@pytest.mark.cluster
async def test_texts_with_nul_are_stored_with_replacement_character(store: Any) -> None:
    await store.commit(1, delta(0, record("a\0", 0, t=1.0), activity=[activity(1, "pump\0")]))
    assert await store.series(None, None) == [("a\N{REPLACEMENT CHARACTER}", "t")]
    assert [each.device for _, each in await store.activity()] == ["pump\N{REPLACEMENT CHARACTER}"]


@pytest.mark.cluster
async def test_tables_of_other_format_are_refused(store: Any, reopen: Callable[[], Any]) -> None:
    await store._write(store._writing_connection.execute, "UPDATE format SET number = 99")
    with pytest.raises(StoreError, match="format 99"):
        reopen()


@pytest.mark.cluster
async def test_active_and_sealed_chunks_are_in_separate_tables(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.store.chunks.compaction.POINTS", 4)
    await store.commit(1, delta(0, *[record("a", n, t=float(n)) for n in range(6)]))
    await store.tidy()
    for table in ("chunk_active", "chunk_sealed"):
        count = store._writing_connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert count == (1,), table
    plan = store._writing_connection.execute("EXPLAIN SELECT id FROM chunk WHERE active AND series = 1").fetchall()
    assert "chunk_sealed" not in str(plan)


DAY_MS = 86_400_000


def weeks(store: Any) -> list[int]:
    from hub.store.postgresql.partitions import _weeks

    return sorted(_weeks(store._writing_connection))


@pytest.mark.cluster
async def test_expired_week_is_dropped_and_its_hours_are_kept(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.store.postgresql import partitions

    monkeypatch.setattr("hub.store.chunks.compaction.POINTS", 4)
    connection, start = store._writing_connection, partitions.week_of(now_ms()) * partitions.WEEK_MS
    # Two readings a day for three weeks, two days to a chunk; one of another week, which has no table.
    given = [start - 21 * DAY_MS + half * DAY_MS // 2 for half in range(42)]
    old = start - 52 * partitions.WEEK_MS
    for number, ts in enumerate([*given, old, old + 1, old + 2, old + 3]):
        await store.commit(1, delta(number, record("a" if ts >= given[0] else "old", ts - T0, t=float(number % 2))))
    await store.tidy()
    present = partitions.week_of(start)
    assert weeks(store) == list(range(present - 4, present + 3))
    assert connection.execute("SELECT count(*) FROM chunk_sealed_other").fetchone() == (1,)
    # Ends within a chunk of the second week: the first week goes as a table, the rest row by row.
    before = start - 12 * DAY_MS
    retention = [Retention(before, 0, 0)]
    assert await store.expire(retention) == 16, "the last chunk of the week reaches into the next one"
    [minutes] = await store.history([SeriesQuery("a", "t", given[0], given[0] + 10 * 60_000, 10)])
    assert [(point[0], point[4]) for point in minutes.points] == [(given[0], 1)], "queries use the rollups at once"
    while await store.expire(retention):
        pass
    assert weeks(store) == [present - 4, *range(present - 2, present + 3)]
    assert connection.execute("SELECT count(*) FROM chunk_sealed_other").fetchone() == (0,)
    [raw] = await store.history([SeriesQuery("a", "t", given[0], start, None, 100)])
    assert [ts for ts, _ in raw.points] == [ts for ts in given if ts >= before]
    [daily] = await store.history([SeriesQuery("a", "t", given[0], start, 21)])
    assert [(point[0], point[2], point[4]) for point in daily.points] == [(ts, 0.5, 2) for ts in given[::2]]


@pytest.mark.cluster
async def test_tables_of_later_weeks_are_created_while_hub_runs(store: Any) -> None:
    from hub.store.postgresql.partitions import WEEK_MS, create_partitions, week_of

    connection, now = store._writing_connection, now_ms()
    create_partitions(connection, now + 2 * WEEK_MS)
    assert weeks(store)[-1] == week_of(now) + 4
    # A chunk of a wrong clock: its week gets no table when it comes, and those after it do.
    ahead = (week_of(now) + 5) * WEEK_MS
    connection.execute(
        "INSERT INTO chunk (series, first, last, count, numbers, summary, active, body) "
        "VALUES (1, ?1, ?1, 1, 1, ?2, false, ?2)",
        (ahead, b""),
    )
    create_partitions(connection, now + 4 * WEEK_MS)
    assert week_of(ahead) not in weeks(store)
    assert weeks(store)[-1] == week_of(now) + 6


@pytest.mark.cluster
async def test_state_is_read_again_until_that_succeeds(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection works again, but reading the log stops halfway: the next write starts over."""
    await store.commit(1, delta(0, record("a", 0, t=1.0)))
    memtable, real = store._writer.memtable, store._writer.memtable.reload

    def stop_halfway(connection: Any) -> None:
        memtable.forget(1 << 62)
        raise StoreBusy("The statement took too long.")

    monkeypatch.setattr(memtable, "reload", stop_halfway)
    store._writing_connection.close()
    following = delta(1, record("a", 1, t=2.0))
    for _ in range(2):
        with pytest.raises(StoreBusy, match="too long"):
            await store.commit(1, following)
        assert not store._writing_connection.closed
    monkeypatch.setattr(memtable, "reload", real)
    await store.commit(1, following)
    for _ in range(2):
        assert await points(store) == [(0, 1.0), (1, 2.0)]
        await store.tidy()


@pytest.mark.cluster
async def test_damaged_batch_is_put_aside_when_the_connection_is_back(store: Any) -> None:
    await store.commit(1, delta(0, record("a", 0, t=1.0)))
    await store.commit(1, delta(1, record("a", 1, t=2.0)))
    connection = store._writing_connection
    connection.execute("UPDATE batch SET body = ? WHERE id = 1", (b"damaged",))
    connection.close()
    await store.commit(1, delta(2, record("a", 2, t=3.0)))
    assert await points(store) == [(1, 2.0), (2, 3.0)]
    assert connection.execute("SELECT kind, key FROM unreadable").fetchall() == [("batch", "1")]
