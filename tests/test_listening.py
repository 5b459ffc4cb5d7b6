"""Listen addresses and tokens: a hub that other machines can reach always requires a token."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from brokers import free_port
from hub.assembly.from_settings import access_token, bind
from hub.assembly.load_settings import load_settings
from hub.errors import HubError
from hub.runtime.installation import Installation, open_installation, save
from hub.runtime.settings import MIN_TOKEN_CHARS, Settings

BLANK = ("", " ", "\t \n")
LOOPBACK_ADDRESSES = ("127.0.0.1:0", "[::1]:0", "localhost:0", "[::ffff:127.0.0.1]:0", "127.0.0.2:0")
REACHABLE_ADDRESSES = ("0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0")


def token_of(settings: Settings, data: Path) -> str | None:
    """Return the token that a hub with these settings requires."""
    with bind(settings.http.listen) as listener:
        settings = settings.model_copy(update={"store": settings.store.model_copy(update={"data": data})})
        return access_token(settings, listener, open_installation(data))


@contextlib.contextmanager
def serving(data: Path, address: str, environ: dict[str, str], toml: str = "") -> Iterator[subprocess.Popen[str]]:
    """Run ``hub serve`` without a broker, and kill it afterwards."""
    config = data.parent / "hub.toml"
    config.write_text(toml)
    arguments = ["serve", "--http", address, "--mqtt", "127.0.0.1:1", "--data", str(data), "--config", str(config)]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("HUB_", "OPENAI_", "OLLAMA_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", *arguments], env=inherited | environ, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


def status_of(process: subprocess.Popen[str], url: str) -> int:
    """Wait until the hub answers. Return the status code of ``url``."""
    deadline = time.monotonic() + 40
    while True:
        assert process.poll() is None, process.stderr and process.stderr.read()
        try:
            return httpx.get(url, timeout=5).status_code
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("environ", "toml"),
    [({}, ""), ({"HUB_HTTP_TOKEN": "", "HUB_TOKEN": " "}, ""), ({}, '[http]\ntoken = ""')],
)
def test_blank_token_on_network_address_generates_token(tmp_path: Path, environ: dict[str, str], toml: str) -> None:
    port = free_port()
    with serving(tmp_path / "data", f"0.0.0.0:{port}", environ, toml) as process:
        url = f"http://127.0.0.1:{port}"
        assert status_of(process, f"{url}/api/devices") == 401
        generated = open_installation(tmp_path / "data").token
        assert generated is not None
        answer = httpx.get(f"{url}/api/devices", headers={"Authorization": f"Bearer {generated}"})
        assert answer.status_code == 200


def test_short_token_is_refused_at_start(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "127.0.0.1:0", {"HUB_TOKEN": "short"}) as process:
        _, errors = process.communicate(timeout=40)
    assert process.returncode == 2
    assert "HUB_TOKEN" in errors
    assert "16" in errors
    assert "short" not in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("address", LOOPBACK_ADDRESSES)
def test_loopback_address_needs_no_token(tmp_path: Path, address: str) -> None:
    for blank in (None, *BLANK):
        http = {"listen": address} | ({} if blank is None else {"token": blank})
        assert token_of(load_settings(None, {"http": http}, {}), tmp_path) is None


@pytest.mark.parametrize("address", REACHABLE_ADDRESSES)
def test_network_address_requires_token(tmp_path: Path, address: str) -> None:
    for blank in (None, *BLANK):
        http = {"listen": address} | ({} if blank is None else {"token": blank})
        assert len(token_of(load_settings(None, {"http": http}, {}), tmp_path) or "") >= MIN_TOKEN_CHARS


@pytest.mark.parametrize(
    "http",
    [
        {"trusted_proxies": ["127.0.0.1"]},
        {"allowed_hosts": ["hub.example.org"]},
        {"allowed_hosts": ["192.168.1.5"]},
        {"allowed_hosts": ["hub.localhost"]},
    ],
)
def test_proxy_in_front_of_loopback_requires_token(tmp_path: Path, http: dict[str, list[str]]) -> None:
    assert token_of(load_settings(None, {"http": {"listen": "127.0.0.1:0", **http}}, {}), tmp_path)
    local = {"listen": "127.0.0.1:0", "allowed_hosts": ["localhost", "127.0.0.3"]}
    assert token_of(load_settings(None, {"http": local}, {}), tmp_path) is None


@pytest.mark.parametrize("token", ["", "  ", "short"])
def test_weak_stored_token_is_replaced(tmp_path: Path, token: str) -> None:
    save(tmp_path, Installation("abc", token=token))
    generated = token_of(load_settings(None, {"http": {"listen": "0.0.0.0:0"}}, {}), tmp_path)
    assert generated is not None
    assert len(generated) >= MIN_TOKEN_CHARS
    stored = msgspec.json.decode((tmp_path / "install.json").read_bytes(), type=Installation)
    assert (stored.id, stored.token) == ("abc", generated)


def test_blank_variable_does_not_override_other_token() -> None:
    found = load_settings(environ={"HUB_HTTP_TOKEN": " ", "HUB_TOKEN": " correct horse battery staple\n"}).http.token
    assert found is not None
    assert found.get_secret_value() == "correct horse battery staple"


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("token", "fifteen letters", "at least 16"),
        ("token", "bell\u0007 bell bell bell", "printable"),
        ("listen", "127.0.0.1:80,0.0.0.0:80", "HOST:PORT"),
        ("listen", ":8000", "HOST:PORT"),
        ("listen", "[]:8000", "HOST:PORT"),
        ("trusted_proxies", ["10.0.0.0/8", "proxy.example"], "IP addresses or networks"),
        ("allowed_origins", ["hub.example.org"], "https://"),
        ("allowed_origins", ["*"], "https://"),
        ("allowed_origins", ["https://hub.example.org/page"], "https://"),
        ("max_connections", 3, "greater than or equal to 16"),
    ],
)
def test_invalid_http_setting_is_refused_with_key(key: str, value: object, error: str) -> None:
    with pytest.raises(HubError, match=rf"http\.{key} = ") as caught:
        load_settings(None, {"http": {key: value}}, {})
    assert error in str(caught.value)


def test_unresolvable_listen_host_is_refused() -> None:
    with pytest.raises(HubError, match=r"cannot listen on 'nowhere\.invalid:80'"):
        bind("nowhere.invalid:80")


def test_port_belongs_to_one_hub_from_the_first_moment() -> None:
    with bind("127.0.0.1:0") as first:
        address = "{}:{}".format(*first.getsockname())
        with pytest.raises(HubError, match=f"cannot listen on '{address}'"):
            bind(address).close()
