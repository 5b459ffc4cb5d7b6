"""Topic explorer on a real broker: shows messages without storing them and leaves no session behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from brokers import Mosquitto, publish
from hub.errors import Conflict, Invalid
from hub.mqtt.client import MqttClientSettings, MqttClientState
from hub.mqtt.demo_broker import DemoBroker
from hub.services import topic_explorer
from hub.services.topic_explorer import TopicExplorer, secondary_settings
from receiver import until as soon
from serving import Serving, Thing, served, until


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(tmp_path_factory.mktemp("topics")) as hub:
        yield hub


def look(hub: Serving, topic_filter: str = "%23", q: str = "") -> dict[str, dict]:
    return {each["topic"]: each for each in hub.get(f"/api/topics?filter={topic_filter}&q={q}")["items"]}


def test_explorer_shows_topics_of_no_dialect_without_storing_them(hub: Serving):
    publisher = Thing(hub.broker, "none")
    publisher.say("garage/door", "OPEN", retained=True)
    publisher.say("garage/long", "x" * 5_000, retained=True)
    publisher.say("devices/known/telemetry", {"n": 1})
    for device, words in (("read", "21.5"), ("nothing", "pv"), ("rejected", "21,5")):
        level = "mode/set" if device == "nothing" else "vehicleSoc"
        publisher.say(f"evcc/loadpoints/{device}/{level}", words, retained=True)
    until(lambda: "garage/door" in look(hub))
    assert hub.get("/api/topics?filter=%23")["listening"]
    publisher.say("garage/raw", b"\x00\xff")
    publisher.say("garage/raw", b"\x00\xfe")
    publisher.say("devices/known/telemetry", {"n": 2})
    until(
        lambda: {"garage/raw", "devices/known/telemetry"} <= look(hub).keys() and look(hub)["garage/raw"]["count"] == 2
    )
    seen = look(hub)
    assert (seen["garage/door"]["glance"], seen["garage/door"]["dialect"]) == ("OPEN", None)
    assert (seen["garage/raw"]["glance"], len(seen["garage/long"]["glance"])) == ("00 fe", 120)
    assert seen["devices/known/telemetry"]["dialect"] == "native"
    made = {topic.split("/")[2]: each["outcome"] for topic, each in seen.items() if topic.startswith("evcc/")}
    assert made == {"read": "read", "nothing": "nothing", "rejected": "rejected"}
    assert seen["garage/door"]["outcome"] is None
    assert look(hub, "%2B/door").keys() == {"garage/door"}
    assert look(hub, q="LONG").keys() == {"garage/long"}
    last = hub.get("/api/topics/last?topic=garage/long")
    assert (last["bytes"], len(last["payload"]), last["cut"], last["retained"]) == (5_000, 2_048, True, True)
    assert hub.http.get("/api/topics/last?topic=never/said").status_code == 404
    assert [each["topic"] for each in hub.get("/api/rejected")["items"]] == ["evcc/loadpoints/rejected/vehicleSoc"]
    assert hub.get("/api/devices/known")["metrics"]["n"]["value"] == 2
    publisher.leave()


def test_unknown_native_topic_is_rejected_with_suggested_topic(hub: Serving):
    publisher = Thing(hub.broker, "none")
    publisher.say("devices/boiler/temperature", "71.5")
    topic = "devices/boiler/temperature"
    [shown] = until(lambda: [each for each in hub.get("/api/rejected")["items"] if each["topic"] == topic])
    assert "devices/boiler/telemetry/temperature" in shown["detail"]
    assert hub.http.get("/api/devices/boiler").status_code == 404
    publisher.leave()


@pytest.mark.parametrize("wrong", ["", "a/#/b", "a+/b", "a/b#", "a\n"])
def test_invalid_topic_filter_is_refused(hub: Serving, wrong: str):
    answer = hub.http.get("/api/topics", params={"filter": wrong})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")


def settings(port: int, protocol: str | None = None) -> MqttClientSettings:
    return secondary_settings(MqttClientSettings("127.0.0.1", port, "hub-1"), MqttClientState("x", protocol=protocol))


async def test_explorer_disconnects_when_unused_and_keeps_no_session(mosquitto: Mosquitto):
    clock = [0]
    explorer = TopicExplorer(lambda: settings(mosquitto.port), lambda: clock[0])
    task = asyncio.create_task(explorer.run(), name="explorer")
    await asyncio.sleep(0)
    assert explorer.state is None, "the explorer must not connect before it is used"
    explorer.look("a/#")
    await soon(lambda: explorer.state is not None and explorer.state.subscribed)
    explorer.look("b/#")
    await soon(lambda: explorer.state is not None and explorer.state.subscribed)
    await publish(mosquitto.port, ("a/x", "1", 1, False), ("b/x", "1", 1, False), ("c/x", "1", 1, True))
    await soon(lambda: explorer.last("b/x"))
    clock[0] = topic_explorer.WATCH_MS + 1
    explorer.look("b/#")
    await soon(lambda: explorer.last("a/x") is None)
    assert explorer.last("b/x") is not None, "a filter in use must keep its messages"
    clock[0] *= 3
    await soon(lambda: explorer.state is None)
    await publish(mosquitto.port, ("a/x", "2", 1, False))
    explorer.look("a/#")
    await soon(lambda: explorer.state is not None and explorer.state.subscribed)
    await publish(mosquitto.port, ("a/y", "3", 1, False))
    await soon(lambda: explorer.last("a/y"))
    assert explorer.last("a/x") is None, "the broker must not have queued messages"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_explorer_topics_and_filters_are_limited(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(topic_explorer, "TOPICS", 10)
    explorer = TopicExplorer(lambda: settings(mosquitto.port), lambda: 0)
    task = asyncio.create_task(explorer.run(), name="explorer")
    for number in range(topic_explorer.FILTERS):
        explorer.look(f"t/{number}/#")
    with pytest.raises(Conflict):
        explorer.look("t/#")
    explorer.look("t/0/#")
    await soon(lambda: explorer.state is not None and explorer.state.subscribed)
    await publish(mosquitto.port, *((f"t/0/{number}", "x", 1, False) for number in range(25)))
    await soon(lambda: explorer.last("t/0/24"))
    assert len(explorer.look("t/0/#")) == 10
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_explorer_uses_protocol_version_of_hub():
    broker = await DemoBroker.start("127.0.0.1", 0, kind="amqtt")
    explorer = TopicExplorer(lambda: settings(broker.port, "MQTT 3.1.1"), lambda: 0)
    task = asyncio.create_task(explorer.run(), name="explorer")
    await publish(broker.port, ("kept", "1", 1, True))
    explorer.look("#")
    await soon(lambda: explorer.last("kept"))
    assert explorer.state is not None
    assert explorer.state.protocol == "MQTT 3.1.1"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await broker.stop()


async def test_invalid_filter_is_refused_without_connecting(tmp_path: Path):
    explorer = TopicExplorer(lambda: settings(1), lambda: 0)
    with pytest.raises(Invalid, match="before its end"):
        explorer.look("#/a")
    assert explorer.state is None
