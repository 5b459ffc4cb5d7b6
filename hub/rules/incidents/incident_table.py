"""The table of incidents that are open or were resolved recently, to find and update the incident of an alert."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from hub.events import IncidentChanged
from hub.model import SEVERITIES, Alert, Device, FirstMover, Incident, IncidentKind, IncidentLimits
from hub.model.incident import incident_of
from hub.rules.incidents.open_members import OpenMembers
from hub.rules.incidents.relations import (
    device_is_silent,
    device_key,
    gateway_key,
    machine_keys,
    own_keys,
    rule_keys,
    series_key,
)
from hub.rules.incidents.storms import Storms
from hub.rules.incidents.titles import title_fields, title_params

MAX_KEYS = 64
"""Maximum keys by which later alerts find one incident. When it is reached, alerts that join add no keys."""

MAX_EXPLAINED = 16
"""Maximum devices of one incident that get a diagnosis of their own."""


class IncidentTable:
    """The open incidents, and the incidents that were resolved recently.

    They are found by id (``by_id``), or by a key of :mod:`hub.rules.incidents.relations`. A key stands for something
    that alerts have in common, such as their device.
    """

    def __init__(self, limits: IncidentLimits) -> None:
        self._limits = limits
        self.by_id: dict[str, Incident] = {}
        self._members: dict[str, OpenMembers] = {}  # by incident
        self._by_key: dict[str, str] = {}  # the last incident with each key
        self._resolved: deque[tuple[int, str]] = deque()  # (ended_at, incident), in this order
        self._before: dict[str, Incident | None] = {}  # incidents with changes, as they were at the last settle()
        self._storms = Storms(limits)

    def load(self, incidents: Iterable[Incident]) -> None:
        """Add stored incidents."""
        for incident in sorted(incidents, key=lambda each: (each.ended_at or 0, each.changed_at, each.id)):
            self.by_id[incident.id] = incident
            self._members[incident.id] = OpenMembers()
            self._by_key |= dict.fromkeys(incident.keys, incident.id)
            if incident.ended_at is not None:
                self._resolved.append((incident.ended_at, incident.id))

    def open_alerts(self, incident_id: str) -> list[Alert]:
        """Return the open alerts of an incident."""
        members = self._members.get(incident_id)
        return [] if members is None else list(members.alerts.values())

    def put(self, alert: Alert) -> None:
        """Replace the stored state of an open alert in its incident. Do nothing if the incident is unknown."""
        if alert.incident in self._members:
            self._members[alert.incident].put(alert)
            self.touch(alert.incident)

    def remove(self, alert: Alert) -> None:
        """Remove an alert that has ended from the open alerts of its incident."""
        if alert.incident in self._members:
            self._members[alert.incident].remove(alert.id)
            self.touch(alert.incident)

    def find(self, alert: Alert, device: Device, now: int) -> tuple[Incident, IncidentKind] | None:
        """Return the incident that a new alert joins, and why it joins it: what the alert and the incident share.

        Return None if the alert joins no incident.
        """
        again = (series_key(alert), gateway_key(device.id)) if device_is_silent(alert) else (series_key(alert),)
        for key in again:
            if (found := self._recent(key, now, series_key(alert))) is not None:
                return found, found.kind
        if (found := self._recent(device_key(device.id), now)) is not None and self._takes_others(found, now):
            return found, "device"
        kinds: tuple[tuple[IncidentKind, list[str]], ...]
        storms = [key for key in rule_keys(alert, device) if self._storms.is_storm(key, device.id, now)]
        kinds = ("device", machine_keys(device)), ("rule", storms)
        for kind, keys in kinds:
            for key in keys:
                found = self._recent(key, now)
                if found is not None and found.ended_at is None and self._takes_others(found, now):
                    return found, kind
        return None

    def count(self, alert: Alert, device: Device) -> None:
        """Count a raised alert, to recognize a storm: alerts of one rule on many devices in a short time."""
        self._storms.count(rule_keys(alert, device), device.id, alert.raised_at)

    def _recent(self, key: str, now: int, series: str | None = None) -> Incident | None:
        """Return the incident that is registered under ``key``, unless its last change is too old.

        Args:
            key: What alerts have in common; see :mod:`hub.rules.incidents.relations`.
            now: The time in epoch ms. The last change must be at most ``group_ms`` before it.
            series: Without it, only newly raised alerts count as changes. With the key of a series of alerts, its last
                recovery and the end of the incident count, too.
        """
        incident = self.by_id.get(self._by_key.get(key, ""))
        if incident is None:
            return None
        latest = incident.changed_at
        if series is not None:
            recoveries = incident.recoveries.get(series)
            latest = max(latest, incident.ended_at or 0, recoveries.times[-1] if recoveries else 0)
        return incident if now - latest <= self._limits.group_ms else None

    def _takes_others(self, incident: Incident, now: int) -> bool:
        """Return whether the incident is still open for alerts of rules and metrics that it does not contain yet.

        An incident about a gateway, or one that began more than ``max_age_ms`` ago, takes only repetitions of its
        alerts.
        """
        return incident.kind != "gateway" and now - incident.started_at <= self._limits.max_age_ms

    def open(self, alert: Alert, device: Device, now: int) -> Incident:
        """Open an incident for an alert, and return the incident."""
        incident = Incident(
            id=incident_of(alert.id),
            kind="device",
            state="open",
            severity=alert.severity,
            started_at=now,
            changed_at=now,
            first=_first_mover(alert),
            **title_fields("device", title_params(device.display_name, alert)),
        )
        self._before.setdefault(incident.id, None)
        self.by_id[incident.id] = incident
        self._members[incident.id] = OpenMembers()
        return incident

    def join(self, alert: Alert, device: Device, shares: IncidentKind, now: int) -> None:
        """Add an alert to the incident that ``alert.incident`` names.

        ``shares`` says what the alert has in common with earlier alerts of the incident, such as the device or the
        rule.
        """
        incident = self.by_id[alert.incident or ""]
        changes: dict[str, Any] = {"alerts": incident.alerts + 1, "changed_at": now}
        if alert.suppressed_by is None:
            changes["keys"] = self._register(incident, own_keys(alert, device))
            if shares != "rule" and len(incident.explained) < MAX_EXPLAINED:
                changes["explained"] = {device.id: alert.id} | incident.explained
            kind = incident.kind if shares == "device" else shares
            first = min(incident.first, _first_mover(alert), key=lambda each: (each.since, each.alert or ""))
            if incident.kind != "gateway" and (kind, first) != (incident.kind, incident.first):
                params = title_params(device.display_name, alert) if first.alert == alert.id else incident.title_params
                changes |= {"kind": kind, "first": first, **title_fields(kind, params)}
        self.update(incident.id, **changes)
        self.put(alert)

    def blame(self, gateway: str, name: str, since: int, leader: Alert) -> None:
        """Record that the incident of the alert ``leader`` began with a gateway that is down.

        ``leader`` is the alert that people are notified of for this gateway. ``name`` is the gateway's display name,
        and ``since`` the time in ms when the outage began. An incident about one rule on several devices stays
        unchanged, because the gateway is only one of these devices.
        """
        incident = self.by_id[leader.incident or ""]
        first = FirstMover(gateway, None, since, leader.id if leader.device == gateway else None)
        if incident.kind != "rule" and (incident.kind, incident.first) != ("gateway", first):
            fields = title_fields("gateway", title_params(name, leader))
            self.update(incident.id, kind="gateway", first=first, **fields)

    def blame_device(self, alert: Alert, name: str) -> None:
        """Record the device of an alert as the first change in its incident, in place of the gateway.

        The gateway is no longer down. ``name`` is the display name of the device.
        """
        incident = self.by_id[alert.incident or ""]
        if incident.kind == "gateway":
            fields = title_fields("device", title_params(name, alert))
            self.update(incident.id, kind="device", first=_first_mover(alert), **fields)

    def update(self, incident_id: str, **changes: Any) -> Incident:
        """Change the given fields of an incident, and return the changed incident."""
        self.touch(incident_id)
        incident = self.by_id[incident_id] = replace(self.by_id[incident_id], **changes)
        return incident

    def touch(self, incident_id: str) -> None:
        """Mark an incident as changed, so that :meth:`settle` computes its state again."""
        self._before.setdefault(incident_id, self.by_id[incident_id])

    def register(self, incident_id: str, key: str) -> None:
        """Add a key to an incident, so that later alerts with this key find the incident."""
        self.update(incident_id, keys=self._register(self.by_id[incident_id], [key]))

    def _register(self, incident: Incident, keys: list[str]) -> tuple[str, ...]:
        new = [key for key in keys if key not in incident.keys][: max(0, MAX_KEYS - len(incident.keys))]
        known = (*incident.keys, *new)
        self._by_key |= {key: incident.id for key in keys if key in known}
        return known

    def settle(self, now: int) -> list[IncidentChanged]:
        """Compute the state of the incidents that changed since the last call, and return the events of the changes."""
        events: list[IncidentChanged] = []
        for incident_id, before in self._before.items():
            incident = self.by_id[incident_id] = self._as_now(self.by_id[incident_id], now)
            if incident == before:
                continue
            if before is None:
                events.append(IncidentChanged(incident, now, "opened"))
            if incident.ended_at is not None and (before is None or before.ended_at is None):
                events.append(IncidentChanged(incident, now, "resolved"))
                self._resolved.append((now, incident_id))
            elif before is not None:
                reopened = before.ended_at is not None and incident.ended_at is None
                events.append(IncidentChanged(incident, now, "reopened" if reopened else "changed"))
        self._before.clear()
        return events

    def _as_now(self, incident: Incident, now: int) -> Incident:
        members = self._members[incident.id]
        peak = max(incident.peak, members.severity, key=SEVERITIES.index)
        changes: dict[str, Any] = {"open": len(members.alerts), "suppressed": members.suppressed, "peak": peak}
        if members.alerts:
            state = "acknowledged" if members.acknowledged else "open"
            changes |= {"severity": members.severity, "state": state, "ended_at": None}
        elif incident.flapping:
            changes |= {"severity": peak, "state": "open", "ended_at": None}
        elif incident.ended_at is None:
            changes |= {"severity": peak, "state": "resolved", "ended_at": now}
        return replace(incident, **changes)

    def forget(self, now: int) -> None:
        """Remove the incidents that were resolved so long ago that no alert can reopen them."""
        self._storms.forget(now)
        while self._resolved and self._resolved[0][0] + self._limits.group_ms < now:
            ended_at, incident_id = self._resolved.popleft()
            incident = self.by_id.get(incident_id)
            if incident is not None and incident.ended_at == ended_at:
                del self.by_id[incident_id], self._members[incident_id]
                for key in incident.keys:
                    if self._by_key.get(key) == incident_id:
                        del self._by_key[key]


def _first_mover(alert: Alert) -> FirstMover:
    return FirstMover(alert.device, alert.metric, alert.since, alert.id)
