"""Rate of readings from the broker into the history: the hub and other programs on the same flood.

``python -m benchmarks.ingest --help`` shows the options; the results are in ``benchmarks/README.md``.
"""
