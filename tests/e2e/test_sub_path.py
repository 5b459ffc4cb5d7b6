"""The dashboard below a path, behind nginx and Caddy with the shipped samples."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from brokers import HOST, Mosquitto, free_port
from serving import Serving, until

SAMPLES = Path(__file__).parents[2] / "deploy"
TOKEN = "a token behind a proxy"

pytestmark = pytest.mark.integration


@contextmanager
def nginx(folder: Path, hub: int, port: int) -> Iterator[subprocess.Popen[bytes]]:
    sample = (SAMPLES / "nginx.conf").read_text()
    kept = [line for line in sample.splitlines() if "ssl_certificate" not in line]
    server = (
        "\n".join(kept).replace("listen 443 ssl", f"listen {HOST}:{port}").replace("127.0.0.1:8000", f"{HOST}:{hub}")
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = (
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}} http {{ access_log off; {temporary}\n"
    )
    (folder / "nginx.conf").write_text(f"{text}{server}\n}}")
    with subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf"]) as process:
        yield process
        process.terminate()


@contextmanager
def caddy(folder: Path, hub: int, port: int) -> Iterator[subprocess.Popen[bytes]]:
    sample = (SAMPLES / "Caddyfile").read_text().replace("127.0.0.1:8000", f"{HOST}:{hub}")
    text = "{\n\tadmin off\n}\n" + sample.replace("hub.example.org {", f"http://{HOST}:{port} {{")
    (folder / "Caddyfile").write_text(text)
    words = ["caddy", "run", "--config", folder / "Caddyfile", "--adapter", "caddyfile"]
    with subprocess.Popen(words, env={"HOME": str(folder)}, stderr=subprocess.DEVNULL) as process:
        yield process
        process.terminate()


@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_dashboard_works_below_a_path(tmp_path: Path, page: Page, proxy) -> None:
    broker, port = Mosquitto(tmp_path), free_port()
    broker.start()
    config = tmp_path / "hub.toml"
    config.write_text(f'[http]\ntoken = "{TOKEN}"\ntrusted_proxies = ["{HOST}"]\n')
    hub = Serving(tmp_path / "data", broker, config)
    hub.start()
    with proxy(tmp_path, hub.port, port):
        address = f"http://{HOST}:{port}/watchkeeper/"
        until(lambda: answers(f"{address}healthz"))
        failed: list[str] = []
        page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
        page.goto(f"{address}alerts")
        page.get_by_label("Access token").fill(TOKEN)
        page.keyboard.press("Enter")
        link = page.get_by_role("link", name="Rules").first
        link.hover()
        expect(link).to_have_attribute("href", "/watchkeeper/rules")
        link.click()
        expect(page).to_have_url(f"{address}rules")
        subprocess.run(
            ["mosquitto_pub", "-p", str(broker.port), "-t", "devices/boiler/telemetry", "-m", '{"t": 71.5}'], check=True
        )
        page.goto(address)
        expect(page.get_by_role("link", name="boiler").first).to_be_visible()  # through the socket
        page.goto(f"{address}docs")
        expect(page.locator("#swagger-ui .info")).to_be_visible()
        cookie = next(each for each in page.context.cookies() if each["name"].startswith("hub_session"))
        assert cookie["path"] == "/watchkeeper/"
        assert [each for each in failed if "/watchkeeper/" not in each] == []
    hub.stop()
    broker.stop()


def answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False
