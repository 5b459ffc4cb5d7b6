"""Find series by device and metric."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hub.store.connection import SqlConnection, to_json


def read_series(connection: SqlConnection, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]:
    """See :meth:`hub.store.base.Store.series`."""
    where, values = series_where(devices, metric)
    query = f"SELECT device, metric FROM series WHERE {where} ORDER BY device, metric"  # noqa: S608 (our own words)
    return connection.execute(query, values).fetchall()


def series_where(devices: Iterable[str] | None, metric: str | None) -> tuple[str, list[Any]]:
    """Return an SQL condition for the table ``series``, and its parameters: the series of ``devices`` (None: all).

    ``metric`` is a pattern with ``*`` and ``?`` that the metric must match (None: all metrics).
    """
    terms, values = ["true"], list[Any]()
    if devices is not None:
        terms.append("device IN (SELECT value FROM json_each(?))")
        values.append(to_json(sorted(devices)))
    if metric is not None:
        terms.append("glob(?, metric)")
        values.append(metric)
    return " AND ".join(terms), values
