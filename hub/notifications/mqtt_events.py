"""Publish alerts over MQTT, for other programs and for Home Assistant.

===================================================================  ===================================================
``hub/events/TYPE``                                                  each event, as JSON
``hub/alerts/ID``                                                    retained while the alert is open
``homeassistant/binary_sensor/watchkeeper_KEY/config``               retained: a sensor for each rule, device and metric
``hub/states/KEY``, ``hub/states/KEY/attributes``                    retained: its state and its alert
===================================================================  ===================================================
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from hub.dialects import Publish
from hub.events import (
    AlertAcknowledged,
    AlertChanged,
    AlertCleared,
    AlertEvent,
    AlertHandled,
    AlertRaised,
    CauseConfirmed,
    DiagnosisReady,
    Event,
    PresenceChanged,
)
from hub.model import Alert
from hub.notifications.messages import MessageComposer
from hub.notifications.settings import NotificationConfig

ROOT = "hub"
DISCOVERY = "homeassistant"
MAX_SENSORS = 1_000
"""Sensors that are announced to Home Assistant."""
_TYPES: dict[type, str] = {
    AlertRaised: "alert_raised",
    AlertChanged: "alert_changed",
    AlertAcknowledged: "alert_acknowledged",
    AlertHandled: "alert_handled",
    AlertCleared: "alert_cleared",
    CauseConfirmed: "alert_cause_confirmed",
}


class MqttEvents:
    """Publishes what the settings allow; ``publish`` never waits."""

    def __init__(
        self,
        config: NotificationConfig,
        composer: MessageComposer,
        publish: Callable[[Publish], None],
        open_alerts: Callable[[], Iterable[Alert]],
    ) -> None:
        self._config = config
        self._composer = composer
        self._publish = publish
        self._open_alerts = open_alerts
        self._sensors: set[str] = set()  # keys of those that were announced
        self._was = (False, False)

    def settings_changed(self) -> None:
        """Publish the open alerts when this was switched on."""
        settings = self._config.settings
        wanted = (settings.mqtt_events, settings.home_assistant)
        if wanted != self._was:
            self._was = wanted
            self._sensors.clear()
            for alert in self._open_alerts():
                self.keep(alert)

    def hear(self, event: Event) -> None:
        """Publish an event."""
        if isinstance(event, AlertEvent):
            self.keep(event.alert)
        if not self._config.settings.mqtt_events:
            return
        if isinstance(event, AlertEvent):
            self._tell(_TYPES[type(event)], event.at, alert=self._facts(event.alert))
        elif isinstance(event, PresenceChanged) and not event.replayed:
            self._tell("presence_changed", event.at, device=event.device, presence=event.presence)
        elif isinstance(event, DiagnosisReady):
            diagnosis = event.diagnosis
            facts = {"alert": diagnosis.alert, "device": diagnosis.device, "summary": diagnosis.summary}
            self._tell("diagnosis_ready", event.at, **facts)

    def keep(self, alert: Alert) -> None:
        """Publish the present state of an alert; remove it when it has cleared."""
        settings = self._config.settings
        facts = _json(self._facts(alert))
        if settings.mqtt_events:
            self._publish(Publish(f"{ROOT}/alerts/{alert.id}", facts if alert.open else b"", retained=True))
        if settings.home_assistant:
            self._sensor(alert, facts)

    def _sensor(self, alert: Alert, facts: bytes) -> None:
        key = hashlib.sha256(f"{alert.rule}\n{alert.device}\n{alert.metric}".encode()).hexdigest()[:16]
        state = f"{ROOT}/states/{key}"
        if key not in self._sensors and len(self._sensors) < MAX_SENSORS:
            self._sensors.add(key)
            name = f"{self._composer.facts(alert, quoted=False).device_name}: {alert.rule}"
            config = {
                "name": name,
                "unique_id": f"watchkeeper_{key}",
                "device_class": "problem",
                "state_topic": state,
                "json_attributes_topic": f"{state}/attributes",
                "device": {"identifiers": ["watchkeeper_alerts"], "name": "Watchkeeper alerts"},
                "origin": {"name": "Watchkeeper"},
            }
            topic = f"{DISCOVERY}/binary_sensor/watchkeeper_{key}/config"
            self._publish(Publish(topic, _json(config), retained=True))
        if key in self._sensors:
            self._publish(Publish(f"{state}/attributes", facts, retained=True))
            self._publish(Publish(state, b"ON" if alert.open else b"OFF", retained=True))

    def _facts(self, alert: Alert) -> dict[str, Any]:
        facts = msgspec.structs.asdict(self._composer.facts(alert, quoted=True))
        by = {"acknowledged_by": alert.acknowledged_by, "cleared_at": alert.cleared_at}
        return {**facts, "state": alert.state, "incident": alert.incident, **by}

    def _tell(self, kind: str, at: int, **facts: Any) -> None:
        self._publish(Publish(f"{ROOT}/events/{kind}", _json({"type": kind, "at": at, **facts})))


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)
