"""Measurements, run by hand and printed as figures. None of them is a test."""
