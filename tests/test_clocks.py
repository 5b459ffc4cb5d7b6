"""Clocks that go wrong, the hub's and the devices': nothing is dropped, the order is that of the times, and what could
not be believed is marked."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path

import pytest

from hub.model import SeriesQuery, Tick
from test_pipeline import T0, PipelineRun, running

DAY = 86_400_000


@pytest.mark.parametrize("jump", [DAY, -DAY, 400 * DAY, -400 * DAY])
async def test_a_jump_of_the_hubs_clock_and_back_drops_nothing(tmp_path: Path, jump: int) -> None:
    async with running(tmp_path) as run:
        for n in range(30):
            now = T0 + 1_000 * n + (jump if 10 <= n < 20 else 0)
            run.publish({"t": n}, at=now)
            run.ingest_queue.put(Tick(now, T0 - 10 * DAY))
        await run.drain()
        points = await every(run)
        assert sorted(value for _, value in points) == list(range(30))
        assert [ts for ts, _ in points] == sorted(ts for ts, _ in points)
        device = run.registry.require("d")
        assert (device.metrics["t"].value, device.presence) == (29, "online")
        run.ingest_queue.put(Tick(T0 + 30_000 + 20 * 60_000, T0 - 10 * DAY))
        await run.drain()
        assert device.presence == "stale", "its silence is seen by the clock as it is now"


@pytest.mark.parametrize("off", [2 * DAY, -2 * DAY, -40 * 365 * DAY])
async def test_a_device_whose_clock_is_wrong_is_taken_at_the_time_of_receipt_and_marked(
    tmp_path: Path, off: int
) -> None:
    async with running(tmp_path) as run:
        for n in range(5):
            run.publish({"t": n, "ts": T0 + off + n}, at=T0 + 1_000 * n)
        run.publish({"t": 5, "ts": T0 + 5_000}, at=T0 + 5_000)
        await run.drain()
        assert await every(run) == [(T0 + 1_000 * n, n) for n in range(6)]
        await run.drain()
        assert run.registry.require("d").metrics["t"].quality == "good"
        run.publish({"t": 6, "ts": T0 + off}, at=T0 + 6_000)
        await run.drain()
        assert run.registry.require("d").metrics["t"].quality == "clock"


async def test_the_hour_that_comes_twice_comes_twice(tmp_path: Path) -> None:
    """Clocks in Europe went back on 2026-10-25 at 3: 2:30 came twice, told apart by their offsets."""
    said = [
        "2026-10-25T02:10:00+02:00",
        "2026-10-25T02:50:00+02:00",
        "2026-10-25T02:10:00+01:00",
        "2026-10-25T01:50:00Z",
    ]
    times = [round(datetime.fromisoformat(text).timestamp() * 1_000) for text in said]
    async with running(tmp_path) as run:
        for n, (text, at) in enumerate(zip(said, times, strict=True)):
            run.publish({"t": n, "ts": text}, at=at)
        await run.drain()
        assert await every(run) == [(at, n) for n, at in enumerate(times)]
        assert [b - a for a, b in itertools.pairwise(times)] == [40 * 60_000, 20 * 60_000, 40 * 60_000]


async def every(run: PipelineRun) -> list[tuple[int, float]]:
    """All points of the metric ``t`` of device ``d``, in the order that the history gives them."""
    (series,) = await run.store.history([SeriesQuery("d", "t", 0, 2**53)])
    return [(point[0], float(point[1])) for point in series.points]


@pytest.mark.parametrize("jump", [DAY, -DAY, 400 * DAY, -400 * DAY])
async def test_silence_and_alarms_are_seen_after_a_jump_and_back(tmp_path: Path, jump: int) -> None:
    """What was due by the wrong clock must not wait for it."""
    quiet = '[[rule]]\nid = "quiet"\nname = "Silent"\nkind = "no_data"\nsilence = "5m"\nseverity = "warning"\n'
    async with running(tmp_path, quiet) as run:
        for n in range(20):
            run.publish({"temperature": 20}, at=T0 + 1_000 * n)
        run.ingest_queue.put(Tick(T0 + 20_000, T0 - 10 * DAY))
        run.publish({"temperature": 99}, at=T0 + jump + 21_000)
        run.ingest_queue.put(Tick(T0 + jump + 21_500, T0 - 10 * DAY))
        await run.drain()
        # The clock is right again, and the device has gone without another word.
        run.ingest_queue.put(Tick(T0 + 60_000, T0 - 10 * DAY))
        for minute in range(2, 30):
            run.ingest_queue.put(Tick(T0 + minute * 60_000, T0 - 10 * DAY))
        await run.drain()
        assert run.registry.require("d").presence == "stale"
        assert [alert.rule for alert in run.engine.open.values()] == ["quiet"]
