"""HTTPS: versions of TLS, handshakes, cookies, and certificates that are renewed, wrong or about to expire."""

from __future__ import annotations

import asyncio
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from access import certificates
from api_hub import ApiHub, running_hub
from brokers import Mosquitto
from hub.assembly.load_settings import load_settings
from hub.commandline import certificate_checks
from hub.commandline.running_hub import status_of
from hub.errors import ConfigError, HubError
from hub.runtime.settings import Settings
from hub.server import ServerCertificate, tls_listener
from pki import Issued, write_pair
from serving import Serving, until
from signed_in import BEARER, TOKEN, Browser, person

CA = Issued("Test CA", ca=True)
OWN = Issued("hub", CA)


def use(folder: Path, **options: str) -> ServerCertificate:
    return ServerCertificate(folder / "hub.crt", folder / "hub.key", **options)  # type: ignore[arg-type]  # options of several types


@pytest.fixture
def certificate(tmp_path: Path) -> ServerCertificate:
    write_pair(tmp_path, OWN, CA)
    return use(tmp_path)


@pytest.fixture
async def hub(tmp_path: Path, certificate: ServerCertificate) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path, token=TOKEN, certificate=certificate) as hub:
        yield hub


def client(
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED, ciphers: str = "ALL:@SECLEVEL=0"
) -> ssl.SSLContext:
    """Return a context that verifies nothing and offers ``newest`` and older versions."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.0 and 1.1
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    return context


def handshake(port: int, context: ssl.SSLContext) -> tuple[str | None, bytes]:
    """Return the version of TLS and the server's certificate."""
    with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain) as secured:
        return secured.version(), secured.getpeercert(True) or b""


async def shown(hub: ApiHub) -> bytes:
    return (await asyncio.to_thread(handshake, hub.port, client()))[1]


async def version_of(hub: ApiHub, newest: ssl.TLSVersion, ciphers: str = "ALL:@SECLEVEL=0") -> str | None:
    """Return the version that the hub agrees on, None if it refuses the handshake."""
    try:
        return (await asyncio.to_thread(handshake, hub.port, client(newest, ciphers)))[0]
    except (ssl.SSLError, ConnectionError):
        return None


async def test_old_versions_of_tls_are_refused(hub: ApiHub, certificate: ServerCertificate, tmp_path: Path) -> None:
    old, cbc = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1), "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"
    assert [await version_of(hub, each) for each in old] == [None, None]
    assert await version_of(hub, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert await version_of(hub, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    assert await version_of(hub, ssl.TLSVersion.TLSv1_2, cbc) is None
    certificate.context = use(tmp_path, minimum="1.3").context
    assert await version_of(hub, ssl.TLSVersion.TLSv1_2) is None
    assert await version_of(hub, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        certificate.context.minimum_version = ssl.TLSVersion.TLSv1
    certificate.context.set_ciphers("ALL:@SECLEVEL=0")  # this client could speak them
    assert [await version_of(hub, each) for each in old] == ["TLSv1", "TLSv1.1"]
    assert await version_of(hub, ssl.TLSVersion.TLSv1_2, cbc) == "TLSv1.2"


async def test_plain_http_on_https_port_gets_clear_answer(hub: ApiHub) -> None:
    for request in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"X", b"POST / HTTP/1.1\r\n" + b"a" * 200_000):
        reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
        writer.write(request)
        async with asyncio.timeout(5):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"This port accepts HTTPS only." in answer
        writer.close()


async def test_unfinished_handshake_is_closed(hub: ApiHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_listener, "HANDSHAKE_S", 0.3)
    for begun in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"):
        reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
        writer.write(begun)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
    assert (await hub.http.get("/healthz")).status_code == 200


async def test_silent_connections_block_nobody(tmp_path: Path, certificate: ServerCertificate) -> None:
    async with running_hub(
        tmp_path, token=TOKEN, certificate=certificate, max_connections=20, max_connections_per_client=10
    ) as hub:
        silent = [await asyncio.open_connection("127.0.0.1", hub.port) for _ in range(30)]
        assert (await hub.http.get("/healthz")).status_code == 200
        async with asyncio.timeout(5):  # the oldest made room for the others
            assert [await reader.read() for reader, _ in silent[:20]] == [b""] * 20
        for _, writer in silent:
            writer.close()


async def test_session_cookie_is_bound_to_https(hub: ApiHub) -> None:
    async with Browser(hub) as browser:
        browser.http = httpx.AsyncClient(base_url=hub.url, headers={"Origin": hub.url}, verify=False)
        answer = await browser.http.post("/login", json={"token": TOKEN})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"__Host-hub_session_{hub.port}=")
        assert {"HttpOnly", "Path=/", "Secure", "SameSite=strict"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        answer = await browser.http.get("/api/devices")
        assert answer.status_code == 200
        assert answer.headers.get("strict-transport-security") == "max-age=31536000"
        async with hub.socket("/api/live", additional_headers=browser.cookie, ssl=client()) as live:
            await (await live.ping())
        answer = await browser.http.post("/logout")
        assert "__Host-" in answer.headers["set-cookie"]
        assert not browser.http.cookies
        assert (await browser.http.get("/api/devices")).status_code == 401


async def test_session_from_plain_http_ends_at_switch_to_https(tmp_path: Path) -> None:
    async with (
        running_hub(tmp_path, token=TOKEN, trusted_proxies=("127.0.0.1",)) as hub,
        person(hub, "ada", "administrator") as ada,
    ):
        assert (await ada.http.get("/api/devices")).status_code == 200
        plain = ada.cookie
        secure = {"X-Forwarded-For": "10.0.0.9", "X-Forwarded-Proto": "https"}
        answer = await hub.http.get("/api/devices", headers=plain | secure)
        assert answer.status_code == 401
        assert f'hub_session_{hub.port}=""; ' in answer.headers["set-cookie"]
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert (await hub.http.get("/api/devices", headers=plain)).status_code == 401  # others may know it
        named = {"Cookie": plain["Cookie"].replace("hub_session", "__Host-hub_session")}
        assert (await hub.http.get("/api/devices", headers=named | secure)).status_code == 401
        answer = await hub.http.post("/login", headers=plain | secure, json={"name": "ada", "password": "wrong"})
        assert answer.status_code == 401
        headers = plain | secure | {"Origin": f"https://127.0.0.1:{hub.port}"}
        answer = await hub.http.post("/login", headers=headers, json={"token": TOKEN})
        assert [cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")] == [
            f"__Host-hub_session_{hub.port}",
            f"hub_session_{hub.port}",
        ]
        assert (await hub.http.get("/api/devices", headers=BEARER | secure)).status_code == 200


async def test_renewed_certificate_is_used_and_bad_one_refused(
    hub: ApiHub, certificate: ServerCertificate, tmp_path: Path
) -> None:
    assert not certificate.changed()
    before = await shown(hub)
    async with httpx.AsyncClient(base_url=hub.url, verify=False) as kept:
        assert (await kept.get("/healthz")).status_code == 200
        new = Issued("new", CA)
        write_pair(tmp_path, new, CA)
        assert [certificate.changed() for _ in range(2)] == [False, True]  # once nothing changes any more
        certificate.reload()
        assert not certificate.changed()
        renewed = await shown(hub)
        assert renewed != before
        assert (await kept.get("/healthz")).status_code == 200  # an open connection stays
    for own, key, reason in (
        (Issued("foreign", CA), new, "belongs to another certificate"),
        (Issued("old", CA, days=-0.5), None, "not now"),
        (Issued("future", CA, began=-0.5), None, "not now"),
    ):
        write_pair(tmp_path, own, CA, key=key)
        with pytest.raises(ConfigError, match=reason):
            certificate.reload()
        assert await shown(hub) == renewed
    for file, content in (("hub.crt", b"no certificate"), ("hub.key", b"")):
        write_pair(tmp_path, Issued("other", CA))
        (tmp_path / file).write_bytes(content)
        with pytest.raises(ConfigError, match=file):
            certificate.reload()
        (tmp_path / file).unlink()
        with pytest.raises(ConfigError, match=file):
            certificate.reload()
    assert await shown(hub) == renewed


@pytest.fixture
def serving(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    write_pair(tmp_path, OWN, CA)
    config = tmp_path / "hub.toml"
    config.write_text(f'[http]\ntls_cert_file = "{tmp_path}/hub.crt"\ntls_key_file = "{tmp_path}/hub.key"\n')
    (tmp_path / "hub").mkdir()
    serving = Serving(tmp_path / "hub/data", mosquitto, config, scheme="https")
    serving.start()
    yield serving
    serving.stop()


def test_running_hub_follows_certificate_files(serving: Serving, tmp_path: Path) -> None:
    def served() -> bytes:
        return handshake(serving.port, client())[1]

    def log() -> str:
        return (tmp_path / "hub/hub.log").read_text()

    until(lambda: f"ready https=127.0.0.1:{serving.port}" in log())
    listen = {"listen": f"127.0.0.1:{serving.port}"}
    settings = load_settings(serving.config, {"http": listen, "store": {"data": str(serving.data)}}, {})
    assert status_of(settings) is not None  # as `hub doctor` and `hub device` ask it
    first = served()
    write_pair(tmp_path, Issued("new", CA), CA)
    until(lambda: served() != first)
    renewed = served()
    write_pair(tmp_path, Issued("foreign", CA), CA, key=OWN)
    assert status_of(settings) is None  # the hub does not have the certificate of the file
    until(lambda: "belongs to another certificate" in log())
    assert served() == renewed
    assert serving.get("/readyz") is not None


def checked(folder: Path, own: Issued, *chain: Issued, key: Issued | None = None, mode: int = 0o600) -> list[str]:
    """Return what ``hub doctor`` says of a pair: the state and the finding."""
    write_pair(folder, own, *chain, key=key, mode=mode)
    files = {"tls_cert_file": str(folder / "hub.crt"), "tls_key_file": str(folder / "hub.key")}
    settings = load_settings(None, {"http": {**files, "allowed_hosts": ["hub.example.org"]}}, {})
    return [f"{each.state} {each.found}" for each in certificate_checks.check_server_certificate(settings)]


def test_doctor_checks_certificate_of_hub(tmp_path: Path) -> None:
    hosts = ("hub.example.org", "127.0.0.1")
    good = Issued("hub", CA, hosts=hosts)
    assert checked(tmp_path, good, CA) == [
        f"ok valid until {good.certificate.not_valid_after_utc:%Y-%m-%d} for hub.example.org, 127.0.0.1"
    ]
    assert checked(tmp_path, Issued("hub", CA, hosts=("*.example.org",)), CA)[0].startswith("ok ")
    for files, expected in (
        ((Issued("hub", CA, hosts=hosts, days=13.5), CA), "note CN=hub expires in 13 days"),
        ((Issued("hub", CA, hosts=hosts, days=-0.5), CA), "wrong CN=hub expired on"),
        ((Issued("hub", CA, hosts=hosts, began=-0.5), CA), "wrong CN=hub is not valid before"),
        ((Issued("hub", CA, hosts=()), CA), "wrong the certificate names no host"),
        ((OWN, CA), "note the certificate is not valid for hub.example.org but for localhost, 127.0.0.1"),
        ((Issued("hub", CA, hosts=("*.org",)), CA), "note the certificate is not valid for hub.example.org"),
        ((good, Issued("Other CA", ca=True)), "wrong CN=Other CA did not issue CN=hub"),
        ((good,), "note the file has no certificate of the issuer (CN=Test CA)"),
    ):
        [found] = checked(tmp_path, *files)
        assert found.startswith(expected)
    assert checked(tmp_path, Issued("hub", CA, hosts=hosts, days=15), CA)[0].startswith("ok ")
    [found] = checked(tmp_path, good, CA, mode=0o644)
    assert found.startswith("wrong every user can read the key")
    [found] = checked(tmp_path, good, CA, key=OWN)
    assert found.endswith("belongs to another certificate.")


async def test_doctor_warns_of_expiring_certificate_of_broker(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, certificates(tmp_path))  # valid for two days
    broker.start()
    try:
        mqtt = {"broker": f"localhost:{broker.port}", "tls": True, "ca_file": str(tmp_path / "ca.crt")}
        [found] = await certificate_checks.check_broker_certificate(load_settings(None, {"mqtt": mqtt}, {}))
    finally:
        broker.stop()
    assert (found.state, found.what) == ("note", "broker's certificate")
    assert "expires in 1 days" in found.found


def test_settings_need_certificate_and_key(tmp_path: Path) -> None:
    with pytest.raises(HubError, match=r"http.*tls_key_file"):
        load_settings(None, {"http": {"tls_cert_file": "hub.crt"}}, {})
    with pytest.raises(HubError, match=r"tls_min_version"):
        load_settings(None, {"http": {"tls_min_version": "1.1"}}, {})
    assert Settings().http.scheme == "http"
