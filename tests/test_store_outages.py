"""The pipeline while the database cannot be written, and the database after a power cut."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from hub.dialects import NativeDialect
from hub.ingest.pipeline import MAX_BATCH_MESSAGES, Pipeline
from hub.ingest.queue import IngestQueue
from hub.model import RawMessage, SeriesQuery
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.store.sqlite import FILE, SqliteStore
from hub.store.sqlite_connection import wal_of
from store_samples import T0, all_of, delta, record


class LinkStub:
    """Counts the messages that the pipeline acknowledges."""

    def __init__(self) -> None:
        self.count = 0

    def ack(self, messages: Iterable[RawMessage]) -> None:
        self.count += len(list(messages))

    def pause(self) -> None: ...

    def resume(self) -> None: ...


def pipeline_on(store: SqliteStore) -> tuple[Pipeline, IngestQueue, LinkStub]:
    ingest_queue, acks = IngestQueue(capacity=5_000, reserve=1_000), LinkStub()
    pipeline = Pipeline(
        ingest_queue=ingest_queue,
        dialects=[NativeDialect()],
        registry=DeviceRegistry(),
        engine=Engine([]),
        store=store,
        bus=Bus(),
        now=lambda: T0,
    )
    pipeline.link = acks  # type: ignore[assignment]
    return pipeline, ingest_queue, acks


def message(number: int, qos: int) -> RawMessage:
    body = json.dumps({"t": number, "id": f"{qos}-{number}"}).encode()
    return RawMessage(f"devices/q{qos}/telemetry", body, T0 + number, qos=qos, receipt=number)


async def stored(store: SqliteStore, device: str) -> list[float]:
    [series] = await store.history([SeriesQuery(device, "t", 0, 2**53)])
    return [float(point[1]) for point in series.points]


async def test_locked_database_stops_acknowledgements_with_bounded_memory(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    pipeline, ingest_queue, acks = pipeline_on(store)
    await pipeline.restore()
    running = asyncio.create_task(pipeline.run(), name="pipeline")
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    longest_queue, peak = 0, 0
    for number in range(3_000):  # QoS 1 stays within its window; of QoS 0 more comes than queue and batch have room for
        ingest_queue.offer([message(number, 1)])
    await asyncio.sleep(0.1)
    for number in range(60_000):
        ingest_queue.offer([message(number, 0)])
        if number == 30_000:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        longest_queue = max(longest_queue, len(ingest_queue))
        if number % 1_000 == 0:
            await asyncio.sleep(0.05)
    assert acks.count == 0
    assert pipeline.counters.store_stalled
    assert longest_queue <= 5_000
    assert ingest_queue.shed >= 60_000 - 5_000 - MAX_BATCH_MESSAGES
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 20_000  # KiB
    holder.execute("ROLLBACK")
    holder.close()
    ingest_queue.close()
    await asyncio.wait_for(running, 20)
    assert await stored(store, "q1") == list(range(3_000))
    assert len(await stored(store, "q0")) == 60_000 - ingest_queue.shed
    assert acks.count == 63_000 - ingest_queue.shed
    await store.close()


async def test_power_cut_leaves_complete_commits(tmp_path: Path) -> None:
    """Model of a power cut: any part of the log's end that was not synced may be missing. A committed and
    acknowledged message was synced (see the test of ``synchronous``)."""
    store = SqliteStore.open(tmp_path / "data")
    path, ends = store.path, [0]
    for number in range(30):
        await store.commit(1, delta(10 * number, *[record("a", 10 * number + i, t=float(i)) for i in range(10)]))
        if number == 20:
            await store.tidy()
        ends.append(wal_of(path).stat().st_size)
    for cut in sorted({end + extra for end in ends[1:] for extra in (-1, 0, 1_000)}):
        after = tmp_path / "after"
        shutil.rmtree(after, ignore_errors=True)
        after.mkdir()
        shutil.copyfile(path, after / FILE)
        (after / (FILE + "-wal")).write_bytes(wal_of(path).read_bytes()[:cut])
        survivor = SqliteStore.open(after)
        assert survivor.set_aside is None
        promised = 10 * max(i for i, end in enumerate(ends) if end <= cut)
        cursor = (await survivor.load()).cursor
        assert cursor >= promised
        [series] = await survivor.history([all_of("a", "t")])
        assert [ts - T0 for ts, *_ in series.points] == list(range(cursor))
        await survivor.close()
    await store.close()


async def test_equal_readings_and_restarted_seq_are_stored(tmp_path: Path) -> None:
    bodies = [{"t": 1, "seq": 0}, {"t": 2, "seq": 1}, {"t": 3, "seq": 0}, {"t": 4, "seq": 1}]
    bodies += [{"t": 3, "seq": 0}, {"t": 1, "id": "x"}, {"t": 1, "id": "y"}]  # the device has restarted twice
    repeated = len(bodies)
    bodies += [{"t": 1, "seq": 0}, {"t": 1, "id": "x"}]
    for turn in range(2):  # after a restart all of them are
        store = SqliteStore.open(tmp_path)
        pipeline, ingest_queue, _ = pipeline_on(store)
        await pipeline.restore()
        for number, body in enumerate(bodies):
            payload, again = json.dumps(body).encode(), bool(turn or number >= repeated)
            ingest_queue.offer([RawMessage("devices/d/telemetry", payload, T0 + number, qos=1, redelivered=again)])
        ingest_queue.close()
        await pipeline.run()
        assert await stored(store, "d") == [1, 2, 3, 4, 3, 1, 1], turn
        if not turn:
            await store.tidy()
        await store.close()
