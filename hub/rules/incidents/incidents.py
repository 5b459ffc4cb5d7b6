"""Place each alert in an incident, and update alerts and incidents with every event of an alert.

:meth:`Incidents.apply` sees each event of an alert once, in order, before the commit. Of other devices, it reads only
the presence and the time of the last message. The cost of a change does not depend on the number of open alerts. The
end of a gateway's outage costs one step for each alert that the gateway suppressed.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.events import AlertCleared, AlertEvent, AlertHandled, AlertRaised, Event, Handling
from hub.model import Alert, Device, Incident, IncidentLimits
from hub.model.incident import first_alert
from hub.rules.incidents.flapping import quiet_at, recovered
from hub.rules.incidents.incident_table import IncidentTable
from hub.rules.incidents.inhibition import Inhibition
from hub.rules.incidents.relations import device_is_silent, gateway_key, is_silence, series_key
from hub.rules.watch import Watches

Find = Callable[[str], Device | None]


class AlertMarks(msgspec.Struct, frozen=True):
    """The fields of an alert that its incident determines: incident, suppression, and whether it is flapping."""

    incident: str | None
    suppressed_by: str | None = None
    flapping: bool = False

    def on(self, alert: Alert) -> Alert:
        """Return ``alert`` with its fields ``incident``, ``suppressed_by`` and ``flapping`` as in this object."""
        if (alert.incident, alert.suppressed_by, alert.flapping) == (self.incident, self.suppressed_by, self.flapping):
            return alert
        return replace(alert, incident=self.incident, suppressed_by=self.suppressed_by, flapping=self.flapping)


class Incidents:
    """The incidents that are open or were resolved recently."""

    def __init__(self, watches: Watches, gateways: Callable[[str], Collection[str]], limits: IncidentLimits) -> None:
        """Create an object without incidents.

        ``gateways`` takes the id of a gateway. It returns this id and the ids of the gateways that it is connected
        through.
        """
        self._limits = limits
        self._watches = watches
        self._open = watches.alerts.by_id
        self._table = IncidentTable(limits)
        self._inhibition = Inhibition(gateways)
        self._marks: dict[str, AlertMarks] = {}  # of the open alerts
        self._quiet: list[tuple[int, str, str]] = []  # heap of (epoch ms, incident, flapping series)

    @property
    def by_id(self) -> Mapping[str, Incident]:
        """The incidents by id."""
        return self._table.by_id

    def open_alerts(self, incident_id: str | None) -> list[Alert]:
        """Return the open alerts of an incident. The list is empty if ``incident_id`` is None."""
        return self._table.open_alerts(incident_id or "")

    def explaining(self, alert: Alert) -> tuple[str, ...]:
        """Return the ids of the alerts whose diagnoses explain this alert, the best diagnosis first.

        For an alert without an incident, it is the alert's own id. Otherwise see :meth:`Incident.explaining`.
        """
        if alert.incident is None:
            return (alert.id,)
        incident = self.by_id.get(alert.incident)
        return (first_alert(alert.incident),) if incident is None else incident.explaining(alert.device)

    def load(self, incidents: Iterable[Incident]) -> None:
        """Add the stored incidents, after the engine has loaded the open alerts and before it evaluates anything."""
        self._table.load(incidents)
        for alert in self._open.values():
            if alert.incident in self.by_id:
                self._marks[alert.id] = AlertMarks(alert.incident, alert.suppressed_by, alert.flapping)
                self._table.put(alert)
                self._inhibition.add(alert)
        for incident in self.by_id.values():
            for gateway, leader in incident.leaders.items():
                if (led := self._open.get(leader)) is not None:
                    self._inhibition.lead(gateway, led)
            for series, recoveries in incident.recoveries.items():
                if recoveries.flapping:
                    heapq.heappush(self._quiet, (quiet_at(recoveries, self._limits), incident.id, series))

    def restore(self, events: Iterable[Event], find: Find, now: int) -> list[Event]:
        """Apply the first events after :meth:`load`, bring the loaded alerts up to date, and return the events.

        Open alerts without an incident are placed in one. An alert that a gateway suppresses is withdrawn if people are
        not notified of another open alert for this gateway, its leader (see :mod:`hub.rules.incidents.inhibition`).
        """
        done = self.apply(events, find)
        for alert in sorted(self._open.values(), key=lambda each: (each.raised_at, each.id)):
            if alert.id not in self._marks and (device := find(alert.device)) is not None:
                done += self._place(alert, device, find, now)[1]
        for alert in sorted(self._open.values(), key=lambda each: each.raised_at):
            if (device := find(alert.device)) is not None:
                self._table.count(alert, device)
        for incident in list(self.by_id.values()):
            if incident.ended_at is None:
                self._table.touch(incident.id)
        orphans = self._inhibition.orphans(self._open.values())
        return done + self.apply(self._release(orphans, find, now), find) + self._table.settle(now)

    def tick(self, now: int, find: Find) -> list[Event]:
        """End the flapping of alerts that have stayed quiet, and end the suppression for gateways that are back.

        The caller passes the returned events to :meth:`apply`.
        """
        self._table.forget(now)
        events: list[Event] = []
        while self._quiet and self._quiet[0][0] <= now:
            _, incident_id, series = heapq.heappop(self._quiet)
            events += self._calm(incident_id, series, now)
        events += self._lift(self._inhibition.returned(find), find, now)
        return events + self._table.settle(now)

    # -- events of alerts -------------------------------------------------------------------------------------

    def apply(self, events: Iterable[Event], find: Find) -> list[Event]:
        """Assign the alerts of the events to incidents.

        Return the events with the updated alerts, and further events that result from them. Events that are not about
        alerts are returned unchanged. ``find`` returns a device by its id.
        """
        waiting, done, now = deque(events), list[Event](), 0
        while waiting:
            event = waiting.popleft()
            if not isinstance(event, AlertEvent):
                done.append(event)
                continue
            now, alert, more = event.at, event.alert, list[Event]()
            if isinstance(event, AlertRaised):
                if (device := find(alert.device)) is not None:
                    alert, more = self._place(alert, device, find, now)
            elif (marks := self._marks.get(alert.id)) is not None:
                alert = marks.on(alert)
                if isinstance(event, AlertCleared):
                    alert, lifted = self._end(alert, now)
                    waiting.extendleft(reversed(self._lift(lifted, find, now)))
                else:
                    self._table.put(alert)
            done += [event if alert is event.alert else replace(event, alert=alert), *more]
        return done + self._table.settle(now)

    def _place(self, alert: Alert, device: Device, find: Find, now: int) -> tuple[Alert, list[Event]]:
        """Add a new alert to an incident. Return the alert with its incident, and events about other alerts.

        An event about another alert results if, for example, the new alert is that of a gateway, and now suppresses the
        alerts of the devices behind it.
        """
        down = self._inhibition.cause(device, find, now) if is_silence(alert) else None
        leader = self._open.get(down.leader or "") if down else None
        if down and leader is not None and leader.incident in self.by_id:
            self._blame(down.gateway, leader, find)
            marked = self._mark(alert, AlertMarks(leader.incident, down.gateway))
            self._table.join(marked, device, "gateway", now)
            self._inhibition.add(marked)
            return marked, []
        incident, shares = self._table.find(alert, device, now) or (self._table.open(alert, device, now), "device")
        self._table.count(alert, device)
        marked = self._mark(alert, AlertMarks(incident.id, flapping=_is_flapping(incident, alert)))
        self._table.join(marked, device, shares, now)
        self._inhibition.add(marked)
        if down is not None:
            self._lead(down.gateway, marked)
        return marked, self._take_over(marked, device, find, now) if device_is_silent(alert) else []

    def _end(self, alert: Alert, now: int) -> tuple[Alert, list[str]]:
        """Remove an ended alert from its incident.

        Return the alert, and the ids of the gateways that suppress no alerts any longer because this alert has ended.
        """
        del self._marks[alert.id]
        incident = self.by_id[alert.incident or ""]
        if alert.suppressed_by is None and not alert.withdrawn and not alert.closed_by:
            alert = replace(alert, flapping=self._recovered(incident, alert, now))
        self._table.remove(alert)
        return alert, self._inhibition.end(alert)

    def _mark(self, alert: Alert, marks: AlertMarks) -> Alert:
        """Set ``marks`` (incident, suppression and flapping) on an open alert, and return the changed alert.

        The marks are kept, and set again on each later version of the alert.
        """
        self._marks[alert.id] = marks
        if (latest := self._open.get(alert.id)) is not None:  # a later event may have changed it already
            self._open[alert.id] = marks.on(latest)
        return marks.on(alert)

    def _changed(self, alert_id: str, what: Handling, now: int, **marks: Any) -> list[Event]:
        """Change some marks (:class:`AlertMarks`) of an alert, and return the event that reports the change.

        Return an empty list if the alert is not open.
        """
        if alert_id not in self._open:
            return []
        alert = self._mark(self._open[alert_id], replace(self._marks[alert_id], **marks))
        self._table.put(alert)
        return [AlertHandled(alert, now, what)]

    # -- gateways ---------------------------------------------------------------------------------------------

    def _lead(self, gateway: str, alert: Alert) -> None:
        """Make an alert the leader for a gateway that is down: people are notified of this alert only."""
        incident = self.by_id[alert.incident or ""]
        self._table.update(incident.id, leaders=incident.leaders | {gateway: alert.id})
        self._table.register(incident.id, gateway_key(gateway))
        self._inhibition.lead(gateway, alert)

    def _blame(self, gateway: str, leader: Alert, find: Find) -> None:
        """Make ``leader`` the leader for ``gateway``, and record the gateway as the cause of its incident."""
        if self._inhibition.leader(gateway) != leader.id:
            self._lead(gateway, leader)
        device = find(gateway)
        name, since = (device.display_name, device.last_seen) if device else (gateway, None)
        self._table.blame(gateway, name, since or leader.since, leader)

    def _take_over(self, alert: Alert, device: Device, find: Find, now: int) -> list[Event]:
        """Make the no-data alert of a gateway itself the leader for this gateway, and return the events.

        ``device`` is the gateway, and ``alert`` its alert. The leader until now, an alert of a device behind the
        gateway, is suppressed from now on.
        """
        before = self._inhibition.leader(device.id)
        if before is None or before == alert.id or self._marks[before].incident != alert.incident:
            return []
        self._blame(device.id, alert, find)
        events = self._changed(before, "suppressed", now, suppressed_by=device.id)
        for event in events:
            if isinstance(event, AlertHandled):
                self._inhibition.add(event.alert)
        return events

    def _lift(self, gateways: Iterable[str], find: Find, now: int) -> list[Event]:
        """End the suppression of alerts by ``gateways``, withdraw these alerts, and return the resulting events."""
        events: list[Event] = []
        for gateway in gateways:
            leader, suppressed = self._inhibition.lift(gateway)
            incident = self.by_id[leader.incident or ""]
            leaders = {key: each for key, each in incident.leaders.items() if key != gateway}
            self._table.update(incident.id, leaders=leaders)
            if leader.id in self._open and (device := find(leader.device)) is not None:
                self._table.blame_device(leader, device.display_name)
            events += self._release(suppressed, find, now)
        return events

    def _release(self, alert_ids: Iterable[str], find: Find, now: int) -> list[Event]:
        """Withdraw alerts that are no longer suppressed, and start to measure the silence of their devices again.

        A device that stays silent raises a new alert, which is not suppressed.
        """
        events: list[Event] = []
        for alert_id in alert_ids:
            alert = self._open.get(alert_id)
            device = find(alert.device) if alert else None
            if device is not None:
                events += self._watches.start_again(device, alert_id, now)
        return events

    # -- flapping ---------------------------------------------------------------------------------------------

    def _recovered(self, incident: Incident, alert: Alert, now: int) -> bool:
        """Record that an alert recovered. Return whether the alerts of its series are raised and recover too often."""
        series = series_key(alert)
        recoveries = recovered(incident.recoveries, series, now, self._limits)
        self._table.update(incident.id, recoveries=recoveries)
        if recoveries[series].flapping and not _is_flapping(incident, alert):
            heapq.heappush(self._quiet, (quiet_at(recoveries[series], self._limits), incident.id, series))
        return recoveries[series].flapping

    def _calm(self, incident_id: str, series: str, now: int) -> list[Event]:
        """End the flapping of a series of alerts if it has been quiet for long enough; otherwise check again later."""
        incident = self.by_id.get(incident_id)
        recoveries = incident.recoveries.get(series) if incident else None
        if incident is None or recoveries is None:
            return []
        if (until := quiet_at(recoveries, self._limits)) > now:
            heapq.heappush(self._quiet, (until, incident_id, series))
            return []
        rest = {key: each for key, each in incident.recoveries.items() if key != series}
        self._table.update(incident_id, recoveries=rest)
        flapping = [alert.id for alert in self._table.open_alerts(incident_id) if series_key(alert) == series]
        return [event for each in flapping for event in self._changed(each, "flapping_ended", now, flapping=False)]


def _is_flapping(incident: Incident, alert: Alert) -> bool:
    recoveries = incident.recoveries.get(series_key(alert))
    return recoveries is not None and recoveries.flapping
