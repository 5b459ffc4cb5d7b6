"""What goes when it is old, a bounded slice at a time, so that a commit never waits long behind it."""

from __future__ import annotations

import sqlite3

from hub.store.writer import transaction

SLICE = 10_000
"""About as many rows go in one transaction (some 50 ms)."""

MAX_REJECTIONS = 100_000
"""A flood of unreadable messages must not fill the disk within the time of retention: the newest stay."""

_DROPPED = "SELECT id FROM dropped_series LIMIT 1"
_EXPIRED = "SELECT id FROM series WHERE EXISTS (SELECT 1 FROM reading WHERE series = series.id AND ts < ?) LIMIT 1"
_NO_TIME = 1 << 62  # later than any

_OLD_ALERTS = "SELECT id FROM alert WHERE state = 'cleared' AND cleared_at < ? ORDER BY cleared_at LIMIT ?"

_OLD = (
    """DELETE FROM diagnosis WHERE id IN (SELECT id FROM diagnosis WHERE created_at < ?1 AND
        (alert IS NULL OR NOT EXISTS (SELECT 1 FROM alert WHERE alert.id = diagnosis.alert)) LIMIT ?2)""",
    "DELETE FROM activity WHERE id IN (SELECT id FROM activity WHERE ts < ?1 LIMIT ?2)",
    "DELETE FROM rejection WHERE id IN (SELECT id FROM rejection WHERE received < ?1 LIMIT ?2)",
    "DELETE FROM command WHERE id IN (SELECT id FROM command WHERE settled_at < ?1 LIMIT ?2)",
)
_TOO_MANY_REJECTIONS = """DELETE FROM rejection WHERE id IN (
    SELECT id FROM rejection WHERE id <= (SELECT max(id) FROM rejection) - ? LIMIT ?)"""


def expire_slice(connection: sqlite3.Connection, before: int) -> int:
    """Delete up to about :data:`SLICE` rows older than ``before`` (ms); returns how many, 0 when none is left."""
    with transaction(connection):
        gone = 0
        while gone < SLICE:
            count = _expire_readings(connection, before, SLICE - gone)
            if not count:
                break
            gone += count
        if gone < SLICE:
            gone += _expire_alerts(connection, before, SLICE - gone)
        for statement in _OLD:
            if gone < SLICE:
                gone += connection.execute(statement, (before, SLICE - gone)).rowcount
        if gone < SLICE:
            gone += connection.execute(_TOO_MANY_REJECTIONS, (MAX_REJECTIONS, SLICE - gone)).rowcount
        return gone


def _expire_readings(connection: sqlite3.Connection, before: int, most: int) -> int:
    dropped = connection.execute(_DROPPED).fetchone()
    if dropped:
        gone = _delete_readings(connection, dropped[0], _NO_TIME, most)
        if gone < most:
            connection.execute("DELETE FROM dropped_series WHERE id = ?", dropped)
        return gone + 1  # the series itself: a dropped one without readings is work done, too
    expired = connection.execute(_EXPIRED, (before,)).fetchone()
    return _delete_readings(connection, expired[0], before, most) if expired else 0


def _delete_readings(connection: sqlite3.Connection, series: int, before: int, most: int) -> int:
    end = connection.execute(
        "SELECT ts, n FROM reading WHERE series = ? AND ts < ? ORDER BY ts, n LIMIT 1 OFFSET ?", (series, before, most)
    ).fetchone() or (before, 0)
    return connection.execute("DELETE FROM reading WHERE series = ? AND (ts, n) < (?, ?)", (series, *end)).rowcount


def _expire_alerts(connection: sqlite3.Connection, before: int, most: int) -> int:
    ids = connection.execute(_OLD_ALERTS, (before, most)).fetchall()
    # Their diagnoses go with them.
    gone = sum(connection.execute("DELETE FROM diagnosis WHERE alert = ?", row).rowcount for row in ids)
    gone += sum(connection.execute("DELETE FROM alert WHERE id = ?", row).rowcount for row in ids)
    return gone
