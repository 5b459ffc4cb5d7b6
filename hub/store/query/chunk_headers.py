"""Read the headers of chunks: all that a row has about a chunk without its points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hub.store.connection import Engine, SqlConnection, to_json

HEAD = np.dtype(
    [
        *((name, ">i8") for name in ("id", "first", "last")),
        *((name, ">u4") for name in ("count", "numbers")),
        *((name, ">u1") for name in ("marks", "active")),
        *((name, ">f8") for name in ("minimum", "maximum", "total")),
    ]
)
"""The columns of a chunk as one record of fixed length. The database packs the records of a query into one text."""

# In hexadecimal digits. Of sealed chunks only where readings serve, which is in at most two ranges. Sealed and active
# chunks have an index each.
_HEAD = """coalesce((SELECT {packed} FROM chunk
    WHERE {{}} AND series = query.series AND last >= query.low AND first < query.before), '')"""
_PACKED: dict[Engine, str] = {
    "sqlite": """group_concat(printf('%016x%016x%016x%08x%08x%02x%02x',
        id, first, last, count, numbers, marks, active) || hex(summary), '')""",
    "postgresql": """encode(string_agg(int8send(id) || int8send(first) || int8send(last) || int4send(count)
        || int4send(numbers) || substr(int4send(256 * marks + CAST(active AS INTEGER)), 3) || summary, ''), 'hex')""",
}

_IN_PLACE = "(last >= query.low1 AND first < query.before1) OR (last >= query.low2 AND first < query.before2)"

_COLUMNS = ", ".join(
    f"CAST(json_extract(value, '$[{place}]') AS BIGINT) AS {name}"
    for place, name in enumerate(("series", "low", "before", "low1", "before1", "low2", "before2"))
)
_HEADS: dict[Engine, str] = {
    # Materialized, or SQLite would parse the numbers of a range again for each of its chunks.
    engine: f"""WITH query AS MATERIALIZED (SELECT key, {_COLUMNS} FROM json_each(?) AS given)
        SELECT {head.format(f"NOT active AND ({_IN_PLACE})")} || {head.format("active")}
        FROM query ORDER BY query.key"""  # noqa: S608 (our own words)
    for engine, head in ((engine, _HEAD.format(packed=packed)) for engine, packed in _PACKED.items())
}


def read_chunk_headers(connection: SqlConnection, ranges: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    """Return the headers (:data:`HEAD`) of the chunks in each of ``ranges``, first the sealed and then the active ones.

    A range is ``(series, low, before, low1, before1, low2, before2)``. Active chunks are those that have points from
    ``low`` to before ``before``; sealed chunks must also have points in one of the other two ranges.
    """
    packed = connection.rows(list[str], _HEADS[connection.engine], to_json(list(ranges)))
    return [np.frombuffer(bytes.fromhex(one), HEAD) for one in packed]
