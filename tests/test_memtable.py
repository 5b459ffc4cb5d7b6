"""The memtable against a plain list as its model, while batches are appended, sorted and forgotten."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from hub.store.points import TEXT, Points
from hub.store.wal import memtable as log_module
from hub.store.wal.memtable import Memtable
from hub.store.wal.sorted_run import RunSet

Point = tuple[int, int, object]
"""Series, position in the order of arrival, value."""


def batch(draw: random.Random, order: int, max_size: int) -> list[Point]:
    size, spread = draw.randint(1, max_size), draw.choice([1, 4, 30, 10**6])
    return [(draw.randint(1, spread), order + i, draw.choice([1.5, "on", "off", f"text {i}"])) for i in range(size)]


def columns(points: list[Point]) -> Points:
    texts = sorted({value for _, _, value in points if isinstance(value, str)})
    values = [texts.index(value) if isinstance(value, str) else value for _, _, value in points]
    return Points(
        np.array([series for series, _, _ in points], np.int64),
        np.array([order for _, order, _ in points], np.int64),
        np.array(values, np.float64),
        np.array([TEXT if isinstance(value, str) else 0 for _, _, value in points], np.uint8),
        np.zeros(len(points), np.uint8),
        texts,
    )


def listed(points: Points) -> list[Point]:
    return list(zip(points.series.tolist(), points.ts.tolist(), points.values(), strict=True))


def by_series(points: list[Point]) -> list[Point]:
    return sorted(points, key=lambda point: point[0])


def read_slices(runs: RunSet, points: int, series: int) -> list[Point]:
    """Read all points slice by slice, and check that each slice is within its bounds."""
    found: list[Point] = []
    low, more = 0, True
    while more:
        part = runs.slice(low, points, series)
        own = listed(part.points.by_series())
        assert all(low <= number < part.bound for number, _, _ in own)
        names = {number for number, _, _ in own}
        assert len(names) <= series
        assert len(own) <= points or len(names) == 1
        assert part.bound > low or not own
        found += own
        low, more = part.bound, part.more
    return found


@settings(max_examples=examples(300), deadline=None)
@given(st.randoms(use_true_random=False))
def test_memtable_agrees_with_plain_list(draw: random.Random) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_module, "RUN_POINTS", draw.choice([1, 7, 50]))
        log, batches, number, order = Memtable(), dict[int, list[Point]](), 0, 0
        for _ in range(draw.randint(1, 30)):
            number += draw.randint(1, 3)
            points = batch(draw, order, 20)
            log.append(number, columns(points))
            view = log.view(number, number)
            if draw.random() < 0.2:
                log.take_back()
            else:
                batches[number] = points
                order += len(points)
            if draw.random() < 0.2:
                log.sort()
            if batches and draw.random() < 0.1:
                last = draw.choice(list(batches))
                log.forget(last)
                batches = {at: own for at, own in batches.items() if at > last}
            assert len(log) == sum(map(len, batches.values()))
            if number in batches and view is not None:
                assert read_slices(view, 10**6, 10**6) == by_series(points), "a view does not change"
            check(log, batches, draw)


def check(log: Memtable, batches: dict[int, list[Point]], draw: random.Random) -> None:
    if not batches:
        return
    first, last = sorted(draw.choices(list(batches), k=2))
    expected = by_series([point for number, own in batches.items() if first <= number <= last for point in own])
    runs = log.view(first, last)
    assert runs is not None
    chosen = {draw.choice(expected)[0] for _ in range(draw.randint(1, 5))} | {draw.randint(1, 40)}
    found = runs.points_of(np.array(sorted(chosen), np.int64))
    assert listed(found) == [point for point in expected if point[0] in chosen]
    assert read_slices(runs, draw.choice([1, 8, 100]), draw.choice([1, 3, 50])) == expected


def test_view_of_missing_batch_is_none() -> None:
    log = Memtable()
    log.append(3, columns([(1, 0, 1.0)]))
    log.append(5, columns([(1, 1, 2.0)]))
    assert log.view(3, 4) is None
    assert log.view(2, 5) is None
    log.forget(3)
    assert log.view(3, 5) is None
    assert log.view(5, 5) is not None
