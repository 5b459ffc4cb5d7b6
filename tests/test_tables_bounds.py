"""Limits of import and export: memory, damaged files, a dying reader process, exports that are not read."""

from __future__ import annotations

import asyncio
import io
import os
import random
import resource
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from api_hub import ApiHub, running_hub
from brokers import Mosquitto
from hub.api import streamed_exports
from hub.errors import WorkFailed
from hub.services.import_export import Room, import_readings
from hub.worker.table_process import TableProcess
from serving import Serving

HEAD = "time,device,metric,value\n"
ROOM = Room(256, 10_000)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path / "data") as hub:
        yield hub


@pytest.fixture
def serving(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    hub = Serving(tmp_path / "data", mosquitto)
    hub.start()
    yield hub
    hub.stop()


def parquet_of(columns: dict[str, Any], **options: Any) -> bytes:
    out = io.BytesIO()
    parquet.write_table(arrow.table(columns), out, compression="zstd", **options)
    return out.getvalue()


def texts(size: int, count: int, **options: Any) -> bytes:
    """Return a small Parquet file with ``count`` texts of ``size`` characters."""
    column = arrow.array(["x" * size] * count)
    names = {"device": ["a"] * count, "metric": ["t"] * count}
    return parquet_of({"time": list(range(count)), **names, "value": column}, **options)


@pytest.mark.parametrize("dictionary", [False, True])
def test_compression_bomb_is_refused_with_bounded_memory(serving: Serving, dictionary: bool) -> None:
    bomb = texts(10_000_000, 40, use_dictionary=dictionary, dictionary_pagesize_limit=20_000_000)
    assert len(bomb) < 100_000
    assert serving.process is not None
    hub = psutil.Process(serving.process.pid)
    before = hub.memory_info().rss
    answer = serving.http.post("/api/history/import", params={"format": "parquet"}, content=bomb)
    assert answer.status_code == 422
    message = answer.json()["error"]["message"]
    assert (
        "Row 1: The text is too long: at most 10000" if dictionary else "Row group 1 takes 400 MB unpacked"
    ) in message
    assert resident_peak(hub) < before + 100_000_000
    assert serving.http.get("/healthz").status_code == 200
    again = serving.http.post("/api/history/import", params={"format": "parquet"}, content=texts(9, 3))
    assert again.json()["added"] == 3


def resident_peak(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


async def test_reader_process_stops_at_its_memory_limit(tmp_path: Path) -> None:
    """The metadata may be wrong, so the memory of the reader process is limited."""
    file = tmp_path / "large.parquet"
    long_texts = [f"{number}" * 10_000_000 for number in range(10)]
    columns = {"time": [*range(10)], "device": ["a"] * 10, "metric": ["t"] * 10, "value": long_texts}
    file.write_bytes(parquet_of(columns, use_dictionary=False))
    async with TableProcess() as table:
        await table.open_for_reading(file, "parquet")
        assert table.pid is not None
        resource.prlimit(table.pid, resource.RLIMIT_DATA, (200_000_000, 200_000_000))
        with pytest.raises(WorkFailed, match=r"memory|MB"):
            await table.read()


async def test_damaged_files_do_not_end_reader_process(tmp_path: Path) -> None:
    """300 files with flipped bits: each is read or refused by the same process."""
    draw = random.Random(5)
    whole = parquet_of(
        {
            "time": arrow.array(range(1_000), arrow.timestamp("ms", "UTC")),
            "device": arrow.array(["a", "b"] * 500).dictionary_encode(),
            "metric": ["t"] * 1_000,
            "value": [n / 7 for n in range(1_000)],
            "type": ["number"] * 1_000,
        },
        row_group_size=300,
    )
    file, refused = tmp_path / "damaged.parquet", 0
    async with TableProcess() as table:
        await table.open_for_reading(file, "parquet")
        first = table.pid
        for number in range(300):
            damaged = bytearray(whole)
            for _ in range(draw.choice((1, 3, 20))):
                position = (
                    draw.randrange(len(damaged)) if number % 2 else draw.randrange(len(damaged) - 900, len(damaged))
                )
                damaged[position] ^= 1 << draw.randrange(8)
            file.write_bytes(damaged)
            await table.open_for_reading(file, "parquet")
            batch = await table.read()
            refused += batch.wrong is not None
        assert table.pid == first
    assert refused > 50


async def test_damaged_files_are_answered_with_200_or_422(hub: ApiHub) -> None:
    whole = texts(5, 500)
    draw = random.Random(9)
    for _ in range(6):
        damaged = bytearray(whole)
        for _ in range(12):
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        answer = await hub.http.post("/api/history/import", params={"format": "parquet"}, content=bytes(damaged))
        assert answer.status_code in (200, 422), answer.text
        if answer.status_code == 422:
            assert answer.json()["error"]["message"]


async def test_equal_rows_are_one_reading(hub: ApiHub) -> None:
    body = HEAD + "1700000000,a,t,1\n" * 12_000
    answer = (await hub.http.post("/api/history/import", content=body.encode(), timeout=60)).json()
    assert (answer["read"], answer["added"], answer["duplicates"]) == (12_000, 1, 11_999)


async def test_killed_reader_reports_imported_readings(hub: ApiHub, tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    file.write_text(HEAD + "".join(f"{1_700_000_000 + n},a,t,{n}\n" for n in range(40_000)))
    reads = 0
    async with TableProcess() as table:
        await table.open_for_reading(file, "csv")

        async def read() -> Any:
            nonlocal reads
            reads += 1
            if reads == 3:
                assert table.pid is not None
                os.kill(table.pid, signal.SIGKILL)
            return await table.read()

        async def introduce(device: str) -> None:
            return None

        with pytest.raises(WorkFailed, match=r"ended: .* The 10000 readings before it were imported \(10000 new\)"):
            await import_readings(hub.services.store, read, ROOM, lambda device: True, introduce)
    page = await hub.services.store.readings("a", "t", 0, 2**53, 100_000)
    assert len(page.points) == 10_000


# --- exports that are not read --------------------------------------------------------------------------------------


async def fill(hub: ApiHub) -> None:
    """Store more readings than fit into the buffers of a connection."""
    text = "x" * 1_000
    for first in range(0, 20_000, 200):
        readings = [{"ts": 1_700_000_000_000 + n, "mode": text} for n in range(first, first + 200)]
        hub.publish("devices/a/telemetry", readings)
    await hub.settled()


def start_unread_export(hub: ApiHub) -> socket.socket:
    """Request an export and never read the response."""
    client = socket.create_connection(("127.0.0.1", hub.port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.sendall(f"GET /api/history/export HTTP/1.1\r\nHost: 127.0.0.1:{hub.port}\r\n\r\n".encode())
    return client


async def test_unread_exports_are_cut_off_for_new_one(hub: ApiHub, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(hub)
    monkeypatch.setattr(streamed_exports, "SHORT_S", 0.5)
    clients = [start_unread_export(hub) for _ in range(streamed_exports.AT_ONCE)]
    path = "/api/history/export?metric=none"

    async def ask() -> Any:
        return await hub.http.get(path, timeout=60)

    try:
        async with asyncio.timeout(60):
            while (answer := await ask()).status_code == 503:
                assert int(answer.headers["retry-after"]) >= 1
                await asyncio.sleep(0.1)
        assert answer.status_code == 200
    finally:
        for client in clients:
            client.close()


async def test_stalled_export_is_cut_off(
    hub: ApiHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(hub)
    monkeypatch.setattr(streamed_exports, "IDLE_S", 0.5)
    with start_unread_export(hub):
        async with asyncio.timeout(60):
            while not any("without completing response" in record.message for record in caplog.records):
                await asyncio.sleep(0.05)
    assert sum("Export cancelled" in record.message for record in caplog.records) == 1
    assert not any(record.exc_info for record in caplog.records)


async def test_export_that_is_read_is_complete(hub: ApiHub) -> None:
    await fill(hub)
    answer = await hub.http.get("/api/history/export", timeout=60)
    assert len(answer.text.splitlines()) == 20_001
