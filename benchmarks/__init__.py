"""Benchmarks. A person runs them; they print figures. None of them is a test."""
