"""Export and import of the history as CSV and Parquet: exact round trip, no spreadsheet formulas, no duplicates."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hub_process
from api_hub import ApiHub, now_ms, running_hub
from brokers import Mosquitto
from examples import examples
from hub.errors import Invalid
from hub.formats import Format, RowSkipped, new_table, read_table
from hub.model import Page, Reading
from hub.runtime.installation import open_installation
from hub.services.import_export import PAGE
from hub.store.sqlite import SqliteStore
from serving import Serving, Thing, until
from store_samples import T0, all_of, delta, record

# The process that reads and writes tables has a low priority: on a loaded machine it waits.
pytestmark = pytest.mark.timeout(240)

FORMATS: tuple[Format, ...] = ("csv", "parquet")
VALUES = (
    71.5,
    1 / 3,
    -1.7e308,
    5e-324,
    2.0**53,
    -0.25,
    True,
    False,
    "auto",
    "",
    "true",
    "71.5",
    'a,b\n"c" \'d',
    "ä\0 “x”",
)
RISKY = ("=1+1", "+1", "-x", "@SUM(A1)", "\tx", "\rx", "'quoted", "''=2")


def encode(table: Any, pages: list[Page]) -> bytes:
    return b"".join([*(table.add(page, "°C") for page in pages), table.end()])


def page(values: tuple[Any, ...], device: str = "a", metric: str = "t") -> Page:
    qualities = ("good", "late", "clock")
    return Page(device, metric, [(T0 + i * 7, v, qualities[i % 3]) for i, v in enumerate(values)])


def rows(page: Page) -> list[tuple[Any, ...]]:
    return [(page.device, page.metric, ts, value, type(value), quality) for ts, value, quality in page.points]


def decode(tmp_path: Path, body: bytes, kind: Format) -> list[tuple[Any, ...]]:
    file = tmp_path / f"table.{kind}"
    file.write_bytes(body)
    found = [r for r in read_table(file, kind) if not isinstance(r, RowSkipped)]
    return [(r.device, r.metric, r.ts, r.value, type(r.value), r.quality) for r in found]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_value_survives_round_trip(kind: Format, tmp_path: Path) -> None:
    pages = [page(VALUES), page(RISKY, "b:1~x", "=cmd()"), Page("c", "none", []), page((1.0,), "d", "-m")]
    body = encode(new_table(kind), pages)
    assert decode(tmp_path, body, kind) == [row for each in pages for row in rows(each)]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
points = st.tuples(
    st.integers(-(10**12), 4 * 10**12),
    st.one_of(numbers, st.booleans(), texts),
)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(points, max_size=30), texts.filter(lambda text: text and text.isprintable()))
def test_any_readings_survive_round_trip(tmp_path: Path, given: list[tuple[int, Any]], metric: str) -> None:
    page = Page("a", metric, [(ts, value, "good") for ts, value in given])
    for kind in FORMATS:
        assert decode(tmp_path, encode(new_table(kind), [page]), kind) == rows(page)


def test_csv_cells_are_no_formulas() -> None:
    body = encode(new_table("csv"), [page(RISKY, "a", "=HYPERLINK(1)"), page((-5.0, 1e300))])
    for line in csv.reader(io.StringIO(body.decode(), newline="")):
        for cell in line:
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
            assert not cell.startswith("-") or float(cell) < 0


@pytest.mark.parametrize("kind", FORMATS)
def test_empty_table_has_its_columns(kind: Format, tmp_path: Path) -> None:
    body = encode(new_table(kind), [])
    assert decode(tmp_path, body, kind) == []
    if kind == "csv":
        assert body == b"time,device,metric,value,type,quality,unit\r\n"


def test_tables_of_other_programs_are_read(tmp_path: Path) -> None:
    body = (
        "\ufeffValue, Metric ,time,device,note\r\n"
        "21.5,t,2026-11-25T13:00:00+01:00,a,x\r\n\r\n"
        "true,on,1795000000,a,x\n1e3,t,1795000000123,b,\nidle,mode,2026-11-25 12:00:00.5,b,\n"
    )
    assert [row[:4] for row in decode(tmp_path, body.encode(), "csv")] == [
        ("a", "t", 1_795_608_000_000, 21.5),
        ("a", "on", 1_795_000_000_000, True),
        ("b", "t", 1_795_000_000_123, 1000.0),
        ("b", "mode", 1_795_608_000_500, "idle"),
    ]
    table = arrow.table(
        {
            "time": arrow.array([1_795_000_000_123_456], arrow.timestamp("us")),
            "device": ["a"],
            "metric": ["t"],
            "value": arrow.array([3], arrow.int32()),
        }
    )
    parquet.write_table(table, tmp_path / "other.parquet")
    assert list(read_table(tmp_path / "other.parquet", "parquet")) == [Reading("a", "t", 1_795_000_000_123, 3.0)]


HEAD = "time,device,metric,value,type,quality\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", "no column 'time'"),
        ("time,device,value\n", "no column 'metric'"),
        (HEAD + "1,a,t,1,number,good\nyesterday,a,t,1,number,good\n", "Line 3: 'yesterday' is not a valid time"),
        (HEAD + "1,a b,t,1,number,good\n", "Line 2: 'a b' is not a valid device id"),
        (HEAD + "1,a,,1,number,good\n", "Line 2: '' is not a valid metric name"),
        (HEAD + "1,a,t,1_0,number,good\n", "is not a valid number"),
        (HEAD + "1,a,t,1e999,number,good\n", "1e999' is not a valid number: it is too large"),
        (HEAD + "1,a,t,2,boolean,good\n", "'2' is not a boolean"),
        (HEAD + "1,a,t,2,decimal,good\n", "'decimal' is not a known type"),
        (HEAD + "1,a,t,2,number,fine\n", "'fine' is not a known quality"),
        (HEAD + "1,a,t,2\n", "4 cells instead of 6"),
        (HEAD + "1e14000,a,t,2,number,good\n", "'1e14000' is not a valid number: it is too large"),
        (HEAD + '1,a,t,"2,number,good\n', "not valid CSV"),
        (HEAD + "1,a,t," + "x" * 50_000 + ",text,good\n", "at most"),
    ],
)
def test_invalid_table_is_refused_with_row_and_reason(body: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=expected):
        decode(tmp_path, body.encode(), "csv")


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="UTF-8"):
        decode(tmp_path, HEAD.encode() + b"1,a,t,\xff,text,good\n", "csv")
    with pytest.raises(Invalid, match="not a Parquet file"):
        decode(tmp_path, b"PAR1 not at all", "parquet")
    parquet.write_table(arrow.table({"time": [1]}), tmp_path / "short.parquet")
    with pytest.raises(Invalid, match="no column 'device'"):
        list(read_table(tmp_path / "short.parquet", "parquet"))


def counts(answer: dict[str, Any]) -> dict[str, int]:
    return {key: value for key, value in answer.items() if key not in ("skipped", "zone")}


# --- over the API --------------------------------------------------------------------------------------------------


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path / "data") as hub:
        yield hub


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path / "other") as hub:
        yield hub


@pytest.mark.parametrize("kind", FORMATS)
async def test_history_is_exported_and_imported_into_another_hub(kind: str, hub: ApiHub, other: ApiHub) -> None:
    start = now_ms() - 50_000_000
    hub.publish("devices/pump/info", {"units": {"t": "°C"}})
    for first in range(0, 2 * PAGE + 500, 500):  # more than a page
        many = [{"ts": start + n * 1000, "t": n / 10, "on": n % 2 == 0} for n in range(first, first + 500)]
        hub.publish("devices/pump/telemetry", many)
    hub.publish("devices/fan/telemetry", {"mode": "=cmd()", "ts": start})
    await hub.settled()
    await hub.services.store.tidy()
    answer = await hub.http.get("/api/history/export", params={"format": kind})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith(f'"history.{kind}"')
    for added in (2 * (2 * PAGE + 500) + 1, 0):  # the second import adds nothing
        imported = await other.http.post("/api/history/import", params={"format": kind}, content=answer.content)
        assert counts(imported.json()) == {
            "read": 2 * (2 * PAGE + 500) + 1,
            "added": added,
            "duplicates": 2 * (2 * PAGE + 500) + 1 - added,
            "devices": 2 if added else 0,
            "texts": 1,
        }
    for device, metric in (("pump", "t"), ("pump", "on"), ("fan", "mode")):
        path = f"/api/devices/{device}/history"
        params = {"metric": metric, "from": start, "to": start + 60_000_000}
        ours, theirs = [(await each.http.get(path, params=params)).json()["points"] for each in (hub, other)]
        assert ours == theirs
        assert ours
    assert (await other.http.get("/api/alerts")).json()["items"] == []
    again = await other.http.get("/api/history/export", params={"format": kind})
    if kind == "csv":  # units belong to the device, not to the history
        assert again.content == answer.content.replace("°C".encode(), b"")


async def test_export_contains_selected_devices_metrics_and_times(hub: ApiHub) -> None:
    for device in ("a", "b", "c"):
        hub.publish(f"devices/{device}/telemetry", [{"ts": T0 + n, "t": n, "tx": n, "u": n} for n in range(10)])
    await hub.settled()
    params = {"device_id": ["a", "c"], "metric": "t*", "from": now_ms() - 10_000}
    lines = list(csv.DictReader(io.StringIO((await hub.http.get("/api/history/export", params=params)).text)))
    assert {(line["device"], line["metric"]) for line in lines} == {("a", "t"), ("a", "tx"), ("c", "t"), ("c", "tx")}
    assert {line["quality"] for line in lines} == {"clock"}
    wrong = await hub.http.get("/api/history/export", params={"from": 2, "to": 1})
    assert wrong.status_code == 422
    assert (await hub.http.get("/api/history/export", params={"format": "xls"})).status_code == 422


async def test_readings_before_invalid_row_stay_and_are_not_duplicated(hub: ApiHub) -> None:
    good = "".join(f"{1_700_000_000 + n},a,t,{n}\n" for n in range(7_000))
    head = "time,device,metric,value\n"
    answer = await hub.http.post("/api/history/import", content=(head + good + "soon,a,t,1\n").encode())
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert "Line 7002: 'soon' is not a valid time" in error["message"]
    assert "The 7000 readings before it were imported (7000 new)." in error["message"]
    answer = await hub.http.post("/api/history/import", content=(head + good + "1700009000,a,t,1\n").encode())
    assert counts(answer.json()) == {"read": 7_001, "added": 1, "duplicates": 7_000, "devices": 0, "texts": 0}


async def test_import_changes_only_history(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", temperature=20)
    rows = [f"{now_ms() + off},pump-01,temperature,{value}\n" for off, value in ((-5000, 99), (5000, 98))]
    table = "time,device,metric,value\n" + "".join(rows)
    assert (await hub.http.post("/api/history/import", content=table.encode())).json()["added"] == 2
    await hub.settled()
    device = (await hub.http.get("/api/devices/pump-01")).json()
    assert device["metrics"]["temperature"]["value"] == 20
    assert (await hub.http.get("/api/alerts")).json()["items"] == []


# --- by the command line -------------------------------------------------------------------------------------------


def run(*words: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    return hub_process.run(*words, status=status)


async def filled(data: Path) -> list[Any]:
    store = SqliteStore.open(data)
    await store.commit(1, delta(0, *[record("a", i, t=float(i)) for i in range(700)]))
    await store.tidy()
    await store.commit(1, delta(700, *[record("a", 700 + i, t=float(i)) for i in range(50)]))
    [found] = await store.history([all_of("a", "t")])
    await store.close()
    return list(found.points)


@pytest.mark.parametrize("kind", FORMATS)
async def test_export_and_import_commands_without_hub(kind: str, tmp_path: Path) -> None:
    points = await filled(tmp_path / "data")
    file = tmp_path / f"out.{kind}"
    run("export", file, "--data", tmp_path / "data")
    assert "exists already" in run("export", file, "--data", tmp_path / "data", status=2).stderr
    run("export", file, "--data", tmp_path / "data", "--replace")
    open_installation(tmp_path / "new")
    for new in ("750 of them new; 1 devices created", "0 of them new"):
        assert "750 readings read, " + new in run("import", file, "--data", tmp_path / "new").stdout
    store = SqliteStore.open(tmp_path / "new")
    [found] = await store.history([all_of("a", "t")])
    assert found.points == points
    assert list((await store.load()).states) == ["a"]
    await store.close()
    text = run("export", "-", "--data", tmp_path / "new", "--to", str((T0 + 9) / 1000), "--metric", "t").stdout
    assert len(text.splitlines()) == 11
    assert "There is no device 'b'" in run("export", "-", "--data", tmp_path / "new", "--device", "b", status=2).stderr


@pytest.fixture
def serving(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    (tmp_path / "hub").mkdir()
    hub = Serving(tmp_path / "hub" / "data", mosquitto)
    hub.start()
    yield hub
    hub.stop()


def test_export_and_import_commands_while_hub_runs(serving: Serving, mosquitto: Mosquitto, tmp_path: Path) -> None:
    thing = Thing(mosquitto)
    try:
        for number in range(5):
            thing.say("devices/pump/telemetry", {"t": number})
        path = "/api/devices/pump/history?metric=t&from=0"
        until(lambda: serving.http.get(path).status_code == 200 and len(serving.get(path)["points"]) == 5)
        file, where = tmp_path / "out.csv", ("--data", serving.data, "--http", f"127.0.0.1:{serving.port}")
        run("export", file, *where)
        assert len(file.read_text().splitlines()) == 6
        file.write_text(file.read_text() + "2020-01-01,pump,t,-1,number,good,\n2020-01-01,tank,t,-2,number,good,\n")
        assert "7 readings read, 2 of them new; 1 devices created" in run("import", file, *where).stdout
        assert serving.get(path)["points"][0] == [1_577_836_800_000, -1]
        assert serving.get("/api/devices/tank")["presence"] in ("online", "stale")
        file.write_text("time,device\n")
        assert "no column 'metric'" in run("import", file, *where, status=2).stderr
        wrong = run("import", file, "--data", serving.data, "--http", "127.0.0.1:1", status=2)
        assert "does not answer at 127.0.0.1:1" in wrong.stderr
    finally:
        thing.leave()
