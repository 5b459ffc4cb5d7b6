"""Tables of sealed chunks by week, so that retention drops a table instead of deleting its rows.

A chunk is in the table of the week in which its first point was measured. Weeks are numbered from 1970 on, and
``chunk_sealed_2950`` has the chunks of week 2950. Chunks of weeks that have no table are in ``chunk_sealed_other``:
imported data, and data of devices whose clock is wrong. Retention deletes these row by row.
"""

from __future__ import annotations

import logging

import psycopg

from hub.store.connection import SqlConnection

log = logging.getLogger(__name__)

WEEK_MS = 7 * 86_400_000
BEHIND, AHEAD = 4, 2
"""For how many weeks before and after the present one a new database gets tables. A chunk may begin weeks ago."""

_NAME = "chunk_sealed_"
_EXISTING = """SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = CAST('chunk_sealed' AS REGCLASS)"""


def week_of(ts: int) -> int:
    """Return the number of the week of a time in epoch ms."""
    return ts // WEEK_MS


def create_partitions(connection: SqlConnection, now: int) -> None:
    """Create the tables of the weeks around ``now`` (epoch ms) that do not exist yet."""
    present, existing = week_of(now), _weeks(connection)
    # No tables for weeks before the newest table: their chunks, if there are any, are in chunk_sealed_other already.
    first = max([present - BEHIND, *(week + 1 for week in existing)])
    for week in range(first, present + AHEAD + 1):
        try:
            with connection.transaction():
                connection.execute(
                    f"CREATE TABLE {_NAME}{week} PARTITION OF chunk_sealed "
                    f"FOR VALUES FROM ({week * WEEK_MS}) TO ({(week + 1) * WEEK_MS})"
                )
        except psycopg.errors.CheckViolation:
            log.info("The table %s%d is not created: there are chunks of this week already.", _NAME, week)


def drop_expired(connection: SqlConnection, before: int) -> int:
    """Drop one table whose readings are all older than ``before`` (epoch ms), and return the number of its readings.

    Their minutes and hours are in the rollups. Return 0 if there is no such table.
    """
    for week in sorted(_weeks(connection)):
        table = f"{_NAME}{week}"
        if (week + 1) * WEEK_MS > before:
            break
        # A chunk may reach into later weeks. An empty table can still get late data.
        last, count = connection.execute(f"SELECT max(last), sum(count) FROM {table}").fetchone()  # noqa: S608 (our own words)
        if last is None or last >= before:
            continue
        with connection.transaction():
            # From now on queries before the bound use the rollups.
            connection.execute(
                "UPDATE series SET raw_from = CASE WHEN raw_from > ?1 THEN raw_from ELSE ?1 END "  # noqa: S608 (our own words)
                f"WHERE id IN (SELECT series FROM {table})",
                (before,),
            )
            connection.execute(f"DROP TABLE {table}")
        return int(count)
    return 0


def _weeks(connection: SqlConnection) -> set[int]:
    """Return the numbers of the weeks that have a table."""
    names = [name.removeprefix(_NAME) for (name,) in connection.execute(_EXISTING)]
    return {int(name) for name in names if name.isdecimal()}
