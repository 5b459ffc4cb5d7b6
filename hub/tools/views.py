"""Results of the tools: small structs that are sent to models as JSON.

Times are epoch ms. Where a model would have to compute the date and time, a text has them as well.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub import text_format as fmt
from hub.model import Alert, Diagnosis, Limit, Presence, Quality, Severity, Value


class DeviceView(msgspec.Struct, frozen=True):
    id: str
    name: str
    area: str | None
    model: str | None
    presence: Presence
    severity: Severity


class MetricView(msgspec.Struct, frozen=True):
    metric: str
    value: Value
    unit: str | None
    ts: int
    quality: Quality
    limit: Limit | None


class AlertView(msgspec.Struct, frozen=True):
    """An alert with its diagnosis.

    Attributes:
        began_at, ended_at: by the device's timestamps.
        late: True if the alert had ended before it was reported.
        cause: the cause in the diagnosis. None if there is no diagnosis, if it names no cause, or if it is about
            another device.
        why: summary of the diagnosis, preceded by the cause that a person confirmed and what fixed it. If the diagnosis
            is about another device, the text says so.
        confirmed: the cause that a person confirmed; it outranks ``cause``.
    """

    id: str
    device: str
    name: str
    metric: str | None
    severity: Severity
    state: str
    message: str
    raised_at: int
    raised: str
    cleared_at: int | None
    began_at: int
    ended_at: int | None
    late: bool
    cause: str | None
    why: str | None
    actions: tuple[str, ...] = ()
    confirmed: str | None = None

    @classmethod
    def of(cls, alert: Alert, name: str, diagnosis: Diagnosis | None, diagnosed: str | None = None) -> AlertView:
        """Return the view of an alert, as a language model gets it.

        Args:
            alert: The alert.
            name: Display name of the alert's device.
            diagnosis: The diagnosis that explains the alert, None without one. It may be about another device of the
                incident.
            diagnosed: Name of that other device; None if the diagnosis is about the alert's own device.
        """
        own = diagnosis if diagnosis and diagnosis.device == alert.device else None
        return cls(
            alert.id, alert.device, name, alert.metric, alert.severity, alert.state, alert.message, alert.raised_at,
            fmt.date_time(alert.raised_at), alert.cleared_at, alert.since, alert.ended_at, alert.late,
            own.cause if own else None, _why(alert, diagnosis, diagnosed),
            own.actions if own else (), alert.confirmed.title if alert.confirmed else None,
        )  # fmt: skip


def _why(alert: Alert, diagnosis: Diagnosis | None, diagnosed: str | None) -> str | None:
    """Return what is known about why an alert was raised, or None if nothing is known.

    The text begins with the cause that a person confirmed, and what fixed it. After that comes the summary of the
    diagnosis, with its time if it is older than the alert. ``diagnosed`` is the name of the device that the diagnosis
    is about, if it is another device of the same incident.
    """
    confirmed = alert.confirmed
    found = [f"The confirmed cause is: {confirmed.title}."] if confirmed else []
    if confirmed and confirmed.fix:
        found.append(f"What fixed it: {confirmed.fix.rstrip('.')}.")
    if diagnosis:
        prefix = f"Diagnosis of {diagnosed}, another device of this incident: " if diagnosed else ""
        if not diagnosed and diagnosis.alert != alert.id and diagnosis.created_at < alert.raised_at:
            prefix = f"Diagnosis of {fmt.date_time(diagnosis.created_at)}, of an earlier alert of this incident: "
        found.append(prefix + diagnosis.summary)
    return " ".join(found) or None


class StateView(msgspec.Struct, frozen=True):
    device: DeviceView
    last_seen: int | None
    metrics: list[MetricView]
    alerts: list[AlertView]
    at: int


class FleetView(msgspec.Struct, frozen=True):
    devices: int
    presence: dict[str, int]
    severity: dict[str, int]
    areas: dict[str, int]
    models: dict[str, int]
    open_alerts: int
    at: int


class HistoryView(msgspec.Struct, frozen=True):
    """One metric over time. ``points`` are ``(ts, min, mean, max, count)``. Without readings, the numbers are None."""

    device: str
    name: str
    metric: str
    unit: str | None
    start: int
    end: int
    lowest: float | None
    mean: float | None
    highest: float | None
    first: float | None
    last: float | None
    points: list[Any]


class Ranked(msgspec.Struct, frozen=True):
    device: str
    name: str
    area: str | None
    metric: str
    value: float
    unit: str | None
    ts: int


class Comparison(msgspec.Struct, frozen=True):
    """One metric compared with the same metric of peers.

    ``deviations`` is the distance of ``own`` from the median of the peers, divided by the peers' robust spread.
    """

    metric: str
    unit: str | None
    own: float
    median: float
    lowest: float
    highest: float
    peers: int
    deviations: float


def celsius(value: float, unit: str | None) -> float:
    """Return a temperature in °C; a value of any other unit is returned unchanged."""
    if unit == "°F":
        return (value - 32) / 1.8
    return value - 273.15 if unit == "K" else value
