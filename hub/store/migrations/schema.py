"""The database's tables, as numbered migrations. It knows SQL and nothing of the hub's words.

A migration is never changed once released; the next change is the next number. Each runs in its own transaction
together with its number (``PRAGMA user_version``), so an interrupted upgrade goes on where it stopped. One that moves
much does so in steps, each a transaction of its own that finds what is left by itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from hub.errors import StoreError
from hub.store.connection import transaction

Statements = tuple[str, ...]
Step = Callable[[sqlite3.Connection], bool]

FIRST: Statements = (
    # One row: where the numbering of records stands, who may write, and the last delta without records.
    """CREATE TABLE progress (
        id INTEGER PRIMARY KEY CHECK (id = 1), cursor INTEGER NOT NULL, epoch INTEGER NOT NULL, digest BLOB)""",
    "INSERT INTO progress VALUES (1, 0, 0, NULL)",
    "CREATE TABLE device (id TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE series (id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL, UNIQUE (device, metric))",
    # Series of deleted devices: out of reach at once, their readings are swept up in slices by expiry.
    "CREATE TABLE dropped_series (id INTEGER PRIMARY KEY)",
    # n is the record's number, so equal readings are kept and a record is written once. value has no type of its
    # own: numbers are REAL, booleans INTEGER, texts TEXT. quality is NULL when good.
    """CREATE TABLE reading (
        series INTEGER NOT NULL, ts INTEGER NOT NULL CHECK (typeof(ts) = 'integer'), n INTEGER NOT NULL,
        value NOT NULL, quality TEXT,
        PRIMARY KEY (series, ts, n)) WITHOUT ROWID""",
    """CREATE TABLE dedupe_key (
        device TEXT NOT NULL, n INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (device, n)) WITHOUT ROWID""",
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
    """CREATE TABLE rejection (
        id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
        excerpt TEXT NOT NULL, received INTEGER NOT NULL)""",
    "CREATE INDEX rejection_received ON rejection (received)",
    """CREATE TABLE activity (
        id INTEGER PRIMARY KEY AUTOINCREMENT, ts INTEGER NOT NULL, kind TEXT NOT NULL, device TEXT,
        text TEXT NOT NULL, severity TEXT NOT NULL)""",
    "CREATE INDEX activity_ts ON activity (ts)",
    "CREATE INDEX activity_of_device ON activity (device, id)",
)

LEARNT: Statements = (
    # What a dialect has to know to read later messages: discovery configurations, birth certificates.
    """CREATE TABLE learnt (
        dialect TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (dialect, key)) WITHOUT ROWID""",
)

COMMANDS: Statements = (
    """CREATE TABLE command (
        id TEXT PRIMARY KEY, device TEXT NOT NULL, created_at INTEGER NOT NULL, settled_at INTEGER,
        body BLOB NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX command_of_device ON command (device, created_at, id)",
    "CREATE INDEX command_settled ON command (settled_at)",
)

ENGINE: Statements = (
    # The log: one row for the readings of a commit, numbered by its last record; see batches.py for the body.
    """CREATE TABLE batch (
        id INTEGER PRIMARY KEY, points INTEGER NOT NULL, first INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX batch_first ON batch (first)",
    # Some hundred points of a series, see chunks.py for the body. first and last are times; numbers is how many points
    # are no texts, summary their minimum, maximum and sum as big-endian doubles. open: newer points may still join it.
    """CREATE TABLE chunk (
        id INTEGER PRIMARY KEY, series INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        count INTEGER NOT NULL, numbers INTEGER NOT NULL, summary BLOB NOT NULL, open INTEGER NOT NULL,
        body BLOB NOT NULL)""",
    "CREATE INDEX chunk_of_series ON chunk (series, last, first, count, numbers, summary)",
    "CREATE INDEX chunk_open ON chunk (series) WHERE open",
    "CREATE INDEX chunk_first ON chunk (first)",
    # The fold under way: of the batches up to fold_upto, the series below fold_below are in chunks. 0, 0: none is.
    "ALTER TABLE progress ADD COLUMN fold_upto INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE progress ADD COLUMN fold_below INTEGER NOT NULL DEFAULT 0",
    # The log's batches up to n may still hold points of it.
    "ALTER TABLE dropped_series ADD COLUMN n INTEGER NOT NULL DEFAULT 0",
)

# What writes chunks today needs the tables of the migrations below, so readings move once these are there. A database
# that has been through this one when it still did so has no readings left to move.
ROWS_LATER: Statements = ()

RAW_REJECTIONS: Statements = (
    "ALTER TABLE rejection ADD COLUMN payload BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE rejection ADD COLUMN size INTEGER NOT NULL DEFAULT 0",
)

ROLLUPS: Statements = (
    # A coarser tier: 120 steps (of 60,000 or 3,600,000 ms) of one series from the time first; see rollups.py for the
    # body.
    """CREATE TABLE rollup (
        id INTEGER PRIMARY KEY, series INTEGER NOT NULL, step INTEGER NOT NULL, first INTEGER NOT NULL,
        body BLOB NOT NULL, UNIQUE (series, step, first))""",
    "CREATE INDEX rollup_first ON rollup (step, first)",
    # From when on a series has all its points, and all its entries of a tier; NULL: from the beginning.
    "ALTER TABLE series ADD COLUMN raw_from INTEGER",
    "ALTER TABLE series ADD COLUMN minutes_from INTEGER",
    # Bit q says that a point of quality code q is in it. Closed (not open): its points are in the rollups.
    "ALTER TABLE chunk ADD COLUMN marks INTEGER NOT NULL DEFAULT 0",
    # The chunks up to this number have been through the steps of the next migration.
    "ALTER TABLE progress ADD COLUMN rolled_upto INTEGER NOT NULL DEFAULT 0",
)

ROLLED: Statements = (
    "ALTER TABLE progress DROP COLUMN rolled_upto",
    "DROP INDEX chunk_of_series",
    "CREATE INDEX chunk_of_series ON chunk (series, last, first, count, numbers, summary, marks, open)",
)

NO_ROWS: Statements = ("DROP TABLE IF EXISTS reading",)

CONVERSATIONS: Statements = (
    """CREATE TABLE conversation (
        id TEXT PRIMARY KEY, title TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL)""",
    "CREATE TABLE turn (id INTEGER PRIMARY KEY, conversation TEXT NOT NULL, body BLOB NOT NULL)",
    "CREATE INDEX turn_of_conversation ON turn (conversation, id)",
)

LIBRARY: Statements = (
    # What was told of files that people sent; the pages of documents and their words; which models a manual is for.
    """CREATE TABLE analysis (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, device TEXT, created_at INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX analysis_newest ON analysis (created_at, id)",
    "CREATE INDEX analysis_of_device ON analysis (device, created_at, id)",
    "CREATE TABLE page (id INTEGER PRIMARY KEY, analysis TEXT NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL)",
    "CREATE INDEX page_of_analysis ON page (analysis)",
    """CREATE VIRTUAL TABLE page_words USING fts5 (
        text, content = 'page', content_rowid = 'id', tokenize = 'porter unicode61')""",
    "CREATE TABLE manual (model TEXT NOT NULL, analysis TEXT NOT NULL, PRIMARY KEY (model, analysis)) WITHOUT ROWID",
)

KEY_LOG: Statements = (
    # The dedupe keys of one commit, and those of a device that are older; see keys.py for both forms.
    "CREATE TABLE key_log (id INTEGER PRIMARY KEY, cursor INTEGER NOT NULL, count INTEGER NOT NULL, body NOT NULL)",
    "CREATE TABLE device_keys (device TEXT PRIMARY KEY, keys TEXT NOT NULL) WITHOUT ROWID",
    """INSERT INTO device_keys SELECT device, json_group_array(key) FROM (
        SELECT device, n, key FROM dedupe_key WHERE n <= (SELECT cursor FROM progress) - 20000 ORDER BY device, n)
        GROUP BY device""",
    """INSERT INTO key_log (cursor, count, body)
        SELECT max(n), count(*), json_array(json('[]'), json_group_array(device), json_group_array(key)) FROM (
            SELECT device, n, key FROM dedupe_key WHERE n > (SELECT cursor FROM progress) - 20000 ORDER BY n)
        HAVING count(*) > 0""",
    "DROP TABLE dedupe_key",
)

LOG_BY_KIND: Statements = ("CREATE INDEX activity_of_kind ON activity (kind, id)",)

CHECKPOINT: Statements = (
    # Up to this record the rows of the devices know all that the log knows; older versions wrote each with its record.
    "ALTER TABLE progress ADD COLUMN checkpoint INTEGER NOT NULL DEFAULT 0",
    "UPDATE progress SET checkpoint = cursor",
)

# A fold writes the open chunks of neighbouring series anew, one slice after the other: their indexes have these side by
# side, too. By the exact time of its first point, each would be on another page.
OPEN_CHUNKS: Statements = (
    "DROP INDEX chunk_of_series",
    "CREATE INDEX chunk_of_series ON chunk (series, last, first, count, numbers, summary, marks, open) WHERE NOT open",
    "DROP INDEX chunk_first",
    "CREATE INDEX chunk_first ON chunk (first) WHERE NOT open",
    "CREATE INDEX chunk_open_first ON chunk (first / 60000, series, first) WHERE open",
)

KEYS_AS_NUMBERS: Statements = (
    # The same as numbers; see keys.py for both forms. What is there is moved by the steps of the next migration.
    "ALTER TABLE key_log RENAME TO text_key_log",
    "ALTER TABLE device_keys RENAME TO text_device_keys",
    """CREATE TABLE key_log (
        id INTEGER PRIMARY KEY, cursor INTEGER NOT NULL, count INTEGER NOT NULL, gone BLOB, series BLOB NOT NULL,
        keys BLOB NOT NULL)""",
    # Not WITHOUT ROWID: a row of some 1,050 bytes would have a page of its own there.
    "CREATE TABLE device_keys (id INTEGER PRIMARY KEY, device TEXT NOT NULL UNIQUE, keys BLOB NOT NULL)",
)

NO_TEXT_KEYS: Statements = ("DROP TABLE text_key_log", "DROP TABLE text_device_keys")

UNREADABLE: Statements = (
    # Rows of other tables that a start could not read: the table is named by kind, the key of the row is a text.
    """CREATE TABLE unreadable (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, problem TEXT NOT NULL, at INTEGER NOT NULL,
        body)""",
)

MIGRATIONS: tuple[Statements, ...] = (
    FIRST,
    LEARNT,
    COMMANDS,
    ENGINE,
    ROWS_LATER,
    RAW_REJECTIONS,
    ROLLUPS,
    ROLLED,
    NO_ROWS,
    CONVERSATIONS,
    LIBRARY,
    KEY_LOG,
    LOG_BY_KIND,
    CHECKPOINT,
    OPEN_CHUNKS,
    KEYS_AS_NUMBERS,
    NO_TEXT_KEYS,
    UNREADABLE,
)
"""Migration number ``i + 1`` is at index ``i``."""


def version_of(connection: sqlite3.Connection) -> int:
    """The number of the last migration that this database has been through; 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(
    connection: sqlite3.Connection,
    migrations: tuple[Statements, ...] = MIGRATIONS,
    steps: Mapping[int, Step] | None = None,
) -> None:
    """Bring a database up to date. ``connection`` is in autocommit mode.

    ``steps`` has, by the number of a migration, what is called before it until it returns False: each call moves a
    part in a transaction of its own. Raises :class:`StoreError` for a database that a newer Watchkeeper has written.
    """
    version = version_of(connection)
    if version > len(migrations):
        raise StoreError(
            f"The database has format {version}, but this version of Watchkeeper knows only {len(migrations)}.",
            "Install the newer version again, or start with another data directory.",
        )
    for number, statements in enumerate(migrations[version:], version + 1):
        step = (steps or {}).get(number)
        while step is not None and step(connection):
            pass
        with transaction(connection):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
