"""Limits that a person can set: when alerts belong to one incident, and when an alert is flapping."""

from __future__ import annotations

import msgspec


class IncidentLimits(msgspec.Struct, frozen=True):
    """Limits for grouping alerts into incidents and for detecting flapping alerts. Times are in ms."""

    group_ms: int = 600_000
    """An alert joins an incident with the same cause if that incident's last alert was raised at most this long ago."""
    max_age_ms: int = 4 * 3_600_000
    """An incident that is older than this accepts only alerts that were part of it before."""
    storm_devices: int = 5
    """A storm is a rule that raises alerts on this many devices, in one area or with one label, within ``group_ms``."""
    flapping_recoveries: int = 4
    """An alert is flapping once it has recovered this often within ``flapping_ms``."""
    flapping_ms: int = 600_000
    """An alert stops flapping if it has not recovered within this time, because it stays either cleared or open."""
