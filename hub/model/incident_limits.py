"""Settings with their defaults: when alerts belong to one incident, and when an alert is flapping."""

from __future__ import annotations

import msgspec


class IncidentLimits(msgspec.Struct, frozen=True):
    """Limits in ms for grouping alerts into incidents and for detecting flapping alerts."""

    group_ms: int = 600_000
    """An alert joins an incident of the same cause if its last alert was raised at most this long ago."""
    max_age_ms: int = 4 * 3_600_000
    """An incident that is older than this is joined only by alerts that were raised in it before."""
    storm_devices: int = 5
    """A rule that raised alerts on this many devices of an area, or with a label, within ``group_ms`` is a storm."""
    flapping_recoveries: int = 4
    """An alert is flapping once it was raised and has recovered this often within the window."""
    flapping_ms: int = 600_000
    """It is not flapping any more when it has not recovered for this time: it stayed cleared, or stays open."""
