"""How fast readings get from the broker into the history: the hub beside others on the same flood.

``python -m benchmarks.ingest --help`` says what can be chosen; README.md in the folder above, what came out.
"""
