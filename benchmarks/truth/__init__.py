"""Is a diagnosis right on machines that nobody in the project made? See ``python -m benchmarks.truth --help``."""
