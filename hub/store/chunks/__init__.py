"""Compressed chunks of points, the rollups beside them, compaction and retention."""
