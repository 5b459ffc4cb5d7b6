"""The demo's broker: start, port selection, session storage, and end with its parent process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from brokers import HOST, Mosquitto, publish
from hub.errors import BrokerError
from hub.mqtt import demo_broker as broker_module
from hub.mqtt.demo_broker import DemoBroker, Kind
from receiver import Receiver, until

KINDS: list[Kind] = ["mosquitto", "amqtt"]

PARENT = """
import asyncio, sys
from hub.mqtt.demo_broker import DemoBroker
async def main():
    broker = await DemoBroker.start("127.0.0.1", 0, kind=sys.argv[1])
    print(broker.pid, broker.port, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_demo_broker_serves_until_stopped(kind: Kind, free_port: int) -> None:
    broker = await DemoBroker.start(HOST, free_port, kind=kind)
    assert (broker.kind, broker.port, broker.moved) == (kind, free_port, False)
    await publish(broker.port, ("devices/a/t", "1", 1, False))
    await broker.stop()
    await broker.stop()
    assert not psutil.pid_exists(broker.pid)
    assert not listens(free_port)


async def test_demo_broker_prefers_mosquitto() -> None:
    broker = await DemoBroker.start(HOST, 0)
    assert broker.kind == "mosquitto"
    await broker.stop()


async def test_demo_broker_uses_amqtt_without_mosquitto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "find_mosquitto", lambda: None)
    broker = await DemoBroker.start(HOST, 0)
    assert broker.kind == "amqtt"
    await broker.stop()
    with pytest.raises(BrokerError, match="mosquitto is not installed"):
        await DemoBroker.start(HOST, 0, kind="mosquitto")


@pytest.mark.parametrize("kind", KINDS)
async def test_demo_broker_uses_next_port_when_port_is_taken(kind: Kind, free_port: int) -> None:
    with socket.create_server((HOST, free_port)):
        broker = await DemoBroker.start(HOST, free_port, kind=kind)
        assert broker.moved
        assert free_port < broker.port < free_port + 50
        await broker.stop()


@pytest.mark.parametrize("kind", KINDS)
async def test_demo_broker_retries_when_port_is_taken_during_start(
    kind: Kind, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The port is reported as free, but it is taken.
    monkeypatch.setattr(broker_module, "_free_port", lambda host, port: port)
    with socket.create_server((HOST, free_port)):
        broker = await DemoBroker.start(HOST, free_port, kind=kind)
        assert broker.port == free_port + 1
        assert broker.moved
        await broker.stop()


async def test_demo_broker_on_foreign_address_is_refused() -> None:
    with pytest.raises(BrokerError):
        await DemoBroker.start("192.0.2.1", 1883)


@pytest.mark.parametrize("kind", KINDS)
async def test_demo_broker_exit_is_detected(kind: Kind) -> None:
    broker = await DemoBroker.start(HOST, 0, kind=kind)
    waiting = asyncio.create_task(broker.wait())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    os.kill(broker.pid, signal.SIGKILL)
    await asyncio.wait_for(waiting, 3)
    await broker.stop()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name
)
async def test_demo_broker_ends_with_its_parent(kind: Kind, signal_number: signal.Signals, tmp_path: Path) -> None:
    root = Path(__file__).parent.parent
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", PARENT, kind),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(root), "TMPDIR": str(tmp_path)},
    )
    assert parent.stdout is not None
    pid, port = map(int, (await asyncio.wait_for(parent.stdout.readline(), 20)).split())
    assert psutil.pid_exists(pid)
    assert listens(port)
    parent.send_signal(signal_number)
    await parent.wait()
    await until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 3)
    await until(lambda: not listens(port), 3)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 (no configuration or log file is left)


async def test_demo_broker_has_its_own_process_group() -> None:
    broker = await DemoBroker.start(HOST, 0)
    assert os.getpgid(broker.pid) != os.getpgid(0)
    await broker.stop()


async def test_demo_broker_keeps_sessions_in_data_folder(tmp_path: Path) -> None:
    first = await DemoBroker.start(HOST, 0, data=tmp_path)
    async with Receiver(first.port):
        pass
    await publish(first.port, ("devices/a/t", "kept", 1, False))
    await first.stop()
    second = await DemoBroker.start(HOST, 0, data=tmp_path)
    async with Receiver(second.port, had_session=True) as hub:
        await until(lambda: hub.payloads == [b"kept"])
        assert not hub.gaps
    await second.stop()


async def test_demo_broker_drops_message_over_size_limit() -> None:
    broker = await DemoBroker.start(HOST, 0, kind="mosquitto")
    async with Receiver(broker.port) as hub:
        await publish(broker.port, ("devices/a/t", bytes(3_000_000), 1, False), ("devices/a/t", "small", 1, False))
        await until(lambda: hub.payloads == [b"small"])
    await broker.stop()


async def test_mosquitto_fixture_can_be_killed_and_restarted(mosquitto: Mosquitto) -> None:
    mosquitto.kill()
    assert not listens(mosquitto.port)
    mosquitto.start()
    assert listens(mosquitto.port)
    assert mosquitto.address == f"{HOST}:{mosquitto.port}"
