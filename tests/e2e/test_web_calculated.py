"""The page of calculated metrics against a real hub: a draft is tried over the history, saved and calculated."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)


def test_metric_is_tried_saved_and_calculated(demo: Demo, page: Page):
    # A minute ago, because the history is tried up to when the page was opened.
    minute_ago = int(time.time() * 1_000) - 60_000
    demo.publish("devices/meter/telemetry", {"power": 1500, "base": 500, "ts": minute_ago})
    eventually(lambda: [each for each in demo.get("/api/devices")["items"] if each["id"] == "meter"], 10, "the device")
    page.goto(f"http://{demo.http}/calculated?new=1")
    page.get_by_label("Name", exact=True).fill("Net power")
    page.get_by_label("Expression", exact=True).fill("power -")
    says = page.get_by_test_id("calculated-says")
    expect(says).to_contain_text("The expression cannot be read")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_label("Expression", exact=True).fill("power - base")
    page.get_by_label("Calculate every").fill("1s")
    expect(says).to_contain_text("Calculated for 1 device, without a unit.")
    expect(page.get_by_role("textbox", name="TOML")).to_have_value(
        '[[calculated]]\nname = "Net power"\nid = "net-power"\n'
        'metric = "net_power"\nexpression = "power - base"\nevery = "1s"'
    )
    tried = page.get_by_role("region", name="Test on stored readings")
    expect(tried).to_contain_text("last 1,000")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Net power")).to_be_visible()

    def calculated() -> bool:
        demo.publish("devices/meter/telemetry", {"power": 1600, "base": 500})
        return demo.get("/api/devices/meter")["metrics"].get("net_power", {}).get("value") == 1100

    eventually(calculated, 20, "the calculated value")
