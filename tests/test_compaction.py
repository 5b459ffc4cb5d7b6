"""Compaction ends whatever commits bring meanwhile, and a crash anywhere in it loses nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.model import Record
from hub.store.chunks import compaction
from hub.store.sqlite import SqliteStore
from store_words import all_of, delta, record

SERIES = [f"s{i:02}" for i in range(40)]


def round_of(number: int) -> list[Record]:
    """Each series once."""
    return [record("a", number, **{metric: float(number) for metric in SERIES})]


async def check(store: SqliteStore, rounds: int) -> None:
    for series in await store.history([all_of("a", metric) for metric in SERIES]):
        assert [value for _, value in series.points] == list(range(rounds))


@pytest.fixture
def in_small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_LOG_POINTS", (200, 10_000, 10_000))
    monkeypatch.setattr(compaction, "_POINTS_A_SERIES", (1, 1))
    monkeypatch.setattr(compaction, "SLICE_POINTS", 8)
    monkeypatch.setattr(compaction, "DROPPED_POINTS", 8)


@pytest.mark.usefixtures("in_small_slices")
async def test_compaction_ends_although_each_commit_brings_more_than_a_slice(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    longest = 0
    for number in range(100):
        await store.commit(1, delta(number, *round_of(number)))
        longest = max(longest, len(store._writer.memtable))
    assert longest < 1_000, "it would be 4,000 without compaction, and nearly that with one slice a commit"
    await check(store, 100)
    await store.close()


@pytest.mark.usefixtures("in_small_slices")
async def test_a_crash_after_any_slice_of_a_compaction_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "SLICE_SERIES", 15)
    monkeypatch.setattr("hub.store.sqlite.is_due", lambda *_: False)
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
        await after.tidy()  # the compaction that was under way
        await after.tidy()  # and what came after it
        assert len(after._writer.memtable) == 0
        await check(after, 7)
        await after.close()
    assert slices > 40, "each series a slice, for a slice has fewer points than two of them, and each batch"
    await store.close()
