"""Publish alerts over MQTT, for other programs and for Home Assistant.

===================================================================  ===================================================
``hub/events/TYPE``                                                  each event, as JSON
``hub/alerts/ID``                                                    retained while the alert is open
``homeassistant/binary_sensor/watchkeeper_KEY/config``               retained: a sensor for each rule, device and metric
``hub/states/KEY``, ``hub/states/KEY/attributes``                    retained: the sensor's state and its last alert
===================================================================  ===================================================

The retained messages depend on the open alerts, the rules, the devices and the settings. :meth:`MqttEvents.run` keeps
them up to date.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from hub.dialects import Publish
from hub.events import (
    AlertAcknowledged,
    AlertChanged,
    AlertCleared,
    AlertEvent,
    AlertHandled,
    AlertRaised,
    CauseConfirmed,
    DeviceChanged,
    DeviceDeleted,
    DiagnosisReady,
    Event,
    PresenceChanged,
)
from hub.model import Alert, Device
from hub.notifications.messages import MessageComposer
from hub.notifications.settings import NotificationConfig

ROOT = "hub"
DISCOVERY = "homeassistant"
MAX_SENSORS = 1_000
"""Maximum sensors that are announced to Home Assistant."""
POLL_S = 1.0
"""Interval in seconds at which the names of the rules are compared with the published names."""
BURST = 100
"""Maximum alerts that are published before other tasks of the event loop may run."""
_TYPES: dict[type, str] = {
    AlertRaised: "alert_raised",
    AlertChanged: "alert_changed",
    AlertAcknowledged: "alert_acknowledged",
    AlertHandled: "alert_handled",
    AlertCleared: "alert_cleared",
    CauseConfirmed: "alert_cause_confirmed",
}


class RetainedMessages(Protocol):
    """Retained messages on the broker. ``status_topic`` has ``online`` while the hub runs, otherwise ``offline``."""

    status_topic: str

    def put(self, topic: str, payload: bytes) -> None:
        """Publish a retained message without waiting. An empty payload removes the topic's retained message."""

    def complete(self) -> None:
        """Begin to publish the messages that were passed to :meth:`put`.

        Messages that an earlier run of the hub left on the broker are removed, unless :meth:`put` has replaced them.
        """


class MqttEvents:
    """Publishes alerts, events and sensors over MQTT, as far as the settings allow it.

    Args:
        config: The settings.
        composer: Describes alerts.
        publish: Publishes a message; it never waits.
        retained: The retained messages.
        open_alerts: Returns the open alerts by id.
        find: Returns a device by its id.
        rule_names: Returns the names of all rules by id.
    """

    def __init__(
        self,
        config: NotificationConfig,
        composer: MessageComposer,
        publish: Callable[[Publish], None],
        retained: RetainedMessages,
        open_alerts: Callable[[], Mapping[str, Alert]],
        find: Callable[[str], Device | None],
        rule_names: Callable[[], Mapping[str, str]],
    ) -> None:
        self._config = config
        self._composer = composer
        self._publish = publish
        self._retained = retained
        self._open_alerts = open_alerts
        self._find = find
        self._rule_names = rule_names
        self._alerts: set[str] = set()  # ids of the published alerts
        self._sensors: dict[str, Alert] = {}  # by key of the sensor: its open alert, or its last alert
        self._devices: set[str] = set()  # ids of the devices that have a sensor
        self._names = rule_names()  # the published names of the rules
        self._changed = asyncio.Event()

    def settings_changed(self) -> None:
        """Have :meth:`run` publish and withdraw messages according to the new settings."""
        self._changed.set()

    def load(self, cleared: Iterable[Alert]) -> None:
        """Restore the sensors that an earlier run of the hub published for alerts that have cleared since.

        ``cleared`` must be sorted, newest alert first: a sensor shows the first of its alerts in ``cleared``.
        """
        for alert in cleared:
            if len(self._sensors) < MAX_SENSORS:
                self._sensors.setdefault(_key(alert), alert)
                self._devices.add(alert.device)

    async def run(self) -> None:
        """Keep the retained messages up to date until cancelled."""
        await self._refresh()
        self._retained.complete()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._changed.wait()
            if self._changed.is_set() or self._rule_names() != self._names:
                self._changed.clear()
                await self._refresh()

    async def _refresh(self) -> None:
        """Publish all open alerts and sensors that the settings allow, and withdraw the others."""
        self._names = self._rule_names()
        for number, known in enumerate(list(self._open_alerts().values())):
            if (alert := self._open_alerts().get(known.id)) is not None:
                self._keep(alert)
            if number % BURST == BURST - 1:
                await asyncio.sleep(0)
        for alert_id in self._alerts - self._open_alerts().keys():
            self._withdraw_alert(alert_id)
        for key, alert in list(self._sensors.items()):
            if alert.open and alert.id not in self._open_alerts():
                self._sensors[key] = replace(alert, state="cleared")
            self._put_sensor(key)
        self._devices = {alert.device for alert in self._sensors.values()}

    def hear(self, event: Event) -> None:
        """Update the retained messages after an event. Publish the event, too, if the settings allow it."""
        if isinstance(event, AlertEvent):
            self._keep(event.alert)
        elif isinstance(event, DeviceChanged | DeviceDeleted) and event.device in self._devices:
            self._changed.set()
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

    def _keep(self, alert: Alert) -> None:
        """Publish the state of an alert, and of its Home Assistant sensor.

        If the alert has cleared, the alert's own message is withdrawn.
        """
        if alert.open and self._config.settings.mqtt_events:
            self._alerts.add(alert.id)
            self._retained.put(f"{ROOT}/alerts/{alert.id}", _json(self._facts(alert)))
        else:
            self._withdraw_alert(alert.id)
        key = _key(alert)
        before = self._sensors.get(key)
        if before is not None and before.open and before.id != alert.id and not alert.open:
            return  # a later alert of this sensor is open
        if before is None and len(self._sensors) >= MAX_SENSORS and not self._make_room(alert):
            return
        self._sensors[key] = alert
        self._devices.add(alert.device)
        self._put_sensor(key)

    def _make_room(self, alert: Alert) -> bool:
        """Withdraw the Home Assistant sensor of a cleared alert, so that ``alert`` can have a sensor.

        Return False if ``alert`` is not open, or if the alerts of all sensors are open. Then no sensor is withdrawn.
        """
        over = next((key for key, each in self._sensors.items() if not each.open), None)
        if over is None or not alert.open:
            return False
        self._withdraw_sensor(over)
        del self._sensors[over]
        return True

    def _put_sensor(self, key: str) -> None:
        """Publish a sensor if the settings allow it and its rule and device exist. Otherwise withdraw it."""
        alert = self._sensors[key]
        exists = alert.open or (alert.rule in self._names and self._find(alert.device) is not None)
        if not exists:
            del self._sensors[key]
        if not exists or not self._config.settings.home_assistant:
            self._withdraw_sensor(key)
            return
        state, facts = f"{ROOT}/states/{key}", self._facts(alert)
        config = {
            "name": f"{facts['device_name']}: {facts['rule_name']}",
            "unique_id": f"watchkeeper_{key}",
            "device_class": "problem",
            "state_topic": state,
            "json_attributes_topic": f"{state}/attributes",
            "availability_topic": self._retained.status_topic,
            "device": {"identifiers": ["watchkeeper_alerts"], "name": "Watchkeeper alerts"},
            "origin": {"name": "Watchkeeper"},
        }
        self._retained.put(_config_topic(key), _json(config))
        self._retained.put(f"{state}/attributes", _json(facts))
        self._retained.put(state, b"ON" if alert.open else b"OFF")

    def _withdraw_alert(self, alert_id: str) -> None:
        self._alerts.discard(alert_id)
        self._retained.put(f"{ROOT}/alerts/{alert_id}", b"")

    def _withdraw_sensor(self, key: str) -> None:
        for topic in (_config_topic(key), f"{ROOT}/states/{key}/attributes", f"{ROOT}/states/{key}"):
            self._retained.put(topic, b"")

    def _facts(self, alert: Alert) -> dict[str, Any]:
        facts = msgspec.structs.asdict(self._composer.facts(alert, quoted=True))
        by = {"acknowledged_by": alert.acknowledged_by, "cleared_at": alert.cleared_at}
        return {**facts, "state": alert.state, "incident": alert.incident, **by}

    def _tell(self, kind: str, at: int, **facts: Any) -> None:
        self._publish(Publish(f"{ROOT}/events/{kind}", _json({"type": kind, "at": at, **facts})))


def _key(alert: Alert) -> str:
    """Return the key of an alert's sensor: a hash of rule, device and metric, which is valid in a topic."""
    return hashlib.sha256(f"{alert.rule}\n{alert.device}\n{alert.metric}".encode()).hexdigest()[:16]


def _config_topic(key: str) -> str:
    return f"{DISCOVERY}/binary_sensor/watchkeeper_{key}/config"


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)
