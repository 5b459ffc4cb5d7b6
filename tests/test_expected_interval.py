"""The formulas of the expected interval give the same results for numbers and for columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.dialects import is_timely
from hub.model import Device, FleetLimits, Info, Latest
from hub.registry.expected_interval import (
    IntervalTerms,
    LearnedInterval,
    device_stale_after,
    interval_between,
    interval_terms,
    is_backlog,
    is_pause,
    learn,
    learn_interval,
    learned,
    stale_after,
)
from hub.registry.fastpath.last_seen import learn_batch

LIMITS = st.builds(FleetLimits, stale_factor=st.floats(1.5, 20), stale_minimum_ms=st.integers(1_000, 60_000))
INTERVALS = st.one_of(st.integers(1, 100), st.integers(1_000, 70_000), st.integers(1, 10**10))
TIMES = st.integers(0, 10**7)
DEVICES = st.builds(
    Device,
    st.just("d"),
    st.just("d"),
    st.just("native"),
    st.just(0),
    info=st.builds(
        Info,
        max_silence=st.none() | st.floats(0, 1e9),
        reports=st.sampled_from([None, "changes", "events", "rarely"]),
    ),
    metrics=st.sampled_from([{}, {"t": Latest(20.0, 0, "good")}, {"door": Latest(True, 0, "good")}]),
    discrete=st.booleans(),
    announces_offline=st.booleans(),
)


@given(st.lists(st.tuples(DEVICES, st.lists(INTERVALS, max_size=12)), min_size=1, max_size=6), LIMITS)
def test_interval_learned_from_columns_equals_one_by_one(
    devices: list[tuple[Device, list[int]]], limits: FleetLimits
) -> None:
    for step in range(max(len(intervals) for _, intervals in devices)):
        some = [(device, intervals[step]) for device, intervals in devices if len(intervals) > step]
        before = [np.array(column, float) for column in zip(*(learned(device) for device, _ in some), strict=True)]
        after = learn(LearnedInterval(*before), np.array([interval for _, interval in some]), limits, np)
        terms = np.array([interval_terms(device, limits) for device, _ in some]).T
        due = stale_after(after, IntervalTerms(*terms), np)
        for place, (device, interval) in enumerate(some):
            learn_interval(device, interval, limits)
            assert learned(device) == pytest.approx(tuple(column[place] for column in after), rel=1e-12)
            assert device_stale_after(device, limits) == pytest.approx(due[place], abs=1)
            assert device.longest_pause == 0 or device.regularity < 8


@given(st.lists(st.lists(st.just(0) | st.integers(900, 3_000), min_size=1, max_size=8), min_size=1, max_size=5))
def test_interval_learned_from_batch_equals_one_by_one(batches: list[list[int]]) -> None:
    limits = FleetLimits()
    devices = [Device("d", "d", "native", 0) for _ in batches]
    counts = np.array([len(batch) for batch in batches])
    known = LearnedInterval(np.zeros(len(batches)), np.zeros(len(batches), np.int64), np.zeros(len(batches)))
    after = learn_batch(known, np.concatenate(batches), np.cumsum(counts) - counts, counts, limits)
    for place, (device, batch) in enumerate(zip(devices, batches, strict=True)):
        for interval in filter(None, batch):
            learn_interval(device, interval, limits)
        assert learned(device) == pytest.approx(tuple(column[place] for column in after), rel=1e-12)


@given(st.lists(st.tuples(TIMES, TIMES, TIMES, TIMES, st.floats(0, 1e8)), min_size=1, max_size=8), LIMITS)
def test_backlog_pause_and_lateness_agree_for_numbers_and_columns(
    rows: list[tuple[int, int, int, int, float]], limits: FleetLimits
) -> None:
    ts, received, previous, last_reading, expected = map(np.array, zip(*rows, strict=True))
    intervals = interval_between(ts, received, previous, last_reading, np)
    backlog = is_backlog(intervals, expected, received - last_reading)
    pause = is_pause(intervals, expected, limits, np)
    timely = is_timely(ts, received)
    for place, row in enumerate(rows):
        interval = interval_between(*row[:4])
        assert interval == intervals[place]
        assert is_backlog(interval, row[4], row[1] - row[3]) == backlog[place]
        assert is_pause(interval, row[4], limits) == pause[place]
        assert is_timely(row[0], row[1]) == timely[place]
