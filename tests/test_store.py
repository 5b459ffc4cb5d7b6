"""Conformance suite of all stores: everything committed is returned complete, once, and in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backends import PARAMETERS
from examples import examples
from hub.errors import Invalid, StoreError
from hub.model import ConfirmedCause, Reading, Series, SeriesQuery
from hub.store.base import Delta, Store
from store_samples import (
    T0,
    activity,
    alert,
    all_of,
    delta,
    diagnosis,
    keys_of,
    older,
    record,
    reference_buckets,
    rejection,
)

Open = Callable[[], Store]


@pytest.fixture(params=PARAMETERS)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    return lambda: request.param.open(tmp_path / "data")


@pytest.fixture
async def store(reopen: Open) -> AsyncIterator[Store]:
    opened = reopen()
    yield opened
    await opened.close()


async def points(store: Store, device: str, metric: str, **limits: Any) -> list[Any]:
    [series] = await store.history([all_of(device, metric, **limits)])
    return [(point[0] - T0, *point[1:]) for point in series.points]


async def test_new_store_is_empty(store: Store) -> None:
    snapshot = await store.load()
    assert (snapshot.cursor, snapshot.states, snapshot.alerts) == (0, {}, [])
    assert (snapshot.keys, snapshot.keys_of) == ([], {})
    assert await store.history([all_of("a", "t"), all_of("a", "t", buckets=5)]) == [Series("a", "t", [])] * 2
    assert await store.history([]) == []
    assert await store.alerts() == []
    assert await store.alert("x") is None
    assert await store.diagnoses(["x"]) == {}
    assert await store.diagnosis("x") is None
    assert await store.rejections() == []
    assert await store.activity() == []
    assert await store.last_fired() == {}
    assert await store.expire(older(T0)) == 0
    assert store.stats().last_commit is None


async def test_everything_survives_restart_unchanged(store: Store, reopen: Open) -> None:
    raised = alert("a1")
    open_one = alert("a2", state="acknowledged", acknowledged_by="Ada", note="seen", raised_at=T0 + 1, value="open")
    cleared = alert("a3", state="cleared", cleared_at=T0 + 9, metric=None, value=None, threshold=None, unit=None)
    written = delta(
        0,
        record("a", 0, 1 << 62, t=71.0, on=True, off=False, mode="auto\0 “x”", tiny=1e-300, third=1 / 3),
        record("a", 1, -1 << 63, quality="clock", t=-0.0, big=-1.7e308),
        record("b", 2, None, t=3.0),
        states={"a": b"\x00\xff", "b": b""},
        alerts=[raised, open_one, cleared],
        diagnoses=[diagnosis("d1", "a1"), diagnosis("d2", None, cause=None, evidence=())],
        rejections=[rejection(1), rejection(2)],
        activity=[activity(1), activity(2, None)],
    )
    await store.commit(1, written)
    await store.close()
    store = reopen()
    snapshot = await store.load()
    assert (snapshot.cursor, snapshot.states) == (3, {"a": b"\x00\xff", "b": b""})
    assert {a.id: a for a in snapshot.alerts} == {"a1": raised, "a2": open_one}
    assert snapshot.keys == [("a", 1 << 62), ("a", -1 << 63)]
    assert (keys_of(snapshot, "a"), keys_of(snapshot, "b")) == ([1 << 62, -1 << 63], [])
    assert await points(store, "a", "t") == [(0, 71.0), (1, 0.0)]
    assert await points(store, "a", "tiny") == [(0, 1e-300)]
    assert await points(store, "a", "third") == [(0, 1 / 3)]
    assert await points(store, "a", "big") == [(1, -1.7e308)]
    assert await points(store, "a", "mode") == [(0, "auto\0 “x”")]
    [(_, on)], [(_, off)] = await points(store, "a", "on"), await points(store, "a", "off")
    assert on is True
    assert off is False
    assert await store.alerts() == [cleared, raised, open_one]
    assert await store.alert("a3") == cleared
    assert await store.diagnoses(["a1", "a2", "none"]) == {"a1": diagnosis("d1", "a1")}
    assert await store.diagnosis("d2") == diagnosis("d2", None, cause=None, evidence=())
    assert await store.rejections() == [rejection(2), rejection(1)]
    assert [line for _, line in await store.activity()] == [activity(2, None), activity(1)]
    assert await store.last_fired() == {"hot": T0 + 2_000}
    await store.close()


async def test_commits_survive_unclean_shutdown(store: Store, reopen: Open) -> None:
    await store.commit(1, delta(0, record("a", 0, t=1.0), states={"a": b"1"}))
    other = reopen()  # as a killed hub leaves it: not closed, the log not compacted
    assert (await other.load()).states == {"a": b"1"}
    assert await points(other, "a", "t") == [(0, 1.0)]
    await other.close()


async def test_equal_readings_are_all_stored(store: Store) -> None:
    same = record("a", 0, t=1.0)
    await store.commit(1, delta(0, same, same))
    await store.commit(1, delta(2, same))
    assert await points(store, "a", "t") == [(0, 1.0)] * 3


async def test_repeated_delta_is_written_once(store: Store) -> None:
    full = delta(
        0,
        record("a", 0, 7, t=1.0),
        record("a", 1, 8, t=2.0),
        alerts=[alert("a1")],
        rejections=[rejection(1)],
        activity=[activity(1)],
    )
    without_records = delta(2, rejections=[rejection(2)], activity=[activity(2)], alerts=[alert("a1", note="x")])
    for each in (full, full, without_records, without_records):
        await store.commit(1, each)
    assert await points(store, "a", "t") == [(0, 1.0), (1, 2.0)]
    assert await store.rejections() == [rejection(2), rejection(1)]
    assert [line for _, line in await store.activity()] == [activity(2), activity(1)]
    assert await store.alerts() == [alert("a1", note="x")]
    assert (await store.load()).keys == [("a", 7), ("a", 8)]


async def test_different_deltas_without_records_are_all_written(store: Store) -> None:
    for number in (1, 2, 3):
        await store.commit(1, delta(0, activity=[activity(number)]))
    assert len(await store.activity()) == 3


async def test_overlapping_delta_is_refused(store: Store) -> None:
    await store.commit(1, delta(0, record("a", 0, t=1.0), record("a", 1, t=1.0)))
    with pytest.raises(StoreError, match="overlaps"):
        await store.commit(1, delta(1, record("a", 1, t=1.0), record("a", 2, t=1.0)))
    assert len(await points(store, "a", "t")) == 2


async def test_old_owner_is_refused_also_after_restart(store: Store, reopen: Open) -> None:
    await store.commit(2, delta(0, states={"a": b"2"}))
    with pytest.raises(StoreError, match="owner"):
        await store.commit(1, delta(0, record("a", 0, t=1.0), states={"a": b"1"}))
    await store.close()
    store = reopen()
    with pytest.raises(StoreError, match="owner"):
        await store.commit(1, delta(0, states={"a": b"1"}))
    await store.commit(2, delta(0, states={"b": b"2"}))
    assert (await store.load()).states == {"a": b"2", "b": b"2"}
    await store.close()


async def test_failed_delta_leaves_no_trace(store: Store) -> None:
    bad = delta(0, record("a", 0, t=1.0), record("new", 2**70, u=1.0), states={"a": b"1"})
    with pytest.raises(StoreError):
        await store.commit(1, bad)
    assert (await store.load()).cursor == 0
    assert await points(store, "a", "t") == []
    await store.commit(1, delta(0, record("new", 0, u=1.0), record("a", 0, t=2.0)))  # and its series ids are free again
    assert await points(store, "a", "t") == [(0, 2.0)]
    assert await points(store, "new", "u") == [(0, 1.0)]


async def test_deleted_device_loses_all_its_data(store: Store) -> None:
    await store.commit(
        1,
        delta(
            0,
            record("pump-1", 0, 7, t=1.0),
            record("b", 0, 7, t=1.0),
            states={"pump-1": b"1", "b": b"1"},
            alerts=[alert("a1"), alert("b1", device="b")],
            diagnoses=[diagnosis("d1", "a1"), diagnosis("d2", "b1", device="b")],
            activity=[activity(1), activity(2, "b")],
        ),
    )
    # In one delta with its next reading and with the activity line about the deletion.
    await store.commit(
        1, delta(2, record("pump-1", 9, 9, t=9.0), deleted=["pump-1", "unknown"], activity=[activity(3, None)])
    )
    snapshot = await store.load()
    assert snapshot.states == {"b": b"1"}
    assert snapshot.keys == [("b", 7), ("pump-1", 9)]
    assert (keys_of(snapshot, "b"), keys_of(snapshot, "pump-1")) == ([7], [9])
    assert await points(store, "pump-1", "t") == [(9, 9.0)]
    assert await points(store, "b", "t") == [(0, 1.0)]
    assert [a.id for a in await store.alerts()] == ["b1"]
    assert await store.diagnosis("d1") is None
    assert list(await store.diagnoses(["a1", "b1"])) == ["b1"]
    assert [line for _, line in await store.activity()] == [activity(3, None), activity(2, "b")]
    before = store.stats().bytes
    while await store.expire(older(0)):
        pass
    assert store.stats().bytes >= before  # nothing is vacuumed here
    assert await points(store, "pump-1", "t") == [(9, 9.0)]


async def test_alerts_are_paged_newest_first(store: Store) -> None:
    many = [
        alert(
            f"a{i:02}",
            raised_at=T0 + i // 3,  # several at the same time
            device=f"pump-{i % 2}",
            state=("raised", "acknowledged", "cleared")[i % 3],
            cleared_at=T0 + 99 if i % 3 == 2 else None,
        )
        for i in range(30)
    ]
    await store.commit(1, delta(0, alerts=many))
    expected = sorted(many, key=lambda a: (a.raised_at, a.id), reverse=True)
    for states in (None, ["raised", "acknowledged"], ["cleared"], ["raised", "cleared"], []):
        for device in (None, "pump-1", "none"):
            matching = [a for a in expected if (states is None or a.state in states) and device in (None, a.device)]
            found, before = [], None
            while page := await store.alerts(states=states, device=device, limit=4, before=before):  # type: ignore[arg-type]
                found += page
                before = (page[-1].raised_at, page[-1].id)
            assert found == matching
    assert await store.alerts(limit=0) == []
    assert {a.id for a in (await store.load()).alerts} == {a.id for a in many if a.open}


async def test_similar_alerts_are_cleared_ones_of_same_rule_and_metric(store: Store) -> None:
    old = [alert(f"o{i}", device=f"d{i}", state="cleared", cleared_at=T0, raised_at=T0 + i) for i in range(5)]
    others = [
        alert("open", raised_at=T0),
        alert("metric", metric="pressure", state="cleared", cleared_at=T0, raised_at=T0),
        alert("rule", rule="cold", state="cleared", cleared_at=T0, raised_at=T0),
        alert("silent", metric=None, state="cleared", cleared_at=T0, raised_at=T0),
    ]
    await store.commit(1, delta(0, alerts=[*old, *others]))
    assert [a.id for a in await store.similar_alerts(old[3])] == ["o2", "o1", "o0"]
    assert [a.id for a in await store.similar_alerts(old[3], limit=1)] == ["o2"]
    assert [a.id for a in await store.similar_alerts(alert("new", metric=None))] == ["silent"]
    assert await store.last_fired() == {"hot": T0 + 4, "cold": T0}


async def test_alerts_with_confirmed_cause_are_found_by_device_and_metric(store: Store) -> None:
    wear = [ConfirmedCause("Bearing wear", "Ada", T0 + n, "bearing_wear", "new bearing") for n in range(4)]
    confirmed = [
        alert("open", raised_at=T0 + 8, confirmed=wear[1]),
        alert("cleared", state="cleared", cleared_at=T0, confirmed=wear[2]),
        alert("like", device="pump-2", rule="cold", confirmed=wear[0]),
    ]
    others = [
        alert("other device", device="pump-3", confirmed=wear[3]),
        alert("other metric", metric="pressure", confirmed=wear[3]),
        alert("not confirmed"),
    ]
    await store.commit(1, delta(0, alerts=[*confirmed, *others]))
    found = await store.confirmed_alerts(["pump-1", "pump-2"], "temperature")
    assert found == [confirmed[1], confirmed[0], confirmed[2]]
    assert await store.confirmed_alerts(["pump-1", "pump-2"], "temperature", limit=1) == [confirmed[1]]
    await store.commit(1, delta(0, alerts=[alert("open", raised_at=T0 + 8)]))
    assert [a.id for a in await store.confirmed_alerts(["pump-1"], "temperature")] == ["cleared"]


async def test_newest_diagnosis_of_alert_is_returned(store: Store) -> None:
    first, second = diagnosis("d1", "a1"), diagnosis("d2", "a1", created_at=T0 + 20_000)
    await store.commit(1, delta(0, alerts=[alert("a1")], diagnoses=[second, first]))
    assert await store.diagnoses(["a1"]) == {"a1": second}


async def test_activity_is_paged_newest_first(store: Store) -> None:
    lines = [activity(i, f"d{i % 2}") for i in range(10)]
    await store.commit(1, delta(0, activity=lines))
    first = await store.activity(limit=4)
    second = await store.activity(limit=4, before=first[-1][0])
    assert [line for _, line in [*first, *second]] == lines[:1:-1]
    assert [line for _, line in await store.activity(device="d1", limit=2)] == [lines[9], lines[7]]


async def test_expire_deletes_old_rows_in_slices(store: Store) -> None:
    readings = [record("a", i, t=float(i)) for i in range(25_000)]
    await store.commit(
        1,
        delta(
            0,
            *readings,
            record("b", 30_000, t=1.0),
            alerts=[
                alert("old", state="cleared", raised_at=T0, cleared_at=T0 + 10),
                alert("open", raised_at=T0),
                alert("new", state="cleared", raised_at=T0, cleared_at=T0 + 90_000),
            ],
            diagnoses=[
                diagnosis("d1", "old"),
                diagnosis("d2", "open", created_at=T0),
                diagnosis("d3", None, created_at=T0),
                diagnosis("d4", None, created_at=T0 + 90_000),
            ],
            rejections=[rejection(1), rejection(90_000)],
            activity=[activity(1), activity(90_000)],
        ),
    )
    deleted = []
    while count := await store.expire(older(T0 + 20_000)):
        deleted.append(count)
        assert len(deleted) < 10
    assert max(deleted) <= 10_001
    assert sum(deleted) == 20_000 + 5
    assert [ts for ts, _ in await points(store, "a", "t")] == list(range(20_000, 25_000))
    assert len(await points(store, "b", "t")) == 1
    assert {a.id for a in await store.alerts()} == {"open", "new"}
    assert [await store.diagnosis(d) is not None for d in ("d1", "d2", "d3", "d4")] == [False, True, False, True]
    assert await store.rejections() == [rejection(90_000)]
    assert [line for _, line in await store.activity()] == [activity(90_000)]


async def test_load_returns_newest_keys_only(store: Store) -> None:
    # A quiet device, and one that alone writes more keys than are kept in total.
    quiet = [record("quiet", i, i, t=1.0) for i in range(300)]
    await store.commit(1, Delta(300, quiet))
    noisy = [record("noisy", i, i, t=1.0) for i in range(30_000)]
    for start in range(0, 30_000, 10_000):
        await store.commit(1, delta(300 + start, *noisy[start : start + 10_000]))
    snapshot = await store.load()
    assert snapshot.keys == [("noisy", key) for key in range(10_000, 30_000)]
    assert keys_of(snapshot, "quiet") == list(range(172, 300))
    assert keys_of(snapshot, "noisy") == list(range(29_872, 30_000))


async def test_history_returns_newest_points_within_limit(store: Store) -> None:
    await store.commit(1, delta(0, *[record("a", i, t=float(i)) for i in range(100)]))
    assert await points(store, "a", "t", limit=3) == [(97, 97.0), (98, 98.0), (99, 99.0)]
    [exact] = await store.history([SeriesQuery("a", "t", T0 + 10, T0 + 12)])
    assert exact.points == [(T0 + 10, 10.0), (T0 + 11, 11.0), (T0 + 12, 12.0)]  # both ends included
    assert (await store.history([SeriesQuery("a", "t", T0 + 12, T0 + 10)]))[0].points == []


@pytest.mark.parametrize("options", [{"buckets": 0}, {"buckets": -1}, {"buckets": 1_000_000}, {"limit": 0}])
async def test_invalid_query_is_refused(store: Store, options: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        await store.history([all_of("a", "t", **options)])


VALUES = st.one_of(st.floats(-1e6, 1e6), st.booleans(), st.text(max_size=3))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    readings=st.lists(st.tuples(st.integers(0, 500), VALUES), max_size=40),
    start=st.integers(-10, 400),
    length=st.integers(0, 300),
    buckets=st.integers(1, 70),
)
async def test_buckets_match_reference_computation(
    reopen: Open, readings: list[tuple[int, Any]], start: int, length: int, buckets: int
) -> None:
    store = reopen()  # one store for all examples, one device for each
    cursor = (await store.load()).cursor
    device = f"d{cursor}-{len(readings)}-{start}-{length}-{buckets}"
    await store.commit(1, delta(cursor, *[record(device, ts, m=v) for ts, v in readings], deleted=[device]))
    queries = [
        SeriesQuery(device, "m", T0 + start, T0 + start + length, buckets),
        SeriesQuery(device, "m", T0, T0 + 500),
    ]
    found, raw = await store.history(queries)
    await store.close()
    assert raw.points == [(T0 + ts, v) for ts, v in sorted(readings, key=lambda r: r[0])]
    assert [type(p[1]) for p in raw.points] == [type(v) for _, v in sorted(readings, key=lambda r: r[0])]
    expected = reference_buckets([(T0 + ts, v) for ts, v in readings], T0 + start, T0 + start + length, buckets)
    assert [(p[0], p[1], p[3:]) for p in found.points] == [(e[0], e[1], e[3:]) for e in expected]
    assert [p[2] for p in found.points] == pytest.approx([e[2] for e in expected], rel=1e-12, abs=1e-9)


async def test_many_series_are_returned_in_order_of_queries(store: Store) -> None:
    await store.commit(1, delta(0, *[record(f"d{i % 100}", i, t=float(i), u=1.0) for i in range(3_000)]))
    queries = [SeriesQuery(f"d{i % 110}", ("t", "u")[i % 2], T0, T0 + 3_000, (None, 7, 60)[i % 3]) for i in range(300)]
    together = await store.history(queries)
    alone = [(await store.history([query]))[0] for query in queries]
    assert together == alone
    assert [(s.device, s.metric) for s in together] == [(q.device, q.metric) for q in queries]


async def all_pages(
    store: Store, device: str, metric: str, limit: int, start: int = 0, end: int = 1 << 60
) -> list[Any]:
    found, at = list[Any](), start
    while True:
        page = await store.readings(device, metric, at, end, limit)
        assert all(at <= ts for ts, _, _ in page.points)
        found += page.points
        if page.next is None:
            return found
        assert page.next > at
        at = page.next


async def test_series_are_listed_in_order(store: Store) -> None:
    await store.commit(1, delta(0, record("b", 0, t=1.0, u=2.0), record("a", 0, tx=1.0), record("c", 0, t=1.0)))
    assert await store.series(None, None) == [("a", "tx"), ("b", "t"), ("b", "u"), ("c", "t")]
    assert await store.series(["b", "nobody"], None) == [("b", "t"), ("b", "u")]
    assert await store.series(None, "t*") == [("a", "tx"), ("b", "t"), ("c", "t")]
    assert await store.series(["c"], "?") == [("c", "t")]
    assert await store.series([], None) == []
    await store.commit(1, delta(3, deleted=["b"]))
    assert await store.series(None, "u") == []


@pytest.mark.parametrize("limit", [1, 100, 1_000_000])
async def test_pages_return_every_reading_once_in_order(store: Store, limit: int) -> None:
    given = [((i * 7919) % 5_000 if i % 3 else i, float(i), ("good", "late")[i % 2]) for i in range(2_500)]
    for first in range(0, len(given), 500):
        part = [record("a", ts, None, quality, t=value) for ts, value, quality in given[first : first + 500]]
        await store.commit(1, delta(first, *part))
        if first != 2_000:  # late data across chunks, and some that is in no chunk yet
            await store.tidy()
    expected = [(T0 + ts, value, quality) for ts, value, quality in sorted(given, key=lambda point: point[0])]
    assert await all_pages(store, "a", "t", limit) == expected
    part = await all_pages(store, "a", "t", limit, T0 + 100, T0 + 200)
    assert part == [point for point in expected if T0 + 100 <= point[0] <= T0 + 200]
    assert await all_pages(store, "a", "nothing", limit) == []


async def test_added_readings_are_merged_without_duplicates(store: Store, reopen: Open) -> None:
    await store.commit(1, delta(0, *[record("a", i * 10, t=float(i)) for i in range(600)], record("a", 5, on=True)))
    await store.tidy()
    await store.commit(1, delta(601, record("a", 6_000, t=600.0)))
    more = [
        *(Reading("a", "t", T0 + i * 5, i / 2, "late") for i in range(1_201)),  # every second one is already stored
        Reading("a", "on", T0 + 5, 1.0),  # a number, so no duplicate of True
        Reading("b", "mode", T0 - 5, "auto"),
        Reading("b", "mode", T0 - 5, "auto"),
    ]
    assert await store.add(more) == 600 + 1 + 1
    assert await store.add(more) == 0
    assert await store.add([]) == 0
    await store.commit(1, delta(602, record("b", 0, mode="off"), record("b", 1, new=1.0)))  # series that already exist
    for _ in range(2):
        assert await points(store, "a", "t") == [(i * 5, i / 2) for i in range(1_201)]
        assert {type(value) for _, value in await points(store, "a", "on")} == {bool, float}
        assert await points(store, "b", "mode") == [(-5, "auto"), (0, "off")]
        assert await points(store, "b", "new") == [(1, 1.0)]
        await store.close()
        store = reopen()
    [wide] = await store.history([SeriesQuery("a", "t", T0, T0 + 6_001, 1)])
    assert wide.points[0][4] == 1_201
    assert wide.marks[0][2] == "late"
    await store.close()
