"""All queries except those for series. Each function gets a connection in a read transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from hub.model import (
    Activity,
    Alert,
    AlertEntry,
    AlertSilence,
    AlertState,
    Command,
    Diagnosis,
    Rejection,
)
from hub.store.base import StoredSnapshot
from hub.store.connection import SqlConnection, to_json
from hub.store.dedup_keys import load_dedup_keys
from hub.store.incidents import incident, last_incidents
from hub.store.rows import MAX_NUMBER, Unreadable, decoded
from hub.store.wal.batch_rows import read_records

_alert = msgspec.msgpack.Decoder(Alert).decode
_alert_entry = msgspec.msgpack.Decoder(AlertEntry).decode
_silence = msgspec.msgpack.Decoder(AlertSilence).decode
_diagnosis = msgspec.msgpack.Decoder(Diagnosis).decode

_command = msgspec.msgpack.Decoder(Command).decode

MAX_ROWS = 10_000
COMMANDS_RECENT = 1_000
"""How many settled commands a restart loads, so that a repeated request finds the command of the first request."""


def load(connection: SqlConnection, state_bytes: int | None = None) -> StoredSnapshot:
    """See :meth:`hub.store.base.Store.load`; the caller holds one read transaction around it."""
    cursor, checkpoint = connection.execute("SELECT cursor, checkpoint FROM progress").fetchone()
    keys, keys_of = load_dedup_keys(connection)
    unreadable: list[Unreadable] = []
    found, left_out = states(connection, state_bytes)
    return StoredSnapshot(
        cursor=cursor,
        checkpoint=checkpoint,
        records=read_records(connection, checkpoint),
        states=found,
        left_out=left_out,
        alerts=_alerts(connection, "state <> 'cleared' ORDER BY raised_at DESC, id DESC", problems=unreadable),
        keys=keys,
        keys_of=keys_of,
        learnt=_learnt(connection),
        commands=_recent_commands(connection, unreadable),
        silences=[each for each in silences(connection, MAX_ROWS) if not each.finished],
        incidents=last_incidents(connection),
        unreadable=unreadable,
    )


def states(connection: SqlConnection, max_bytes: int | None = None) -> tuple[dict[str, bytes], list[str]]:
    """Return the encoded states of devices by id, about ``max_bytes`` in total (None: all), and the ids left out."""
    found: dict[str, bytes] = {}
    size = 0
    for name, state in connection.execute("SELECT id, state FROM device ORDER BY id"):
        found[name] = state
        size += len(state)
        if max_bytes is not None and size > max_bytes:
            rest = connection.execute("SELECT id FROM device WHERE id > ? ORDER BY id", (name,))
            return found, [other for (other,) in rest]
    return found, []


def _learnt(connection: SqlConnection) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    for dialect, key, value in connection.execute("SELECT dialect, key, value FROM learnt"):
        found.setdefault(dialect, {})[key] = value
    return found


def _recent_commands(connection: SqlConnection, problems: list[Unreadable]) -> list[Command]:
    recent = connection.execute(
        "SELECT id, body FROM command WHERE settled_at IS NOT NULL ORDER BY settled_at DESC LIMIT ?", (COMMANDS_RECENT,)
    )
    waiting = connection.execute("SELECT id, body FROM command WHERE settled_at IS NULL ORDER BY created_at, id")
    return list(decoded("command", (*reversed(recent.fetchall()), *waiting), _command, problems))


def commands(connection: SqlConnection, device: str, limit: int) -> list[Command]:
    """Return a device's commands, newest first."""
    rows = connection.execute(
        "SELECT id, body FROM command WHERE device = ? ORDER BY created_at DESC, id DESC LIMIT ?",
        (device, max(limit, 0)),
    )
    return list(decoded("command", rows, _command))


def command(connection: SqlConnection, command_id: str) -> Command | None:
    """Return the command with that id, or None."""
    rows = connection.execute("SELECT id, body FROM command WHERE id = ?", (command_id,))
    return next(decoded("command", rows, _command), None)


def alerts(
    connection: SqlConnection,
    states: Iterable[AlertState] | None,
    device: str | None,
    limit: int,
    before: tuple[int, str] | None,
) -> list[Alert]:
    """See :meth:`hub.store.base.Store.alerts`."""
    terms, values = ["true"], list[Any]()
    if states is not None:
        wanted = sorted(set(states))
        terms.append("state IN (SELECT value FROM json_each(?))")
        values.append(to_json(wanted))
        if "cleared" not in wanted:
            terms.append("state <> 'cleared'")  # so that SQLite uses the index of open alerts
    if device is not None:
        terms.append("device = ?")
        values.append(device)
    if before is not None:
        terms.append("(raised_at, id) < (?, ?)")
        values += before
    where = " AND ".join(terms)
    return _alerts(connection, f"{where} ORDER BY raised_at DESC, id DESC LIMIT ?", *values, max(limit, 0))


def alert(connection: SqlConnection, alert_id: str) -> Alert | None:
    """Return the alert with that id, or None."""
    found = _alerts(connection, "id = ?", alert_id)
    return found[0] if found else None


def alert_history(
    connection: SqlConnection, alert_id: str, limit: int, before: int | None
) -> list[tuple[int, AlertEntry]]:
    """See :meth:`hub.store.base.Store.alert_history`."""
    rows = connection.execute(
        "SELECT id, body FROM alert_entry WHERE alert = ? AND id < ? ORDER BY id DESC LIMIT ?",
        (alert_id, MAX_NUMBER if before is None else before, max(limit, 0)),
    )
    return [
        (number, entry)
        for number, body in rows
        for entry in decoded("alert entry", [(str(number), body)], _alert_entry)
    ]


def silences(connection: SqlConnection, limit: int) -> list[AlertSilence]:
    """See :meth:`hub.store.base.Store.silences`."""
    rows = connection.execute("SELECT id, body FROM silence ORDER BY finished, at DESC, id LIMIT ?", (max(limit, 0),))
    return list(decoded("silence", rows, _silence))


def similar_alerts(connection: SqlConnection, to: Alert, limit: int) -> list[Alert]:
    """See :meth:`hub.store.base.Store.similar_alerts`."""
    return _alerts(
        connection,
        f"rule = ? AND {_metric_is(to.metric)} AND (raised_at, id) < (?, ?) AND state = 'cleared' "
        "ORDER BY raised_at DESC, id DESC LIMIT ?",
        to.rule,
        *_given(to.metric),
        to.raised_at,
        to.id,
        max(limit, 0),
    )


def confirmed_alerts(connection: SqlConnection, devices: Sequence[str], metric: str | None, limit: int) -> list[Alert]:
    """See :meth:`hub.store.base.Store.confirmed_alerts`."""
    condition = _metric_is(metric)
    return _alerts(
        connection,
        f"confirmed_at IS NOT NULL AND device IN (SELECT value FROM json_each(?)) AND {condition} "  # noqa: S608 (our own words)
        "ORDER BY confirmed_at DESC, id DESC LIMIT ?",
        to_json(list(devices)),
        *_given(metric),
        max(limit, 0),
    )


def confirmed_cases(connection: SqlConnection, limit: int) -> list[tuple[Alert, Diagnosis]]:
    """Return pairs of a confirmed alert and its diagnosis, last confirmed first.

    If the alert has no diagnosis, its pair has another alert of the same incident that has one, with the cause that was
    confirmed for the first alert. No diagnosis is returned twice: the cause confirmed for its own alert is preferred.
    """
    confirmed = _alerts(connection, "confirmed_at IS NOT NULL ORDER BY confirmed_at DESC, id DESC LIMIT ?", limit)
    explaining = {each.id: _explaining(connection, each) for each in confirmed}
    known = diagnoses(connection, [name for names in explaining.values() for name in names])
    others = [name for name in known if name not in explaining]
    diagnosed = {each.id: each for each in (*confirmed, *_alerts_by_id(connection, others))}
    cases = dict[str, tuple[Alert, Diagnosis]]()
    for each in sorted(confirmed, key=lambda alert: alert.id not in known):  # those with a diagnosis of their own first
        name = next((name for name in explaining[each.id] if name in known), None)
        if name is not None and name in diagnosed and name not in cases:
            cases[name] = msgspec.structs.replace(diagnosed[name], confirmed=each.confirmed), known[name]
    return sorted(cases.values(), key=lambda case: -case[0].confirmed.at if case[0].confirmed else 0)


def _explaining(connection: SqlConnection, alert: Alert) -> tuple[str, ...]:
    """Return the ids of the alerts whose diagnoses explain this alert, the best first. Its own id is the first."""
    found = incident(connection, alert.incident) if alert.incident else None
    return (alert.id, *(found.explaining(alert.device) if found else ()))


def _alerts_by_id(connection: SqlConnection, names: Sequence[str]) -> list[Alert]:
    return _alerts(connection, "id IN (SELECT value FROM json_each(?))", to_json(list(names)))


def diagnoses(connection: SqlConnection, alert_ids: Sequence[str]) -> dict[str, Diagnosis]:
    """Return the newest diagnosis of each alert that has one."""
    rows = connection.execute(
        "SELECT alert, body FROM diagnosis WHERE alert IN (SELECT value FROM json_each(?)) ORDER BY created_at, id",
        (to_json(list(alert_ids)),),
    )
    newest = {str(alert_id): body for alert_id, body in rows}
    return {found.alert: found for found in decoded("diagnosis", newest.items(), _diagnosis) if found.alert is not None}


def diagnosis(connection: SqlConnection, diagnosis_id: str) -> Diagnosis | None:
    """Return the diagnosis with that id, or None."""
    rows = connection.execute("SELECT id, body FROM diagnosis WHERE id = ?", (diagnosis_id,))
    return next(decoded("diagnosis", rows, _diagnosis), None)


def rejections(connection: SqlConnection, limit: int) -> list[Rejection]:
    """Return rejected messages, newest first."""
    rows = connection.execute(
        "SELECT topic, reason, detail, excerpt, received, payload, size FROM rejection ORDER BY id DESC LIMIT ?",
        (max(limit, 0),),
    )
    return [Rejection(*row) for row in rows]


def activity(
    connection: SqlConnection, device: str | None, kind: str | None, limit: int, before: int | None
) -> list[tuple[int, Activity]]:
    """See :meth:`hub.store.base.Store.activity`."""
    terms, values = ["true"], list[Any]()
    if device is not None:
        terms.append("device = ?")
        values.append(device)
    if kind is not None:
        terms.append("kind = ?")
        values.append(kind)
    if before is not None:
        terms.append("id < ?")
        values.append(before)
    columns = "id, ts, kind, device, text, severity, message_key, message_params"
    rows = connection.execute(
        f"SELECT {columns} FROM activity WHERE {' AND '.join(terms)} ORDER BY id DESC LIMIT ?",  # noqa: S608
        (*values, max(limit, 0)),
    )
    return [
        (number, Activity(ts, kind, of, text, severity, key, _params(params)))
        for number, ts, kind, of, text, severity, key, params in rows
    ]


def _metric_is(metric: str | None) -> str:
    return "metric IS NULL" if metric is None else "metric = ?"


def _given(metric: str | None) -> tuple[str, ...]:
    """Return the SQL parameters for the condition that :func:`_metric_is` returns."""
    return () if metric is None else (metric,)


def _params(encoded: bytes | None) -> dict[str, Any]:
    """Decode the parameters of a stored message.

    Return an empty dict if they are missing or damaged: the text of the message is stored as well, and is enough to
    show the message.
    """
    try:
        return msgspec.msgpack.decode(encoded, type=dict[str, Any]) if encoded else {}
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError):
        return {}


def last_fired(connection: SqlConnection) -> dict[str, int]:
    """Return when each rule last raised an alert, in epoch ms. Rules that never did are absent."""
    return dict(connection.execute("SELECT rule, max(raised_at) FROM alert GROUP BY rule"))


def _alerts(
    connection: SqlConnection, where: str, *values: Any, problems: list[Unreadable] | None = None
) -> list[Alert]:
    rows = connection.execute(f"SELECT id, body FROM alert WHERE {where}", values)  # noqa: S608 (our own words)
    return list(decoded("alert", rows, _alert, problems))
