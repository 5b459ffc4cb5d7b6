"""The Topics page: map a topic that no dialect decodes to a device, edit the mappings as text."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Errors
from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)

STATE = {"at": "2026-11-25T12:00:00Z", "outdoor": {"temp": "4.5", "wind": [{"speed": 3}]}, "id": "ws-3"}


@pytest.fixture
def demo(start) -> Demo:
    demo: Demo = start("--devices", "0")
    demo.publish("weather/roof/state", STATE, retained=True)
    demo.publish("home/kitchen/temperature", 21.5, retained=True)
    demo.publish("devices/boiler-1/telemetry", {"t": 70}, retained=True)
    return demo


def choose(page: Page, topic: str) -> None:
    page.get_by_test_id("topic").filter(has_text=topic).click()
    expect(page.get_by_role("heading", name=topic)).to_be_visible()


def test_clicked_value_becomes_metric(demo: Demo, page: Page):
    page.goto(f"http://{demo.http}/topics")
    expect(page.get_by_test_id("topic").filter(has_text="devices/boiler-1/telemetry")).to_contain_text("native")
    page.get_by_label("Unmapped only").check()
    expect(page.get_by_test_id("topic").filter(has_text="devices/boiler-1")).to_have_count(0)
    choose(page, "weather/roof/state")
    preview = page.get_by_test_id("mapping-says")
    expect(preview).to_contain_text("outdoor.temp")

    page.get_by_role("button", name="temp").click()
    page.get_by_role("button", name="speed").click()
    page.get_by_role("group", name="outdoor.temp").get_by_label("Unit").fill("°C")
    page.get_by_role("group", name="outdoor.wind.0.speed").get_by_role("textbox", name="Metric").fill("wind")
    expect(preview).to_contain_text("roof")
    expect(preview).to_contain_text(re.compile("temp ?4.5.°C"))
    expect(preview).to_contain_text(re.compile("wind ?3"))
    expect(preview).not_to_contain_text("id")
    page.get_by_role("button", name="Apply").click()

    def metrics() -> dict:
        found = demo.api.get("/api/devices/roof").json().get("metrics", {})
        return {name: (each["value"], each["unit"]) for name, each in found.items()}

    eventually(lambda: metrics() == {"temp": (4.5, "°C"), "wind": (3, None)}, 10, "the device")
    expect(page.get_by_text("Already read by an integration (mapping)")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Apply")).to_be_visible()


def test_scalar_payload_is_mapped_by_topic_levels(demo: Demo, page: Page):
    page.goto(f"http://{demo.http}/topics?topic=home%2Fkitchen%2Ftemperature")
    expect(page.get_by_test_id("mapping-says")).to_contain_text("kitchen")
    levels = page.get_by_role("group", name="Topic levels")
    levels.get_by_label("temperature").select_option("fixed text")
    page.get_by_role("textbox", name="Metric").fill("heat")
    expect(page.get_by_test_id("mapping-says")).to_contain_text("heat")
    levels.get_by_label("kitchen").select_option("fixed text")
    page.get_by_label("Device", exact=True).fill("home/kitchen")
    page.get_by_role("button", name="Apply").click()
    eventually(lambda: demo.api.get("/api/devices", params={"q": "home/kitchen"}).json()["items"], 10, "the device")


def test_mappings_text_is_validated_and_saved(demo: Demo, page: Page):
    page.goto(f"http://{demo.http}/topics?tab=mappings")
    text, preview = page.get_by_role("textbox", name="Mappings"), page.get_by_test_id("mappings-says")
    shipped = len(demo.get("/api/mappings")["items"])
    expect(preview).to_have_text(f"{shipped} mappings.")
    before = text.input_value()
    save = page.get_by_role("button", name="Save")
    text.fill(before + '\n[[mapping]]\ntopic = "devices/{device}/telemetry"\n')
    expect(preview).to_contain_text("which another dialect of the hub decodes")
    expect(save).to_be_disabled()
    text.fill(before + '\n[[mapping]]\ntopic = "lab/{device}/{metric}"\n')
    expect(preview).to_have_text(f"{shipped + 1} mappings.")
    save.click()
    expect(page.get_by_text("Mappings saved and active")).to_be_visible()
    assert len(demo.get("/api/mappings")["items"]) == shipped + 1


def test_mapping_is_deleted_after_confirmation(demo: Demo, page: Page):
    page.goto(f"http://{demo.http}/topics?tab=mappings")
    says = page.get_by_test_id("mappings-says")
    mappings = demo.get("/api/mappings")["items"]
    expect(says).to_have_text(f"{len(mappings)} mappings.")
    first = mappings[0]["topic"]
    page.get_by_role("button", name=f"Delete mapping {first}").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text(f"Mapping {first} deleted")).to_be_visible()
    expect(says).to_have_text(f"{len(mappings) - 1} mappings.")
    page.get_by_role("button", name="Undo").click()
    expect(says).to_have_text(f"{len(mappings)} mappings.")
    assert demo.get("/api/mappings")["items"][0]["topic"] == first


def test_topic_of_dialect_offers_no_mapping(demo: Demo, page: Page, errors: Errors):
    page.goto(f"http://{demo.http}/topics?topic=devices%2Fboiler-1%2Ftelemetry")
    expect(page.get_by_text("Already read by an integration (native)")).to_be_visible()
    expect(page.get_by_role("button", name="Apply")).to_have_count(0)
    errors.expected = ("422",)
    page.get_by_label("Topic filter").fill("a/#/b")
    page.keyboard.press("Enter")
    expect(page.get_by_text("has # before its end")).to_be_visible()
