"""Rollups: minutes and hours match a reference computation, and are kept longer than the readings."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backends import PARAMETERS, Backend, each_backend
from examples import examples
from hub.model import Series, SeriesQuery
from hub.store.base import Delta, Retention, Store
from hub.store.chunks.rollups import HOUR, MINUTE
from store_samples import T0, delta, older, record, reference_buckets

DAY = 24 * HOUR
BASE = T0 // DAY * DAY
"""Midnight UTC."""


@pytest.fixture(params=PARAMETERS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened = request.param.open(tmp_path / "data")
    yield opened
    await opened.close()


def at(ts: int, value: Any, device: str = "a", quality: str = "good", metric: str = "t") -> Any:
    return record(device, ts - T0, None, quality, **{metric: value})


async def ask(store: Store, start: int, end: int, buckets: int | None = None, **more: Any) -> Series:
    [found] = await store.history([SeriesQuery("a", "t", start, end, buckets, **more)])
    return found


def check_points(found: Series, expected: list[tuple[Any, ...]]) -> None:
    assert [(p[0], p[1], *p[3:]) for p in found.points] == [(p[0], p[1], *p[3:]) for p in expected]
    assert [p[2] for p in found.points] == pytest.approx([p[2] for p in expected], rel=1e-12, abs=1e-9)


minutes_of_three_days = st.integers(0, 3 * 1440 * 4).map(lambda quarter: BASE + quarter * 15_000 + quarter % 7 * 1_001)
values = st.one_of(st.integers(-500, 500).map(lambda t: t / 10), st.floats(-1e6, 1e6), st.booleans(), st.just("off"))
steps = st.one_of(
    st.lists(st.tuples(minutes_of_three_days, values), min_size=1, max_size=30),
    st.sampled_from(["slice", "tidy", "restart"]),
    st.integers(0, 3 * 24),  # readings from before this hour expire
)


@each_backend
@settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=2, max_size=12), st.integers(1, 60), st.integers(0, 40), st.integers(0, 50_000_000))
async def test_wide_buckets_match_reference_after_any_steps(
    backend: Backend, tmp_path_factory: pytest.TempPathFactory, given: list[Any], buckets: int, first: int, odd: int
) -> None:
    home = tmp_path_factory.mktemp("data")
    store, cursor, known, expired = backend.open(home), 0, list[tuple[int, Any]](), False
    with pytest.MonkeyPatch.context() as patch:
        backend.cramped(patch)
        for step in given:
            match step:
                case "slice":
                    await backend.step(store)
                case "tidy":
                    await store.tidy()
                case "restart":
                    await store.close()
                    store = backend.open(home)
                case int():
                    expired = True
                    while await store.expire([Retention(BASE + step * HOUR, 0, 0)]):
                        pass
                case _:
                    await store.commit(1, delta(cursor, *[at(ts, value) for ts, value in step]))
                    cursor += len(step)
                    known += step
        start, end = BASE + first * HOUR, BASE + 3 * DAY
        count = min(buckets, (end - start) // (10 * MINUTE))
        check_points(await ask(store, start, end, count), reference_buckets(known, start, end, count))
        if not expired:  # the ends need not be whole minutes while the readings exist
            check_points(
                await ask(store, start + odd, end - odd, count), reference_buckets(known, start + odd, end - odd, count)
            )
    await store.close()


async def fill(store: Store, seconds: int, step: int, device: str = "a", **more: Any) -> list[tuple[int, float]]:
    """Commit a reading every ``step`` seconds from BASE on, with random values, and return the points."""
    draw = random.Random(1)
    points = [(BASE + s * 1000, round(20 + draw.gauss(0, 3), 2)) for s in range(0, seconds, step)]
    cursor = (await store.load()).cursor
    for i in range(0, len(points), 5_000):
        part = points[i : i + 5_000]
        await store.commit(1, Delta(cursor + i + len(part), [at(ts, v, device, **more) for ts, v in part]))
    await store.tidy()
    return points


async def test_rollups_are_kept_after_readings_expire(store: Store) -> None:
    points = await fill(store, 12 * 86_400, 30)
    complete = await ask(store, BASE, BASE + 12 * DAY, 48)
    assert complete.step == HOUR
    kept = [Retention(BASE + 9 * DAY, BASE + 5 * DAY, BASE)]
    while await store.expire(kept):
        pass
    assert (await ask(store, BASE, BASE + 9 * DAY - 1)).points == []
    assert len((await ask(store, BASE + 9 * DAY, BASE + 12 * DAY)).points) == 3 * 2880
    # All twelve days, and a part of each tier.
    check_points(await ask(store, BASE, BASE + 12 * DAY, 48), reference_buckets(points, BASE, BASE + 12 * DAY, 48))
    minutes = await ask(store, BASE + 6 * DAY, BASE + 6 * DAY + HOUR, 600)
    assert minutes.step == MINUTE
    check_points(minutes, reference_buckets(points, BASE + 6 * DAY, BASE + 6 * DAY + HOUR, 60))
    hours = await ask(store, BASE + DAY, BASE + 2 * DAY, 480)
    assert hours.step == HOUR
    check_points(hours, reference_buckets(points, BASE + DAY, BASE + 2 * DAY, 24))
    across = await ask(store, BASE + 8 * DAY, BASE + 10 * DAY, 288)
    check_points(across, reference_buckets(points, BASE + 8 * DAY, BASE + 10 * DAY, 288))


async def test_late_readings_enter_rollups_after_readings_expired(store: Store) -> None:
    points = await fill(store, 4 * 86_400, 60)
    while await store.expire([Retention(BASE + 3 * DAY, 0, 0)]):
        pass
    late = [(BASE + 7 * HOUR + s * 1000, 100.0 + s) for s in range(3_000)]
    cursor = (await store.load()).cursor
    await store.commit(1, delta(cursor, *[at(ts, value, quality="late") for ts, value in late]))
    expected = reference_buckets([*points, *late], BASE, BASE + 4 * DAY, 16)
    for step in range(3):  # in the log, in chunks, in rollups only
        if step == 1:
            await store.tidy()
        while step == 2 and await store.expire([Retention(BASE + 3 * DAY, 0, 0)]):
            pass
        found = await ask(store, BASE, BASE + 4 * DAY, 16)
        check_points(found, expected)
        assert [(mark[0], mark[2]) for mark in found.marks] == [(BASE + 6 * HOUR, "late")]
    assert (await ask(store, BASE, BASE + 3 * DAY - 1)).points == []


async def test_retention_exceptions_apply_by_metric_and_device(store: Store) -> None:
    for device, metric in (("a", "t"), ("a", "vibration_x"), ("bench", "t")):
        await fill(store, 86_400, 120, device, metric=metric)
    noon, evening = BASE + DAY // 2, BASE + 20 * HOUR
    kept = [
        Retention(evening, evening, evening, metric="vibration*"),
        Retention(BASE, BASE, BASE, devices=frozenset({"bench"})),
        *older(noon),
    ]
    while await store.expire(kept):
        pass
    names = [("a", "t"), ("a", "vibration_x"), ("bench", "t")]
    found = await store.history([SeriesQuery(d, m, BASE, BASE + DAY) for d, m in names])
    assert [series.points[0][0] for series in found] == [noon, evening, BASE]


async def test_deleted_device_leaves_no_rollups(store: Store) -> None:
    await fill(store, 86_400, 30)
    cursor = (await store.load()).cursor
    await store.commit(1, delta(cursor, deleted=["a"]))
    while await store.expire(older(0)):
        pass
    assert await store.series(None, None) == []
    assert (await ask(store, BASE, BASE + DAY, 4)).points == []
    await store.commit(1, delta(cursor, at(BASE, 5.0)))
    check_points(await ask(store, BASE, BASE + DAY, 4), [(BASE, 5.0, 5.0, 5.0, 1)])


async def test_silence_is_a_gap_in_every_query_shape(store: Store) -> None:
    quiet = (BASE + 5 * HOUR, BASE + 9 * HOUR)
    given = [BASE + s * 1000 for s in range(0, 86_400, 10)]
    given = [ts for ts in given if not quiet[0] < ts < quiet[1]]
    await store.commit(1, delta(0, *[at(ts, 1.0 * (ts % 7_000)) for ts in given]))
    await store.tidy()
    assert (await ask(store, BASE, BASE + DAY - 1)).gaps == [quiet]
    fine = await ask(store, BASE, BASE + DAY, 1_440)
    assert fine.gaps == [(quiet[0] + MINUTE, quiet[1])]
    assert (await ask(store, BASE, BASE + DAY, 48)).gaps == [(quiet[0] + 30 * MINUTE, quiet[1])]
    assert (await ask(store, BASE, BASE + DAY, 400, shape="lttb")).gaps == [quiet]
    # Buckets shorter than the interval leave empty ones between them, but only one gap.
    assert (await ask(store, BASE, BASE + DAY, 10_000)).gaps == [pytest.approx(quiet, abs=10_000)]


async def test_irregular_device_has_no_gaps(store: Store) -> None:
    draw = random.Random(3)
    ts, given = BASE, []
    for _ in range(500):
        ts += draw.choice([1_000, 2_000, 60_000, 300_000])
        given.append(at(ts, 1.0))
    await store.commit(1, delta(0, *given))
    assert (await ask(store, BASE, ts)).gaps == []


async def test_marks_report_readings_of_other_quality(store: Store) -> None:
    qualities = ["good"] * 300 + ["clock"] * 10 + ["good"] * 90 + ["late"]
    given = [at(BASE + i * MINUTE, float(i), quality=quality) for i, quality in enumerate(qualities)]
    await store.commit(1, delta(0, *given))
    for _ in range(2):
        marks = (await ask(store, BASE, BASE + DAY)).marks
        assert marks == [
            (BASE + 300 * MINUTE, BASE + 309 * MINUTE, "clock"),
            (BASE + 400 * MINUTE, BASE + 400 * MINUTE, "late"),
        ]
        wide = (await ask(store, BASE, BASE + DAY, 24)).marks
        assert wide == [(BASE + 5 * HOUR, BASE + 6 * HOUR, "clock"), (BASE + 6 * HOUR, BASE + 7 * HOUR, "late")]
        await store.tidy()


async def test_downsampled_line_keeps_its_shape(store: Store) -> None:
    given = await fill(store, 86_400, 5)
    peak = max(given, key=lambda point: point[1])
    low = min(given, key=lambda point: point[1])
    for shape in ("lttb", "minmax"):
        found = await ask(store, BASE, BASE + DAY, 300, shape=shape)
        assert len(found.points) == 300
        assert found.step == 0
        assert set(found.points) <= set(given)
        assert peak in found.points or shape == "lttb"
        assert low in found.points or shape == "lttb"
    few = await ask(store, BASE, BASE + 100_000, 300, shape="lttb")
    assert few.points == given[:21]
    # Longer ranges are downsampled from the minutes.
    coarse = await ask(store, BASE, BASE + DAY, 100, shape="minmax")
    assert coarse.step == MINUTE
    assert {low[1], peak[1]} <= {value for _, value in coarse.points}


WIDTHS = (1, 7, 1_000, MINUTE, 90_000, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY)


@each_backend
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("compacted", [False, True], ids=["log", "chunks"])
async def test_aligned_range_gives_aligned_buckets(
    backend: Backend, tmp_path_factory: pytest.TempPathFactory, width: int, compacted: bool
) -> None:
    """A reading at each edge: each bucket begins at its reading and has only that one, in every tier."""
    store = backend.open(tmp_path_factory.mktemp("data"))
    count = 60
    given = [(BASE + i * width, float(i)) for i in range(count + 1)]
    await store.commit(1, delta(0, *[at(ts, value) for ts, value in given]))
    if compacted:
        await store.tidy()
    found = await ask(store, BASE, BASE + count * width, count)
    assert [(p[0], p[2], p[4]) for p in found.points] == [(ts, value, 1) for ts, value in given[:count]]
    for shape in ("lttb", "minmax"):
        downsampled = await ask(store, BASE, BASE + count * width, 1_000, shape=shape)
        assert [p[:2] for p in downsampled.points] == given
    if width >= MINUTE:  # the readings of the first half expire: minutes and hours replace them
        half = BASE + count // 2 * width // HOUR * HOUR
        while await store.expire([Retention(half, 0, 0)]):
            pass
        step = MINUTE if width % HOUR else HOUR
        if width % step == 0:
            mixed = await ask(store, BASE, BASE + count * width, count)
            assert [(p[0], p[2], p[4]) for p in mixed.points] == [(ts, value, 1) for ts, value in given[:count]]
    await store.close()


@each_backend
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(WIDTHS),
    st.integers(1, 40),
    st.integers(-3, 3),
    st.lists(st.tuples(st.integers(0, 40), st.integers(-2, 2)), min_size=1, max_size=40),
)
async def test_buckets_at_edges_match_reference(
    backend: Backend,
    tmp_path_factory: pytest.TempPathFactory,
    width: int,
    count: int,
    odd: int,
    given: list[tuple[int, int]],
) -> None:
    store = backend.open(tmp_path_factory.mktemp("data"))
    readings = [(BASE + edge * width + off, float(edge)) for edge, off in given]
    await store.commit(1, delta(0, *[at(ts, value) for ts, value in readings]))
    start, end = BASE, BASE + count * width + odd
    found, expected = (
        await ask(store, start, max(end, start), count),
        reference_buckets(readings, start, max(end, start), count),
    )
    check_points(found, expected)
    assert sum(point[4] for point in found.points) == sum(start <= ts < max(end, start + 1) for ts, _ in readings)
    await store.close()


async def states_of(store: Store, given: list[tuple[int, Any]], most: int = 100, **query: Any) -> Series:
    await store.commit(1, delta(0, *[at(ts, value) for ts, value in given]))
    return await ask(store, BASE, BASE + 7 * DAY, most, shape="states", **query)


@pytest.mark.parametrize("words", [(False, True), ("auto", "manual")], ids=["booleans", "texts"])
async def test_states_are_returned_as_changes(store: Store, words: tuple[Any, Any]) -> None:
    given = [(BASE + n * MINUTE, words[200 <= n < 300]) for n in range(2_000)]
    found = await states_of(store, given)
    assert found.points == [given[0], given[200], given[300], given[-1]]
    assert found.step == 0
    await store.tidy()
    assert (await ask(store, BASE, BASE + 7 * DAY, 100, shape="states")).points == found.points


async def test_frequent_boolean_changes_are_returned_as_share(store: Store) -> None:
    given = [(BASE + n * MINUTE, n % 4 == 0) for n in range(4_000)]
    found = await states_of(store, given, most=7)
    assert [point[1:4] for point in found.points] == [(0.0, pytest.approx(0.25, abs=0.01), 1.0)] * len(found.points)
    assert sum(point[4] for point in found.points) == 4_000


async def test_states_of_expired_readings_come_from_minutes(store: Store) -> None:
    given = [(BASE + n * 20_000, n >= 100) for n in range(1_000)]
    await states_of(store, given)
    await store.tidy()
    while await store.expire([Retention(BASE + DAY, 0, 0)]):
        pass
    found = await ask(store, BASE, BASE + 7 * DAY, 100, shape="states")
    assert found.step == MINUTE
    assert [point[1] for point in found.points if len(point) == 2] == [0.0, 1.0, 1.0]
    assert [point[:1] + point[2:] for point in found.points if len(point) == 5] == [
        (BASE + 33 * MINUTE, pytest.approx(2 / 3), 1.0, 3)
    ]
