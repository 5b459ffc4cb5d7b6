"""The write-ahead log: batches as committed, and their points in memory until compaction."""
