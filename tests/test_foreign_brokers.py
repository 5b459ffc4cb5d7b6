"""The hub with RabbitMQ, ejabberd, Aedes and a newer Mosquitto: what docs/brokers.md says of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

import hub_process
from foreign_brokers import PASSWORD, Aedes, ClosingAedes, Ejabberd, ForeignBroker, RabbitMq, StableMosquitto
from hub.dialects import DIALECTS
from hub.mqtt.subscribing import CLOSES
from serving import Serving, Thing, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
KINDS: list[type[ForeignBroker]] = [RabbitMq, Ejabberd, Aedes]
each_broker = pytest.mark.parametrize("kind", [*KINDS, StableMosquitto], ids=lambda kind: kind.name)
SLOW_S = 120
"""RabbitMQ takes half a minute to start on a busy machine."""


@contextmanager
def hub_at(broker: ForeignBroker, folder: Path, settings: str = "") -> Iterator[Serving]:
    """Start the broker; yield a hub with its login that has yet to be started; stop both."""
    hub = Serving(folder / "data", broker, broker.settings(folder / "hub.toml", settings))
    with ExitStack() as stack:
        stack.callback(broker.stop)
        broker.start()
        stack.callback(hub.stop)
        yield hub


@contextmanager
def thing_at(broker: ForeignBroker, *topics: str) -> Iterator[Thing]:
    thing = Thing(broker, *topics, login=(broker.users[1], PASSWORD))
    try:
        yield thing
    finally:
        thing.client.disconnect()
        thing.client.loop_stop()


def is_ready(hub: Serving) -> bool:
    with suppress(httpx.TransportError):
        return hub.http.get("/readyz").status_code == 200
    return False


def pump(hub: Serving) -> dict:
    answer = hub.http.get("/api/devices/pump")
    return answer.json() if answer.status_code == 200 else {"name": None, "metrics": {}}


def value(hub: Serving, metric: str) -> object:
    return pump(hub)["metrics"].get(metric, {}).get("value")


def doctor(hub: Serving) -> str:
    words = ["--config", hub.config, "--data", hub.data, "--mqtt", hub.broker.address, "--http", "127.0.0.1:0"]
    return hub_process.run("doctor", *words).stdout


@each_broker
def test_hub_reads_and_commands_devices(tmp_path: Path, kind: type[ForeignBroker]) -> None:
    broker = kind(tmp_path)
    with hub_at(broker, tmp_path) as hub, thing_at(broker, "devices/pump/commands/#") as thing:
        thing.say("devices/pump/info", {"name": "Pump 1", "commands": {"stop": {"type": "none"}}}, retained=True)
        hub.start()
        assert hub.get("/api/status")["broker"]["protocol"] == broker.protocol
        assert "degraded" not in hub.get("/readyz")
        if broker.sends_retained:
            until(lambda: pump(hub)["name"] == "Pump 1")
        else:
            thing.say("devices/pump/telemetry", {"fence": 1})
            until(lambda: value(hub, "fence"))
            assert pump(hub)["name"] != "Pump 1"
            thing.say("devices/pump/info", {"name": "Pump 1", "commands": {"stop": {"type": "none"}}})
        for qos in (0, 1, 2):
            thing.say("devices/pump/telemetry", {f"qos{qos}": qos + 1}, qos=qos)
            until(lambda qos=qos: value(hub, f"qos{qos}") == qos + 1)
        command = hub.command("pump", "stop")
        assert command.status_code == 202, command.text
        until(lambda: thing.heard)
        assert thing.heard[0][0] == "devices/pump/commands/stop"
        output = doctor(hub)
        assert f"{broker.address} speaks {broker.protocol}" in output
        assert broker.window in output


@each_broker
def test_hub_reconnects_after_broker_is_killed(tmp_path: Path, kind: type[ForeignBroker]) -> None:
    broker = kind(tmp_path)
    with hub_at(broker, tmp_path) as hub:
        hub.start()
        with thing_at(broker) as thing:
            thing.say("devices/pump/telemetry", {"before": 1})
            until(lambda: value(hub, "before"))
        broker.kill()
        until(lambda: hub.http.get("/readyz").status_code == 503)
        broker.start()
        until(lambda: is_ready(hub), SLOW_S)
        with thing_at(broker) as thing:
            thing.say("devices/pump/telemetry", {"after": 1})
            until(lambda: value(hub, "after"))
        log = (tmp_path / "hub.log").read_text()
        assert log.count("Reconnected to the MQTT broker") == 1


@pytest.mark.parametrize("kind", [*KINDS, ClosingAedes], ids=lambda kind: kind.name)
def test_hub_works_with_partial_rights(tmp_path: Path, kind: type[ForeignBroker]) -> None:
    broker = kind(tmp_path, readable=["devices/#", "tele/#"])
    used = ("native", "tasmota", "homie", "mapping")
    off = [f"[dialects.{name}]\nenabled = false\n" for name in DIALECTS if name not in used]
    with hub_at(broker, tmp_path, "".join(off)) as hub:
        hub.data.mkdir()
        (hub.data / "mappings.toml").touch()
        hub.launch()
        until(lambda: is_ready(hub), SLOW_S)
        [degraded] = hub.get("/readyz")["degraded"]
        refused = {each["filter"]: each["reason"] for each in hub.get("/api/status")["broker"]["refused"]}
        assert {"devices/#", "tele/#"}.isdisjoint(refused)
        assert "stat/#" in refused
        assert (CLOSES in refused.values()) == broker.closes
        assert "stat/#" in degraded
        with thing_at(broker) as thing:
            thing.say("devices/pump/telemetry", {"t": 1})
            until(lambda: value(hub, "t"))
        assert (tmp_path / "hub.log").read_text().count("refused the subscription") == 1
        output = doctor(hub)
        assert "subscription: stat/# is refused" in output
        assert "Start the broker" not in output
