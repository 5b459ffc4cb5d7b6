"""Device passwords on the dashboard, with a Mosquitto that requires them; desired state; rejected messages."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Errors
from e2e.running import Demo, eventually
from guarded_broker import GuardedBroker
from serving import Serving

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Serving]:
    (tmp_path / "broker").mkdir()
    guarded = GuardedBroker(tmp_path / "broker")
    guarded.broker.start()
    hub = Serving(tmp_path / "data", guarded.broker, guarded.settings(tmp_path / "hub.toml"))
    hub.start()
    yield hub
    hub.stop()
    guarded.broker.stop()


def run_command(line: str) -> int:
    """Run a command line that the page shows, and return its exit status."""
    return subprocess.run(shlex.split(line), capture_output=True, timeout=20, check=False).returncode


def test_device_password_is_created_used_and_revoked(hub: Serving, page: Page):
    page.goto(f"http://127.0.0.1:{hub.port}/")
    expect(page.get_by_test_id("first-run")).not_to_contain_text("mosquitto_pub")
    page.get_by_role("button", name="Add a device").click()
    dialog = page.get_by_test_id("add-device")
    dialog.get_by_label("Name", exact=True).fill("boiler-1")
    dialog.get_by_role("button", name="Create password").click()
    expect(dialog.get_by_role("status")).to_have_text("Waiting for boiler-1…")
    expect(dialog.get_by_role("img", name="QR code with the address and password of boiler-1")).to_be_visible()
    line = dialog.locator("code").filter(has_text="mosquitto_pub").inner_text()
    assert dialog.get_by_label("Password", exact=True).inner_text() in line
    assert run_command(line) == 0
    expect(dialog.get_by_role("status")).to_have_text("boiler-1 is connected.")
    dialog.get_by_role("link", name="Open device").click()
    expect(page).to_have_url(re.compile("/d/boiler-1$"))

    page.goto(f"http://127.0.0.1:{hub.port}/settings")
    page.get_by_role("button", name="Revoke boiler-1").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("boiler-1 can no longer connect")).to_be_visible()
    expect(page.get_by_text("No device passwords yet.")).to_be_visible()
    assert run_command(line) != 0


def test_gateway_prefix_is_validated_and_saved(hub: Serving, page: Page, errors: Errors):
    errors.expected = ("422",)
    page.goto(f"http://127.0.0.1:{hub.port}/settings")
    page.get_by_role("button", name="Add a device").click()
    dialog = page.get_by_test_id("add-device")
    dialog.get_by_label("Name", exact=True).fill("zigbee")
    dialog.get_by_label("This is a gateway").check()
    dialog.get_by_label("Allowed topic prefixes").fill("devices")
    dialog.get_by_role("button", name="Create password").click()
    expect(dialog.get_by_role("alert")).to_contain_text("belongs to the devices themselves")
    dialog.get_by_label("Allowed topic prefixes").fill("zigbee2mqtt")
    dialog.get_by_role("button", name="Create password").click()
    expect(dialog).to_contain_text("Password created for gateway zigbee.")
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_text("zigbee2mqtt and subtopics")).to_be_visible()


def test_open_broker_shows_command_without_password(start, page: Page):
    demo: Demo = start("--devices", "0")
    page.goto(f"http://{demo.http}/")
    expect(page.get_by_test_id("first-run")).to_contain_text("mosquitto_pub")
    page.get_by_role("button", name="Add a device").click()
    dialog = page.get_by_test_id("add-device")
    expect(dialog).to_contain_text("accepts every client")
    dialog.get_by_label("Name", exact=True).fill("lamp 1")
    dialog.get_by_role("button", name="Show how to connect").click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_role("alert")).to_have_text("Allowed: letters, digits and . _ : ~ -.")
    dialog.get_by_label("Name", exact=True).fill("lamp-1")
    dialog.get_by_role("button", name="Show how to connect").click()
    assert run_command(dialog.locator("code").inner_text()) == 0
    expect(dialog.get_by_role("status")).to_have_text("lamp-1 is connected.")


def test_desired_state_is_set_and_undone(start, page: Page):
    demo: Demo = start("--devices", "0")
    demo.publish("devices/lamp-1/reported", {"interval": 60})
    eventually(lambda: demo.api.get("/api/devices/lamp-1").status_code == 200, 10, "the lamp")
    page.goto(f"http://{demo.http}/d/lamp-1?tab=settings")
    card = page.get_by_role("region", name="Desired state")
    card.get_by_label("Key").fill("interval")
    card.get_by_label("Value (JSON or text)").fill("30")
    card.get_by_role("button", name="Set", exact=True).click()
    expect(card.get_by_role("row", name="interval")).to_contain_text("not yet")
    assert demo.get("/api/devices/lamp-1")["desired"] == {"interval": 30}
    page.get_by_role("button", name="Undo").click()
    expect(card.get_by_text("not yet")).to_have_count(0)
    assert demo.get("/api/devices/lamp-1")["desired"] == {}


def test_rejected_message_is_shown_with_its_bytes(start, page: Page):
    demo: Demo = start("--devices", "0")
    demo.publish("devices/lamp-1/telemetry", b"\x00\xff{broken")
    eventually(lambda: demo.get("/api/rejected")["items"], 10, "the rejection")
    page.goto(f"http://{demo.http}/activity")
    page.get_by_role("link", name="Payload").click()
    page.get_by_text("9 B as received").click()
    expect(page.get_by_text("0000 00 ff 7b 62 72 6f 6b 65 6e")).to_be_visible()
    assert json.loads(demo.api.get("/api/rejected").text)["items"][0]["payload_hex"] == "00ff7b62726f6b656e"


def test_certificate_and_enrolment_key_are_created_on_settings_page(hub: Serving, page: Page):
    page.goto(f"http://{hub.http.base_url.netloc.decode()}/settings")
    card = page.get_by_role("region", name="Device access")
    card.get_by_role("button", name="New certificate").click()
    card.get_by_label("Name").fill("boiler-9")
    card.get_by_role("button", name="Create certificate").click()
    files = card.get_by_test_id("bundle").get_by_role("link")
    expect(files).to_have_text(["boiler-9.crt", "boiler-9.key", "ca.crt"])
    assert "BEGIN%20CERTIFICATE" in (files.first.get_attribute("href") or "")
    expect(card.get_by_role("button", name="Renew the certificate of boiler-9")).to_be_enabled()
    card.get_by_role("button", name="New key").click()
    card.get_by_label("Number of devices").fill("3")
    card.get_by_label("Device names begin with").fill("line2-")
    card.get_by_role("button", name="Create key").click()
    expect(card.get_by_test_id("enrolment-key")).to_contain_text("wke_")
    expect(card).to_contain_text("3 devices named line2-…")
    card.get_by_role("button", name=re.compile("Revoke the enrolment key")).click()
    expect(card).not_to_contain_text("line2-…")
