"""Escape closes dialogs, menus and selections on every page, and restores the focus to the element that opened them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.running import Demo, eventually

FLOATING = "[role=dialog], [role=menu], [role=alertdialog]"


@pytest.fixture(scope="module")
def busy(plant: Demo) -> Demo:
    """Give the plant an open alert and a conversation, and wait for all machines."""
    eventually(lambda: len(plant.get("/api/devices")["items"]) >= 14, 20, "the machines")
    plant.heat("sensor_39", 3)
    plant.api.post("/api/conversations", json={})
    return plant


def button(name: str | re.Pattern[str]) -> Callable[[Page], Locator]:
    return lambda page: page.locator("main, header, nav").get_by_role("button", name=name).first


OPENERS: list[tuple[str, Callable[[Page], Locator]]] = [
    ("/", button(re.compile("^Search devices"))),
    *[("/", button(re.compile(f"^{facet}$"))) for facet in ("Status", "Severity", "Area")],
    ("/", button("Columns")),
    ("/", button("Add a device")),
    ("/alerts", lambda page: page.get_by_test_id("acknowledge").first),
    ("/d/sensor_39", lambda page: page.get_by_test_id("acknowledge").first),
    ("/d/pump-01?tab=settings", button("Delete device")),
    ("/settings", button("Add a server")),
    ("/settings", button("Add a device")),
]


@pytest.mark.parametrize(("path", "opener"), OPENERS, ids=[f"{path}-{n}" for n, (path, _) in enumerate(OPENERS)])
def test_escape_closes_overlay_and_restores_focus(busy: Demo, page: Page, path: str, opener: Callable[[Page], Locator]):
    page.goto(f"http://{busy.http}{path}")
    found = opener(page)
    for press in (found.click, lambda: found.press("Enter")):
        press()
        expect(page.locator(FLOATING).first).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(FLOATING)).to_have_count(0)
        expect(found).to_be_focused()


def test_escape_closes_filter_immediately_while_readings_arrive(busy: Demo, page: Page):
    page.goto(f"http://{busy.http}/")
    severity = button(re.compile("^Severity$"))(page)
    for number in range(10):
        severity.click()
        busy.publish("devices/sensor_39/telemetry", {"temperature": 60 + number})
        page.keyboard.press("Escape")  # without waiting for anything
        expect(page.locator(FLOATING)).to_have_count(0)
        expect(severity).to_be_focused()


def test_escape_closes_command_palette_and_shortcuts_dialog(busy: Demo, page: Page):
    page.goto(f"http://{busy.http}/")
    search = page.get_by_test_id("fleet-search")
    search.focus()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(search).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_escape_clears_row_selection_and_lasso(busy: Demo, page: Page):
    page.goto(f"http://{busy.http}/")
    expect(page.get_by_test_id("device-row").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("1 selected")).to_have_count(0)
    box = page.locator(".lasso").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 2, steps=5)
    expect(page.locator(".frame")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".frame")).to_have_count(0)
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"^Selection: \d+$"))).to_have_count(0)
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 2, steps=5)
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"^Selection: \d+$"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text(re.compile(r"^Selection: \d+$"))).to_have_count(0)
