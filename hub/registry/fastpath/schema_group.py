r"""Pending messages and latest values of all devices that report in one payload schema, as columns.

A row is a device. Decoded messages wait here until a flush::

    messages, contents, pending_rows -- _columns() --> RecordBatch -- fit? -- LastSeenTable.acceptable? --> applied
                                                                         \--------- no: slow path

Only records that cause no event are applied: numbers of good quality, in time, newer than the records before, and
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
from hub.registry.fastpath.recent_readings import RecentReadings


class SchemaGroup:
    """All devices whose payloads have the same schema: their newest values as columns, and their pending messages.

    A message is pending until the next flush of the fast path.
    """

    def __init__(self, number: int, payload_schema: PayloadSchema) -> None:
        self.number = number  # unique in the process
        self.names = payload_schema.names  # the metrics
        self.decode: Callable[[bytes], msgspec.Struct] = payload_schema.numbers
        self.topics = 0  # promoted topics in this group
        self.owners: list[str] = []  # by row, the device's id
        self.rows: dict[str, int] = {}  # by device, its row
        self.slots: Ints = np.zeros(0, np.int64)  # by row, the device's slot in LastSeenTable
        # By row and metric, the range in which no rule changes state; both bounds are inclusive.
        self.minimum: Floats = np.zeros((0, len(self.names)))
        self.maximum = self.minimum
        self.until: Ints = self.slots  # by row, when rules have to be evaluated whatever the values
        self.recent = RecentReadings(len(self.names))  # for the rules that keep readings
        self.values = self.minimum  # by row and metric, the newest value
        self.ts: Ints = self.slots  # by row, when the newest values were measured
        # The pending messages, their contents (values, ts, seq), and their rows.
        self.messages: list[RawMessage] = []
        self.contents: list[tuple[float, ...]] = []
        self.pending_rows: list[int] = []

    def row(
        self, device: str, slot: int, ts: int, minimum: Sequence[float], maximum: Sequence[float], until: int
    ) -> int:
        """Fill the device's row, so that its messages can take the fast path. Return the number of the row.

        Args:
            device: The device's id.
            slot: The device's index in the columns of :class:`LastSeenTable`.
            ts: When the device last measured these metrics, in epoch ms.
            minimum: For each metric, the lower bound (inclusive) of the range in which no rule changes state.
            maximum: For each metric, the upper bound (inclusive) of this range.
            until: The time in epoch ms until which the bounds are valid. Later messages take the slow path.
        """
        row = self.rows.get(device)
        if row is None:
            row = self.rows[device] = len(self.owners)
            self.owners.append(device)
            if row >= len(self.slots):
                size = max(64, 2 * row)
                self.slots, self.ts, self.until = (grown(each, size) for each in (self.slots, self.ts, self.until))
                self.minimum, self.maximum = grown(self.minimum, size), grown(self.maximum, size)
                self.values = grown(self.values, size)
        self.slots[row], self.ts[row], self.until[row] = slot, ts, until
        self.minimum[row], self.maximum[row] = minimum, maximum
        return row

    def flush(self, last_seen: LastSeenTable, connected_at: int) -> tuple[RecordBatch | None, list[RawMessage]]:
        """Apply the pending messages.

        Return a record batch of the applied messages (None if there are none), and the other messages in order of
        arrival. The caller passes those to the slow path.
        """
        messages = self.messages
        try:
            records, fit = self._columns()
        finally:
            # Also after an error: the caller hands the messages to the slow path, and they must not be applied twice.
            self.messages, self.contents, self.pending_rows = [], [], []
        slots = self.slots[records.rows]
        order = np.argsort(slots, kind="stable")  # by device, then in order of arrival
        records, slots, fit = records.take(order), slots[order], fit[order]
        intervals = last_seen.intervals(slots, records.ts, self.ts[records.rows], records.received)
        fit = last_seen.acceptable(slots, records.ts, intervals, records.keys, fit)
        unfit = [messages[i] for i in np.sort(order[~fit]).tolist()]
        if not fit.any():
            return None, unfit
        records, slots, intervals = records.take(fit), slots[fit], intervals[fit]
        # With duplicate rows, the last write wins.
        self.values[records.rows], self.ts[records.rows] = records.values, records.ts
        self.recent.add(records)
        backlog = is_backlog(intervals, last_seen.expected_interval[slots], records.received - connected_at)
        # Last, because it adds the dedup keys: if a step before fails, the slow path must not see duplicates.
        last_seen.apply_batch(slots, records.ts, np.where(backlog, 0, intervals), records.received, records.keys)
        return records, unfit

    def _columns(self) -> tuple[RecordBatch, Bools]:
        """Return the pending messages as a record batch, and a mask of the messages that the fast path can apply.

        A message can be applied if its time is close to the time of receipt, and each value is within the range in
        which no rule changes state. This range must still be valid for the device.
        """
        width = len(self.names) + 2
        numbers = np.fromiter(chain.from_iterable(self.contents), np.float64, width * len(self.contents))
        table = numbers.reshape(-1, width)
        rows = np.array(self.pending_rows, np.int64)
        received = np.array([message.received for message in self.messages], np.int64)
        ts, seq = table[:, -2].astype(np.int64), table[:, -1].astype(np.int64)
        ts = np.where(ts < 0, received, ts)
        keys = np.full(len(rows), NO_KEY)
        if (seq >= 0).any():
            sums = np.array([crc32(message.payload) for message in self.messages], np.int64)
            keys = np.where(seq >= 0, key_of_seq(seq, sums), NO_KEY)
        values = np.ascontiguousarray(table[:, :-2])
        bounded = ((values >= self.minimum[rows]) & (values <= self.maximum[rows])).all(axis=1)
        bounded &= np.maximum(ts, received) < self.until[rows]
        records = RecordBatch(self.number, self.names, self.owners, rows, ts, received, keys, values)
        return records, bounded & is_timely(ts, received)
