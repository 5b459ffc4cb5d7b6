"""Take the screenshots of the README and the docs: start the demo, wait for an explained alert, open each page.

    .venv/bin/python docs/screenshots.py [FOLDER]

Each page is taken in both themes and on a phone, and the fleet also with simulated red-green colour blindness. Requires
what ``make setup`` installs. The default folder is ``docs/images``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).resolve().parent
DESKTOP, PHONE = (1440, 900), (390, 844)
PAGES = {
    "fleet": "/",
    "device": "/d/pump-03",
    "device-history": "/d/pump-03?tab=history",
    "device-commands": "/d/tank-01?tab=commands",
    "alerts": "/alerts",
    "assistant": "/assistant",
    "analyse": "/analyse",
    "rules": "/rules",
    "rule": "/rules?edit=pump-bearing-hot",
    "topics": "/topics?topic=devices%2Fpump-03%2Ftelemetry",
    "activity": "/activity",
    "settings": "/settings",
    "audit": "/settings/audit",
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    http, mqtt = free_address(), free_address()
    demo = subprocess.Popen(
        [sys.executable, "-m", "hub.commandline.main", "demo", "--no-open", "--http", http, "--mqtt", mqtt]
    )
    try:
        wait_for_explained_alert(f"http://{http}")
        with sync_playwright() as playwright:
            words = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=words)
            for name, path in PAGES.items():
                for theme in ("dark", "light"):
                    shoot(browser, f"http://{http}{path}", folder / f"{name}-{theme}.png", theme, DESKTOP)
                shoot(browser, f"http://{http}{path}", folder / f"{name}-phone.png", "dark", PHONE)
            shoot(browser, f"http://{http}/", folder / "fleet-deuteranopia.png", "dark", DESKTOP, "deuteranopia")
            browser.close()
    finally:
        demo.terminate()
        demo.wait(15)


def wait_for_explained_alert(hub: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            items = httpx.get(f"{hub}/api/alerts", params={"state": "open"}).json()["items"]
            if sum(1 for item in items if item["diagnosis"]) >= 2:
                return
        except httpx.HTTPError:
            pass  # the hub is still starting
        time.sleep(1)
    raise SystemExit("no explained alert within two minutes")


def shoot(browser: Browser, url: str, file: Path, theme: str, size: tuple[int, int], eyes: str = "none") -> None:
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,
        reduced_motion="reduce",
        device_scale_factor=1,
    )
    page.context.new_cdp_session(page).send("Emulation.setEmulatedVisionDeficiency", {"type": eyes})
    page.goto(url)
    if url.endswith("/assistant"):
        page.get_by_test_id("chat-input").fill("Which pump is hottest, and since when?")
        page.get_by_test_id("chat-send").click()
    page.wait_for_timeout(3_000)
    page.screenshot(path=file)
    page.close()


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "images")
