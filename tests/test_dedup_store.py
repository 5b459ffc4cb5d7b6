"""The dedupe keys that a restart needs, whatever is compacted, deleted or interrupted in between."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.model import Record
from hub.store import dedup_keys as keys_module
from hub.store.base import Delta
from hub.store.sqlite import FILE, SqliteStore
from hub.store.writer import StoreWriter
from store_words import T0, delta, keys_of, older, record

RECENT, PER_DEVICE = 20, 4
BIG = 1 << 33
"""Keys are not small numbers, and some are negative."""

STEPS = st.lists(
    st.tuples(st.just("say"), st.sampled_from("abcde"), st.integers(1, 9))
    | st.tuples(st.just("delete"), st.sampled_from("abcde"), st.integers(0, 2))
    | st.tuples(st.sampled_from(("restart", "sweep")), st.just(""), st.just(0)),
    min_size=5,
    max_size=60,
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so small that a compaction is under way nearly all the time."""
    given = {"RECENT": RECENT, "PER_DEVICE": PER_DEVICE, "COMPACT_AT": 10, "COMPACT_AT_PER_DEVICE": 0, "SLICE": 2}
    for name, value in given.items():
        monkeypatch.setattr(keys_module, name, value)


@pytest.mark.usefixtures("small")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_a_restart_knows_the_newest_of_all_and_of_each(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    store, said, alive, cursor = SqliteStore.open(folder), list[tuple[str, int]](), dict[str, list[int]](), 0
    for what, device, count in steps:
        if what in ("say", "delete"):
            if what == "delete":
                alive.pop(device, None)
            fresh = [key_of(cursor + n) for n in range(count)]
            # By and by under other series of the device; what it says comes after its deletion in the same commit.
            records = [record(device, cursor, key, **{"tuv"[cursor % 3]: 1.0}) for key in fresh]
            deleted = [device] if what == "delete" else []
            await store.commit(1, delta(cursor, *records, deleted=deleted))
            said += [(device, key) for key in fresh]
            if fresh:
                alive.setdefault(device, []).extend(fresh)
            cursor += count
        elif what == "restart":
            await store.close()
            store = SqliteStore.open(folder)
        else:  # the numbers of deleted series are free after that
            while await store.expire(older(T0 - 1)):
                pass
    found = await store.load()
    await store.close()
    newest = {(device, key) for device, key in said[-RECENT:] if key in alive.get(device, ())}
    assert newest <= set(found.keys)
    assert len(found.keys) == len(set(found.keys)) <= RECENT
    assert found.keys == [(device, key) for device, key in said if (device, key) in found.keys], "in their order"
    assert all(key in alive.get(device, ()) for device, key in found.keys), "none from before a deletion"
    assert found.keys_of.keys() == alive.keys()
    for device, keys in alive.items():
        assert keys_of(found, device) == keys[-PER_DEVICE:]


def key_of(number: int) -> int:
    return BIG * number if number % 3 else -1 - BIG * number


@pytest.mark.usefixtures("small")
async def test_the_log_of_keys_stays_bounded(tmp_path: Path) -> None:
    store, lengths = SqliteStore.open(tmp_path), list[int]()
    with closing(sqlite3.connect(tmp_path / FILE)) as peek:
        for start in range(0, 600, 6):
            await store.commit(1, delta(start, *numbered(start)))
            lengths.append(peek.execute("SELECT coalesce(sum(count), 0) FROM key_log").fetchone()[0])
        assert max(lengths) <= RECENT + 10 + 5 * 6
        assert peek.execute("SELECT count(*) FROM device_keys").fetchone() == (3,)
    await store.close()


@pytest.mark.usefixtures("small")
async def test_keys_of_devices_that_are_all_deleted_leave_the_log(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as peek:
        for start in range(0, 300, 6):
            await store.commit(1, delta(start, *numbered(start)))
            await store.commit(1, Delta(start + 6, deleted=list("abc")))
        assert peek.execute("SELECT count(*) FROM key_log").fetchone()[0] < 2 * (RECENT + 10) / 6 + 10
        assert peek.execute("SELECT count(*) FROM device_keys").fetchone() == (0,)
    await store.close()


@pytest.mark.usefixtures("small")
async def test_an_interrupted_compaction_begins_again_and_moves_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "COMPACT_AT", 1_000)
    store = SqliteStore.open(tmp_path)
    for start in range(0, 60, 6):
        await store.commit(1, delta(start, *numbered(start)))
    snapshot = await store.load()
    before = (snapshot.keys, snapshot.keys_of)
    await store.close()
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as connection:
        assert keys_module.DedupKeyStore(connection, lambda: 3).compact_slice(), (
            "it breaks off here: three devices, two at a time"
        )
        assert keys_module.load_dedup_keys(connection) == before, "what is moved and not yet deleted counts once"
        again = keys_module.DedupKeyStore(connection, lambda: 3)
        while again.compact_slice():
            pass
        assert connection.execute("SELECT keys FROM device_keys WHERE device = 'a'").fetchall() == [
            (keys_module.packed_keys([24, 27, 30, 33]),)
        ]
        assert keys_module.load_dedup_keys(connection) == before


@pytest.mark.usefixtures("small")
async def test_a_key_that_is_compacted_and_still_in_the_log_is_known_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "COMPACT_AT", 1_000)
    store = SqliteStore.open(tmp_path)
    await store.commit(1, delta(0, record("quiet", 0, 7, t=1.0), record("quiet", 1, 8, t=1.0)))
    for start in range(2, 62, 6):
        await store.commit(1, delta(start, *numbered(start)))
    await store.close()
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as connection:
        assert keys_module.DedupKeyStore(connection, lambda: 4).compact_slice(), (
            "it breaks off behind the first two devices"
        )
        _, of_each = keys_module.load_dedup_keys(connection)
        assert of_each["quiet"] == keys_module.packed_keys([7, 8])


@pytest.mark.usefixtures("small")
async def test_a_device_deleted_during_a_compaction_leaves_no_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "COMPACT_AT", 1_000)
    store = SqliteStore.open(tmp_path)
    for start in range(0, 60, 6):
        await store.commit(1, delta(start, *numbered(start)))
    await store.close()
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as connection:
        writer = StoreWriter(connection)
        assert writer.keys.compact_slice(), "two devices are done, the third is not"
        writer.write(1, delta(60, record("c", 60, 60, t=1.0), deleted=["a", "c"]))
        while writer.keys.compact_slice():
            pass
        assert connection.execute("SELECT device FROM device_keys").fetchall() == [("b",)]
        _, of_each = keys_module.load_dedup_keys(connection)
        assert of_each.keys() == {"b", "c"}
        assert of_each["c"] == keys_module.packed_keys([60])


def numbered(start: int) -> list[Record]:
    return [record("abc"[n % 3], n, n, t=1.0) for n in range(start, start + 6)]


async def test_a_device_deleted_and_back_within_one_commit_has_its_new_keys_only(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    await store.commit(1, delta(0, record("a", 0, 1, t=1.0), record("b", 0, 1, t=1.0), record("a", 1, 2, t=1.0)))
    await store.commit(1, delta(3, record("a", 2, 1, t=1.0), record("a", 3, 3, u=1.0), deleted=["a"]))
    await store.close()
    store = SqliteStore.open(tmp_path)
    found = await store.load()
    assert found.keys == [("b", 1), ("a", 1), ("a", 3)]
    assert (keys_of(found, "a"), keys_of(found, "b")) == ([1, 3], [1])
    await store.close()


async def test_a_number_that_is_given_again_brings_no_keys_of_the_device_before(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    await store.commit(1, delta(0, record("a", 0, 1, t=1.0)))
    await store.commit(1, Delta(1, deleted=["a"]))
    await store.tidy()
    while await store.expire(older(T0 - 1)):
        pass
    await store.close()
    store = SqliteStore.open(tmp_path)
    await store.commit(1, delta(1, record("b", 1, 2, t=1.0)))
    found = await store.load()
    await store.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as peek:
        assert peek.execute("SELECT id, device FROM series").fetchall() == [(1, "b")], "the very number that a had"
    assert (found.keys, keys_of(found, "b")) == ([("b", 2)], [2])


async def test_records_without_a_key_or_without_values_are_no_trouble(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    said = [record("a", 0, None, t=1.0), record("b", 1, 5), record("c", 2, 6, t=1.0), record("c", 3, 7)]
    await store.commit(1, delta(0, *said))
    assert (await store.load()).keys == [("c", 6)]
    await store.close()
