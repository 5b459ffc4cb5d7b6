"""An incident: alerts that probably have the same cause."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.model.alert import Severity

IncidentKind = Literal["device", "gateway", "rule"]
"""What the alerts of an incident share.

``device``: one device, on which they were raised or through which their devices are connected. ``gateway``: a gateway
that is down. ``rule``: a rule that raised many alerts (a storm), in one area or on devices with one label.
"""
IncidentState = Literal["open", "acknowledged", "resolved"]
IncidentStep = Literal["opened", "changed", "reopened", "resolved"]


class FirstMover(msgspec.Struct, frozen=True):
    """The device and metric that changed first in an incident. ``metric`` is None for a device that fell silent."""

    device: str
    metric: str | None
    since: int  # by the device's clock
    alert: str | None  # id of its alert; None: a gateway without one


class RecentRecoveries(msgspec.Struct, frozen=True):
    """When the alerts of one rule on one metric of a device recovered recently, in epoch ms by the hub's clock."""

    times: tuple[int, ...]
    flapping: bool = False


class Incident(msgspec.Struct, frozen=True, omit_defaults=True):
    """Incident with its current state. Times are by the hub's clock.

    An incident is acknowledged if all its open alerts are acknowledged, except suppressed ones. It is resolved when
    none of its alerts is open or flapping. For some minutes after that, an alert with the same cause can reopen it.
    """

    id: str  # computed from that of its first alert
    kind: IncidentKind
    state: IncidentState
    severity: Severity  # the highest of its open alerts; of a resolved incident the highest it had
    title: str
    started_at: int  # when its first alert was raised
    changed_at: int  # when its last alert was raised
    first: FirstMover
    ended_at: int | None = None
    alerts: int = 0  # all that belong to it
    open: int = 0  # those that are open
    suppressed: int = 0  # those of the open ones that are suppressed
    title_key: str | None = None
    title_params: dict[str, Any] = {}  # unformatted
    peak: Severity = "ok"  # the highest severity that it had
    leaders: dict[str, str] = {}  # gateways that are down, with the open alert that is notified for each
    recoveries: dict[str, RecentRecoveries] = {}  # by rule, device and metric
    explained: dict[str, str] = {}  # by device: its first alert, which is diagnosed
    keys: tuple[str, ...] = ()  # by which further alerts find it; see hub/rules/incidents/relations.py

    @property
    def flapping(self) -> bool:
        return any(each.flapping for each in self.recoveries.values())

    def explaining(self, device: str) -> tuple[str, ...]:
        """Return the ids of the alerts whose diagnoses explain the incident's alerts of ``device``, the best first.

        There are up to two ids:

        - the alert of the metric that changed first in the incident. It is left out if it belongs to another device
          and this device has a diagnosed alert of its own.
        - the diagnosed alert of this device. If there is none, because all its alerts are suppressed or part of a
          storm, it is the alert that was raised first in the incident.
        """
        first, own = self.first, self.explained.get(device)
        leading = [first.alert] if first.alert and (own is None or first.device == device) else []
        return tuple(dict.fromkeys((*leading, own or first_alert(self.id))))


def incident_of(alert_id: str) -> str:
    """Return the id of the incident whose first alert has this id."""
    return f"i{alert_id[1:]}"


def first_alert(incident_id: str) -> str:
    """Return the id of the first alert of an incident."""
    return f"a{incident_id[1:]}"
