"""Reverse proxies: forwarding headers are used from trusted proxies only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api_hub import Socket, running_hub
from hub.api.clients import TrustedProxies, address_of, root_path_of
from hub.api.login_attempts import BURST

TOKEN = "correct horse battery staple"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def resolved(networks: list[str], peer: str, **headers: str) -> dict[str, Any]:
    """Return the resolved ASGI scope of a request from ``peer``."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "scheme": "http",
        "path": "/",
        "client": (peer, 4711),
        "headers": [(b"host", b"inner"), *raw],
    }
    return dict(TrustedProxies(networks).resolve(scope))


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7", "203.0.113.7"),  # what the client itself claims does not count
        ("203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("203.0.113.7, nonsense", "10.0.0.1"),
        ("203.0.113.7, nonsense, 10.0.0.2", "10.0.0.2"),
        ("", "10.0.0.1"),
    ],
)
def test_client_is_nearest_untrusted_address(forwarded: str, client: str) -> None:
    assert address_of(resolved(["10.0.0.0/8"], "10.0.0.1", x_forwarded_for=forwarded)) == client
    assert address_of(resolved(["10.0.0.0/8"], "192.0.2.1", x_forwarded_for=forwarded)) == "192.0.2.1"
    assert address_of(resolved([], "10.0.0.1", x_forwarded_for=forwarded)) == "10.0.0.1"


def test_forwarded_scheme_and_host_are_used() -> None:
    for proto, scheme in (("https", "https"), ("https, http", "http"), ("HTTPS", "https"), ("gopher", "http")):
        found = resolved(["10.0.0.1"], "10.0.0.1", x_forwarded_for="203.0.113.7", x_forwarded_proto=proto)
        assert found["scheme"] == scheme
    both = {"x_forwarded_for": "203.0.113.7, 10.0.0.2", "x_forwarded_proto": "https, http"}
    assert resolved(["10.0.0.0/8"], "10.0.0.1", **both)["scheme"] == "https"
    found = resolved(["10.0.0.1"], "10.0.0.1", x_forwarded_host="hub.example.org")
    assert [value for name, value in found["headers"] if name == b"host"] == [b"hub.example.org"]


async def test_headers_of_trusted_proxy_are_used(tmp_path: Path) -> None:
    trusted: dict[str, Any] = {"trusted_proxies": ("127.0.0.0/8",), "allowed_hosts": ("hub.example.org",)}
    async with running_hub(tmp_path, token=TOKEN, **trusted) as hub:
        page = {
            "X-Forwarded-For": "203.0.113.7",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "hub.example.org",
            "Origin": "https://hub.example.org",
        }
        answer = await hub.http.post("/login", json={"token": TOKEN}, headers=page)
        assert answer.status_code == 204
        assert "Secure" in answer.headers["set-cookie"]
        assert "max-age" in answer.headers["strict-transport-security"]
        cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        hub.http.cookies.clear()
        answered = await hub.http.post("/ask", json={"question": "x"}, headers=page | cookie)
        assert answered.status_code == 200
        origin = page.pop("Origin")
        async with hub.socket("/ws", additional_headers=page | cookie, origin=origin) as socket:
            await Socket(socket).wait("devices")
        foreign = page | {"X-Forwarded-Host": "evil.example"}
        assert (await hub.http.get("/api/devices", headers=foreign | BEARER)).status_code == 421


async def test_headers_of_untrusted_peer_are_ignored(tmp_path: Path) -> None:
    async with running_hub(tmp_path, token=TOKEN, trusted_proxies=("192.0.2.1",)) as hub:
        claimed = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
        answer = await hub.http.post("/login", json={"token": TOKEN}, headers=claimed)
        assert answer.status_code == 204
        assert "Secure" not in answer.headers["set-cookie"]
        assert "strict-transport-security" not in answer.headers
        for number in range(BURST):
            forged = {"X-Forwarded-For": f"203.0.113.{number}"}
            assert (await hub.http.post("/login", json={"token": "x"}, headers=forged)).status_code == 401
        forged = {"X-Forwarded-For": "203.0.113.99"}
        assert (await hub.http.post("/login", json={"token": "x"}, headers=forged)).status_code == 429


SUB_PATH: dict[str, Any] = {"trusted_proxies": ("127.0.0.0/8",), "allowed_hosts": ("hub.example.org",)}


@pytest.mark.parametrize("strips", [True, False])
async def test_hub_works_below_a_path(tmp_path: Path, strips: bool) -> None:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "assets/a.js").write_text("1")
    (web / "index.html").write_text('<head><script src="/assets/a.js"></script></head>')
    page = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/hub"}
    before = "" if strips else "/hub"
    async with running_hub(tmp_path / "data", token=TOKEN, web_dir=web, **SUB_PATH) as hub:
        for path in ("/", "/d/pump"):
            answer = await hub.http.get(before + path, headers=page | {"Accept": "text/html"})
            assert answer.status_code == 200
            assert '<meta name="root-path" content="/hub" />' in answer.text
            assert 'src="/hub/assets/a.js"' in answer.text
        assert (await hub.http.get(f"{before}/assets/a.js", headers=page)).text == "1"
        answer = await hub.http.post(f"{before}/login", json={"token": TOKEN}, headers=page)
        cookie = answer.headers["set-cookie"]
        assert "Path=/hub/;" in cookie
        assert cookie.startswith("__Secure-")
        signed_in = page | {"Cookie": cookie.partition(";")[0]}
        hub.http.cookies.clear()
        assert (await hub.http.get(f"{before}/api/devices", headers=signed_in)).status_code == 200
        async with hub.socket(f"{before}/ws", additional_headers=signed_in) as socket:
            await Socket(socket).wait("devices")
        assert "root-path" not in (await hub.http.get("/", headers={"Accept": "text/html"})).text


@pytest.mark.parametrize("prefix", ["/api", "hub", "/a b", '/"><script>', "//evil.example", "/" + "x" * 300])
def test_unusable_prefix_is_ignored(prefix: str) -> None:
    found = resolved(["10.0.0.1"], "10.0.0.1", x_forwarded_for="203.0.113.7", x_forwarded_prefix=prefix)
    assert root_path_of(found) == ""


def test_prefix_of_an_untrusted_proxy_is_ignored() -> None:
    assert root_path_of(resolved(["10.0.0.1"], "10.0.0.2", x_forwarded_prefix="/hub")) == ""


async def test_configured_root_path_needs_no_header(tmp_path: Path) -> None:
    async with running_hub(tmp_path, token=TOKEN, root_path="/hub") as hub:
        for path in ("/hub/api/devices", "/api/devices"):
            assert (await hub.http.get(path, headers=BEARER)).status_code == 200
        assert (await hub.http.get("/hubs/api/devices", headers=BEARER)).status_code == 404
