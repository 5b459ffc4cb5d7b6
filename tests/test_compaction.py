"""Compaction keeps up with commits, and a crash after any of its slices loses no reading."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.model import Record
from hub.store.chunks import compaction
from hub.store.sqlite import SqliteStore
from store_samples import all_of, delta, record

SERIES = [f"s{i:02}" for i in range(40)]


def round_of(number: int) -> list[Record]:
    """Return one record with a value for each series."""
    return [record("a", number, **{metric: float(number) for metric in SERIES})]


async def check(store: SqliteStore, rounds: int) -> None:
    for series in await store.history([all_of("a", metric) for metric in SERIES]):
        assert [value for _, value in series.points] == list(range(rounds))


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_LOG_POINTS", (200, 10_000, 10_000))
    monkeypatch.setattr(compaction, "_POINTS_A_SERIES", (1, 1))
    monkeypatch.setattr(compaction, "SLICE_POINTS", 8)
    monkeypatch.setattr(compaction, "DROPPED_POINTS", 8)


@pytest.mark.usefixtures("small_slices")
async def test_compaction_keeps_up_with_commits_larger_than_a_slice(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    longest = 0
    for number in range(100):
        await store.commit(1, delta(number, *round_of(number)))
        longest = max(longest, len(store._writer.memtable))
    assert longest < 1_000, "4,000 without compaction, and nearly that with one slice per commit"
    await check(store, 100)
    await store.close()


@pytest.mark.usefixtures("small_slices")
async def test_crash_after_any_compaction_slice_loses_no_readings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "SLICE_SERIES", 15)
    monkeypatch.setattr("hub.store.sql_store.is_due", lambda *_: False)
    store = SqliteStore.open(tmp_path / "data")
    for number in range(6):
        await store.commit(1, delta(number, *round_of(number)))
    slices, more = 0, True
    while more:
        more = await store._write(store._compact_slice)
        slices += 1
        await check(store, 6)
        shutil.copytree(tmp_path / "data", tmp_path / f"crash-{slices}")
        after = SqliteStore.open(tmp_path / f"crash-{slices}")
        await check(after, 6)
        await after.commit(1, delta(6, *round_of(6)))
        await check(after, 7)
        await after.tidy()  # the interrupted compaction
        await after.tidy()  # and the batch committed after it
        assert len(after._writer.memtable) == 0
        await check(after, 7)
        await after.close()
    assert slices > 40, "expected a slice per series, because a slice holds fewer points than two series, and per batch"
    await store.close()
