"""Show the requester only incidents that began on a device in the requester's scope."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec

from hub.accounts.scope import current_scope
from hub.errors import NotFound
from hub.model import AlertEntry, Incident, IncidentState
from hub.registry.reader import DeviceReader
from hub.rules.other_devices import hide
from hub.services.alerts import Alerts, ExplainedAlert
from hub.store.reader import HistoryReader

MAX_ALERTS = 500
"""Maximum number of alerts returned for one incident: the alerts that were raised first."""


class NamedIncident(msgspec.Struct, frozen=True):
    """An incident with the display name of the device or gateway that changed first."""

    incident: Incident
    first_name: str


class VisibleIncidents:
    """Lists incidents, and returns the alerts and the history of an incident.

    Methods raise NotFound for an unknown incident, and StoreError if the history cannot be read.
    """

    def __init__(
        self,
        *,
        current: Callable[[], Mapping[str, Incident]],
        devices: DeviceReader,
        store: HistoryReader,
        alerts: Alerts,
    ) -> None:
        """Create the service. ``current`` returns the incidents in memory by id; all open incidents are among them."""
        self._current = current
        self._devices = devices
        self._store = store
        self._alerts = alerts

    async def page(
        self, states: Iterable[IncidentState] | None, limit: int, before: tuple[int, str] | None
    ) -> list[NamedIncident]:
        """Return a page of the incidents in any of ``states`` (None: all), newest first by ``(started_at, id)``."""
        return self._shown(await self._store.incidents(states=states, limit=limit, before=before))

    async def get(self, incident_id: str) -> NamedIncident:
        """Return one incident. Raises NotFound."""
        incident = self._current().get(incident_id) or await self._store.incident(incident_id)
        shown = self._shown([incident] if incident else [])
        if not shown:
            raise NotFound(f"There is no incident {incident_id[:64]!r}.", "GET /api/incidents lists them.")
        return shown[0]

    async def alerts(self, incident_id: str) -> list[ExplainedAlert]:
        """Return the :data:`MAX_ALERTS` oldest alerts of an incident, in the order in which they were raised."""
        return await self._alerts.explain(await self._store.incident_alerts(incident_id, MAX_ALERTS))

    async def history(self, incident_id: str, limit: int, before: int | None) -> list[tuple[int, AlertEntry]]:
        """Return what happened to the alerts of an incident, newest first, as pairs of a row number and an entry.

        ``before`` is the row number at which the previous page ended: only older entries are returned. None starts with
        the newest entry.
        """
        return await self._store.incident_history(incident_id, limit, before)

    def open_now(self) -> list[NamedIncident]:
        """Return the open incidents, newest first."""
        found = [incident for incident in self._current().values() if incident.ended_at is None]
        return self._shown(sorted(found, key=lambda each: (each.started_at, each.id), reverse=True))

    def named(self, incident: Incident) -> NamedIncident:
        """Return the incident with the name of the device or gateway that changed first."""
        device = self._devices.get(incident.first.device)
        return NamedIncident(incident, device.display_name if device else incident.first.device)

    def _shown(self, incidents: Iterable[Incident]) -> list[NamedIncident]:
        if current_scope().whole:
            return [self.named(each) for each in incidents]
        return self._narrowed([self.named(each) for each in incidents if self._devices.known(each.first.device)])

    def as_seen(self, found: NamedIncident) -> NamedIncident:
        """Return the incident without names of devices out of scope.

        Its numbers of alerts count only alerts of devices in scope.
        """
        return found if current_scope().whole else self._narrowed([found])[0]

    def _narrowed(self, incidents: Iterable[NamedIncident]) -> list[NamedIncident]:
        """Return the incidents without names of devices out of scope.

        Their numbers of alerts count only open alerts of devices in scope.
        """
        open_alerts = self._alerts.open_now()
        counts = Counter(alert.incident for alert in open_alerts)
        suppressed = Counter(alert.incident for alert in open_alerts if alert.suppressed_by)
        return [
            msgspec.structs.replace(
                each,
                incident=msgspec.structs.replace(
                    hide(each.incident, self._devices.known),
                    alerts=max(1, counts[each.incident.id]),
                    open=counts[each.incident.id],
                    suppressed=suppressed[each.incident.id],
                ),
            )
            for each in incidents
        ]
