"""Write one commit in one transaction. Only the store's writer thread calls it.

All readings of a commit are one row of the write-ahead log, as columns (wal/batch_rows.py); everything else is inserted
by a few statements, each of many rows. The order inside the transaction::

    seen before? ─▶ delete devices ─▶ new series ─▶ batch ─▶ deduplication keys ─▶ states, alerts, … ─▶ progress
                                                                                        ─▶ memtable ─▶ COMMIT

What the writer keeps in memory (ids of series, memtable, checkpoint) changes only with a successful commit: a commit
that fails takes its batch out of the memtable again.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from hub.errors import StoreError
from hub.store.base import Delta
from hub.store.connection import SqlConnection, insert, replace
from hub.store.dedup_keys import DedupKeyStore
from hub.store.wal.batch_builder import BatchBuilder
from hub.store.wal.batch_rows import write_batch
from hub.store.wal.memtable import Memtable
from hub.store.wal.series_ids import SeriesIdCache

# An id must not be reused while readings with it exist, in chunks or the log, even if its row in `series` is gone or
# damaged: they would appear under the new series.
_HIGHEST_SERIES = """SELECT coalesce(max(id), 0) FROM (
    SELECT max(id) AS id FROM series UNION ALL SELECT max(id) FROM dropped_series
    UNION ALL SELECT max(series) FROM chunk WHERE active UNION ALL SELECT max(series) FROM chunk WHERE NOT active
    ) AS used"""

_NEW_SERIES = "INSERT INTO series (id, device, metric) VALUES"


class StoreWriter:
    """Writes to the database. It owns the writing connection, the ids of series, and the readings in the log."""

    def __init__(self, connection: SqlConnection) -> None:
        self.connection = connection
        self.memtable = Memtable.read(connection)  # the points of all rows of the table `batch`
        self._read_state()

    def reload(self) -> None:
        """Read from the database all that is kept in memory, because it may have changed without this writer."""
        self.memtable.reload(self.connection)
        self._read_state()

    def _read_state(self) -> None:
        connection = self.connection
        # The stored states include all records up to it, so compaction may move the batches up to it out of the log.
        self.checkpoint: int = connection.execute("SELECT checkpoint FROM progress").fetchone()[0]
        # Committed ids of series by device and metric; a device's ids are read when it writes for the first time.
        self._series: dict[str, dict[str, int]] = {}
        self._devices: int = connection.execute("SELECT count(DISTINCT device) FROM series").fetchone()[0]  # at start
        highest: int = connection.execute(_HIGHEST_SERIES).fetchone()[0]
        self._next_series = 1 + max(highest, self.memtable.highest_series)
        self._series_ids = SeriesIdCache()  # the same ids as arrays, for record batches
        # Devices are counted at start and when they write; the larger number is good enough to pace the compaction of
        # keys.
        self.keys = DedupKeyStore(connection, lambda: max(self._devices, len(self._series)))

    @property
    def series(self) -> int:
        """The number of series, approximately. It is the next free series id, and nearly all lower ids are in use."""
        return self._next_series

    def _known(self, device: str) -> dict[str, int]:
        """Return the ids of a device's committed series, by metric."""
        known = self._series.get(device)
        if known is None:
            rows = self.connection.execute("SELECT metric, id FROM series WHERE device = ?", (device,))
            # Interned: a fleet has few names of metrics, but this cache has a dictionary for each device.
            known = self._series[device] = {sys.intern(metric): number for metric, number in rows}
        return known

    def write(self, owner: int, delta: Delta) -> None:
        """Write one delta durably for the process with the number ``owner``; see :meth:`Store.commit`."""
        # A retry is recognized by the number of the last record. A delta without records has none, so it gets a digest.
        digest = None if delta.count else hashlib.blake2b(msgspec.msgpack.encode(delta), digest_size=16).digest()
        # Ids of the series that this transaction inserts, by device and metric. A deleted device starts without any.
        fresh: dict[str, dict[str, int]] = {device: {} for device in delta.deleted}
        logged = False
        # Series ids of the deleted devices: their deduplication keys are deleted.
        gone = [number for device in delta.deleted for number in self._known(device).values()]
        try:
            with self.connection.transaction():
                if self._done_before(owner, delta, digest):
                    return
                for device in delta.deleted:
                    self._delete_device(device)
                builder = self._build(delta, fresh)
                batch = builder.batch()
                points = None if batch is None else write_batch(self.connection, delta.cursor, batch)
                self.keys.write(delta, *builder.keyed(), gone)
                self._write_the_rest(delta)
                checkpoint = delta.cursor if delta.checkpoint is None else delta.checkpoint
                self.connection.execute(
                    "UPDATE progress SET cursor = ?, epoch = ?, digest = ?, checkpoint = ?",
                    (delta.cursor, owner, digest, checkpoint),
                )
                if points is not None:  # before the commit, so that the first query after it finds the points
                    self.memtable.append(delta.cursor, points)
                    logged = True
        except BaseException:
            # For every kind of error: the memtable must not have a batch that the table lacks.
            if logged:
                self.memtable.take_back()
            raise
        self.checkpoint = checkpoint
        # Only after the commit: if the transaction fails, its new series do not exist.
        self._series_ids.keep()
        for device in delta.deleted:
            self._series.pop(device, None)
        for device, ids in fresh.items():
            self._series.setdefault(device, {}).update(ids)
            self._next_series += len(ids)

    @contextmanager
    def adding(self, names: Sequence[tuple[str, str]]) -> Iterator[dict[tuple[str, str], int]]:
        """Yield the id of each series in ``names`` by its ``(device, metric)``. Series that do not exist get new ids.

        The ``with`` block has to insert the new series (:meth:`insert_new`). If it ends without an error, their ids are
        cached.
        """
        new = [(device, metric) for device, metric in names if metric not in self._known(device)]
        fresh = dict(zip(new, range(self._next_series, self._next_series + len(new)), strict=True))
        yield {name: fresh.get(name) or self._series[name[0]][name[1]] for name in names}
        # Not in a `finally`: after an error the rows do not exist, so their ids must stay unknown.
        for (device, metric), number in fresh.items():
            self._series.setdefault(device, {})[metric] = number
        self._next_series += len(new)

    def insert_new(self, numbers: Mapping[tuple[str, str], int]) -> None:
        """Insert rows for the new series in ``numbers`` (ids by device and metric), in the caller's transaction."""
        # `adding` has given the new series the ids from `_next_series` on.
        new = [(number, *name) for name, number in numbers.items() if number >= self._next_series]
        insert(self.connection, _NEW_SERIES, new)

    def _done_before(self, owner: int, delta: Delta, digest: bytes | None) -> bool:
        """Return True if ``delta`` was committed before. It is then a retry of a commit whose result was lost.

        Raises StoreError if another process has taken over the database, or if only a part of the records is stored.
        """
        row: tuple[int, int, bytes | None]
        row = self.connection.execute("SELECT cursor, epoch, digest FROM progress").fetchone()
        cursor, newest, last = row
        # Two hubs on one folder would give the same numbers to different records.
        if owner < newest:
            raise StoreError(
                f"Another process (owner {newest}) has taken over this database; this hub is owner {owner}.",
                "Restart this hub.",
            )
        # Without records the cursor does not move, so it cannot distinguish a retry from other changes; the digest
        # does.
        if not delta.count:
            return delta.cursor < cursor or (delta.cursor == cursor and digest == last)
        if delta.cursor <= cursor:
            return True
        # Some of the records are stored and some are not, which no commit leaves behind.
        if delta.cursor - delta.count < cursor:
            raise StoreError("A batch overlaps the one before it.", "Please report it with the log.")
        return False

    def _delete_device(self, device: str) -> None:
        execute = self.connection.execute
        # Deleting millions of readings at once would block commits. Without rows in `series` no query finds them;
        # retention deletes readings in chunks, in slices; compaction skips readings in batches up to `last_batch`.
        execute(
            "INSERT INTO dropped_series (id, last_batch) "
            "SELECT id, (SELECT cursor FROM progress) FROM series WHERE device = ?",
            (device,),
        )
        for table in ("series", "alert", "alert_entry", "diagnosis", "activity", "command"):
            execute(f"DELETE FROM {table} WHERE device = ?", (device,))  # noqa: S608 (names from this line)
        execute("DELETE FROM device WHERE id = ?", (device,))

    def _build(self, delta: Delta, fresh: dict[str, dict[str, int]]) -> BatchBuilder:
        """Return the readings of ``delta`` as a batch for the log. Add new series to the database and to ``fresh``."""
        builder, deleted = BatchBuilder(), set(delta.deleted)
        new: list[tuple[int, str, str]] = []

        def numbers(device: str, metrics: Iterable[str]) -> list[int]:
            # A device that is deleted and comes back in one delta must not continue the series of the deleted one.
            known = {} if device in deleted else self._known(device)
            try:
                # Nearly always all series exist: look them up without a loop in Python.
                return [*map(known.__getitem__, metrics)]
            except KeyError:
                own = fresh.setdefault(device, {})
                for metric in metrics:
                    if metric not in known and metric not in own:
                        own[metric] = self._next_series + len(new)
                        new.append((own[metric], device, metric))
                # `or` is safe, because ids begin at 1.
                return [known.get(metric) or own[metric] for metric in metrics]

        for record in delta.records:
            builder.add(record, numbers(record.device, record.values))
        self._series_ids.begin()
        for record_batch in delta.record_batches:
            builder.add_batch(record_batch, self._series_ids.ids_of(record_batch, numbers))
        insert(self.connection, _NEW_SERIES, new)
        return builder

    def _write_the_rest(self, delta: Delta) -> None:
        replace(self.connection, "device", "id, state", delta.states.items())
        forgotten = [key for key, value in delta.learnt.items() if value is None]
        # `executemany` is slow in a busy process (see `insert`), but dialects forget rarely.
        self.connection.executemany("DELETE FROM learnt WHERE dialect = ? AND key = ?", forgotten)
        replace(
            self.connection,
            "learnt",
            "dialect, key, value",
            ((*key, value) for key, value in delta.learnt.items() if value is not None),
            keys=2,
        )
        # The columns beside a body are those that queries select and sort by.
        encode = msgspec.msgpack.encode
        replace(
            self.connection,
            "alert",
            "id, rule, device, metric, state, raised_at, cleared_at, body, confirmed_at, incident",
            (
                (
                    *(a.id, a.rule, a.device, a.metric, a.state, a.raised_at, a.cleared_at, encode(a)),
                    a.confirmed.at if a.confirmed else None,
                    a.incident,
                )
                for a in delta.alerts
            ),
        )
        replace(
            self.connection,
            "silence",
            "id, finished, at, ends_at, body",
            ((each.id, each.finished, each.at, each.ends_at, encode(each)) for each in delta.silences),
        )
        replace(
            self.connection,
            "incident",
            "id, state, started_at, ended_at, body",
            ((each.id, each.state, each.started_at, each.ended_at, encode(each)) for each in delta.incidents),
        )
        insert(
            self.connection,
            "INSERT INTO alert_entry (alert, device, body) VALUES",
            ((entry.alert, entry.device, encode(entry)) for entry in delta.alert_entries),
        )
        insert(self.connection, "INSERT INTO notice (body) VALUES", ((encode(each),) for each in delta.notices))
        steps = ((encode(each),) for each in delta.reaction_steps)
        insert(self.connection, "INSERT INTO reaction_step (body) VALUES", steps)
        replace(
            self.connection,
            "diagnosis",
            "id, alert, device, created_at, body",
            ((d.id, d.alert, d.device, d.created_at, encode(d)) for d in delta.diagnoses),
        )
        replace(
            self.connection,
            "command",
            "id, device, created_at, settled_at, body",
            ((c.id, c.device, c.created_at, c.settled_at, encode(c)) for c in delta.commands),
        )
        insert(
            self.connection,
            "INSERT INTO rejection (topic, reason, detail, excerpt, received, payload, size) VALUES",
            ((r.topic, r.reason, r.detail, r.excerpt, r.received, r.payload, r.size) for r in delta.rejections),
        )
        insert(
            self.connection,
            "INSERT INTO activity (ts, kind, device, text, severity, message_key, message_params) VALUES",
            (
                (a.ts, a.kind, a.device, a.text, a.severity, a.message_key, encode(a.message_params))
                for a in delta.activity
            ),
        )
