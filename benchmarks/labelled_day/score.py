"""Compare the alerts of a system with the labels of the day. Times are seconds of the simulated day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median, quantiles

from benchmarks.labelled_day.day import QuietHour
from benchmarks.labelled_day.faults import Fault

GRACE_S = 600.0
"""An alert that is raised at most this long after the repair of a fault still belongs to the fault."""


@dataclass(frozen=True)
class RaisedAlert:
    """An alert that a system raised, with its highest severity.

    ``incident`` and ``notified`` are None if nobody was notified of the alert.
    """

    device: str
    rule: str
    raised: float
    notified: float | None = None
    incident: str | None = None
    severity: str = "warning"

    def belongs_to(self, fault: Fault) -> bool:
        """Return whether the alert's device, rule and time are those of the fault."""
        known = self.rule in fault.rules or self.rule in fault.also
        return known and self.device in fault.devices and fault.onset <= self.raised <= fault.end + GRACE_S


@dataclass
class Score:
    """The score of a system.

    Attributes:
        delays: For each detected fault, the simulated seconds from the labelled moment to the alert.
        notice_delays: For each detected fault, the simulated seconds from the labelled moment to the first message.
        severities_right: The number of detected faults whose alerts had the labelled severity.
        missed: Faults without an alert of one of their rules.
        false: Alerts that belong to no fault.
        in_quiet_hours: The number of these alerts that were raised in a quiet hour of their device.
        incidents: For each detected fault, the number of incidents of its alerts.
    """

    hours: float
    alerts: int
    messages: int
    delays: dict[Fault, float] = field(default_factory=dict)
    notice_delays: dict[Fault, float] = field(default_factory=dict)
    severities_right: int = 0
    missed: list[Fault] = field(default_factory=list)
    false: list[RaisedAlert] = field(default_factory=list)
    in_quiet_hours: int = 0
    incidents: dict[Fault, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """The share of the faults that the system detected; 1 if there were none."""
        faults = len(self.delays) + len(self.missed)
        return len(self.delays) / faults if faults else 1.0

    @property
    def false_an_hour(self) -> float:
        return len(self.false) / self.hours

    @property
    def incidents_a_fault(self) -> float:
        return sum(self.incidents.values()) / len(self.incidents) if self.incidents else 0.0


def score(
    faults: list[Fault], quiet: Iterable[QuietHour], hours: float, alerts: list[RaisedAlert], messages: int
) -> Score:
    """Score the alerts that one system raised during the day.

    ``messages`` is the number of messages about new alerts that it sent.
    """
    alerts = [each for each in alerts if 0 <= each.raised <= 3_600 * hours + GRACE_S]
    found = Score(hours, len(alerts), messages)
    for fault in faults:
        own = [each for each in alerts if each.belongs_to(fault)]
        detecting = [each for each in own if each.rule in fault.rules]
        if not detecting:
            found.missed.append(fault)
            continue
        found.delays[fault] = min(each.raised for each in detecting) - fault.met
        notified = [each.notified for each in detecting if each.notified is not None]
        if notified:
            found.notice_delays[fault] = min(notified) - fault.met
        highest = "critical" if any(each.severity == "critical" for each in detecting) else "warning"
        found.severities_right += highest == fault.severity
        found.incidents[fault] = len({each.incident for each in own if each.incident is not None})
    found.false = [each for each in alerts if not any(each.belongs_to(fault) for fault in faults)]
    calm = list(quiet)
    found.in_quiet_hours = sum(
        any(hour.device == each.device and hour.start <= each.raised < hour.end for hour in calm)
        for each in found.false
    )
    return found


def middle(values: Iterable[float]) -> float:
    """Return the median; NaN if there are no values."""
    kept = list(values)
    return median(kept) if kept else float("nan")


def ninth_decile(values: Iterable[float]) -> float:
    """Return the 90th percentile, interpolated between the values; NaN if there are no values."""
    kept = list(values)
    if len(kept) < 2:
        return middle(kept)
    return quantiles(kept, n=10, method="inclusive")[-1]
