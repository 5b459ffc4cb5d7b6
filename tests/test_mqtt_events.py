"""Alerts over MQTT, as another program and Home Assistant see them on a real broker: also after the hub's end."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
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
from hub.services.retained_topics import RetainedTopics
from receiver import Receiver, until
from serving import Serving, Thing
from serving import until as wait

ALERT = Alert("a-1", "hot", "pump-1", "temperature", "critical", "raised", "95 above 80", 95, 80, "°C", 1, 1)
RULE = '[[rule]]\nid = "{id}"\nname = "{name}"\nmetric = "temperature"\nabove = 80\nseverity = "critical"\n'
OWN = ("hub/alerts/", "hub/states/", "hub/status/")
"""Beginnings of topics that the hub retains."""


class HomeAssistant:
    """A reader of the broker that keeps entities as Home Assistant does."""

    def __init__(self, broker: Mosquitto) -> None:
        self._thing = Thing(broker, "homeassistant/#", "hub/#")

    @property
    def retained(self) -> dict[str, bytes]:
        """Return the last message of each topic that has not been withdrawn."""
        return {topic: payload for topic, payload in dict(self._thing.heard).items() if payload}

    @property
    def entities(self) -> dict[str, str]:
        """Return the states of all entities by name."""
        found, last = {}, self.retained
        for topic, payload in last.items():
            if topic.startswith("homeassistant/binary_sensor/"):
                config = json.loads(payload)
                available = last.get(config["availability_topic"]) == b"online"
                state = last.get(config["state_topic"], b"unknown").decode()
                found[config["name"]] = state if available else "unavailable"
        return found

    def open_alerts(self) -> set[str]:
        """Return the devices of the alerts that are published as open."""
        return {json.loads(each)["device"] for topic, each in self.retained.items() if topic.startswith("hub/alerts/")}

    def leave(self) -> None:
        self._thing.leave()


@pytest.fixture
def hub(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    (tmp_path / "hub").mkdir()
    serving = Serving(tmp_path / "hub/data", mosquitto)
    serving.start()
    yield serving
    serving.stop()


def switch(hub: Serving, *, on: bool) -> None:
    answer = hub.http.put("/api/notifications", json={"mqtt_events": on, "home_assistant": on})
    assert answer.status_code == 200, answer.text


def write_rules(hub: Serving, *rules: tuple[str, str]) -> None:
    """Replace the rules, and wait until the hub has them."""
    (hub.data / "rules.toml").write_text("\n".join(RULE.format(id=id, name=name) for id, name in rules))
    assert hub.process is not None
    hub.process.send_signal(signal.SIGHUP)
    wait(lambda: [rule["name"] for rule in hub.get("/api/rules")["items"]] == [name for _, name in rules])


def test_home_assistant_shows_open_alerts_across_kills_and_restarts(hub: Serving, mosquitto: Mosquitto) -> None:
    home, devices = HomeAssistant(mosquitto), Thing(mosquitto)
    write_rules(hub, ("hot", "Too hot"))

    def measure(device: str, value: float) -> None:
        devices.say(f"devices/{device}/telemetry", {"temperature": value})

    def open_devices() -> set[str]:
        return {each["device_id"] for each in hub.get("/api/alerts?state=open")["items"]}

    for device in ("pump-1", "pump-2"):
        measure(device, 95)
    wait(lambda: open_devices() == {"pump-1", "pump-2"})
    assert not [each for each in home.retained if each.startswith(OWN)]
    switch(hub, on=True)  # while alerts are open
    wait(lambda: home.entities == {"pump-1: Too hot": "ON", "pump-2: Too hot": "ON"})
    wait(lambda: home.open_alerts() == {"pump-1", "pump-2"})
    measure("pump-1", 20)
    wait(lambda: home.entities == {"pump-1: Too hot": "OFF", "pump-2: Too hot": "ON"})
    measure("pump-1", 96)  # has an alert that has cleared, and one that is open
    wait(lambda: home.entities["pump-1: Too hot"] == "ON")

    hub.kill()
    wait(lambda: set(home.entities.values()) == {"unavailable"})
    for each in (home, devices):
        each.leave()
    mosquitto.kill()  # with all that it retained
    mosquitto.start()
    home = HomeAssistant(mosquitto)
    hub.start()
    wait(lambda: home.entities == {"pump-1: Too hot": "ON", "pump-2: Too hot": "ON"})
    wait(lambda: home.open_alerts() == {"pump-1", "pump-2"})

    write_rules(hub, ("hot", "Far too hot"))
    assert hub.http.patch("/api/devices/pump-1", json={"name": "Feed pump"}).status_code == 200
    wait(lambda: home.entities == {"Feed pump: Far too hot": "ON", "pump-2: Far too hot": "ON"})
    assert hub.http.delete("/api/devices/pump-2").status_code == 204
    wait(lambda: home.entities == {"Feed pump: Far too hot": "ON"})
    wait(lambda: home.open_alerts() == {"pump-1"})
    switch(hub, on=False)
    wait(lambda: not home.entities and not {each for each in home.retained if each.startswith(OWN)})
    switch(hub, on=True)
    wait(lambda: home.entities == {"Feed pump: Far too hot": "ON"})
    write_rules(hub, ("other", "Other"))
    wait(lambda: home.entities == {"Feed pump: Other": "ON"})
    hub.end()
    wait(lambda: home.entities == {"Feed pump: Other": "unavailable"})
    home.leave()


async def test_topics_of_an_earlier_run_are_withdrawn_once_the_broker_is_back(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    settings = MqttClientSettings("127.0.0.1", mosquitto.port, "hub-alerts", persistent=False)
    first = RetainedTopics(tmp_path, settings)
    first.put("hub/alerts/a-1", b"{}")
    first.complete()
    task = asyncio.create_task(first.run(), name="first")
    async with Receiver(mosquitto.port, "hub/#", client_id="reader") as reader:

        def last() -> dict[str, bytes]:
            return {each.topic: each.payload for each in reader.messages}

        await until(lambda: last() == {"hub/alerts/a-1": b"{}", first.status_topic: b"online"})
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: last()[first.status_topic] == b"offline")
        later = RetainedTopics(tmp_path, settings)  # nothing is wanted any more
        later.complete()
        task = asyncio.create_task(later.run(), name="later")
        await until(lambda: set(last().values()) == {b""})
        await until(lambda: (tmp_path / "mqtt_topics.json").read_text() == "[]")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_reader_sees_events_and_the_hub_ignores_its_own_sensors(mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings = MqttClientSettings("127.0.0.1", mosquitto.port, "hub-events")
    link = NegotiatingClient(settings, len, lambda since, now: None)
    queue, retained = PublishQueue(link), RetainedTopics(tmp_path, replace(settings, client_id="hub-alerts"))
    config, alerts = NotificationConfig(tmp_path), {ALERT.id: ALERT}
    composer = MessageComposer(lambda device: None, lambda: "https://hub.example", {})
    events = MqttEvents(config, composer, queue.put, retained, lambda: alerts, lambda device: None, dict)
    config.on_change = events.settings_changed
    runs = (link.run(), queue.run(), retained.run(), events.run())
    tasks = [asyncio.create_task(run, name=f"task {number}") for number, run in enumerate(runs)]
    async with Receiver(mosquitto.port, "hub/#", "homeassistant/#", client_id="reader") as reader:

        def last() -> dict[str, Any]:
            return {each.topic: each.payload for each in reader.messages}

        events.hear(AlertRaised(ALERT, 1))  # switched off: nothing is published
        await until(lambda: link.state.connected)
        await config.put_general(mqtt_events=True, home_assistant=True)
        events.hear(AlertRaised(ALERT, 1))
        await until(lambda: "hub/events/alert_raised" in last())
        raised: dict[str, Any] = json.loads(last()["hub/events/alert_raised"])
        assert (raised["alert"]["value"], raised["alert"]["url"]) == (95, "https://hub.example/alerts/a-1")
        await until(lambda: any(each.startswith("homeassistant/binary_sensor/") for each in last()))
        (sensor,) = (each for each in last() if each.startswith("homeassistant/binary_sensor/"))
        announced = json.loads(last()[sensor])
        assert (announced["device_class"], announced["name"]) == ("problem", "pump-1: hot")
        await until(lambda: last().get(announced["state_topic"]) == b"ON")
        alerts.clear()
        events.hear(AlertCleared(replace(ALERT, state="cleared", cleared_at=2), 2))
        await until(lambda: not any(last().get(f"hub/alerts/{ALERT.id}", b"x")))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # The hub, which reads announcements of Home Assistant too, does not take its own alerts for a device.
    dialects = [each for each in make_dialects(DialectConfig()) if each.owns(sensor)]
    result = dialects[0].decode(RawMessage(sensor, json.dumps(announced).encode(), now_ms()), DeviceRegistry())
    assert not result.identities
