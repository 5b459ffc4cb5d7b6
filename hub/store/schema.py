"""The tables of the database, in the format of this version. It holds SQL and no code.

Groups of tables::

    progress                         one row: last record, checkpoint, progress of the compaction
    device, series, dropped_series   what exists, and series of deleted devices until retention has swept them
    batch                            the write-ahead log of readings, one row per commit   (wal/)
    chunk, rollup                    compressed readings, and their minutes and hours    (chunks/)
    key_log, device_keys             deduplication keys                                  (dedup_keys.py)
    alert, diagnosis, command,       entities, one row each with a msgpack body
    conversation, turn, analysis
    page, page_words, manual         documents and their full-text index
    alert_entry, silence, incident   the histories of alerts; silences; alerts that share a cause
    notice, notification_group,      notifications of alerts, and the outbox of their deliveries   (notifications.py)
    delivery
    reaction_step, reaction_run,     what may start reactions, and what became of them             (reactions.py)
    reaction_state
    rejection, activity, audit       logs for people
    learnt                           learned state: what dialects need to decode later messages
    unreadable                       damaged rows of other tables

Once a format is released, it is changed by a migration only (migrations.py).
"""

from __future__ import annotations

SCHEMA: tuple[str, ...] = (
    # One row.
    # cursor: number of the last committed record.
    # epoch: number of the newest owner (writing process) so far; always 1 today.
    # digest: hash of the last commit if it had no records (recognizes a retry).
    # checkpoint: up to this record the states of all devices are complete.
    # compacting_upto, compacting_below: progress of the running compaction: for batches numbered up to the former,
    #   series with ids below the latter are already in chunks; both 0 if none runs.
    """CREATE TABLE progress (
        id INTEGER PRIMARY KEY CHECK (id = 1), cursor INTEGER NOT NULL, epoch INTEGER NOT NULL, digest BLOB,
        checkpoint INTEGER NOT NULL DEFAULT 0, compacting_upto INTEGER NOT NULL DEFAULT 0,
        compacting_below INTEGER NOT NULL DEFAULT 0)""",
    "INSERT INTO progress (id, cursor, epoch) VALUES (1, 0, 0)",
    "CREATE TABLE device (id TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID",
    # From raw_from on a series has all its points, from minutes_from on all its minutes; NULL: from the beginning.
    """CREATE TABLE series (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL, raw_from INTEGER, minutes_from INTEGER,
        UNIQUE (device, metric))""",
    # Series of deleted devices: no query finds them, and retention deletes their points in slices. Batches of the log
    # up to last_batch may still hold points of them.
    "CREATE TABLE dropped_series (id INTEGER PRIMARY KEY, last_batch INTEGER NOT NULL DEFAULT 0)",
    # The write-ahead log: the readings of one commit.
    # id: number of the commit's last record. first: time of its oldest point. body: see wal/batch_rows.py.
    """CREATE TABLE batch (
        id INTEGER PRIMARY KEY, points INTEGER NOT NULL, first INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX batch_first ON batch (first)",
    # Up to 416 points of a series; see chunks/codec.py for the body. first and last are times; numbers is how many
    # points are not texts, summary their minimum, maximum and sum as big-endian doubles. Bit q of marks says that a
    # point of quality code q is in it. active: newer points may still join it; if not, its points are in the rollups.
    """CREATE TABLE chunk (
        id INTEGER PRIMARY KEY, series INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        count INTEGER NOT NULL, numbers INTEGER NOT NULL, summary BLOB NOT NULL, marks INTEGER NOT NULL DEFAULT 0,
        active INTEGER NOT NULL, body BLOB NOT NULL)""",
    # Compaction rewrites the active chunks of neighbouring series slice by slice, so their indexes keep these side by
    # side. By the exact time of its first point, each would be on another page.
    """CREATE INDEX chunk_of_series ON chunk (series, last, first, count, numbers, summary, marks, active)
        WHERE NOT active""",
    "CREATE INDEX chunk_first ON chunk (first) WHERE NOT active",
    "CREATE INDEX chunk_active ON chunk (series) WHERE active",
    "CREATE INDEX chunk_active_first ON chunk (first / 60000, series, first) WHERE active",
    # A coarser tier: 120 steps (of 60,000 or 3,600,000 ms) of one series from the time first; see chunks/rollups.py.
    """CREATE TABLE rollup (
        id INTEGER PRIMARY KEY, series INTEGER NOT NULL, step INTEGER NOT NULL, first INTEGER NOT NULL,
        body BLOB NOT NULL, UNIQUE (series, step, first))""",
    "CREATE INDEX rollup_first ON rollup (step, first)",
    # Deduplication keys (see dedup_keys.py). key_log: the keys of one commit per row. device_keys: older keys, merged
    # into one row per device.
    """CREATE TABLE key_log (
        id INTEGER PRIMARY KEY, cursor INTEGER NOT NULL, count INTEGER NOT NULL, gone BLOB, series BLOB NOT NULL,
        keys BLOB NOT NULL)""",
    # A WITHOUT ROWID table would put each ~1,050-byte row on its own page.
    "CREATE TABLE device_keys (id INTEGER PRIMARY KEY, device TEXT NOT NULL UNIQUE, keys BLOB NOT NULL)",
    """CREATE TABLE alert (
        id TEXT PRIMARY KEY, rule TEXT NOT NULL, device TEXT NOT NULL, metric TEXT, state TEXT NOT NULL,
        raised_at INTEGER NOT NULL, cleared_at INTEGER, body BLOB NOT NULL)""",
    "CREATE INDEX alert_newest ON alert (raised_at, id)",
    "CREATE INDEX alert_open ON alert (raised_at, id) WHERE state <> 'cleared'",
    "CREATE INDEX alert_of_device ON alert (device, raised_at, id)",
    "CREATE INDEX alert_of_rule ON alert (rule, metric, raised_at, id)",
    "CREATE INDEX alert_cleared ON alert (cleared_at) WHERE state = 'cleared'",
    """CREATE TABLE diagnosis (
        id TEXT PRIMARY KEY, alert TEXT, device TEXT NOT NULL, created_at INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX diagnosis_of_alert ON diagnosis (alert, created_at)",
    "CREATE INDEX diagnosis_of_device ON diagnosis (device)",
    """CREATE TABLE command (
        id TEXT PRIMARY KEY, device TEXT NOT NULL, created_at INTEGER NOT NULL, settled_at INTEGER,
        body BLOB NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX command_of_device ON command (device, created_at, id)",
    "CREATE INDEX command_settled ON command (settled_at)",
    """CREATE TABLE rejection (
        id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
        excerpt TEXT NOT NULL, received INTEGER NOT NULL, payload BLOB NOT NULL, size INTEGER NOT NULL)""",
    "CREATE INDEX rejection_received ON rejection (received)",
    """CREATE TABLE activity (
        id INTEGER PRIMARY KEY AUTOINCREMENT, ts INTEGER NOT NULL, kind TEXT NOT NULL, device TEXT,
        text TEXT NOT NULL, severity TEXT NOT NULL)""",
    "CREATE INDEX activity_ts ON activity (ts)",
    "CREATE INDEX activity_of_device ON activity (device, id)",
    "CREATE INDEX activity_of_kind ON activity (kind, id)",
    # Learned state of dialects: discovery configurations and birth certificates, for example.
    """CREATE TABLE learnt (
        dialect TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (dialect, key)) WITHOUT ROWID""",
    """CREATE TABLE conversation (
        id TEXT PRIMARY KEY, title TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL)""",
    "CREATE TABLE turn (id INTEGER PRIMARY KEY, conversation TEXT NOT NULL, body BLOB NOT NULL)",
    "CREATE INDEX turn_of_conversation ON turn (conversation, id)",
    # Analyses of uploaded files; the pages of documents and their words; the models that a manual is for.
    """CREATE TABLE analysis (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, device TEXT, created_at INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX analysis_newest ON analysis (created_at, id)",
    "CREATE INDEX analysis_of_device ON analysis (device, created_at, id)",
    "CREATE TABLE page (id INTEGER PRIMARY KEY, analysis TEXT NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL)",
    "CREATE INDEX page_of_analysis ON page (analysis)",
    """CREATE VIRTUAL TABLE page_words USING fts5 (
        text, content = 'page', content_rowid = 'id', tokenize = 'porter unicode61')""",
    "CREATE TABLE manual (model TEXT NOT NULL, analysis TEXT NOT NULL, PRIMARY KEY (model, analysis)) WITHOUT ROWID",
    # Damaged rows of other tables: kind names the table, key the row.
    """CREATE TABLE unreadable (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, problem TEXT NOT NULL, at INTEGER NOT NULL,
        body)""",
)
"""The statements that turn an empty file into a database of the first format."""
