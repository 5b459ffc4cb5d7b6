"""Build the service that notifies people of alerts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hub.dialects import Publish
from hub.mqtt.client import MqttClientSettings
from hub.notifications.receivers import AccountDirectory
from hub.notifications.service import Notifications
from hub.notifications.settings import NotificationConfig
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.runtime.clock import now_ms
from hub.services.retained_topics import RetainedTopics
from hub.store.base import Store


def build_notifications(
    data: Path,
    store: Store,
    bus: Bus,
    engine: Engine,
    registry: DeviceRegistry,
    own_url: str,
    publish: Callable[[Publish], None] = lambda message: None,
    retained: RetainedTopics | None = None,
) -> Notifications:
    """Return the service that notifies people of alerts, with its settings from the data folder.

    It cannot notify people with accounts until :func:`hub.assembly.build_api.build_api` adds the accounts. Without
    ``publish`` and ``retained``, nothing is published over MQTT.
    """
    return Notifications(
        config=NotificationConfig(data),
        store=store,
        bus=bus,
        open_alert=engine.open.get,
        find=registry.get,
        selects=engine.silencing.selects,
        directory=AccountDirectory(),
        own_url=own_url,
        publish=publish,
        retained=retained or RetainedTopics(data, MqttClientSettings("", 0, "hub")),
        open_alerts=lambda: engine.open,
        rule_names=lambda: {rule.id: rule.name for rule in engine.rules},
        explaining=engine.explaining,
        flapping_ms=engine.incident_limits.flapping_ms,
        now=now_ms,
    )
