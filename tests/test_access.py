"""Who may connect to the broker and what each may do, tried against a real Mosquitto."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from brokers import Mosquitto
from hub.errors import Conflict, Invalid, NotFound, StoreError
from hub.mqtt.mosquitto_acl import HUB, AccessFiles, MosquittoAcl
from hub.runtime.qr import as_text, rows


class Guarded:
    """A Mosquitto that asks for passwords, and the files that it asks; its devices speak ``protocol``."""

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


class Client:
    """A connected device; ``heard`` are the topics of what came."""

    def __init__(
        self,
        broker: Mosquitto,
        user: str,
        password: str,
        will: str | None = None,
        protocol: int = MQTTProtocolVersion.MQTTv311,
    ) -> None:
        self.heard: list[str] = []
        self.refused: str | None = None
        self.up, self.down = threading.Event(), threading.Event()
        self.paho = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=protocol, reconnect_on_failure=False)
        self.paho.username_pw_set(user, password)
        if will:
            self.paho.will_set(will, b"{}", qos=1, retain=True)
        self.paho.on_connect = self._connected
        self.paho.on_disconnect = lambda *_: self.down.set()
        self.paho.on_message = lambda client, data, message: self.heard.append(message.topic)
        self.paho.connect(broker.host, broker.port)
        self.paho.loop_start()
        assert self.up.wait(10)

    def _connected(self, client: object, data: object, flags: object, reason: paho.ReasonCode, _: object) -> None:
        self.refused = str(reason) if reason.is_failure else None
        self.up.set()

    def say(self, topic: str, payload: bytes = b"{}", *, retain: bool = False) -> None:
        self.paho.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def hear(self, *topics: str) -> None:
        done = threading.Event()
        self.paho.on_subscribe = lambda *_: done.set()
        self.paho.subscribe([(topic, 1) for topic in topics])
        assert done.wait(10)

    def vanish(self) -> None:
        """Without a goodbye: the broker speaks its will."""
        self.paho.loop_stop()
        self.paho.socket().close()

    def leave(self) -> None:
        self.paho.disconnect()
        self.down.wait(10)
        self.paho.loop_stop()


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
    """Why the broker refuses it, None if it does not; the broker reads its files a moment after the signal."""
    deadline = time.monotonic() + 5
    while True:
        client = Client(guarded.broker, user, password)
        client.leave()
        if client.refused is None or time.monotonic() > deadline:
            return client.refused
        time.sleep(0.05)


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5])
def test_a_device_keeps_to_its_own_topics(guarded: Guarded, protocol: MQTTProtocolVersion):
    guarded.protocol = protocol
    guarded.add("a")
    guarded.add("b")
    assert login(guarded, "b", guarded.password["b"]) is None
    hub, a, b = guarded.client(HUB), guarded.client("a", will="devices/b/status"), guarded.client("b")
    hub.hear("#", "$SYS/broker/version")
    a.hear("#", "+/+/+", "devices/b/#", "$share/g/devices/b/#", "$SYS/#", "devices/a/commands/#")
    for topic in ("devices/b/telemetry", "devices/b/commands/x", "zigbee2mqtt/x", "devices", "devices/a", "$SYS/x"):
        a.say(topic)
        a.say(topic, retain=True)
    b.say("devices/b/telemetry", b"1")
    hub.say("devices/b/commands/x")
    a.say("devices/a/telemetry", b"2")
    hub.say("devices/a/commands/x")
    a.vanish()
    deadline = time.monotonic() + 5
    while "devices/a/commands/x" not in hub.heard and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)  # what should not come has this long to come
    assert sorted(set(hub.heard) - {"$SYS/broker/version"}) == [
        "devices/a", "devices/a/commands/x", "devices/a/telemetry", "devices/b/commands/x", "devices/b/telemetry",
    ]  # fmt: skip
    assert set(a.heard) == {"devices/a/commands/x"}
    late = guarded.client(HUB)
    late.hear("#")
    time.sleep(0.2)
    assert late.heard == ["devices/a"], "nothing was retained for another, not by message nor by will"
    for client in (hub, b, late):
        client.leave()


def test_nobody_comes_in_without_a_password(guarded: Guarded):
    guarded.add("a")
    for user, password in (("a", "wrong"), ("nobody", "x"), ("", "")):
        client = Client(guarded.broker, user, password)
        assert client.refused
        client.leave()


def test_who_is_revoked_is_out_at_once_and_nobody_else(guarded: Guarded):
    guarded.add("a")
    guarded.add("b")
    assert login(guarded, "b", guarded.password["b"]) is None
    hub, b = guarded.client(HUB), guarded.client("b")
    hub.hear("devices/#")
    a = guarded.client("a", will="devices/a/status")
    guarded.access.revoke("a")
    assert guarded.access.reload()
    assert a.down.wait(10), "its connection ends"
    a.paho.loop_stop()
    b.say("devices/b/telemetry")
    deadline = time.monotonic() + 5
    while "devices/b/telemetry" not in hub.heard and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "devices/b/telemetry" in hub.heard
    assert not b.down.is_set()
    assert not hub.down.is_set()
    hub.leave()
    b.leave()
    again = Client(guarded.broker, "a", guarded.password["a"])
    assert again.refused
    again.leave()
    with pytest.raises(NotFound):
        guarded.access.revoke("a")


def test_a_bridge_has_its_prefix_and_no_more(guarded: Guarded):
    guarded.add("zigbee", "zigbee2mqtt")
    assert login(guarded, "zigbee", guarded.password["zigbee"]) is None
    hub, bridge = guarded.client(HUB), guarded.client("zigbee")
    hub.hear("#")
    bridge.hear("zigbee2mqtt/#")
    bridge.say("devices/a/telemetry")
    bridge.say("zigbee2mqtt/lamp")
    hub.say("zigbee2mqtt/lamp/set")
    deadline = time.monotonic() + 5
    while "zigbee2mqtt/lamp/set" not in bridge.heard and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sorted(hub.heard) == ["zigbee2mqtt/lamp", "zigbee2mqtt/lamp/set"]
    assert sorted(bridge.heard) == ["zigbee2mqtt/lamp", "zigbee2mqtt/lamp/set"]
    for client in (hub, bridge):
        client.leave()


@pytest.mark.parametrize(
    "prefix",
    ["#", "+/x", "$SYS", "devices", "devices/a", "", "/x", "a\nuser hub", "x/#", "x/+", " #", " devices", "x/", "x "],
)
def test_a_prefix_that_is_not_a_bridges_own(tmp_path: Path, prefix: str):
    access = MosquittoAcl(AccessFiles(tmp_path / "passwd", tmp_path / "acl"), "devices")
    with pytest.raises(Invalid):
        access.add("bridge", [prefix])
    assert access.users() == []


def test_a_prefix_above_the_devices_root_would_hold_them_all(tmp_path: Path):
    access = MosquittoAcl(AccessFiles(tmp_path / "passwd", tmp_path / "acl"), "site/devices")
    with pytest.raises(Invalid, match="belongs to the devices"):
        access.add("bridge", ["site"])
    access.add("bridge", ["site/zigbee2mqtt"])
    assert [user.topics for user in access.users()] == [("site/zigbee2mqtt",)]


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", "a b", "a:b\nx", "hub", "é", "x" * 65, ".", ".."])
def test_names_that_cannot_be(tmp_path: Path, name: str):
    with pytest.raises(Invalid):
        MosquittoAcl(AccessFiles(tmp_path / "passwd", tmp_path / "acl"), "devices").add(name)


def test_what_an_administrator_wrote_stays(tmp_path: Path):
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


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        MosquittoAcl(AccessFiles(tmp_path / "file" / "passwd", tmp_path / "acl"), "devices").add("a")


def hub(data: Path, broker: Mosquitto, *words: str) -> str:
    command = [sys.executable, "-m", "hub", "device", *words, "--data", str(data), "--mqtt", broker.address]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_the_line_that_is_printed_works_as_it_stands(tmp_path: Path):
    """As a user does it: add, set the broker up as it says, paste the line."""
    broker = Mosquitto(tmp_path, ("allow_anonymous false",))
    said = hub(tmp_path / "data", broker, "add", "boiler")
    lines = "\n".join(line.strip() for line in said.splitlines() if line.startswith("    ") and "allow" not in line)
    broker.config.write_text(f"{broker.config.read_text()}{lines}\n")
    login = (tmp_path / "data" / "broker" / "hub.login").read_text().strip()
    (line,) = re.findall(r"^mosquitto_pub .*$", said, re.MULTILINE)
    broker.start()
    try:
        listener = Client(broker, HUB, login)
        listener.hear("devices/#")
        subprocess.run(line, shell=True, check=True, timeout=10)
        deadline = time.monotonic() + 5
        while not listener.heard and time.monotonic() < deadline:
            time.sleep(0.02)
        assert listener.heard == ["devices/boiler/telemetry"]
        listener.leave()
    finally:
        broker.stop()
    assert login not in said
    assert "allow_anonymous" not in hub(tmp_path / "data", broker, "add", "other"), "said once"
    assert hub(tmp_path / "data", broker, "list").split() == ["boiler", "other"]
    hub(tmp_path / "data", broker, "revoke", "other")
    assert hub(tmp_path / "data", broker, "list").split() == ["boiler"]


def test_a_code_is_drawn_as_it_is():
    found = rows("mqtt://a:b@h:1/devices/a")
    assert len(found) == len(found[0])
    assert set("".join(found)) == {"0", "1"}
    assert len(as_text("mqtt://a:b@h:1/devices/a").splitlines()) == -(-len(found) // 2)
    assert found[0] == "0" * len(found), "a margin around it"
