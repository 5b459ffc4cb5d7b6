"""One layout of telemetry and the devices that report in it: what they say is judged and taken up as columns.

A row is a device. What may be taken so is what cannot make anything happen: numbers of good quality, newer than what
came before, within the bounds of all rules. Any other message is left for the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from zlib import crc32

import msgspec
import numpy as np

from hub.dialects import LATE, PayloadSchema
from hub.model import NO_KEY, Bools, Floats, Ints, RawMessage, RecordBatch, key_of_seq
from hub.registry.expected_interval import is_backlog_many
from hub.registry.fastpath.last_seen import LastSeenTable, grown


class SchemaGroup:
    """``owners`` are the devices' ids by row, ``places`` their places among all devices; ``topics`` counts those that
    are steady in it."""

    def __init__(self, number: int, payload_schema: PayloadSchema) -> None:
        self.number = number
        self.names = payload_schema.names
        self.decode: Callable[[bytes], msgspec.Struct] = payload_schema.numbers
        self.topics = 0
        self.owners: list[str] = []
        self.rows: dict[str, int] = {}
        self.places: Ints = np.zeros(0, np.int64)
        self.least: Floats = np.zeros((0, len(self.names)))
        self.most = self.least
        self.values = self.least  # the newest of each row
        self.ts: Ints = self.places
        self.messages: list[RawMessage] = []
        self.found: list[tuple[float, ...]] = []
        self.waiting: list[int] = []

    def row(self, device: str, place: int, ts: int, least: Sequence[float], most: Sequence[float]) -> int:
        """The device's row; its values are taken up while they lie within these bounds, both included. ``ts`` is when
        it reported them last."""
        row = self.rows.get(device)
        if row is None:
            row = self.rows[device] = len(self.owners)
            self.owners.append(device)
            if row >= len(self.places):
                size = max(64, 2 * row)
                self.places, self.ts = grown(self.places, size), grown(self.ts, size)
                self.least, self.most = grown(self.least, size), grown(self.most, size)
                self.values = grown(self.values, size)
        self.places[row], self.ts[row], self.least[row], self.most[row] = place, ts, least, most
        return row

    def flush(self, heard: LastSeenTable, connected: int) -> tuple[RecordBatch | None, list[RawMessage]]:
        """Take up what waits; what of it goes the usual way, in its order."""
        messages = self.messages
        try:
            record_batch, places, fit = self._check_bounds()
        finally:
            self.messages, self.found, self.waiting = [], [], []
        # In the order of the devices, and of each in the order in which it came.
        order = np.argsort(places, kind="stable")
        intervals = heard.intervals(
            places[order], record_batch.ts[order], self.ts[record_batch.rows][order], record_batch.received[order]
        )
        fit = heard.acceptable(places[order], record_batch.ts[order], intervals, record_batch.keys[order], fit[order])
        left = [messages[i] for i in np.sort(order[~fit]).tolist()]
        order, intervals = order[fit], intervals[fit]
        if not len(order):
            return None, left
        record_batch = record_batch.take(order)
        self.values[record_batch.rows], self.ts[record_batch.rows] = (
            record_batch.values,
            record_batch.ts,
        )  # of several, the last one stays
        # Last, since it notes the keys: what fails before it goes the usual way, and must not be taken for repeated.
        backlog = is_backlog_many(intervals, heard.expected_interval[places[order]], record_batch.received - connected)
        heard.apply_batch(
            places[order], record_batch.ts, np.where(backlog, 0, intervals), record_batch.received, record_batch.keys
        )
        return record_batch, left

    def _check_bounds(self) -> tuple[RecordBatch, Ints, Bools]:
        """All that waits as columns, and which of it is fit by itself."""
        width = len(self.names) + 2
        table = np.fromiter(chain.from_iterable(self.found), np.float64, width * len(self.found)).reshape(-1, width)
        rows = np.array(self.waiting, np.int64)
        received = np.array([message.received for message in self.messages], np.int64)
        ts, seq = table[:, -2].astype(np.int64), table[:, -1].astype(np.int64)
        ts = np.where(ts < 0, received, ts)
        keys = np.full(len(rows), NO_KEY)
        if (seq >= 0).any():
            sums = np.array([crc32(message.payload) for message in self.messages], np.int64)
            keys = np.where(seq >= 0, key_of_seq(seq, sums), NO_KEY)
        values = np.ascontiguousarray(table[:, :-2])
        age = received - ts
        bounded = ((values >= self.least[rows]) & (values <= self.most[rows])).all(axis=1)
        fit = bounded & (age >= -LATE) & (age <= LATE)
        return (
            RecordBatch(self.number, self.names, self.owners, rows, ts, received, keys, values),
            self.places[rows],
            fit,
        )
