"""The history in an SQL database (SQLite; PostgreSQL is not offered yet): everything that must survive a restart.

``base.py`` has the interface, ``schema.py`` the tables, ``sql_store.py`` and ``sqlite.py`` the implementation. ``wal/``
is the write-ahead log of readings and the memtable, ``chunks/`` compression, rollups, compaction and retention,
``query/`` answers history queries. docs/architecture/storage.md follows a reading through them.
"""
