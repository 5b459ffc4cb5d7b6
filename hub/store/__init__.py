"""The history in SQLite: everything that must survive a restart."""
