"""Both MQTT clients against a real broker: delivery, acknowledgement, sessions."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from brokers import Mosquitto, publish
from chaos import Proxy
from hub.errors import BrokerError
from receiver import Receiver, until

ROOT = Path(__file__).parent.parent


pytestmark = pytest.mark.usefixtures("each_link")


async def test_messages_arrive_with_qos_and_retain_flag(mosquitto: Mosquitto) -> None:
    await publish(mosquitto.port, ("devices/a/info", "kept", 1, True))
    async with Receiver(mosquitto.port) as hub:
        await until(lambda: len(hub.messages) == 1)
        await publish(mosquitto.port, ("devices/a/telemetry", "1", 1, False), ("devices/a/telemetry", "0", 0, False))
        await until(lambda: len(hub.messages) == 3)
    kept, one, zero = hub.messages
    assert (kept.topic, kept.payload, kept.retained) == ("devices/a/info", b"kept", True)
    assert (one.payload, one.qos, one.retained) == (b"1", 1, False)
    assert one.receipt is not None
    assert (zero.payload, zero.qos, zero.receipt) == (b"0", 0, None)
    assert hub.link.state.protocol == f"MQTT {hub.protocol}"
    assert not hub.gaps


async def test_publish_is_acknowledged_and_delivered(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port) as hub:
        for qos in (0, 1):
            await hub.link.publish("devices/a/commands/open", b"{}", qos=qos)
        await until(lambda: len(hub.messages) == 2)
        await hub.link.publish("devices/a/desired", b"{}", retained=True)
    async with Receiver(mosquitto.port, client_id="another") as other:
        await until(lambda: other.messages)
        assert (other.messages[0].topic, other.messages[0].retained) == ("devices/a/desired", True)


async def test_live_message_is_not_marked_retained(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port) as hub:
        await publish(mosquitto.port, ("devices/a/info", "news", 1, True))
        await until(lambda: hub.messages)
        assert not hub.messages[0].retained


async def test_will_of_device_is_received(mosquitto: Mosquitto) -> None:
    async with Proxy(mosquitto.port) as proxy, Receiver(mosquitto.port) as hub:
        device = paho.Client(paho.CallbackAPIVersion.VERSION2, "device")
        device.will_set("devices/a/status", "offline", 1, retain=True)
        await asyncio.to_thread(device.connect, "127.0.0.1", proxy.port)
        device.loop_start()
        try:
            await until(device.is_connected)
            proxy.cut()
            await until(lambda: hub.messages)
        finally:
            await asyncio.to_thread(device.disconnect)
            await asyncio.to_thread(device.loop_stop)
        [will] = hub.messages
        assert (will.topic, will.payload, will.retained) == ("devices/a/status", b"offline", False)


async def test_shared_subscription_splits_messages(mosquitto: Mosquitto) -> None:
    share = "$share/hubs/devices/#"
    async with Receiver(mosquitto.port, share, client_id="a") as a, Receiver(mosquitto.port, share, client_id="b") as b:
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(100)])
        await until(lambda: len(a.messages) + len(b.messages) == 100)
        assert sorted(a.payloads + b.payloads, key=int) == [b"%d" % i for i in range(100)]
        assert a.messages
        assert b.messages


async def test_window_bounds_unacknowledged_messages(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port, ack=False, window=50) as hub:
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(1000)])
        done = 0
        while done < 1000:
            await until(lambda done=done: len(hub.messages) > done)
            assert len(hub.messages) - done <= 50 + 256  # what was read together with the one that was too much
            hub.link.ack(hub.messages[done : done + 30])
            done += len(hub.messages[done : done + 30])
        assert hub.payloads == [b"%d" % i for i in range(1000)]
        assert hub.link.state.reconnects == 0


async def test_topics_can_be_subscribed_while_connected(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port) as hub:
        hub.link.subscribe(["plant/+/x"])
        assert not hub.subscribed
        await publish(mosquitto.port, ("plant/1/x", "before or after", 1, True))
        await until(lambda: b"before or after" in hub.payloads and hub.subscribed)


async def test_unacknowledged_messages_are_redelivered(mosquitto: Mosquitto) -> None:
    async with Proxy(mosquitto.port) as proxy, Receiver(proxy.port, ack=False) as hub:
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(10)])
        await until(lambda: len(hub.messages) == 10)
        first = hub.messages[:]
        hub.link.ack(first[:4])
        await asyncio.sleep(0.1)
        proxy.cut()
        await until(lambda: len(hub.messages) == 16)
        assert hub.payloads[10:] == [b"%d" % i for i in range(4, 10)]
        assert {message.connection for message in hub.messages[10:]} == {hub.messages[0].connection + 1}
        hub.link.ack(first[4:])  # receipts of the previous connection must not acknowledge anything
        await asyncio.sleep(0.1)
        proxy.cut()
        await until(lambda: len(hub.messages) == 22)
        hub.link.ack(hub.messages[16:])
        await asyncio.sleep(0.1)
        proxy.cut()
        await until(lambda: proxy.accepted == 4 and hub.subscribed)
        await asyncio.sleep(0.1)
        assert len(hub.messages) == 22
        assert hub.link.state.reconnects == 3


RECEIVE_AND_NEVER_ACKNOWLEDGE = """
import asyncio, sys
from receiver import Receiver, until
async def main():
    async with Receiver(int(sys.argv[1]), ack=False) as hub:
        print("subscribed", flush=True)
        await until(lambda: len(hub.messages) == 50, 20)
        print("received", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_killed_process_gets_unacknowledged_messages_again(mosquitto: Mosquitto) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", RECEIVE_AND_NEVER_ACKNOWLEDGE, str(mosquitto.port)),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
    )
    assert child.stdout is not None
    try:
        assert await asyncio.wait_for(child.stdout.readline(), 20) == b"subscribed\n"
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(50)])
        assert await asyncio.wait_for(child.stdout.readline(), 20) == b"received\n"
    finally:
        child.send_signal(signal.SIGKILL)
        await child.wait()
    async with Receiver(mosquitto.port, had_session=True) as hub:
        await until(lambda: len(hub.messages) == 50)
        assert hub.payloads == [b"%d" % i for i in range(50)]
        assert not hub.gaps


async def test_session_survives_clean_disconnect(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port):
        pass
    await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(300)])
    async with Receiver(mosquitto.port, had_session=True) as hub:
        await until(lambda: len(hub.messages) == 300)
        assert hub.payloads == [b"%d" % i for i in range(300)]
        assert not hub.gaps


async def test_acknowledgements_are_sent_before_disconnect(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port, ack=False) as hub:
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(300)])
        await until(lambda: len(hub.messages) == 300)
        hub.link.ack(hub.messages)
    await until(lambda: "Client hub-test disconnected" in mosquitto.log.read_text())
    async with Receiver(mosquitto.port, had_session=True) as again:
        await asyncio.sleep(0.2)
        assert not again.messages


async def test_broker_restart_loses_nothing(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port, ack=False) as hub:
        await publish(mosquitto.port, *[("devices/a/t", str(i), 1, False) for i in range(20)])
        await until(lambda: len(hub.messages) == 20)
        mosquitto.stop()
        await until(lambda: not hub.link.state.connected)
        await asyncio.sleep(0.2)
        assert "connection refused" in (hub.link.state.error or "")
        hub.messages.clear()
        mosquitto.start()
        await until(lambda: len(hub.messages) == 20 and hub.subscribed)
        await publish(mosquitto.port, ("devices/a/t", "after", 1, False))
        await until(lambda: hub.payloads[-1] == b"after")
        assert not hub.gaps
        assert hub.link.state.error is None


async def test_session_lost_by_killed_broker_is_reported_as_gap(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port) as hub:
        await publish(mosquitto.port, ("devices/a/t", "before", 1, False))
        await until(lambda: hub.messages)
        mosquitto.kill()
        await until(lambda: not hub.link.state.connected)
        mosquitto.start()
        await until(lambda: hub.subscribed)
        [(since, now)] = hub.gaps
        assert hub.messages[0].received <= since <= now
        await publish(mosquitto.port, ("devices/a/t", "after", 1, False))
        await until(lambda: hub.payloads == [b"before", b"after"])


async def test_session_lost_between_runs_is_reported_as_gap(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port, had_session=True, current_to=1_234) as hub:
        assert [since for since, _ in hub.gaps] == [1_234]
    async with Receiver(mosquitto.port, client_id="new") as new:
        assert not new.gaps


async def test_large_message_arrives_complete(mosquitto: Mosquitto) -> None:
    large = os.urandom(900_000)
    async with Receiver(mosquitto.port) as hub:
        await publish(mosquitto.port, ("devices/a/t", large, 1, False), ("devices/a/t", "next", 1, False))
        await until(lambda: len(hub.messages) == 2)
        assert hub.payloads == [large, b"next"]
        await hub.link.publish("devices/b/t", large)
        await until(lambda: hub.payloads[-1] == large and len(hub.messages) == 3)


async def test_publish_without_connection_raises(free_port: int) -> None:
    async with Receiver(free_port, wait=False) as hub:
        await until(lambda: hub.link.state.error)
        assert hub.link.state.error == "connection refused (is the broker running?)."
        with pytest.raises(BrokerError, match="not connected"):
            await hub.link.publish("devices/a/commands/open", b"{}")


@pytest.mark.parametrize("topic", ["", "devices/+/x", "devices/#", "a" * 70_000])
async def test_publish_to_invalid_topic_raises(mosquitto: Mosquitto, topic: str) -> None:
    async with Receiver(mosquitto.port) as hub:
        with pytest.raises(BrokerError, match="not sent"):
            await hub.link.publish(topic, b"{}")
        await hub.link.publish("devices/a/x", b"{}")
