"""List alerts with their diagnoses."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Literal

import msgspec

from hub.accounts.scope import current_scope, everything, viewing
from hub.errors import Invalid, NotFound, StoreError
from hub.model import SEVERITIES, Alert, AlertState, Diagnosis, Latest
from hub.registry.reader import DeviceReader
from hub.rules.other_devices import hide
from hub.rules.reader import AlertReader
from hub.services.open_reason import OpenReason, open_reason
from hub.services.visible_diagnosis import narrowed
from hub.store.reader import HistoryReader

log = logging.getLogger(__name__)

NOBODY = "none"
"""Value of the filter ``assignee`` that selects alerts that are assigned to nobody."""
DiagnosisState = Literal["pending", "ready", "none"]
DiagnosisFor = Literal["this_alert", "earlier_alert", "other_alert"]
"""The alert that a shown diagnosis was made for: this alert, or another alert of its incident.

``earlier_alert`` means that the diagnosis is older than this alert.
"""


class Handled(msgspec.Struct, frozen=True):
    """A filter of open alerts by how people have handled them. A field that is None lets all alerts pass."""

    muted: bool | None = None
    silenced: bool | None = None
    assignee: str | None = None  # id of an account; NOBODY: unassigned

    def includes(self, alert: Alert) -> bool:
        """Return whether the alert matches all fields of this filter that are not None."""
        assignee = alert.assignee.id if alert.assignee else NOBODY
        return (
            self.muted in (None, alert.muted is not None)
            and self.silenced in (None, bool(alert.silenced_by))
            and self.assignee in (None, assignee)
        )


class GatewayName(msgspec.Struct, frozen=True):
    """A gateway: its id, and its display name."""

    id: str
    name: str


class ExplainedAlert(msgspec.Struct, frozen=True):
    """An alert with its newest diagnosis.

    Attributes:
        alert: The alert.
        device_name: Display name of its device.
        rule_name: Name of its rule; the id of a rule that was removed.
        diagnosis: The newest diagnosis, or None.
        diagnosis_state: ``ready`` with a diagnosis, ``pending`` while one is being written, otherwise ``none``.
        current: Copy of the latest value of the alert's metric; None without a value.
        unit: Unit of ``current``.
        stays_open: Why readings cannot clear the alert at present; None if they can.
        gateway: The gateway that suppresses the alert; None if there is none, or if the request may not see it.
    """

    alert: Alert
    device_name: str
    rule_name: str
    diagnosis: Diagnosis | None
    diagnosis_state: DiagnosisState
    current: Latest | None = None
    unit: str | None = None
    stays_open: OpenReason | None = None
    gateway: GatewayName | None = None

    @property
    def diagnosis_for(self) -> DiagnosisFor | None:
        """Which alert the diagnosis was made for; None if there is no diagnosis."""
        if self.diagnosis is None:
            return None
        if self.diagnosis.alert == self.alert.id:
            return "this_alert"
        return "earlier_alert" if self.diagnosis.created_at < self.alert.raised_at else "other_alert"


def narrowed_alert(found: ExplainedAlert, devices: DeviceReader) -> ExplainedAlert:
    """Return the alert and its diagnosis, without information about devices that the requester may not see.

    ``devices`` are the devices that the requester may see.
    """
    if current_scope().whole:
        return found
    alert, diagnosis = hide(found.alert, devices.known), found.diagnosis
    return msgspec.structs.replace(found, alert=alert, diagnosis=diagnosis and narrowed(diagnosis))


class Alerts:
    """Lists alerts, each with its diagnosis.

    Methods raise NotFound for an unknown alert, and StoreError if the history cannot be read.
    """

    def __init__(
        self,
        *,
        registry: DeviceReader,
        engine: AlertReader,
        store: HistoryReader,
        pending: Callable[[str], bool],
    ) -> None:
        self._registry = registry
        self._engine = engine
        self._store = store
        self._pending = pending

    async def page(
        self,
        *,
        states: Iterable[AlertState] | None,
        device: str | None,
        limit: int,
        before: tuple[int, str] | None,
        handled: Handled,
    ) -> list[ExplainedAlert]:
        """Return a page of alerts, newest first.

        Args:
            states: Return only alerts in these states; None for all states.
            device: Return only alerts of this device.
            limit: Maximum number of alerts.
            before: Return only alerts older than this ``(raised_at, id)``.
            handled: Unless this filter is empty, return only open alerts that pass it.

        Raises Invalid if ``handled`` is not empty and ``states`` has cleared alerts.
        """
        if handled == Handled():
            return await self.explain(
                await self._store.alerts(states=states, device=device, limit=limit, before=before)
            )
        wanted = {"raised", "acknowledged"} if states is None else set(states)
        if "cleared" in wanted:
            raise Invalid("Cleared alerts cannot be filtered by muted, silenced or assignee.", "Use state=open.")
        found = [
            alert
            for alert in self.open_now(device)
            if alert.state in wanted
            and handled.includes(alert)
            and (before is None or (alert.raised_at, alert.id) < before)
        ]
        return await self.explain(found[:limit])

    async def get(self, alert_id: str) -> ExplainedAlert:
        """Return one alert. Raises NotFound."""
        alert = self._engine.open.get(alert_id) or await self._store.alert(alert_id)
        if alert is None:
            raise NotFound(f"There is no alert {alert_id[:64]!r}.", "GET /api/alerts lists them.")
        return (await self.explain([alert]))[0]

    async def as_stored(self, alert_id: str) -> Alert:
        """Return one alert as it is stored, with the names of devices that the request may not see.

        Use it only to change the alert, and not in a response. Raises NotFound if the request may not see the alert.
        """
        found = (await self.get(alert_id)).alert
        with viewing(everything):
            return self._engine.open.get(alert_id) or await self._store.alert(alert_id) or found

    async def open(self, device: str | None = None) -> list[ExplainedAlert]:
        """Return the open alerts of a device, newest first; those of all devices if ``device`` is None."""
        return await self.explain(self.open_now(device))

    def open_now(self, device: str | None = None) -> list[Alert]:
        """Return the open alerts of a device without diagnoses, newest first; of all devices if ``device`` is None."""
        found = [alert for alert in self._engine.open.values() if device is None or alert.device == device]
        return sorted(found, key=lambda alert: (alert.raised_at, alert.id), reverse=True)

    async def explain(self, alerts: Sequence[Alert]) -> list[ExplainedAlert]:
        """Return the alerts with their diagnoses, which are read in one query.

        An alert without a diagnosis of its own gets the diagnosis of its incident.
        """
        explaining = [(alert.id, *self._engine.explaining(alert)) for alert in alerts]
        diagnoses = await self._store.diagnoses(list({each for ids in explaining for each in ids})) if alerts else {}
        found = (next((diagnoses[each] for each in ids if each in diagnoses), None) for ids in explaining)
        return [self.as_seen(self.join(alert, diagnosis)) for alert, diagnosis in zip(alerts, found, strict=True)]

    async def explain_if_readable(self, alerts: Sequence[Alert]) -> list[ExplainedAlert]:
        """Return the alerts with their diagnoses, or without any diagnoses if the history cannot be read."""
        try:
            return await self.explain(alerts)
        except StoreError:
            log.warning("Cannot read diagnoses from the history. Alerts are sent without them.", exc_info=True)
            return [self.join(alert, None) for alert in alerts]

    def join(self, alert: Alert, diagnosis: Diagnosis | None) -> ExplainedAlert:
        """Combine an alert with its diagnosis, and with the names of its device, rule and gateway."""
        device, gateway = self._registry.get(alert.device), self._registry.get(alert.suppressed_by or "")
        pending = any(map(self._pending, (alert.id, *self._engine.explaining(alert))))
        state: DiagnosisState = "ready" if diagnosis else "pending" if pending else "none"
        rule_name = self._engine.rule_names.get(alert.rule, alert.rule)
        if device is None:
            return ExplainedAlert(alert, alert.device, rule_name, diagnosis, state)
        latest = device.metrics.get(alert.metric or "")
        return ExplainedAlert(
            alert,
            device.display_name,
            rule_name,
            diagnosis,
            state,
            current=copy(latest) if latest else None,
            unit=device.unit(alert.metric),
            stays_open=open_reason(alert, device, latest) if alert.open else None,
            gateway=GatewayName(gateway.id, gateway.display_name) if gateway else None,
        )

    def as_seen(self, found: ExplainedAlert) -> ExplainedAlert:
        """Return the alert and its diagnosis, without information about devices that the requester may not see."""
        return narrowed_alert(found, self._registry)

    async def explained_by(self, diagnosis: Diagnosis) -> ExplainedAlert | None:
        """Return the alert of a diagnosis; None if the diagnosis is about no alert, or the alert was deleted."""
        if diagnosis.alert is None:
            return None
        alert = self._engine.open.get(diagnosis.alert) or await self._store.alert(diagnosis.alert)
        return self.join(alert, diagnosis) if alert else None

    def by_severity(self) -> dict[str, int]:
        """Return the number of open alerts of each severity, zeros included."""
        counts = Counter(alert.severity for alert in self._engine.open.values())
        return {severity: counts[severity] for severity in SEVERITIES if severity != "ok"}
