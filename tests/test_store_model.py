"""Model test of the history: every answer is compared with a plain list, after any sequence of commits, late data,
compaction steps, restarts, crashes, deletions and expiry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backends import Backend, each_backend
from examples import examples
from hub.model import Reading, Record, SeriesQuery, Value
from hub.store.base import Delta
from store_samples import T0, older, record, reference_buckets

DEVICES, METRICS = ("a", "b", "c"), ("t", "u")
SPAN = 60

values = st.one_of(
    st.integers(-500, 500).map(lambda tenths: tenths / 10),
    st.floats(-1e6, 1e6),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.sampled_from(["", "auto", "off", "ä\0"]),
)
records = st.builds(
    lambda device, ts, quality, t, u: record(device, ts, None, quality, t=t, **({} if u is None else {"u": u})),
    st.sampled_from(DEVICES),
    st.integers(0, SPAN),
    st.sampled_from(["good", "late"]),
    values,
    st.one_of(st.none(), values),
)
commits = st.tuples(
    st.just("commit"),
    st.lists(records, min_size=4, max_size=12),
    st.one_of(st.just(set()), st.just(set()), st.sets(st.sampled_from(DEVICES), max_size=1)),
)
steps = st.one_of(
    commits,
    st.tuples(st.sampled_from(["slice", "slice", "slice", "tidy", "restart", "crash"])),
    st.tuples(st.just("slice")),
    st.tuples(st.just("expire"), st.integers(0, SPAN)),
    st.tuples(st.just("add"), st.lists(records, min_size=1, max_size=6)),
)
queries = st.builds(
    lambda device, metric, start, length, buckets, limit: SeriesQuery(
        device, metric, T0 + start, T0 + start + length, buckets, limit
    ),
    st.sampled_from(DEVICES),
    st.sampled_from(METRICS),
    st.integers(-5, SPAN),
    st.integers(-1, SPAN + 5),
    st.one_of(st.none(), st.integers(1, 20)),
    st.integers(1, 30),
)


class Model:
    """The expected content of the store: the points of each series in order of arrival."""

    def __init__(self) -> None:
        self.points: dict[tuple[str, str], list[tuple[int, Value]]] = {}

    def commit(self, written: list[Record], deleted: set[str]) -> None:
        self.points = {key: points for key, points in self.points.items() if key[0] not in deleted}
        for one in written:
            for metric, value in one.values.items():
                self.points.setdefault((one.device, metric), []).append((one.ts, value))

    def add(self, readings: list[Reading]) -> int:
        """Add readings, and return how many are new. A reading with the same time and value is a duplicate."""
        present = {(k, ts, type(v), v) for k, points in self.points.items() for ts, v in points}
        new = 0
        for one in readings:
            key = (one.device, one.metric)
            if (key, one.ts, type(one.value), one.value) in present:
                continue
            present.add((key, one.ts, type(one.value), one.value))
            self.points.setdefault(key, []).append((one.ts, one.value))
            new += 1
        return new

    def expire(self, before: int) -> None:
        self.points = {key: [p for p in points if p[0] >= before] for key, points in self.points.items()}

    def answer(self, query: SeriesQuery) -> list[Any]:
        points = sorted(self.points.get((query.device, query.metric), []), key=lambda point: point[0])
        if query.buckets is not None:
            return reference_buckets(points, query.start, query.end, query.buckets)
        return [point for point in points if query.start <= point[0] <= query.end][-query.limit :]


def comparable(points: list[Any], added: bool) -> list[Any]:
    """Return points in comparable order: points of the same time have no defined order once readings were added."""
    return sorted(points, key=lambda point: (point[0], point[2].__name__, point[1])) if added else points


@pytest.fixture(autouse=True)
def small_chunks(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    backend.cramped(monkeypatch)


@each_backend
@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commits, st.lists(steps, min_size=4, max_size=14), st.lists(queries, min_size=1, max_size=8))
async def test_store_agrees_with_plain_list(
    backend: Backend,
    tmp_path: Path,
    first: tuple[Any, ...],
    rest: list[tuple[Any, ...]],
    final_queries: list[SeriesQuery],
) -> None:
    home, number = tmp_path / "0", 0
    backend.clear(home)
    store, model, cursor, added = backend.open(home), Model(), 0, False
    everything = [SeriesQuery(d, m, T0 - 9, T0 + SPAN + 9) for d in DEVICES for m in METRICS]
    for step, *words in (first, *rest):
        match step:
            case "commit":
                cursor += len(words[0])
                await store.commit(1, Delta(cursor, words[0], deleted=sorted(words[1])))
                model.commit(*words)
            case "slice":
                await backend.step(store)
            case "tidy":
                await store.tidy()
            case "restart":
                await store.close()
                store = backend.open(home)
            case "crash":  # copy the files as they are now: the log not compacted, maybe within a compaction
                number += 1
                after = tmp_path / f"{number}"
                backend.clear(after)
                backend.crash(home, after)
                await store.close()
                home, store = after, backend.open(after)
            case "add":
                readings = [Reading(r.device, m, r.ts, v, r.quality) for r in words[0] for m, v in r.values.items()]
                assert await store.add(readings) == model.add(readings)
                added = True
            case "expire":
                while await store.expire(older(T0 + words[0])):
                    pass
                model.expire(T0 + words[0])
        for query, series in zip(everything, await store.history(everything), strict=True):
            found = [(ts, value, type(value)) for ts, value in series.points]
            expected = [(ts, value, type(value)) for ts, value in model.answer(query)]
            assert comparable(found, added) == comparable(expected, added), (step, query)
    for query, series in zip(final_queries, await store.history(final_queries), strict=True):
        expected = model.answer(query)
        if query.buckets is None:
            assert [p[0] for p in series.points] == [p[0] for p in expected]
            assert added or series.points == expected
        else:
            exact = [(p[0], p[1], *p[3:]) for p in series.points]
            assert exact == [(p[0], p[1], *p[3:]) for p in expected]
            assert [p[2] for p in series.points] == pytest.approx([p[2] for p in expected], rel=1e-12, abs=1e-9)
    await store.close()
