"""The log in memory, against a plain list: whatever is sorted or forgotten meanwhile, each batch is what it was."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.store.points import TEXT, Points
from hub.store.wal import memtable as log_module
from hub.store.wal.memtable import Memtable
from hub.store.wal.sorted_run import RunSet

Point = tuple[int, int, object]
"""Series, a number that says in which order it came, and the value."""


def batch(draw: random.Random, came: int, most: int) -> list[Point]:
    size, spread = draw.randint(1, most), draw.choice([1, 4, 30, 10**6])
    return [(draw.randint(1, spread), came + i, draw.choice([1.5, "on", "off", f"text {i}"])) for i in range(size)]


def columns(points: list[Point]) -> Points:
    texts = sorted({value for _, _, value in points if isinstance(value, str)})
    values = [texts.index(value) if isinstance(value, str) else value for _, _, value in points]
    return Points(
        np.array([series for series, _, _ in points], np.int64),
        np.array([came for _, came, _ in points], np.int64),
        np.array(values, np.float64),
        np.array([TEXT if isinstance(value, str) else 0 for _, _, value in points], np.uint8),
        np.zeros(len(points), np.uint8),
        texts,
    )


def listed(points: Points) -> list[Point]:
    return list(zip(points.series.tolist(), points.ts.tolist(), points.values(), strict=True))


def by_series(points: list[Point]) -> list[Point]:
    return sorted(points, key=lambda point: point[0])


def by_slices(stretch: RunSet, points: int, series: int) -> list[Point]:
    """All of it, slice by slice, each within its bounds."""
    found: list[Point] = []
    low, more = 0, True
    while more:
        part = stretch.slice(low, points, series)
        own = listed(part.points.by_series())
        assert all(low <= number < part.bound for number, _, _ in own)
        names = {number for number, _, _ in own}
        assert len(names) <= series
        assert len(own) <= points or len(names) == 1
        assert part.bound > low or not own
        found += own
        low, more = part.bound, part.more
    return found


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False))
def test_each_batch_is_found_whatever_happens_to_the_others(draw: random.Random) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_module, "RUN_POINTS", draw.choice([1, 7, 50]))
        log, kept, number, came = Memtable(), dict[int, list[Point]](), 0, 0
        for _ in range(draw.randint(1, 30)):
            number += draw.randint(1, 3)
            points = batch(draw, came, 20)
            log.append(number, columns(points))
            held = log.view(number, number)
            if draw.random() < 0.2:
                log.take_back()
            else:
                kept[number] = points
                came += len(points)
            if draw.random() < 0.2:
                log.sort()
            if kept and draw.random() < 0.1:
                last = draw.choice(list(kept))
                log.forget(last)
                kept = {at: own for at, own in kept.items() if at > last}
            assert len(log) == sum(map(len, kept.values()))
            if number in kept and held is not None:
                assert by_slices(held, 10**6, 10**6) == by_series(points), "what a reader holds stays"
            check(log, kept, draw)


def check(log: Memtable, kept: dict[int, list[Point]], draw: random.Random) -> None:
    if not kept:
        return
    first, last = sorted(draw.choices(list(kept), k=2))
    seen = by_series([point for number, own in kept.items() if first <= number <= last for point in own])
    stretch = log.view(first, last)
    assert stretch is not None
    wanted = {draw.choice(seen)[0] for _ in range(draw.randint(1, 5))} | {draw.randint(1, 40)}
    found = stretch.of(np.array(sorted(wanted), np.int64))
    assert listed(found) == [point for point in seen if point[0] in wanted]
    assert by_slices(stretch, draw.choice([1, 8, 100]), draw.choice([1, 3, 50])) == seen


def test_a_batch_that_is_not_there_is_not_made_up() -> None:
    log = Memtable()
    log.append(3, columns([(1, 0, 1.0)]))
    log.append(5, columns([(1, 1, 2.0)]))
    assert log.view(3, 4) is None
    assert log.view(2, 5) is None
    log.forget(3)
    assert log.view(3, 5) is None
    assert log.view(5, 5) is not None
