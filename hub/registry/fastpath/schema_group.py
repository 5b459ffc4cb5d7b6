"""One payload schema and the devices that report in it: their messages are checked and applied as columns.

A row is a device. Messages wait here, decoded, until a flush::

    messages, found, waiting -- _columns() --> RecordBatch -- fit by itself? -- LastSeenTable.acceptable? --> applied
                                                                  \\----------- no: back to the slow path

Only what cannot make anything happen is applied: numbers of good quality, in time, newer than what came before, and
within the bounds of all rules. The columns ``values`` and ``ts`` hold the newest record of each row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from zlib import crc32

import msgspec
import numpy as np

from hub.dialects import PayloadSchema, is_timely
from hub.model import NO_KEY, Bools, Floats, Ints, RawMessage, RecordBatch, key_of_seq
from hub.registry.expected_interval import is_backlog
from hub.registry.fastpath.last_seen import LastSeenTable, grown


class SchemaGroup:
    """The columns of one payload schema, and its messages that wait."""

    def __init__(self, number: int, payload_schema: PayloadSchema) -> None:
        self.number = number  # unique in the process
        self.names = payload_schema.names  # the metrics
        self.decode: Callable[[bytes], msgspec.Struct] = payload_schema.numbers
        self.topics = 0  # promoted topics in this group
        self.owners: list[str] = []  # by row, the device's id
        self.rows: dict[str, int] = {}  # by device, its row
        self.slots: Ints = np.zeros(0, np.int64)  # by row, the device's slot in LastSeenTable
        self.least: Floats = np.zeros((0, len(self.names)))  # by row and metric, the bounds of the rules, included
        self.most = self.least
        self.values = self.least  # by row and metric, the newest value
        self.ts: Ints = self.slots  # by row, when that was measured
        # The messages that wait, what they hold (values, ts, seq), and their rows.
        self.messages: list[RawMessage] = []
        self.found: list[tuple[float, ...]] = []
        self.waiting: list[int] = []

    def row(self, device: str, slot: int, ts: int, least: Sequence[float], most: Sequence[float]) -> int:
        """Return the device's row, prepared for a promotion.

        Args:
            device: The device's id.
            slot: Its slot in the table.
            ts: When it measured these metrics last.
            least: The least value of each metric by which no rule is moved.
            most: The greatest one.
        """
        row = self.rows.get(device)
        if row is None:
            row = self.rows[device] = len(self.owners)
            self.owners.append(device)
            if row >= len(self.slots):
                size = max(64, 2 * row)
                self.slots, self.ts = grown(self.slots, size), grown(self.ts, size)
                self.least, self.most = grown(self.least, size), grown(self.most, size)
                self.values = grown(self.values, size)
        self.slots[row], self.ts[row], self.least[row], self.most[row] = slot, ts, least, most
        return row

    def flush(self, last_seen: LastSeenTable, connected_at: int) -> tuple[RecordBatch | None, list[RawMessage]]:
        """Apply the messages that wait. Return them as records, and those that do not fit, in order of arrival."""
        messages = self.messages
        try:
            records, fit = self._columns()
        finally:
            self.messages, self.found, self.waiting = [], [], []
        slots = self.slots[records.rows]
        order = np.argsort(slots, kind="stable")  # by device, and of each in the order of arrival
        records, slots, fit = records.take(order), slots[order], fit[order]
        intervals = last_seen.intervals(slots, records.ts, self.ts[records.rows], records.received)
        fit = last_seen.acceptable(slots, records.ts, intervals, records.keys, fit)
        unfit = [messages[i] for i in np.sort(order[~fit]).tolist()]
        if not fit.any():
            return None, unfit
        records, slots, intervals = records.take(fit), slots[fit], intervals[fit]
        self.values[records.rows], self.ts[records.rows] = records.values, records.ts  # the last one of each row stays
        backlog = is_backlog(intervals, last_seen.expected_interval[slots], records.received - connected_at)
        # Last, since it notes the keys: if anything fails before, the messages must not count as duplicates.
        last_seen.apply_batch(slots, records.ts, np.where(backlog, 0, intervals), records.received, records.keys)
        return records, unfit

    def _columns(self) -> tuple[RecordBatch, Bools]:
        """Return all that waits as columns, and which of it is fit by itself."""
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
        bounded = ((values >= self.least[rows]) & (values <= self.most[rows])).all(axis=1)
        return RecordBatch(self.number, self.names, self.owners, rows, ts, received, keys, values), bounded & is_timely(
            ts, received
        )
