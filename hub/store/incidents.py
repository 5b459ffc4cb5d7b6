"""Queries for incidents. Each function gets a connection in a read transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hub.model import Alert, AlertEntry, Incident, IncidentState
from hub.store.connection import SqlConnection, to_json
from hub.store.rows import MAX_NUMBER, decoded

_alert = msgspec.msgpack.Decoder(Alert).decode
_alert_entry = msgspec.msgpack.Decoder(AlertEntry).decode
_incident = msgspec.msgpack.Decoder(Incident).decode

RECENT = 1_000
"""How many of the incidents that ended last a restart loads: alerts may join an incident for minutes after its end."""


def incidents(
    connection: SqlConnection, states: Iterable[IncidentState] | None, limit: int, before: tuple[int, str] | None
) -> list[Incident]:
    """See :meth:`hub.store.base.Store.incidents`."""
    terms, values = ["true"], list[Any]()
    if states is not None:
        wanted = sorted(set(states))
        terms.append("state IN (SELECT value FROM json_each(?))")
        values.append(to_json(wanted))
        if "resolved" not in wanted:
            terms.append("ended_at IS NULL")  # so that SQLite uses the index of open incidents
    if before is not None:
        terms.append("(started_at, id) < (?, ?)")
        values += before
    where = " AND ".join(terms)
    rows = connection.execute(
        f"SELECT id, body FROM incident WHERE {where} ORDER BY started_at DESC, id DESC LIMIT ?",  # noqa: S608 (our own words)
        (*values, max(limit, 0)),
    )
    return list(decoded("incident", rows, _incident))


def incident(connection: SqlConnection, incident_id: str) -> Incident | None:
    """Return the incident with that id, or None."""
    rows = connection.execute("SELECT id, body FROM incident WHERE id = ?", (incident_id,))
    return next(decoded("incident", rows, _incident), None)


def incident_alerts(connection: SqlConnection, incident_id: str, limit: int) -> list[Alert]:
    """See :meth:`hub.store.base.Store.incident_alerts`."""
    rows = connection.execute(
        "SELECT id, body FROM alert WHERE incident = ? ORDER BY raised_at, id LIMIT ?", (incident_id, max(limit, 0))
    )
    return list(decoded("alert", rows, _alert))


def incident_history(
    connection: SqlConnection, incident_id: str, limit: int, before: int | None
) -> list[tuple[int, AlertEntry]]:
    """See :meth:`hub.store.base.Store.incident_history`."""
    rows = connection.execute(
        "SELECT id, body FROM alert_entry WHERE alert IN (SELECT id FROM alert WHERE incident = ?) "
        "AND id < ? ORDER BY id DESC LIMIT ?",
        (incident_id, MAX_NUMBER if before is None else before, max(limit, 0)),
    )
    return [
        (number, entry)
        for number, body in rows
        for entry in decoded("alert entry", [(str(number), body)], _alert_entry)
    ]


def last_incidents(connection: SqlConnection) -> list[Incident]:
    """Return the open incidents, and the :data:`RECENT` incidents that ended last."""
    ended = connection.execute(
        "SELECT id, body FROM incident WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT ?", (RECENT,)
    )
    waiting = connection.execute("SELECT id, body FROM incident WHERE ended_at IS NULL")
    return list(decoded("incident", (*ended.fetchall(), *waiting), _incident))
