"""Certificates of devices, issued by the hub's own CA, on a real Mosquitto that knows its users by them."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hub_process
from api_hub import running_hub
from broker_client import Client
from brokers import Mosquitto, free_port
from hub.certificates import Authority, Bundle, read_chain
from hub.errors import Conflict, NotFound
from hub.mqtt.mosquitto_acl import AccessFiles, MosquittoAcl
from hub.mqtt.mosquitto_files import HUB
from hub.runtime.installation import open_installation
from hub.services.credentials import Credentials


class CertifiedBroker:
    """Mosquitto with a listener for certificates, and one for the hub's own password."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder / "ca")
        login = folder / "hub.login"
        files = AccessFiles(folder / "passwd", folder / "acl", folder / "mosquitto.pid")
        self.access = MosquittoAcl(files, "devices")
        self.credentials = Credentials(
            self.access, broker="127.0.0.1:1", root="devices", login=login, authority=self.authority
        )
        self.bundles: dict[str, Bundle] = {}
        setup = self.add("first")
        assert setup is not None
        server = self.authority.issue("localhost", "server", 30, ["localhost", "127.0.0.1"])
        self.write("broker", server)
        self.port = free_port()
        lines = setup.replace("listener 8883", f"listener {self.port} 127.0.0.1")
        lines = lines.replace("/etc/mosquitto/certs/broker", f"{folder}/broker")
        self.broker = Mosquitto(folder, (*lines.splitlines(), f"pid_file {files.pid_file}"))
        self.password = login.read_text().strip()

    def add(self, name: str, *prefixes: str) -> str | None:
        issued = self.credentials.certify(name, prefixes)
        self.bundles[name] = issued.bundle
        return issued.setup

    def write(self, name: str, bundle: Bundle) -> tuple[Path, Path]:
        files = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        for file, text in zip(files, (bundle.certificate, bundle.key), strict=True):
            file.write_text(text)
        return files

    def context(self, bundle: Bundle | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=(self.folder / "ca.crt").read_text())
        if bundle is not None:
            context.load_cert_chain(*self.write("client", bundle))
        return context

    def client(self, name: str, will: str | None = None, *, bundle: Bundle | None = None, user: str = "") -> Client:
        context = self.context(bundle or self.bundles[name])
        return Client(self.broker, user or name, "x" if user else None, will, tls=context, port=self.port)

    def hub(self) -> Client:
        return Client(self.broker, HUB, self.password)

    def accepts(self, bundle: Bundle | None, host: str = "localhost") -> bool:
        """Return whether the broker accepts the certificate in a TLS handshake."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as plain:
            try:
                with self.context(bundle).wrap_socket(plain, server_hostname=host) as secured:
                    # With TLS 1.3 the refusal arrives with the first read. An empty CONNECT is answered by closing.
                    secured.sendall(b"\x10\x00")
                    return secured.recv(1) == b""
            except (ssl.SSLError, ConnectionError):
                return False


def until(look: Callable[[], Any], within: float = 10) -> None:
    deadline = time.monotonic() + within
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CertifiedBroker]:
    certified = CertifiedBroker(tmp_path_factory.mktemp("broker"))
    certified.broker.start()
    until((certified.folder / "mosquitto.pid").exists)
    yield certified
    certified.broker.stop()


def test_device_with_certificate_is_limited_to_its_own_topics(certified: CertifiedBroker) -> None:
    certified.add("a")
    certified.add("b")
    hub, b = certified.hub(), certified.client("b")
    a = certified.client("a", will="devices/b/status", user="hub")  # the name in the certificate counts
    hub.subscribe("#")
    a.subscribe("#", "+/+/+", "devices/b/#", "$share/g/devices/b/#", "$SYS/#", "devices/a/commands/#")
    for topic in ("devices/b/telemetry", "devices/b/commands/x", "zigbee2mqtt/x", "devices", "$SYS/x"):
        a.publish(topic)
        a.publish(topic, retain=True)
    b.publish("devices/b/telemetry", b"1")
    hub.publish("devices/b/commands/x")
    a.publish("devices/a/telemetry")
    hub.publish("devices/a/commands/x")
    a.drop_connection()
    until(lambda: "devices/a/commands/x" in hub.received)
    b.publish("devices/b/end", b"1")  # whatever the broker has accepted before is delivered before this
    until(lambda: "devices/b/end" in hub.received)
    assert sorted(set(hub.received)) == [
        "devices/a/commands/x", "devices/a/telemetry", "devices/b/commands/x", "devices/b/end", "devices/b/telemetry",
    ]  # fmt: skip
    assert set(a.received) == {"devices/a/commands/x"}
    late = certified.hub()
    late.subscribe("#")
    hub.publish("end")
    until(lambda: "end" in late.received)
    assert late.received == ["end"], "no message or will was retained under another device's topic"
    for client in (hub, b, late):
        client.disconnect()


def test_bridge_with_certificate_is_limited_to_its_prefix(certified: CertifiedBroker) -> None:
    certified.add("zigbee", "zigbee2mqtt")
    hub = certified.hub()
    hub.subscribe("#")
    bridge = certified.client("zigbee")
    until(lambda: (bridge.publish("zigbee2mqtt/lamp"), "zigbee2mqtt/lamp" in hub.received)[1])  # it has reloaded
    bridge.publish("devices/a/telemetry")
    bridge.publish("zigbee2mqtt/end")
    until(lambda: "zigbee2mqtt/end" in hub.received)
    assert set(hub.received) == {"zigbee2mqtt/lamp", "zigbee2mqtt/end"}
    for client in (hub, bridge):
        client.disconnect()


def test_only_certificates_of_this_authority_are_accepted(certified: CertifiedBroker, tmp_path: Path) -> None:
    assert certified.accepts(certified.bundles["first"])
    assert not certified.accepts(None)
    assert not certified.accepts(Authority(tmp_path / "other").issue("first", "client", 30))
    assert not certified.accepts(certified.authority.issue("hub", "server", 30, ["hub"]))  # not for clients
    with pytest.raises(ssl.SSLCertVerificationError), certified_connection(certified):
        pass


def certified_connection(certified: CertifiedBroker) -> ssl.SSLSocket:
    """Connect to the broker under a name that its certificate does not have."""
    context = certified.context(certified.bundles["first"])
    with socket.create_connection(("127.0.0.1", certified.port), 5) as plain:
        return context.wrap_socket(plain, server_hostname="elsewhere")


def test_revoked_certificate_is_refused_and_open_connection_loses_its_rights(certified: CertifiedBroker) -> None:
    certified.add("lost")
    certified.add("kept")
    renewed = certified.credentials.renew("lost").bundle
    hub = certified.hub()
    hub.subscribe("#")
    lost, kept = certified.client("lost"), certified.client("kept")
    lost.subscribe("devices/lost/commands/#")
    lost.publish("devices/lost/telemetry")
    until(lambda: "devices/lost/telemetry" in hub.received)
    assert "lost" in {user.name for user in certified.credentials.users()}
    assert certified.credentials.revoke("lost")
    assert "lost" not in {user.name for user in certified.credentials.users()}
    until(lambda: not certified.accepts(certified.bundles["lost"]))
    assert not certified.accepts(renewed)
    assert certified.accepts(certified.bundles["kept"])
    lost.publish("devices/lost/late")
    hub.publish("devices/lost/commands/x")
    kept.publish("devices/kept/end")
    until(lambda: "devices/kept/end" in hub.received)
    assert "devices/lost/late" not in hub.received
    assert lost.received == []
    certified.add("lost")  # a new certificate for the same name
    assert certified.accepts(certified.bundles["lost"])
    assert not certified.accepts(renewed)
    for client in (hub, lost, kept):
        client.disconnect()


def test_expired_certificate_is_refused(certified: CertifiedBroker) -> None:
    assert not certified.accepts(certified.authority.issue("old", "client", 0))


async def test_certificate_is_issued_listed_renewed_and_revoked_by_api(
    certified: CertifiedBroker, tmp_path: Path
) -> None:
    async with running_hub(tmp_path, credentials=certified.credentials) as hub:
        body = {"name": "boiler", "days": 30}
        answer = await hub.http.post("/api/credentials/certificates", json=body)
        assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
        issued = answer.json()
        assert certified.accepts(Bundle(issued["certificate"], issued["key"], issued["ca"], 0))
        assert abs(issued["expires_at"] / 1000 - time.time() - 30 * 86_400) < 60
        assert (await hub.http.post("/api/credentials/certificates", json=body)).status_code == 409
        listed = (await hub.http.get("/api/credentials")).json()["items"]
        assert {"name": "boiler", "prefixes": [], "expires_at": issued["expires_at"]} in listed
        renewed = (await hub.http.post("/api/credentials/boiler/renew")).json()
        assert renewed["key"] != issued["key"]
        assert certified.accepts(Bundle(renewed["certificate"], renewed["key"], renewed["ca"], 0))
        assert (await hub.http.get("/api/credentials/ca")).text == issued["ca"]
        assert (await hub.http.delete("/api/credentials/boiler")).json() == {"told": True}
        assert (await hub.http.post("/api/credentials/boiler/renew")).status_code == 404
        for days in (0, 3_651):
            answer = await hub.http.post("/api/credentials/certificates", json={"name": "x", "days": days})
            assert answer.status_code == 422
        stored = [file.read_text() for file in (certified.folder / "ca").iterdir()]
        assert not any(renewed["key"].splitlines()[1] in text for text in stored)


def test_name_has_either_password_or_certificate(certified: CertifiedBroker) -> None:
    with pytest.raises(Conflict):
        certified.credentials.certify("first")
    certified.credentials.add("plain")
    with pytest.raises(Conflict):
        certified.credentials.certify("plain")
    with pytest.raises(NotFound):
        certified.credentials.renew("plain")


def hub(data: Path, *words: str) -> str:
    done = hub_process.run(*words, "--data", data)
    return done.stdout + done.stderr


def test_command_writes_certificate_and_key_once(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    open_installation(data)
    assert "has no CA yet" in hub(data, "certificate", "ca")
    output = hub(data, "device", "add", "pump", "--certificate", "--out", str(out), "--http", "127.0.0.1:1")
    assert f"crlfile {data.resolve()}/broker/crl.pem" in output
    own, ca = read_chain(out / "pump.crt")
    assert own.subject == "CN=pump"
    assert ca.fingerprint in hub(data, "certificate", "ca")
    assert (out / "pump.key").stat().st_mode & 0o777 == 0o600
    assert "exists already" in hub(data, "device", "renew", "pump", "--out", str(out))
    assert "pump (certificate until " in hub(data, "device", "list")
    assert "Wrote" in hub(data, "certificate", "server", "hub.example.org", "10.0.0.5", "--out", str(out))
    assert read_chain(out / "hub.example.org.crt")[0].names == ("hub.example.org", "10.0.0.5")
    for file in ("ca/ca.key", "ca/issued.json"):
        assert (data / file).stat().st_mode & 0o077 == 0


def test_failed_command_issues_no_certificate(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    open_installation(data)
    out.write_text("a file, not a folder")
    output = hub(data, "device", "add", "pump", "--certificate", "--out", str(out), "--http", "127.0.0.1:1")
    assert output == f"hub: {out}: Not a directory.\n"
    assert hub(data, "device", "list") == ""
