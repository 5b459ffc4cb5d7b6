"""What people ask of alerts: list them with their explanation, acknowledge one.

It knows no HTTP; an alert changes only through the pipeline's queue.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from copy import copy
from typing import Any, Literal

import msgspec

from hub import text_format as fmt
from hub.errors import Conflict, NotFound, StoreError
from hub.model import SEVERITIES, Acknowledge, Alert, AlertState, Device, Diagnosis, Input, Latest, Unacknowledge
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.store.base import Store

log = logging.getLogger(__name__)

UNHEARD_MS = 3_600_000
"""An alert on a metric that its device has not reported for this long stays open, and the page says why."""
DiagnosisState = Literal["pending", "ready", "none"]


class ExplainedAlert(msgspec.Struct, frozen=True):
    """An alert with its newest diagnosis, if there is one; ``pending`` while one is being written.

    ``current`` is the newest value of its metric in ``unit``, a copy. ``stays_open`` says why its readings cannot clear
    it at present, None where they can.
    """

    alert: Alert
    device_name: str
    diagnosis: Diagnosis | None
    diagnosis_state: DiagnosisState
    current: Latest | None = None
    unit: str | None = None
    stays_open: str | None = None


class Alerts:
    """Raises NotFound for an alert that is not there, StoreError when the history cannot be read."""

    def __init__(
        self,
        *,
        registry: DeviceRegistry,
        engine: Engine,
        store: Store,
        submit: Callable[[Input], Awaitable[Any]],
        pending: Callable[[str], bool],
        now: Callable[[], int],
    ) -> None:
        self._registry = registry
        self._engine = engine
        self._store = store
        self._submit = submit
        self._pending = pending
        self._now = now

    async def page(
        self,
        *,
        states: Iterable[AlertState] | None,
        device: str | None,
        limit: int,
        before: tuple[int, str] | None,
    ) -> list[ExplainedAlert]:
        """Newest first by ``(raised_at, id)``, those after that pair."""
        found = await self._store.alerts(states=states, device=device, limit=limit, before=before)
        return await self.explain(found)

    async def get(self, alert_id: str) -> ExplainedAlert:
        alert = self._engine.open.get(alert_id) or await self._store.alert(alert_id)
        if alert is None:
            raise NotFound(f"There is no alert {alert_id[:64]!r}.", "GET /api/alerts lists them.")
        return (await self.explain([alert]))[0]

    async def open(self, device: str | None = None) -> list[ExplainedAlert]:
        """All open alerts, newest first; of one device if it is named."""
        return await self.explain(self.open_now(device))

    def open_now(self, device: str | None = None) -> list[Alert]:
        """The same without their explanations, straight from memory."""
        found = [a for a in self._engine.open.values() if device is None or a.device == device]
        return sorted(found, key=lambda alert: (alert.raised_at, alert.id), reverse=True)

    async def explain(self, alerts: Sequence[Alert]) -> list[ExplainedAlert]:
        """Join each with its diagnosis, in one look-up."""
        diagnoses = await self._store.diagnoses([alert.id for alert in alerts]) if alerts else {}
        return [self.join(alert, diagnoses.get(alert.id)) for alert in alerts]

    async def explain_if_readable(self, alerts: Sequence[Alert]) -> list[ExplainedAlert]:
        """Join each with its diagnosis; without diagnoses where the history cannot be read."""
        try:
            return await self.explain(alerts)
        except StoreError:
            log.warning("The history cannot be read: alerts are sent without their diagnosis.", exc_info=True)
            return [self.join(alert, None) for alert in alerts]

    def join(self, alert: Alert, diagnosis: Diagnosis | None) -> ExplainedAlert:
        device = self._registry.get(alert.device)
        state: DiagnosisState = "ready" if diagnosis else "pending" if self._pending(alert.id) else "none"
        if device is None:
            return ExplainedAlert(alert, alert.device, diagnosis, state)
        latest = device.metrics.get(alert.metric or "")
        return ExplainedAlert(
            alert,
            device.display_name,
            diagnosis,
            state,
            current=copy(latest) if latest else None,
            unit=device.unit(alert.metric),
            stays_open=_stays_open(alert, device, latest) if alert.open else None,
        )

    async def explained_by(self, diagnosis: Diagnosis) -> ExplainedAlert | None:
        """The alert that a diagnosis belongs to; None where it has none any more."""
        if diagnosis.alert is None:
            return None
        alert = self._engine.open.get(diagnosis.alert) or await self._store.alert(diagnosis.alert)
        return self.join(alert, diagnosis) if alert else None

    async def acknowledge(self, alert_id: str, *, by: str, note: str | None) -> ExplainedAlert:
        """A second acknowledgement changes nothing. Raises Conflict for an alert that has cleared."""
        return await self._change(Acknowledge(alert_id, by, self._now(), note))

    async def unacknowledge(self, alert_id: str, *, by: str) -> ExplainedAlert:
        """Take an acknowledgement back. Raises NotFound, and Conflict for an alert that has cleared."""
        return await self._change(Unacknowledge(alert_id, by, self._now()))

    async def _change(self, fact: Acknowledge | Unacknowledge) -> ExplainedAlert:
        try:
            alert: Alert = await self._submit(fact)
        except NotFound:
            past = await self._store.alert(fact.alert)
            if past is None:
                raise
            raise Conflict("This alert has cleared.", "Only an open alert can be acknowledged.") from None
        return (await self.explain([alert]))[0]

    def by_severity(self) -> dict[str, int]:
        """How many open alerts there are of each severity, zeros included."""
        counts = Counter(alert.severity for alert in self._engine.open.values())
        return {severity: counts[severity] for severity in SEVERITIES if severity != "ok"}


def _stays_open(alert: Alert, device: Device, latest: Latest | None) -> str | None:
    """Say why no reading can clear this open alert at present; None where the next one can."""
    if alert.metric is None:
        return None
    name, metric = device.display_name, fmt.in_sentence(device.describe(alert.metric).title)
    if latest is None:
        return f"{name} does not report {metric}. The alert stays open until it does."
    if (unheard := (device.last_seen or 0) - latest.ts) > UNHEARD_MS:
        spoken = fmt.duration(unheard // 60_000 * 60_000)
        return f"{name} has not reported {metric} for {spoken}. The alert stays open until it does."
    if latest.quality == "unknown":
        return f"The value of {metric} is not known now. The alert stays open until it is."
    if isinstance(latest.value, str) and not isinstance(alert.value, str):
        return (
            f"{device.describe(metric).title} reads {latest.value[:40]!r}, which is no number. "
            "The alert stays open until it is one again."
        )
    if device.presence != "online":
        said = "is offline" if device.presence == "offline" else "has gone silent"
        return f"{name} {said}. The alert stays open until it reports {metric} again."
    return None
