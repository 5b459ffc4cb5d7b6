"""Broker passwords and access rights that the hub writes, tested against a real Mosquitto."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

import hub_process
from broker_client import Client
from brokers import Mosquitto
from hub.errors import Conflict, Invalid, NotFound, StoreError
from hub.mqtt.mosquitto_acl import AccessFiles, MosquittoAcl
from hub.mqtt.mosquitto_files import HUB
from hub.runtime.installation import open_installation
from hub.runtime.qr import as_text, rows


class Guarded:
    """Mosquitto with password and ACL files; its clients use the MQTT version ``protocol``."""

    protocol = MQTTProtocolVersion.MQTTv311

    def __init__(self, directory: Path) -> None:
        self.files = AccessFiles(directory / "passwd", directory / "acl", directory / "mosquitto.pid")
        self.access = MosquittoAcl(self.files, "devices")
        self.password = {HUB: self.access.hub_password(directory / "hub.login")}
        extra = (
            "allow_anonymous false",
            f"password_file {self.files.passwords}",
            f"acl_file {self.files.rights}",
            f"pid_file {self.files.pid_file}",
        )
        self.broker = Mosquitto(directory, extra)

    def add(self, name: str, *topics: str) -> None:
        self.password[name] = self.access.add(name, topics)
        assert self.access.reload()

    def client(self, user: str, will: str | None = None) -> Client:
        return Client(self.broker, user, self.password[user], will, self.protocol)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    guarded = Guarded(tmp_path)
    guarded.broker.start()
    deadline = time.monotonic() + 10
    while not guarded.files.pid_file.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    yield guarded
    guarded.broker.stop()


def login(guarded: Guarded, user: str, password: str) -> str | None:
    """Return why the broker refuses the login, or None; wait for it to reload its files after the signal."""
    deadline = time.monotonic() + 5
    while True:
        client = Client(guarded.broker, user, password)
        client.disconnect()
        if client.refused is None or time.monotonic() > deadline:
            return client.refused
        time.sleep(0.05)


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5])
def test_device_is_limited_to_its_own_topics(guarded: Guarded, protocol: MQTTProtocolVersion):
    guarded.protocol = protocol
    guarded.add("a")
    guarded.add("b")
    assert login(guarded, "b", guarded.password["b"]) is None
    hub, a, b = guarded.client(HUB), guarded.client("a", will="devices/b/status"), guarded.client("b")
    hub.subscribe("#", "$SYS/broker/version")
    a.subscribe("#", "+/+/+", "devices/b/#", "$share/g/devices/b/#", "$SYS/#", "devices/a/commands/#")
    for topic in ("devices/b/telemetry", "devices/b/commands/x", "zigbee2mqtt/x", "devices", "devices/a", "$SYS/x"):
        a.publish(topic)
        a.publish(topic, retain=True)
    b.publish("devices/b/telemetry", b"1")
    hub.publish("devices/b/commands/x")
    a.publish("devices/a/telemetry", b"2")
    hub.publish("devices/a/commands/x")
    a.drop_connection()
    deadline = time.monotonic() + 5
    while "devices/a/commands/x" not in hub.received and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)  # time for messages that must not arrive
    assert sorted(set(hub.received) - {"$SYS/broker/version"}) == [
        "devices/a", "devices/a/commands/x", "devices/a/telemetry", "devices/b/commands/x", "devices/b/telemetry",
    ]  # fmt: skip
    assert set(a.received) == {"devices/a/commands/x"}
    late_subscriber = guarded.client(HUB)
    late_subscriber.subscribe("#")
    time.sleep(0.2)
    assert late_subscriber.received == ["devices/a"], "no message or will was retained under another device's topic"
    for client in (hub, b, late_subscriber):
        client.disconnect()


def test_login_without_valid_password_is_refused(guarded: Guarded):
    guarded.add("a")
    for user, password in (("a", "wrong"), ("nobody", "x"), ("", "")):
        client = Client(guarded.broker, user, password)
        assert client.refused
        client.disconnect()


def test_revoked_device_is_disconnected_and_others_stay_connected(guarded: Guarded):
    guarded.add("a")
    guarded.add("b")
    assert login(guarded, "b", guarded.password["b"]) is None
    hub, b = guarded.client(HUB), guarded.client("b")
    hub.subscribe("devices/#")
    a = guarded.client("a", will="devices/a/status")
    guarded.access.revoke("a")
    assert guarded.access.reload()
    assert a.down.wait(10), "the broker did not disconnect the revoked device"
    a.paho.loop_stop()
    b.publish("devices/b/telemetry")
    deadline = time.monotonic() + 5
    while "devices/b/telemetry" not in hub.received and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "devices/b/telemetry" in hub.received
    assert not b.down.is_set()
    assert not hub.down.is_set()
    hub.disconnect()
    b.disconnect()
    again = Client(guarded.broker, "a", guarded.password["a"])
    assert again.refused
    again.disconnect()
    with pytest.raises(NotFound):
        guarded.access.revoke("a")


def test_bridge_is_limited_to_its_topic_prefix(guarded: Guarded):
    guarded.add("zigbee", "zigbee2mqtt")
    assert login(guarded, "zigbee", guarded.password["zigbee"]) is None
    hub, bridge = guarded.client(HUB), guarded.client("zigbee")
    hub.subscribe("#")
    bridge.subscribe("zigbee2mqtt/#")
    bridge.publish("devices/a/telemetry")
    bridge.publish("zigbee2mqtt/lamp")
    hub.publish("zigbee2mqtt/lamp/set")
    deadline = time.monotonic() + 5
    while "zigbee2mqtt/lamp/set" not in bridge.received and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sorted(hub.received) == ["zigbee2mqtt/lamp", "zigbee2mqtt/lamp/set"]
    assert sorted(bridge.received) == ["zigbee2mqtt/lamp", "zigbee2mqtt/lamp/set"]
    for client in (hub, bridge):
        client.disconnect()


@pytest.mark.parametrize(
    "prefix",
    ["#", "+/x", "$SYS", "devices", "devices/a", "", "/x", "a\nuser hub", "x/#", "x/+", " #", " devices", "x/", "x "],
)
def test_invalid_bridge_prefix_is_refused(tmp_path: Path, prefix: str):
    access = MosquittoAcl(AccessFiles(tmp_path / "passwd", tmp_path / "acl"), "devices")
    with pytest.raises(Invalid):
        access.add("bridge", [prefix])
    assert access.users() == []


def test_bridge_prefix_above_device_root_is_refused(tmp_path: Path):
    access = MosquittoAcl(AccessFiles(tmp_path / "passwd", tmp_path / "acl"), "site/devices")
    with pytest.raises(Invalid, match="belongs to the devices"):
        access.add("bridge", ["site"])
    access.add("bridge", ["site/zigbee2mqtt"])
    assert [user.topics for user in access.users()] == [("site/zigbee2mqtt",)]


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", "a b", "a:b\nx", "hub", "é", "x" * 65, ".", ".."])
def test_invalid_device_name_is_refused(tmp_path: Path, name: str):
    with pytest.raises(Invalid):
        MosquittoAcl(AccessFiles(tmp_path / "passwd", tmp_path / "acl"), "devices").add(name)


def test_entries_of_administrator_are_preserved(tmp_path: Path):
    files = AccessFiles(tmp_path / "passwd", tmp_path / "acl")
    files.passwords.write_text("grafana:$7$101$c2FsdA==$aGFzaA==\n")
    files.rights.write_text("user grafana\ntopic read devices/#")
    files.passwords.chmod(0o600)
    access = MosquittoAcl(files, "devices")
    access.add("a")
    access.add("gateway", ["tasmota", "stat"])
    with pytest.raises(Conflict):
        access.add("a")
    access.revoke("a")
    assert [(user.name, user.topics) for user in access.users()] == [("gateway", ("tasmota", "stat")), ("grafana", ())]
    assert files.passwords.read_text().startswith("grafana:$7$101$c2FsdA==$aGFzaA==\n")
    assert files.rights.read_text().startswith("user grafana\ntopic read devices/#\n# ---")
    assert files.rights.read_text().count("pattern write devices/%u/#") == 1
    assert files.passwords.stat().st_mode & 0o777 == 0o600


def test_unwritable_password_file_is_reported(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        MosquittoAcl(AccessFiles(tmp_path / "file" / "passwd", tmp_path / "acl"), "devices").add("a")


def hub(data: Path, broker: Mosquitto, *words: str) -> str:
    return hub_process.run("device", *words, "--data", data, "--mqtt", broker.address, status=0).stdout


def test_printed_command_publishes_with_printed_broker_settings(tmp_path: Path):
    """Follow the printed steps: add a device, configure the broker, run the command."""
    broker = Mosquitto(tmp_path, ("allow_anonymous false",))
    (tmp_path / "data").mkdir()
    open_installation(tmp_path / "data")
    output = hub(tmp_path / "data", broker, "add", "boiler")
    lines = "\n".join(line.strip() for line in output.splitlines() if line.startswith("    ") and "allow" not in line)
    broker.config.write_text(f"{broker.config.read_text()}{lines}\n")
    login = (tmp_path / "data" / "broker" / "hub.login").read_text().strip()
    (line,) = re.findall(r"^mosquitto_pub .*$", output, re.MULTILINE)
    broker.start()
    try:
        listener = Client(broker, HUB, login)
        listener.subscribe("devices/#")
        subprocess.run(line, shell=True, check=True, timeout=10)
        deadline = time.monotonic() + 5
        while not listener.received and time.monotonic() < deadline:
            time.sleep(0.02)
        assert listener.received == ["devices/boiler/telemetry"]
        listener.disconnect()
    finally:
        broker.stop()
    assert login not in output
    assert "allow_anonymous" not in hub(tmp_path / "data", broker, "add", "other"), "the hint is printed only once"
    assert hub(tmp_path / "data", broker, "list").split() == ["boiler", "other"]
    hub(tmp_path / "data", broker, "revoke", "other")
    assert hub(tmp_path / "data", broker, "list").split() == ["boiler"]


def test_qr_code_is_rendered_with_quiet_zone():
    found = rows("mqtt://a:b@h:1/devices/a")
    assert len(found) == len(found[0])
    assert set("".join(found)) == {"0", "1"}
    assert len(as_text("mqtt://a:b@h:1/devices/a").splitlines()) == -(-len(found) // 2)
    assert found[0] == "0" * len(found), "the quiet zone is missing"
