"""The history in an SQL database (SQLite or PostgreSQL), with all data that must survive a restart.

``base.py`` has the interface, ``schema.py`` the tables, and ``sql_store.py`` the part of the implementation that both
databases share. ``sqlite.py`` and ``postgresql/`` have the parts that differ. ``wal/`` is the write-ahead log of
readings and the memtable, ``chunks/`` compression, rollups, compaction and retention, ``query/`` answers history
queries. docs/architecture/storage.md follows a reading through them.
"""
