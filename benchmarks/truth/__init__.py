"""Accuracy of diagnoses on machines and data from outside the project. See ``python -m benchmarks.truth --help``."""
