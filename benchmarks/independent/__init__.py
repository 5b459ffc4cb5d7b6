"""Simulated machines and everyday scenes by authors who have not read the hub's diagnosis; see README.md."""

from __future__ import annotations

from benchmarks.independent.machine import Machine

MACHINES: dict[str, type[Machine]] = {}
"""All machines by kind; one line each."""
