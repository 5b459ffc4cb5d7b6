"""Benchmarks: run by hand, print figures. None of them is a test."""
