"""The dedupe keys that a restart needs, whatever is folded, deleted or broken off in between."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.model import Record
from hub.store import keys as keys_module
from hub.store import schema
from hub.store.base import Delta
from hub.store.sqlite import FILE, SqliteStore
from store_words import delta, record

RECENT, PER_DEVICE = 20, 4

STEPS = st.lists(
    st.tuples(st.just("say"), st.sampled_from("abcde"), st.integers(1, 9))
    | st.tuples(st.just("delete"), st.sampled_from("abcde"), st.just(0))
    | st.tuples(st.just("restart"), st.just(""), st.just(0)),
    min_size=5,
    max_size=60,
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so small that a fold is under way nearly all the time."""
    given = {"RECENT": RECENT, "PER_DEVICE": PER_DEVICE, "FOLDED_AT": 10, "EACH": 0, "SLICE": 2}
    for name, value in given.items():
        monkeypatch.setattr(keys_module, name, value)


@pytest.mark.usefixtures("small")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_a_restart_knows_the_newest_of_all_and_of_each(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    store, said, alive, cursor = SqliteStore.open(folder), list[tuple[str, str]](), dict[str, list[str]](), 0
    for what, device, count in steps:
        if what == "say":
            fresh = [f"k{cursor + n}" for n in range(count)]
            await store.commit(1, delta(cursor, *[record(device, cursor, key, t=1.0) for key in fresh]))
            said += [(device, key) for key in fresh]
            alive.setdefault(device, []).extend(fresh)
            cursor += count
        elif what == "delete":
            await store.commit(1, Delta(cursor, deleted=[device]))
            alive.pop(device, None)
        else:
            await store.close()
            store = SqliteStore.open(folder)
    found = (await store.load()).keys
    await store.close()
    newest = {(device, key) for device, key in said[-RECENT:] if key in alive.get(device, ())}
    assert newest <= set(found)
    for device, keys in alive.items():
        own = [key for of, key in found if of == device]
        assert own[-PER_DEVICE:] == keys[-PER_DEVICE:]
        assert own == keys[-len(own) :], "in order, each once, and none from before a deletion"
    assert {device for device, _ in found} <= alive.keys()
    assert len(found) <= RECENT + PER_DEVICE * len(alive)


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
async def test_a_fold_that_breaks_off_is_begun_again_and_folds_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "FOLDED_AT", 1_000)
    store = SqliteStore.open(tmp_path)
    for start in range(0, 60, 6):
        await store.commit(1, delta(start, *numbered(start)))
    before = (await store.load()).keys
    await store.close()
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as connection:
        assert keys_module.Keys(connection, lambda: 3).fold_slice(), "it breaks off here: three devices, two at a time"
        assert keys_module.load_keys(connection) == before, "what is folded and not yet deleted counts once"
        again = keys_module.Keys(connection, lambda: 3)
        while again.fold_slice():
            pass
        assert connection.execute("SELECT keys FROM device_keys WHERE device = 'a'").fetchall() == [
            ('["k24","k27","k30","k33"]',)
        ]
        assert keys_module.load_keys(connection) == before


@pytest.mark.usefixtures("small")
async def test_a_key_that_is_folded_and_still_in_the_log_is_known_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "FOLDED_AT", 1_000)
    store = SqliteStore.open(tmp_path)
    await store.commit(1, delta(0, record("quiet", 0, "q0", t=1.0), record("quiet", 1, "q1", t=1.0)))
    for start in range(2, 62, 6):
        await store.commit(1, delta(start, *numbered(start)))
    await store.close()
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as connection:
        assert keys_module.Keys(connection, lambda: 4).fold_slice(), "it breaks off behind the first two devices"
        quiet = [key for device, key in keys_module.load_keys(connection) if device == "quiet"]
        assert quiet == ["q0", "q1"]


def numbered(start: int) -> list[Record]:
    return [record("abc"[n % 3], n, f"k{n}", t=1.0) for n in range(start, start + 6)]


async def test_the_keys_of_an_earlier_format_are_known_after_the_upgrade(tmp_path: Path) -> None:
    before = schema.MIGRATIONS.index(schema.KEY_LOG)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as connection:
        schema.migrate(connection, schema.MIGRATIONS[:before])
        connection.execute("UPDATE progress SET cursor = 30000")
        old = [("quiet", n, f"q{n}\n“x”") for n in range(1, 200)]
        noisy = [("noisy", n, f"n{n}") for n in range(9_000, 30_001)]
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO dedupe_key VALUES (?, ?, ?)", old + noisy)
        connection.execute("COMMIT")
    store = SqliteStore.open(tmp_path)
    found = (await store.load()).keys
    assert [key for device, key in found if device == "quiet"] == [key for _, _, key in old][-128:]
    assert [key for device, key in found if device == "noisy"] == [f"n{n}" for n in range(10_001, 30_001)]
    await store.commit(1, delta(30_000, record("quiet", 1, "new", t=1.0)))
    assert (await store.load()).keys[-1] == ("quiet", "new")
    await store.close()
