"""Charts of alerts: their parts, and that they can be drawn for any readings."""

from __future__ import annotations

import io
import math
from collections.abc import AsyncIterator

import msgspec
import numpy as np
import pytest
import pytest_asyncio
from PIL import Image, ImageColor

from hub.worker import Worker
from hub.worker.chart_data import ChartData
from hub.worker.chart_job import BACKGROUND, HEIGHT, LIMIT, LINE, MOMENT, WIDTH

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = 1_796_047_412_000
HOUR = 3_600_000
RISING = [(NOW - HOUR + n * 60_000, 60.0 + max(n - 40, 0) * 1.5) for n in range(60)]
CHART = ChartData("Bearing temperature", "°C", RISING, [], NOW - HOUR, NOW, NOW - 360_000, None, 80.0, "Europe/Berlin")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def worker() -> AsyncIterator[Worker]:
    running = Worker(memory_mb=256, queue=8, cpu_s=4, nice=0)
    yield running
    await running.close()


async def drawn(worker: Worker, chart: ChartData) -> np.ndarray:
    """Return the pixels of a chart: rows, columns, and red, green and blue."""
    png = (await worker.run("chart", msgspec.msgpack.encode(chart)))["png"]
    assert len(png) < 100_000
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def pixels(image: np.ndarray, color: str) -> np.ndarray:
    """Return where an image has about this colour, as rows and columns."""
    return np.argwhere(np.abs(image - ImageColor.getrgb(color)).sum(axis=2) < 60)


async def test_chart_has_curve_limit_and_moment_on_a_light_ground(worker: Worker) -> None:
    image = await drawn(worker, CHART)
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert tuple(image[2, 2]) == ImageColor.getrgb(BACKGROUND)
    curve, limit, moment = (pixels(image, color) for color in (LINE, LIMIT, MOMENT))
    rows = np.bincount(limit[:, 0])
    limit_row = int(rows.argmax())
    assert rows[limit_row] > 400  # a dashed line across the plot
    assert curve[:, 0].min() < limit_row < curve[:, 0].max()  # the curve crosses it
    columns = np.bincount(moment[:, 1])
    since = int(columns.argmax())
    assert columns[since] > 250  # a vertical line
    crossing = curve[np.abs(curve[:, 1] - since) < 4][:, 0]
    assert abs(float(crossing.mean()) - limit_row) < 40  # where the readings exceed the limit
    without = await drawn(worker, msgspec.structs.replace(CHART, limit=None))
    assert len(pixels(without, LIMIT)) == 0


async def test_times_and_units_are_part_of_the_picture(worker: Worker) -> None:
    image = await drawn(worker, CHART)
    other_zone = await drawn(worker, msgspec.structs.replace(CHART, zone="America/New_York"))
    other_unit = await drawn(worker, msgspec.structs.replace(CHART, unit="µΩ/m³"))
    below, above = (np.abs(image - each).max(axis=(1, 2)) > 80 for each in (other_zone, other_unit))
    assert below[-80:].any()  # the time axis
    assert above[:60].any()  # the title
    assert not above[-80:].any()


async def test_gap_is_not_bridged(worker: Worker) -> None:
    readings = [each for each in RISING if not 20 <= (each[0] - NOW + HOUR) // 60_000 < 30]
    chart = msgspec.structs.replace(CHART, points=readings, limit=None)
    gap = (readings[19][0], readings[20][0])
    bridged, open_ = await drawn(worker, chart), await drawn(worker, msgspec.structs.replace(chart, gaps=[gap]))
    assert len(pixels(open_, LINE)) < len(pixels(bridged, LINE)) - 200


@pytest.mark.parametrize(
    "values",
    [[0.0, 0.0], [1e15, -1e15], [1e-300, 2e-300], [5.0, math.inf, math.nan, 5.0], [20.0, 20.0 + 1e-13], [math.nan] * 2],
)
async def test_any_reading_can_be_drawn(worker: Worker, values: list[float]) -> None:
    points = [(NOW - 1_000 * (len(values) - n), value) for n, value in enumerate(values)]
    chart = ChartData("温度 ₂" * 40, None, points, [], NOW - 10_000, NOW, NOW, NOW, values[0], None)
    if math.isnan(values[0]):
        chart = msgspec.structs.replace(chart, limit=None)
    assert (await drawn(worker, chart)).shape == (HEIGHT, WIDTH, 3)
