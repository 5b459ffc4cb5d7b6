"""Stored deduplication keys: complete after restarts, compaction, deletion and interruption."""

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
from hub.store.sqlite_connection import SqliteConnection
from hub.store.writer import StoreWriter
from store_samples import T0, delta, keys_of, older, record

RECENT, PER_DEVICE = 20, 4
BIG = 1 << 33
"""Factor that makes keys large."""

STEPS = st.lists(
    st.tuples(st.just("say"), st.sampled_from("abcde"), st.integers(1, 9))
    | st.tuples(st.just("delete"), st.sampled_from("abcde"), st.integers(0, 2))
    | st.tuples(st.sampled_from(("restart", "sweep")), st.just(""), st.just(0)),
    min_size=5,
    max_size=60,
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the limits so that compaction runs nearly all the time."""
    limits = {"RECENT": RECENT, "PER_DEVICE": PER_DEVICE, "COMPACT_AT": 10, "COMPACT_AT_PER_DEVICE": 0, "SLICE": 2}
    for name, value in limits.items():
        monkeypatch.setattr(keys_module, name, value)


@pytest.mark.usefixtures("small")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_restart_loads_newest_keys_overall_and_per_device(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    store, committed, alive, cursor = SqliteStore.open(folder), list[tuple[str, int]](), dict[str, list[int]](), 0
    for what, device, count in steps:
        if what in ("say", "delete"):
            if what == "delete":
                alive.pop(device, None)
            new_keys = [key_of(cursor + n) for n in range(count)]
            # The series varies; records of a deleted device come after its deletion in the same commit.
            records = [record(device, cursor, key, **{"tuv"[cursor % 3]: 1.0}) for key in new_keys]
            deleted = [device] if what == "delete" else []
            await store.commit(1, delta(cursor, *records, deleted=deleted))
            committed += [(device, key) for key in new_keys]
            if new_keys:
                alive.setdefault(device, []).extend(new_keys)
            cursor += count
        elif what == "restart":
            await store.close()
            store = SqliteStore.open(folder)
        else:  # afterwards the ids of deleted series are free
            while await store.expire(older(T0 - 1)):
                pass
    found = await store.load()
    await store.close()
    newest = {(device, key) for device, key in committed[-RECENT:] if key in alive.get(device, ())}
    assert newest <= set(found.keys)
    assert len(found.keys) == len(set(found.keys)) <= RECENT
    assert found.keys == [(device, key) for device, key in committed if (device, key) in found.keys], (
        "keys must be in commit order"
    )
    assert all(key in alive.get(device, ()) for device, key in found.keys), "keys from before a deletion must be gone"
    assert found.keys_of.keys() == alive.keys()
    for device, keys in alive.items():
        assert keys_of(found, device) == keys[-PER_DEVICE:]


def key_of(number: int) -> int:
    return BIG * number if number % 3 else -1 - BIG * number


@pytest.mark.usefixtures("small")
async def test_key_log_is_bounded(tmp_path: Path) -> None:
    store, lengths = SqliteStore.open(tmp_path), list[int]()
    with closing(sqlite3.connect(tmp_path / FILE)) as peek:
        for start in range(0, 600, 6):
            await store.commit(1, delta(start, *numbered(start)))
            lengths.append(peek.execute("SELECT coalesce(sum(count), 0) FROM key_log").fetchone()[0])
        assert max(lengths) <= RECENT + 10 + 5 * 6
        assert peek.execute("SELECT count(*) FROM device_keys").fetchone() == (3,)
    await store.close()


@pytest.mark.usefixtures("small")
async def test_keys_of_deleted_devices_leave_key_log(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as peek:
        for start in range(0, 300, 6):
            await store.commit(1, delta(start, *numbered(start)))
            await store.commit(1, Delta(start + 6, deleted=list("abc")))
        assert peek.execute("SELECT count(*) FROM key_log").fetchone()[0] < 2 * (RECENT + 10) / 6 + 10
        assert peek.execute("SELECT count(*) FROM device_keys").fetchone() == (0,)
    await store.close()


@pytest.mark.usefixtures("small")
async def test_interrupted_key_compaction_restarts_without_duplicates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "COMPACT_AT", 1_000)
    store = SqliteStore.open(tmp_path)
    for start in range(0, 60, 6):
        await store.commit(1, delta(start, *numbered(start)))
    snapshot = await store.load()
    before = (snapshot.keys, snapshot.keys_of)
    await store.close()
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None, factory=SqliteConnection)) as connection:
        assert keys_module.DedupKeyStore(connection, lambda: 3).compact_slice(), (
            "interrupted here: three devices, two per slice"
        )
        assert keys_module.load_dedup_keys(connection) == before, "keys moved but not yet deleted must count once"
        again = keys_module.DedupKeyStore(connection, lambda: 3)
        while again.compact_slice():
            pass
        assert connection.execute("SELECT keys FROM device_keys WHERE device = 'a'").fetchall() == [
            (keys_module.packed_keys([24, 27, 30, 33]),)
        ]
        assert keys_module.load_dedup_keys(connection) == before


@pytest.mark.usefixtures("small")
async def test_key_in_both_compacted_table_and_log_is_loaded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "COMPACT_AT", 1_000)
    store = SqliteStore.open(tmp_path)
    await store.commit(1, delta(0, record("quiet", 0, 7, t=1.0), record("quiet", 1, 8, t=1.0)))
    for start in range(2, 62, 6):
        await store.commit(1, delta(start, *numbered(start)))
    await store.close()
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None, factory=SqliteConnection)) as connection:
        assert keys_module.DedupKeyStore(connection, lambda: 4).compact_slice(), (
            "interrupted after the first two devices"
        )
        _, of_each = keys_module.load_dedup_keys(connection)
        assert of_each["quiet"] == keys_module.packed_keys([7, 8])


@pytest.mark.usefixtures("small")
async def test_device_deleted_during_compaction_leaves_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "COMPACT_AT", 1_000)
    store = SqliteStore.open(tmp_path)
    for start in range(0, 60, 6):
        await store.commit(1, delta(start, *numbered(start)))
    await store.close()
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None, factory=SqliteConnection)) as connection:
        writer = StoreWriter(connection)
        assert writer.keys.compact_slice(), "two devices are compacted, the third is not"
        writer.write(1, delta(60, record("c", 60, 60, t=1.0), deleted=["a", "c"]))
        while writer.keys.compact_slice():
            pass
        assert connection.execute("SELECT device FROM device_keys").fetchall() == [("b",)]
        _, of_each = keys_module.load_dedup_keys(connection)
        assert of_each.keys() == {"b", "c"}
        assert of_each["c"] == keys_module.packed_keys([60])


def numbered(start: int) -> list[Record]:
    return [record("abc"[n % 3], n, n, t=1.0) for n in range(start, start + 6)]


async def test_device_deleted_and_recreated_in_one_commit_has_only_new_keys(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    await store.commit(1, delta(0, record("a", 0, 1, t=1.0), record("b", 0, 1, t=1.0), record("a", 1, 2, t=1.0)))
    await store.commit(1, delta(3, record("a", 2, 1, t=1.0), record("a", 3, 3, u=1.0), deleted=["a"]))
    await store.close()
    store = SqliteStore.open(tmp_path)
    found = await store.load()
    assert found.keys == [("b", 1), ("a", 1), ("a", 3)]
    assert (keys_of(found, "a"), keys_of(found, "b")) == ([1, 3], [1])
    await store.close()


async def test_reused_series_id_does_not_inherit_keys(tmp_path: Path) -> None:
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
        assert peek.execute("SELECT id, device FROM series").fetchall() == [(1, "b")], (
            "the series id of a must be reused"
        )
    assert (found.keys, keys_of(found, "b")) == ([("b", 2)], [2])


async def test_records_without_key_or_values_are_stored(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    records = [record("a", 0, None, t=1.0), record("b", 1, 5), record("c", 2, 6, t=1.0), record("c", 3, 7)]
    await store.commit(1, delta(0, *records))
    assert (await store.load()).keys == [("c", 6)]
    await store.close()
