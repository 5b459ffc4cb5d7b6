"""Alerts over MQTT: a reader of the broker sees events, open alerts, and sensors as Home Assistant finds them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from brokers import Mosquitto
from fake_ai import now_ms
from hub.dialects import DialectConfig, make_dialects
from hub.events import AlertCleared, AlertRaised
from hub.model import Alert, RawMessage
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.notifications.messages import MessageComposer
from hub.notifications.mqtt_events import MqttEvents
from hub.notifications.settings import NotificationConfig
from hub.registry.registry import DeviceRegistry
from hub.services.publish_queue import PublishQueue
from receiver import Receiver, until

ALERT = Alert("a-1", "hot", "pump-1", "temperature", "critical", "raised", "95 above 80", 95, 80, "°C", 1, 1)


async def test_reader_of_the_broker_sees_events_open_alerts_and_sensors(mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings = MqttClientSettings("127.0.0.1", mosquitto.port, "hub-events")
    link = NegotiatingClient(settings, len, lambda since, now: None)
    queue = PublishQueue(link)
    config = NotificationConfig(tmp_path)
    composer = MessageComposer(lambda device: None, lambda: "https://hub.example", {})
    events = MqttEvents(config, composer, queue.put, lambda: [ALERT])
    config.on_change = events.settings_changed
    tasks = [asyncio.create_task(link.run(), name="link"), asyncio.create_task(queue.run(), name="queue")]
    async with Receiver(mosquitto.port, "hub/#", "homeassistant/#", client_id="reader") as reader:

        def last() -> dict[str, bytes]:
            return {each.topic: each.payload for each in reader.messages}

        events.hear(AlertRaised(ALERT, 1))  # switched off: nothing is published
        await config.put_general(mqtt_events=True, home_assistant=True)
        events.hear(AlertRaised(ALERT, 1))
        await until(lambda: "hub/events/alert_raised" in last())
        raised: dict[str, Any] = json.loads(last()["hub/events/alert_raised"])
        assert (raised["alert"]["value"], raised["alert"]["url"]) == (95, "https://hub.example/alerts/a-1")
        (sensor,) = (each for each in last() if each.startswith("homeassistant/binary_sensor/"))
        announced = json.loads(last()[sensor])
        assert (announced["device_class"], announced["name"]) == ("problem", "pump-1: hot")
        assert last()[announced["state_topic"]] == b"ON"
        events.hear(AlertCleared(replace(ALERT, state="cleared", cleared_at=2), 2))
        await until(lambda: last().get(announced["state_topic"]) == b"OFF")
    async with Receiver(mosquitto.port, "hub/#", client_id="later") as later:
        await until(lambda: len(later.messages) >= 2)
        assert {each.topic.split("/")[1] for each in later.messages} == {"states"}  # no open alert is left
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # The hub, which reads announcements of Home Assistant too, does not take its own alerts for a device.
    dialects = [each for each in make_dialects(DialectConfig()) if each.owns(sensor)]
    result = dialects[0].decode(RawMessage(sensor, json.dumps(announced).encode(), now_ms()), DeviceRegistry())
    assert not result.identities
