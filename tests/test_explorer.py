"""What is said on a real broker, looked at by a person: heard, not kept, and nothing left behind."""

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
from hub.services.topic_explorer import TopicExplorer, for_looking
from receiver import until as soon
from serving import Serving, Thing, served, until


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(tmp_path_factory.mktemp("topics")) as hub:
        yield hub


def look(hub: Serving, wanted: str = "%23", q: str = "") -> dict[str, dict]:
    return {each["topic"]: each for each in hub.get(f"/api/topics?filter={wanted}&q={q}")["items"]}


def test_a_person_sees_what_no_dialect_reads_and_the_hub_keeps_none_of_it(hub: Serving):
    thing = Thing(hub.broker, "none")
    thing.say("garage/door", "OPEN", retained=True)
    thing.say("garage/long", "x" * 5_000, retained=True)
    thing.say("devices/known/telemetry", {"n": 1})
    until(lambda: "garage/door" in look(hub))
    assert hub.get("/api/topics?filter=%23")["listening"]
    thing.say("garage/raw", b"\x00\xff")
    thing.say("garage/raw", b"\x00\xfe")
    thing.say("devices/known/telemetry", {"n": 2})
    until(
        lambda: {"garage/raw", "devices/known/telemetry"} <= look(hub).keys() and look(hub)["garage/raw"]["count"] == 2
    )
    seen = look(hub)
    assert (seen["garage/door"]["glance"], seen["garage/door"]["dialect"]) == ("OPEN", None)
    assert (seen["garage/raw"]["glance"], len(seen["garage/long"]["glance"])) == ("00 fe", 120)
    assert seen["devices/known/telemetry"]["dialect"] == "native"
    assert look(hub, "%2B/door").keys() == {"garage/door"}
    assert look(hub, q="LONG").keys() == {"garage/long"}
    last = hub.get("/api/topics/last?topic=garage/long")
    assert (last["bytes"], len(last["payload"]), last["cut"], last["retained"]) == (5_000, 2_048, True, True)
    assert hub.http.get("/api/topics/last?topic=never/said").status_code == 404
    assert hub.get("/api/rejected")["items"] == []
    assert hub.get("/api/devices/known")["metrics"]["n"]["value"] == 2
    thing.leave()


def test_native_topic_that_means_nothing_is_heard_and_shown_with_the_right_one(hub: Serving):
    thing = Thing(hub.broker, "none")
    thing.say("devices/boiler/temperature", "71.5")
    shown = until(lambda: hub.get("/api/rejected")["items"])[0]
    assert shown["topic"] == "devices/boiler/temperature"
    assert "devices/boiler/telemetry/temperature" in shown["detail"]
    assert hub.http.get("/api/devices/boiler").status_code == 404
    thing.leave()


@pytest.mark.parametrize("wrong", ["", "a/#/b", "a+/b", "a/b#", "a\n"])
def test_what_is_no_filter_is_refused(hub: Serving, wrong: str):
    answer = hub.http.get("/api/topics", params={"filter": wrong})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")


def settings(port: int, protocol: str | None = None) -> MqttClientSettings:
    return for_looking(MqttClientSettings("127.0.0.1", port, "hub-1"), MqttClientState("x", protocol=protocol))


async def test_it_leaves_when_nobody_asks_any_more_and_nothing_waits_for_it(mosquitto: Mosquitto):
    clock = [0]
    looking = TopicExplorer(lambda: settings(mosquitto.port), lambda: clock[0])
    task = asyncio.create_task(looking.run(), name="explorer")
    await asyncio.sleep(0)
    assert looking.state is None, "nobody looks: nothing is connected"
    looking.look("a/#")
    await soon(lambda: looking.state is not None and looking.state.subscribed)
    looking.look("b/#")
    await soon(lambda: looking.state is not None and looking.state.subscribed)
    await publish(mosquitto.port, ("a/x", "1", 1, False), ("b/x", "1", 1, False), ("c/x", "1", 1, True))
    await soon(lambda: looking.last("b/x"))
    clock[0] = topic_explorer.PATIENCE_MS + 1
    looking.look("b/#")
    await soon(lambda: looking.last("a/x") is None)
    assert looking.last("b/x") is not None, "only what nobody asks for is forgotten"
    clock[0] *= 3
    await soon(lambda: looking.state is None)
    await publish(mosquitto.port, ("a/x", "2", 1, False))
    looking.look("a/#")
    await soon(lambda: looking.state is not None and looking.state.subscribed)
    await publish(mosquitto.port, ("a/y", "3", 1, False))
    await soon(lambda: looking.last("a/y"))
    assert looking.last("a/x") is None, "the broker kept nothing for it meanwhile"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_its_memory_and_its_filters_are_bounded(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(topic_explorer, "TOPICS", 10)
    looking = TopicExplorer(lambda: settings(mosquitto.port), lambda: 0)
    task = asyncio.create_task(looking.run(), name="explorer")
    for number in range(topic_explorer.FILTERS):
        looking.look(f"t/{number}/#")
    with pytest.raises(Conflict):
        looking.look("t/#")
    looking.look("t/0/#")
    await soon(lambda: looking.state is not None and looking.state.subscribed)
    await publish(mosquitto.port, *((f"t/0/{number}", "x", 1, False) for number in range(25)))
    await soon(lambda: looking.last("t/0/24"))
    assert len(looking.look("t/0/#")) == 10
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_knows_the_version_that_the_hub_found():
    broker = await DemoBroker.start("127.0.0.1", 0, kind="amqtt")
    looking = TopicExplorer(lambda: settings(broker.port, "MQTT 3.1.1"), lambda: 0)
    task = asyncio.create_task(looking.run(), name="explorer")
    await publish(broker.port, ("kept", "1", 1, True))
    looking.look("#")
    await soon(lambda: looking.last("kept"))
    assert looking.state is not None
    assert looking.state.protocol == "MQTT 3.1.1"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await broker.stop()


async def test_a_wrong_filter_never_reaches_the_broker(tmp_path: Path):
    looking = TopicExplorer(lambda: settings(1), lambda: 0)
    with pytest.raises(Invalid, match="before its end"):
        looking.look("#/a")
    assert looking.state is None
