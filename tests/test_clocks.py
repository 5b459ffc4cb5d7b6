"""Wrong clocks of the hub or a device: no reading is lost, history is in order, and untrusted times are marked."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path

import pytest

from hub.model import SeriesQuery, Tick
from test_pipeline import T0, PipelineRun, running

DAY = 86_400_000


@pytest.mark.parametrize("jump", [DAY, -DAY, 400 * DAY, -400 * DAY])
async def test_hub_clock_jump_and_return_drops_no_readings(tmp_path: Path, jump: int) -> None:
    async with running(tmp_path) as run:
        for n in range(30):
            now = T0 + 1_000 * n + (jump if 10 <= n < 20 else 0)
            run.publish({"t": n}, at=now)
            run.ingest_queue.put(Tick(now, T0 - 10 * DAY))
        await run.drain()
        points = await all_points(run)
        assert sorted(value for _, value in points) == list(range(30))
        assert [ts for ts, _ in points] == sorted(ts for ts, _ in points)
        device = run.registry.require("d")
        assert (device.metrics["t"].value, device.presence) == (29, "online")
        run.ingest_queue.put(Tick(T0 + 30_000 + 20 * 60_000, T0 - 10 * DAY))
        await run.drain()
        assert device.presence == "stale", "silence must be judged by the corrected clock"


@pytest.mark.parametrize("offset", [2 * DAY, -2 * DAY, -40 * 365 * DAY])
async def test_device_with_wrong_clock_uses_receive_time_and_is_marked(tmp_path: Path, offset: int) -> None:
    async with running(tmp_path) as run:
        for n in range(5):
            run.publish({"t": n, "ts": T0 + offset + n}, at=T0 + 1_000 * n)
        run.publish({"t": 5, "ts": T0 + 5_000}, at=T0 + 5_000)
        await run.drain()
        assert await all_points(run) == [(T0 + 1_000 * n, n) for n in range(6)]
        await run.drain()
        assert run.registry.require("d").metrics["t"].quality == "good"
        run.publish({"t": 6, "ts": T0 + offset}, at=T0 + 6_000)
        await run.drain()
        assert run.registry.require("d").metrics["t"].quality == "clock"


async def test_repeated_hour_at_end_of_summer_time_keeps_offsets(tmp_path: Path) -> None:
    """European clocks went back on 2026-10-25 at 3:00, so 2:30 occurred twice, with different UTC offsets."""
    timestamps = [
        "2026-10-25T02:10:00+02:00",
        "2026-10-25T02:50:00+02:00",
        "2026-10-25T02:10:00+01:00",
        "2026-10-25T01:50:00Z",
    ]
    times = [round(datetime.fromisoformat(text).timestamp() * 1_000) for text in timestamps]
    async with running(tmp_path) as run:
        for n, (text, at) in enumerate(zip(timestamps, times, strict=True)):
            run.publish({"t": n, "ts": text}, at=at)
        await run.drain()
        assert await all_points(run) == [(at, n) for n, at in enumerate(times)]
        assert [b - a for a, b in itertools.pairwise(times)] == [40 * 60_000, 20 * 60_000, 40 * 60_000]


async def all_points(run: PipelineRun) -> list[tuple[int, float]]:
    """Return all points of metric ``t`` of device ``d``, in the order of the history."""
    (series,) = await run.store.history([SeriesQuery("d", "t", 0, 2**53)])
    return [(point[0], float(point[1])) for point in series.points]


@pytest.mark.parametrize("jump", [DAY, -DAY, 400 * DAY, -400 * DAY])
async def test_silence_is_detected_after_clock_jump_and_return(tmp_path: Path, jump: int) -> None:
    """Deadlines set by the wrong clock must not delay the check."""
    quiet = '[[rule]]\nid = "quiet"\nname = "Silent"\nkind = "no_data"\nsilence = "5m"\nseverity = "warning"\n'
    async with running(tmp_path, quiet) as run:
        for n in range(20):
            run.publish({"temperature": 20}, at=T0 + 1_000 * n)
        run.ingest_queue.put(Tick(T0 + 20_000, T0 - 10 * DAY))
        run.publish({"temperature": 99}, at=T0 + jump + 21_000)
        run.ingest_queue.put(Tick(T0 + jump + 21_500, T0 - 10 * DAY))
        await run.drain()
        # The clock is right again, and the device is silent.
        run.ingest_queue.put(Tick(T0 + 60_000, T0 - 10 * DAY))
        for minute in range(2, 30):
            run.ingest_queue.put(Tick(T0 + minute * 60_000, T0 - 10 * DAY))
        await run.drain()
        assert run.registry.require("d").presence == "stale"
        assert [alert.rule for alert in run.engine.open.values()] == ["quiet"]
