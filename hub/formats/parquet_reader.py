"""Read Parquet tables of any program with pyarrow, within limits.

A small file may unpack to a huge table. So the metadata must give an acceptable unpacked size before a row group is
read, and texts stay dictionary-encoded until their length is checked. Since metadata may be false, an untrusted file is
read in a process with limited memory (``hub/worker``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub.errors import Invalid
from hub.formats.cells import Form, ms_of, time_of, value_of
from hub.formats.parquet_writer import load_arrow
from hub.formats.row import KINDS, MAX_TEXT, RowSkipped, find_columns, reading
from hub.model import Reading, Value

MAX_GROUP_BYTES = 256 * 1024 * 1024
"""Limit for the unpacked size of the columns of a row group that are read."""
MAX_ROWS = 1_000_000_000
BATCH_ROWS = 20_000
BATCH_BYTES = 16 * 1024 * 1024
"""Limit for the number and the size of the rows that are read at a time."""
NO_VALUE = "no value"

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a time without a zone is needed)

Column = Sequence[Any]


def read_parquet(file: Path, form: Form) -> Iterator[Reading | RowSkipped]:
    """Yield the reading of each row, or RowSkipped for a row without a value. Raises Invalid with the row's number."""
    arrow, parquet = load_arrow()
    row = begin = end = 0
    try:
        # Texts are read as dictionaries, so that a text in many rows takes memory once.
        with parquet.ParquetFile(file) as table:
            names = table.schema_arrow.names
            places = find_columns(names)
            columns = {column: names[place] for column, place in places.items() if column != "unit"}
            _check_types(arrow, table.schema_arrow, columns)
            _check_size(table.metadata, set(columns.values()))
        texts = [name for name in columns.values() if _is_text(arrow, table.schema_arrow.field(name).type)]
        with parquet.ParquetFile(file, read_dictionary=texts) as table:
            for batch in _batches(table, list(columns.values())):
                begin, end = row, row + batch.num_rows
                for cells in _rows(arrow, batch, columns, form):
                    row += 1
                    yield _reading(cells, form) or RowSkipped(row, NO_VALUE)
    except Invalid as error:
        where = f"Row {row}: " if row > begin else f"Rows {begin + 1} to {end}: " if end else ""
        raise Invalid(where + error.message, error.hint) from None
    except MemoryError:
        raise
    except Exception as error:  # pyarrow has many for a damaged file, some of them the interpreter's own
        where = f" after row {row}" if row else ""
        raise Invalid(
            f"The file is damaged{where}, or is not a Parquet file that can be read ({type(error).__name__}).",
            "Write the file again, or use CSV.",
        ) from error


def _check_types(arrow: Any, schema: Any, columns: dict[str, str]) -> None:
    """Raise Invalid for a column with an unsupported type."""
    kinds = arrow.types

    def is_number(found: Any) -> bool:
        return bool(kinds.is_integer(found) or kinds.is_floating(found) or kinds.is_decimal(found))

    def is_text(found: Any) -> bool:
        return _is_text(arrow, found)

    def is_time(found: Any) -> bool:
        return bool(kinds.is_timestamp(found) or kinds.is_date(found) or is_number(found) or is_text(found))

    def is_value(found: Any) -> bool:
        return bool(is_number(found) or kinds.is_boolean(found) or is_text(found))

    supported: dict[str, tuple[Callable[[Any], bool], str]] = {
        "time": (is_time, "a timestamp, a date, a number or a string"),
        "value": (is_value, "a number, a boolean or a string"),
    }
    for column, name in columns.items():
        found = schema.field(name).type
        is_supported, expected = supported.get(column, (is_text, "a string"))
        if not (is_supported(found) or kinds.is_null(found)):
            raise Invalid(
                f"The column {name!r} has the type {str(found)[:60]}, which cannot be used as {column}.",
                f"It must be {expected}. Convert lists and structs to columns first.",
            )


def _is_text(arrow: Any, found: Any) -> bool:
    kinds = arrow.types
    if kinds.is_dictionary(found):
        found = found.value_type
    is_view = getattr(kinds, "is_string_view", lambda t: False)
    return bool(kinds.is_string(found) or kinds.is_large_string(found) or is_view(found))


def _check_size(metadata: Any, names: set[str]) -> None:
    """Raise Invalid for a file that would take too much memory or time."""
    if metadata.num_rows > MAX_ROWS:
        raise Invalid(
            f"The table has {metadata.num_rows:,} rows; at most {MAX_ROWS:,} are allowed.", "Split the table."
        )
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = [group.column(i) for i in range(group.num_columns)]
        size = sum(c.total_uncompressed_size for c in chunks if c.path_in_schema in names)
        if not 0 <= size <= MAX_GROUP_BYTES:
            raise Invalid(
                f"Row group {number + 1} takes {size / 1e6:,.0f} MB unpacked; at most {MAX_GROUP_BYTES / 1e6:,.0f} MB "
                "are allowed.",
                "Write the table with smaller row groups, and without long texts.",
            )


def _batches(table: Any, names: list[str]) -> Iterator[Any]:
    for number in range(table.metadata.num_row_groups):
        group = table.metadata.row_group(number)
        width = max(group.total_byte_size // max(group.num_rows, 1), 1)
        rows = min(BATCH_ROWS, max(BATCH_BYTES // width, 1))
        yield from table.iter_batches(rows, row_groups=[number], columns=names, use_threads=False)


def _rows(arrow: Any, batch: Any, columns: dict[str, str], form: Form) -> Iterator[tuple[Any, ...]]:
    """Yield the unchecked cells of each row as ``(device, metric, ts, value, text, kind, quality)``."""
    nothing: Column = [None] * batch.num_rows

    def column(name: str) -> Any:
        return batch.column(batch.schema.get_field_index(columns[name]))

    def strings(name: str) -> Column:
        return _strings(arrow, column(name)) if name in columns else nothing

    value = column("value")
    if _is_text(arrow, value.type):
        values = _strings(arrow, value)
    elif arrow.types.is_boolean(value.type):
        values = value.to_pylist()
    else:
        values = value.cast(arrow.float64(), safe=False).to_pylist()
    names = ("text", "type", "quality")
    found = (strings("device"), strings("metric"), _times(arrow, column("time"), form), values, *map(strings, names))
    yield from zip(*found, strict=True)


def _strings(arrow: Any, column: Any) -> Column:
    """Return the texts in a column as a list, None where a cell is empty. Equal texts are one object in memory.

    A text that is too long is cut to one character more than allowed, so that a later check rejects it.
    """
    if arrow.types.is_null(column.type):
        return [None] * len(column)
    if not arrow.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    distinct = column.dictionary.cast(arrow.large_string())
    texts = arrow.compute.utf8_slice_codeunits(distinct, 0, MAX_TEXT + 1).to_pylist()
    return [None if index is None else texts[index] for index in column.indices.to_pylist()]


def _times(arrow: Any, column: Any, form: Form) -> Column:
    kinds, found = arrow.types, column.type
    if _is_text(arrow, found):
        return _strings(arrow, column)
    if kinds.is_timestamp(found):
        per_second = _PER_SECOND[found.unit]
        numbers = column.cast(arrow.int64()).to_pylist()
        stamps = [None if n is None else n * 1000 // per_second for n in numbers]
        return stamps if found.tz is not None else [None if ms is None else _local(ms, form) for ms in stamps]
    if kinds.is_date(found):
        days = column.cast(arrow.date32()).cast(arrow.int32()).to_pylist()
        return [None if n is None else _local(n * 86_400_000, form) for n in days]
    numbers = column.cast(arrow.float64(), safe=False).to_pylist()
    return [None if n is None else ms_of(n) for n in numbers]


def _local(ms: int, form: Form) -> int:
    """Convert a local time to epoch ms, with the time zone of the table (``form``).

    ``ms`` is the local time as if it were UTC: the ms from 1970-01-01 00:00 on the local clock. Raises Invalid if the
    time is out of range.
    """
    try:
        return round(form.local(_EPOCH + timedelta(milliseconds=ms)).timestamp() * 1000)
    except (OverflowError, ValueError):
        raise Invalid("The time is out of range: the years 1900 to 2099 are allowed.") from None


def _reading(cells: tuple[Any, ...], form: Form) -> Reading | None:
    """Return the reading in a row from :func:`_rows`, None if the row has no value. Raises Invalid."""
    device, metric, time, number, text, kind, quality = cells
    if device is None or metric is None or time is None:
        raise Invalid("The time, the device or the metric is missing.")
    ts = time_of(time, form) if isinstance(time, str) else time
    value = _value(number, text, (kind or "").strip().lower(), form)
    found = reading(device, metric, ts, "" if value is None else value, quality or "good")
    return None if value is None else found


def _value(number: Value | None, text: str | None, kind: str, form: Form) -> Value | None:
    if kind not in ("", *KINDS):
        raise Invalid(f"{kind[:60]!r} is not a known type.", f"Allowed: {', '.join(KINDS)}.")
    if number is None and text is not None:
        return text
    if isinstance(number, str):
        return value_of(number, kind, form)
    if number is None or number - number != 0:  # NaN and both infinities
        return None
    if kind == "text":
        raise Invalid("The type is text, but the value is a number.")
    if kind == "boolean":
        if number not in (0, 1):
            raise Invalid(f"{number} is not a boolean.", "Use 0 and 1.")
        return bool(number)
    return number
