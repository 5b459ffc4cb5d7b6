"""Rate at which the hub stores messages from a broker, compared with other programs that receive the same flood.

``python -m benchmarks.ingest --help`` shows the options; the results are in ``benchmarks/README.md``.
"""
