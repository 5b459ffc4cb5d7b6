"""The schema of the database and the upgrades from older formats."""
