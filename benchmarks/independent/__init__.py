"""Simulated machines and everyday scenes by authors who have not read the hub's diagnosis; see README.md."""

from __future__ import annotations

from benchmarks.independent.centrifugal_pump import CentrifugalPump
from benchmarks.independent.machine import Machine

MACHINES: dict[str, type[Machine]] = {
    "centrifugal_pump": CentrifugalPump,
}
"""All machines by kind; one line each."""
