"""The history: everything that must survive a restart."""
