"""Tables written by other programs: an unreadable number never becomes a text, and nothing ambiguous is guessed."""

from __future__ import annotations

import decimal
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from api_hub import ApiHub, running_hub
from hub.errors import Invalid
from hub.formats import Form, Format, RowSkipped, read_table, zone_of

HEAD = "time,device,metric,value\n"
AT = "2026-11-25T13:00:00Z"


def parse(file: Path, kind: Format = "csv", zone: str = "UTC") -> tuple[list[Any], list[int]]:
    """Return the values and times of a table, and the numbers of the skipped rows."""
    rows = list(read_table(file, kind, Form(zone_of(zone))))
    return [(r.value, r.ts) for r in rows if not isinstance(r, RowSkipped)], [
        r.where for r in rows if isinstance(r, RowSkipped)
    ]


def csv_file(tmp_path: Path, body: str | bytes) -> Path:
    file = tmp_path / "table.csv"
    file.write_bytes(body.encode() if isinstance(body, str) else body)
    return file


def values(tmp_path: Path, body: str | bytes) -> list[Any]:
    return [value for value, _ in parse(csv_file(tmp_path, body))[0]]


NOTHING = (
    "", "  ", "unavailable", "Unknown", "undefined", "nan", "NaN", "-nan", "none", "None", "NULL", "n/a", "N/A", "NA",
    "#N/A", "1.#IND", "#DIV/0!", "#VALUE!", "-", "--", "inf", "-Infinity", "\\N", "\u00a0",
)  # fmt: skip


@pytest.mark.parametrize("cell", NOTHING)
@pytest.mark.parametrize("kind", ["", "number", "boolean"])
def test_cells_without_value_are_skipped(cell: str, kind: str, tmp_path: Path) -> None:
    body = f"time,device,metric,value,type\n{AT},a,t,{cell},{kind}\n{AT},a,t,1,\n"
    found, skipped = parse(csv_file(tmp_path, body))
    assert [value for value, _ in found] == [1.0]
    assert skipped == [2]


def test_cell_of_type_text_is_kept(tmp_path: Path) -> None:
    body = "time,device,metric,value,type\n" + "".join(f"1,a,t,{word},text\n" for word in ("unknown", "nan", "1.5", ""))
    assert values(tmp_path, body) == ["unknown", "nan", "1.5", ""]


@pytest.mark.parametrize(
    "cell",
    ["20,5", "-20,5", ",5", "1 234.5", "1\u00a0234", "1\u202f234,5", "1,234.5", "1.234,5", "1'234.5", "1’234", "1_234",
     "1.234.567", "1,234,567", "−5", "٣", "1 2", "20,5e3"],
)  # fmt: skip
def test_ambiguous_numbers_are_refused_with_their_row(cell: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"Line 3: .* is not a valid number"):
        parse(csv_file(tmp_path, HEAD + f'{AT},a,t,1\n{AT},a,t,"{cell}"\n'))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("20 %", "'20 %' is a number with a unit. Write 20:"),
        ("20.5 °C", "'20.5 °C' is a number with a unit. Write 20.5:"),
        ("-3,5 bar", "'-3,5 bar' is a number with a unit. Write -3,5:"),
        ("1013hPa", "'1013hPa' is a number with a unit. Write 1013:"),
        ("4.2 m³/h", "'4.2 m³/h' is a number with a unit. Write 4.2:"),
        ("0x10", "'0x10' is hexadecimal. Write 16."),
        ("1e400", "'1e400' is not a valid number: it is too large."),
    ],
)
def test_cells_that_mean_a_number_are_refused_with_advice(cell: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        parse(csv_file(tmp_path, HEAD + f'{AT},a,t,1\n{AT},a,t,"{cell}"\n'))
    assert f"{refused.value.message} {refused.value.hint}".startswith(f"Line 3: {message}")
    typed = f'time,device,metric,value,type\n{AT},a,t,"{cell}",text\n'
    assert values(tmp_path, typed) == [cell]


@pytest.mark.parametrize("cell", ["1.2.3", "5e", "2nd floor", "12 apples", "10.0.0.1"])
def test_texts_that_begin_with_a_digit_stay_texts(cell: str, tmp_path: Path) -> None:
    assert values(tmp_path, HEAD + f"{AT},a,t,{cell}\n") == [cell]


@pytest.mark.parametrize(
    ("separator", "cell", "hint"),
    [
        (";", "1.234,5", "Write 1234,5, without"),
        (";", "1.234.567", "Write 1234567, without"),
        (";", "1.234.567,8", "Write 1234567,8, without"),
        (";", "1 234,5", "Write 1234,5, without"),
        (";", "1'234.5", "Write 1234,5, without"),
        (";", "1,234.5", "Write 1234,5, without"),
        (";", "1 2", "Write it like 1234,5 or 1234.5, without"),
        (",", "1.234,5", "Write 1234.5, without"),
        (",", "1,234.5", "Write 1234.5, without"),
        (",", "1,234,567", "Write 1234567, without"),
        (",", "1\u00a0234", "Write 1234, without"),
        (",", "20,5", "Write 20.5, or separate the cells by semicolons"),
        ("\t", "1,234", "Write 1.234, or separate the cells by semicolons"),
    ],
)
def test_hint_shows_accepted_form_of_number(separator: str, cell: str, hint: str, tmp_path: Path) -> None:
    body = HEAD.replace(",", separator) + separator.join((AT, "a", "t", f'"{cell}"')) + "\n"
    with pytest.raises(Invalid) as refused:
        parse(csv_file(tmp_path, body))
    assert hint in refused.value.hint
    accepted = hint.removeprefix("Write ").partition(", ")[0]
    if "it like" not in accepted:
        assert values(tmp_path, body.replace(cell, accepted)) == [float(accepted.replace(",", "."))]


@pytest.mark.parametrize("cell", ["45231.5", "45231", "45231,5", "25569"])
def test_spreadsheet_day_numbers_are_refused(cell: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"Line 3: .* is not a valid time.*spreadsheet") as refused:
        parse(csv_file(tmp_path, f"time;device;metric;value\n{AT};a;t;1\n{cell};a;t;1\n"))
    assert "yyyy-mm-dd hh:mm:ss" in refused.value.hint
    if cell.startswith("45231"):
        assert "2023-11-01" in refused.value.message


def test_spreadsheet_day_numbers_are_refused_in_parquet(tmp_path: Path) -> None:
    file = tmp_path / "table.parquet"
    parquet.write_table(arrow.table({"time": [45231.5], "device": ["a"], "metric": ["t"], "value": [1.0]}), file)
    with pytest.raises(Invalid, match="spreadsheet"):
        parse(file, "parquet")


@pytest.mark.parametrize("cell", ["1.2.3", "192.168.1.20", "12:30", "auto", "E1", "2026-01-01", "a,b"])
def test_cell_that_is_no_number_is_a_text(cell: str, tmp_path: Path) -> None:
    assert values(tmp_path, HEAD + f'{AT},a,t,"{cell}"\n') == [cell]


def test_semicolon_table_may_use_decimal_comma(tmp_path: Path) -> None:
    assert values(tmp_path, f"time;device;metric;value\n{AT};a;t;20,5\n{AT};a;t;-,5\n{AT};a;t;7\n") == [20.5, -0.5, 7]
    assert values(tmp_path, f"time;device;metric;value\n{AT};a;t;20.5\n1700000000,5;a;t;7\n") == [20.5, 7]


@pytest.mark.parametrize(("first", "second"), [("20,5", "20.5"), ("20.5", "20,5"), ("1,5", "1.234,5"), ("1", "1 234")])
def test_mixed_decimal_marks_are_refused(first: str, second: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="Line 3: "):
        parse(csv_file(tmp_path, f"time;device;metric;value\n{AT};a;t;{first}\n{AT};a;t;{second}\n"))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_separators_line_ends_and_encodings_are_recognised(
    separator: str, end: str, encoding: str, tmp_path: Path
) -> None:
    rows = [
        ["Time", " DEVICE ", "metric", "Value", "note"],
        [AT, "a", "t", "21.5", '"two\nlines"'],
        [AT, "a", "mode", '"hot; ""very"""', "ü"],
        ["", "", "", "", ""],
    ]
    body = end.join(separator.join(row) for row in rows) + end
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    for text in {mark + body, body}:
        assert values(tmp_path, text.encode(encoding)) == [21.5, 'hot; "very"']


def test_sep_line_of_excel_is_read(tmp_path: Path) -> None:
    assert values(tmp_path, f"sep=;\ntime;device;metric;value\n{AT};a;t;1,5\n") == [1.5]
    with pytest.raises(Invalid, match="Line 4: 'x y'"):
        parse(csv_file(tmp_path, f"sep=;\ntime;device;metric;value\n{AT};a;t;1,5\n{AT};x y;t;1\n"))


@pytest.mark.parametrize(
    "head", ["timestamp,device_id,field,state", "TS,entity_id,measurement,_value", "time,ts,device,metric,value"]
)
def test_common_column_names_are_recognised(head: str, tmp_path: Path) -> None:
    cells = f"{AT},nothing,a,t,1.5" if head.count(",") == 4 else f"{AT},a,t,1.5"
    assert values(tmp_path, f"{head}\n{cells}\n") == [1.5]


def test_on_and_off_are_booleans(tmp_path: Path) -> None:
    body = HEAD + "".join(f"{AT},a,t,{word}\n" for word in ("on", "OFF", "True", "false"))
    assert values(tmp_path, body) == [True, False, True, False]
    body = "time,device,metric,value,type\n" + "".join(f"{AT},a,t,{word},boolean\n" for word in ("1", "0", "yes", "no"))
    assert values(tmp_path, body) == [True, False, True, False]


@pytest.mark.parametrize("text", ["20261128", "2026-11-28"])
def test_date_without_dashes_is_a_date(text: str, tmp_path: Path) -> None:
    ((_, ts),) = parse(csv_file(tmp_path, HEAD + f"{text},a,t,1\n"))[0]
    assert ts == datetime(2026, 11, 28, tzinfo=UTC).timestamp() * 1000


def test_times_without_zone_use_zone_parameter(tmp_path: Path) -> None:
    body = (
        HEAD + "2026-07-01 12:00:00,a,t,1\n2026-01-01T12:00:00,a,t,1\n2026-07-01T12:00+02:00,a,t,1\n2026-07-01,a,t,1\n"
    )
    berlin = ZoneInfo("Europe/Berlin")
    expected = [
        datetime(2026, 7, 1, 12, tzinfo=berlin),
        datetime(2026, 1, 1, 12, tzinfo=berlin),
        datetime(2026, 7, 1, 10, tzinfo=UTC),
        datetime(2026, 7, 1, tzinfo=berlin),
    ]
    found, _ = parse(csv_file(tmp_path, body), zone="Europe/Berlin")
    assert [ts for _, ts in found] == [int(when.timestamp() * 1000) for when in expected]
    with pytest.raises(Invalid, match="'Europe/Atlantis' is not a known time zone"):
        zone_of("Europe/Atlantis")
    for odd in ("../../etc/passwd", "/etc/passwd", "", "a\0b"):
        with pytest.raises(Invalid):
            zone_of(odd)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (HEAD + f"{AT},a,t,20,5\n", "Line 2: The row has 5 cells instead of 4"),
        ("a b c\n", "no column 'time'. Its columns: 'a b c'"),
        ("time,time,device,metric,value\n", "column 'time' twice"),
        (HEAD + f"{AT},a,t,1\n25.11.2026 13:00,a,t,1\n", "Line 3: '25.11.2026 13:00' is not a valid time"),
        (HEAD + f"{AT},.,t,1\n", "'.' is not a valid device id"),
        (HEAD + f"{AT},..,t,1\n", "'..' is not a valid device id"),
        (HEAD + f"{AT},a/b,t,1\n", "'a/b' is not a valid device id"),
        (HEAD + f'{AT},a,"t\nu",1\n', "is not a valid metric name"),
        (HEAD + f"{AT},a,t\0u,1\n", "is not a valid metric name"),
        (HEAD + f"{AT},a,t\x1b[31m,1\n", "is not a valid metric name"),
        (HEAD + f"{AT},a,{'t' * 129},1\n", "is not a valid metric name"),
        (HEAD + f"{AT},a,t,{'x' * 10_001}\n", "The text is too long: at most"),
        ("PK\x03\x04whatever", "Excel"),
    ],
)
def test_invalid_rows_are_refused_with_row_and_reason(body: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=expected):
        parse(csv_file(tmp_path, body))


# --- Parquet --------------------------------------------------------------------------------------------------------


def parquet_file(tmp_path: Path, **columns: Any) -> Path:
    count = max(len(column) for column in columns.values())
    given = {"time": [1_795_000_000_000] * count, "device": ["a"] * count, "metric": ["t"] * count, **columns}
    parquet.write_table(arrow.table(given), tmp_path / "table.parquet")
    return tmp_path / "table.parquet"


@pytest.mark.parametrize(
    ("column", "expected", "skipped"),
    [
        (arrow.array([1, None, 3], arrow.int32()), [1.0, 3.0], [2]),
        (arrow.array([1.5, float("nan"), float("inf")]), [1.5], [2, 3]),
        (arrow.array([decimal.Decimal("20.50"), None]), [20.5], [2]),
        (arrow.array([True, None, False]), [True, False], [2]),
        (arrow.array(["20.5", "unavailable", "idle"]).dictionary_encode(), [20.5, "idle"], [2]),
        (arrow.array([2**63], arrow.uint64()), [2.0**63], []),
        (arrow.array([2**53 + 1], arrow.int64()), [2.0**53], []),
        (arrow.array([1.5], arrow.float16()) if False else arrow.array([1.5], arrow.float32()), [1.5], []),
        (arrow.nulls(2), [], [1, 2]),
        (arrow.array(["on", "1e3"], arrow.large_string()), [True, 1000.0], []),
    ],
)
def test_parquet_values_of_every_type_are_read(
    tmp_path: Path, column: Any, expected: list[Any], skipped: list[int]
) -> None:
    found, found_skipped = parse(parquet_file(tmp_path, value=column), "parquet")
    assert [value for value, _ in found] == expected
    assert [type(value) for value, _ in found] == [type(value) for value in expected]
    assert found_skipped == skipped


NOON = datetime(2026, 7, 1, 12)  # noqa: DTZ001 (a time without a zone, on purpose)
IN_UTC, IN_BERLIN = 1_782_907_200_000, 1_782_900_000_000


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        *((arrow.array([NOON], arrow.timestamp(unit)), IN_BERLIN) for unit in ("s", "ms", "us", "ns")),
        (arrow.array([NOON.replace(tzinfo=UTC)], arrow.timestamp("us", "America/New_York")), IN_UTC),
        (arrow.array([date(2026, 7, 1)]), IN_BERLIN - 12 * 3_600_000),
        (arrow.array([IN_UTC]), IN_UTC),
        (arrow.array([IN_UTC // 1000]), IN_UTC),
        (arrow.array([IN_UTC / 1000]), IN_UTC),
        (arrow.array(["2026-07-01 12:00:00"]), IN_BERLIN),
        (arrow.array(["2026-07-01T12:00:00Z"]).dictionary_encode(), IN_UTC),
    ],
)
def test_parquet_times_of_every_type_are_read(tmp_path: Path, column: Any, expected: int) -> None:
    found, _ = parse(parquet_file(tmp_path, time=column, value=[1.0]), "parquet", "Europe/Berlin")
    assert [ts for _, ts in found] == [expected]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"value": [[1.0, 2.0]]}, "The column 'value' has the type list"),
        ({"value": [{"x": 1.0}]}, "The column 'value' has the type struct"),
        ({"value": [b"1"]}, "The column 'value' has the type binary"),
        ({"value": [1.0], "time": [{"s": 1}]}, "The column 'time' has the type struct"),
        ({"value": [1.0], "metric": [7]}, "The column 'metric' has the type int64"),
        ({"value": [1.0, 1.0], "metric": ["t", None]}, "Row 2: The time, the device or the metric is missing"),
        ({"value": ["1", "20,5"]}, "Row 2: '20,5' is not a valid number"),
        ({"value": ["1", "x" * 20_000]}, "Row 2: The text is too long: at most"),
        ({"value": [1.0, 2.0], "metric": ["t", "a\nb"]}, "Row 2: .* is not a valid metric name"),
        ({"value": [1.0, 2.0], "type": ["number", "boolean"]}, "Row 2: 2.0 is not a boolean"),
        ({"value": [1.0, 2.0], "device": ["a", ".."]}, "Row 2: '..' is not a valid device id"),
    ],
)
def test_unsupported_parquet_columns_are_refused(tmp_path: Path, columns: dict[str, Any], expected: str) -> None:
    with pytest.raises(Invalid, match=expected):
        parse(parquet_file(tmp_path, **columns), "parquet")


# --- the API response ----------------------------------------------------------------------------------------------


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path / "data") as hub:
        yield hub


async def test_import_response_counts_rows_by_outcome(hub: ApiHub) -> None:
    rows = [f"2026-07-01 12:00:{n:02d},a,t,{'unavailable' if n % 3 == 0 else n}\n" for n in range(30)]
    body = HEAD + "".join(rows) + rows[1] + "2026-07-01 12:00:00,a,mode,idle\n"
    params = {"zone": "Europe/Berlin"}
    answer = await hub.http.post("/api/history/import", params=params, content=body.encode())
    assert answer.json() == {
        "read": 32,
        "added": 21,
        "devices": 1,
        "duplicates": 1,
        "skipped": [{"reason": "no value", "count": 10, "rows": [2, 5, 8, 11, 14]}],
        "texts": 1,
        "zone": "Europe/Berlin",
    }
    path = "/api/devices/a/history"
    points = (await hub.http.get(path, params={"metric": "t", "from": 0})).json()["points"]
    assert points[0] == [IN_BERLIN + 1_000, 1.0]
    wrong = await hub.http.post("/api/history/import", params={"zone": "Mars"}, content=body.encode())
    assert (wrong.status_code, wrong.json()["error"]["message"]) == (422, "'Mars' is not a known time zone.")


async def test_import_respects_metric_limit(hub: ApiHub) -> None:
    body = HEAD + "".join(f"{AT},a,m{n},1\n" for n in range(300))
    answer = await hub.http.post("/api/history/import", content=body.encode())
    assert answer.status_code == 422
    assert "'a' would have more than 256 metrics" in answer.json()["error"]["message"]
    assert "limits.metrics" in answer.json()["error"]["hint"]
    assert (await hub.http.post("/api/history/import", content=(HEAD + f"{AT},a,t,1\n").encode())).json()["added"] == 1
