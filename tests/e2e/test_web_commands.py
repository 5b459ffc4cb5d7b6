"""Commands on a device's page: input, validation, progress."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.running import Demo, eventually


@pytest.fixture(scope="module")
def tank(plant: Demo) -> str:
    """Return the id of a tank that has announced its commands."""

    def look() -> str | None:
        found = plant.get("/api/devices", q="TK-30")["items"]
        return next((one["id"] for one in found if plant.get(f"/api/devices/{one['id']}")["info"]["commands"]), None)

    return str(eventually(look, 20, "a tank that takes commands"))


def test_command_is_validated_sent_and_confirmed(plant: Demo, tank: str, page: Page):
    page.goto(f"http://{plant.http}/d/{tank}")
    page.get_by_role("link", name="Commands").click()
    field = page.get_by_label("Level to keep")
    field.fill("99")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert").filter(has_text="Allowed: 30 to 85 %.")).to_be_visible()
    field.fill("61,5")
    field.press("Enter")
    log = page.get_by_role("region", name="Recent commands")
    expect(log.get_by_role("listitem").first).to_contain_text(re.compile(r"confirmed.*Level to keep\s+61.5", re.DOTALL))
    assert plant.get(f"/api/devices/{tank}")["reported"]["setpoint"] == 61.5
    page.reload()
    expect(log.get_by_role("listitem").first).to_contain_text("confirmed")


def test_device_without_commands_has_no_commands_section(plant: Demo, page: Page):
    pump = plant.get("/api/devices", q="CP-80")["items"][0]["id"]
    page.goto(f"http://{plant.http}/d/{pump}")
    expect(page.get_by_role("link", name="Settings").first).to_be_visible()
    expect(page.get_by_role("link", name="Commands")).to_have_count(0)
