"""The write-ahead log of readings: readings that are committed and not in chunks yet.

A commit appends one row to the table ``batch``, and the same points to the memtable. Compaction moves the points into
chunks later, for many commits at once. (The file ``watchkeeper.db-wal`` is
another one: the write-ahead log of SQLite.)

::

    commit ──▶ BatchBuilder ──▶ table batch    durable, one row per commit, read again at start-up
                    │
                    └─────────▶ Memtable       the same points in memory, for queries and compaction
                                  newest points, in the order of arrival
                                    │ sort(), at RUN_POINTS points or when a compaction begins
                                    ▼
                                  sorted runs, in the order of their series; never changed

Where a point is::

    in a batch  ──▶  in a batch and in a chunk       ──▶  in a chunk
                     (a compaction is under way)          (its batch is deleted)

Invariants:

- The number of a batch is the number of its last record. The memtable finds batches by that number, so a query sees
  exactly the batches that its transaction sees; batches that are not (or no longer) in the memtable are read from the
  table.
- A query counts each point once: while a compaction is under way, :func:`~hub.store.wal.memtable.fresh_points` leaves
  out points that are in chunks already.
- Only compaction deletes batches, after all their points are in chunks, and only batches before the checkpoint: the
  records after the checkpoint complete the states of devices at start-up (``read_records``).
- The memtable forgets batches only after the transaction that deleted the last of them. A commit that fails takes its
  batch back.
"""
