"""Changes of many devices at once on the fleet page: area, labels, silence and deletion, on cards and in the list."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Errors
from e2e.running import Demo, eventually
from e2e.test_web_accessibility import CUT_OFF, TOO_WIDE, axe_violations

pytestmark = pytest.mark.timeout(120)


def publish(demo: Demo, count: int) -> None:
    for number in range(count):
        info = {"name": f"Lamp {number}", "labels": ["lamp"], **({"area": "Shed"} if number == 0 else {})}
        demo.publish(f"devices/lamp-{number}/info", info)
        demo.publish(f"devices/lamp-{number}/telemetry", {"power": 5 + number})
    eventually(lambda: len(demo.get("/api/devices")["items"]) == count, 20, "the devices")


def field(demo: Demo, name: str) -> dict[str, Any]:
    return {each["id"]: each[name] for each in demo.get("/api/devices")["items"]}


def choose(page: Page, *names: str) -> None:
    page.get_by_role("button", name="Select devices").click()
    for name in names:
        page.get_by_role("checkbox", name=f"Select {name}").click()


def test_area_and_labels_of_cards_are_changed_and_undone(demo: Demo, page: Page):
    publish(demo, 3)
    page.goto(f"http://{demo.http}/")
    expect(page.get_by_test_id("device-row")).to_have_count(3)
    choose(page, "Lamp 0", "Lamp 1")
    bar = page.get_by_role("group", name="Selected devices")
    expect(bar).to_contain_text("2 selected")
    assert axe_violations(page) == []
    bar.get_by_role("button", name="Area…").click()
    form = page.get_by_test_id("bulk")
    expect(form).to_contain_text("Lamp 0, Lamp 1")
    form.get_by_label("Area").fill("Cellar")
    assert axe_violations(page) == []
    form.get_by_role("button", name="Set area").click()
    expect(page.get_by_text("Changed 2 devices")).to_be_visible()
    assert field(demo, "area") == {"lamp-0": "Cellar", "lamp-1": "Cellar", "lamp-2": None}
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Changes undone")).to_be_visible()
    assert field(demo, "area") == {"lamp-0": "Shed", "lamp-1": None, "lamp-2": None}
    bar.get_by_role("button", name="Labels…").click()
    expect(form).to_contain_text("Present: lamp")
    form.get_by_label("Labels to add").fill("night, old")
    form.get_by_label("Labels to remove").fill("lamp")
    form.get_by_role("button", name="Change labels").click()
    expect(form).to_be_hidden()
    assert field(demo, "labels") == {"lamp-0": ["night", "old"], "lamp-1": ["night", "old"], "lamp-2": ["lamp"]}


def test_selected_devices_are_silenced_and_deleted(demo: Demo, page: Page, errors: Errors):
    publish(demo, 3)
    page.goto(f"http://{demo.http}/")
    choose(page, "Lamp 0", "Lamp 2")
    page.get_by_role("button", name="Silence…").click()
    expect(page.get_by_label("Devices", exact=True)).to_have_value("lamp-0, lamp-2")
    page.go_back()
    choose(page, "Lamp 0", "Lamp 2")
    errors.expected = ("503",)
    page.route("**/api/devices/lamp-2", lambda route: route.fulfill(status=503, json={"error": {"message": "Busy."}}))
    page.get_by_role("button", name="Delete…").click()
    form = page.get_by_test_id("bulk")
    expect(form).to_contain_text("Delete 2 devices?")
    form.get_by_role("button", name="Delete permanently").click()
    expect(form.get_by_role("alert")).to_contain_text("Lamp 2 Busy.")
    assert set(field(demo, "name")) == {"lamp-1", "lamp-2"}
    expect(page.get_by_role("group", name="Selected devices", include_hidden=True)).to_contain_text("1 selected")
    expect(page.get_by_test_id("device-row")).to_have_count(2)
    expect(form.get_by_role("alert")).to_contain_text("Lamp 2 Busy.")
    page.unroute("**/api/devices/lamp-2")
    form.get_by_role("button", name="Try again").click()
    expect(form).to_be_hidden()
    assert set(field(demo, "name")) == {"lamp-1"}
    expect(page.get_by_test_id("device-row")).to_have_count(1)


def test_rows_of_the_list_are_selected_by_finger(demo: Demo, visit: Callable[..., Page]):
    publish(demo, 14)
    page = visit(f"http://{demo.http}/", viewport={"width": 390, "height": 844}, has_touch=True)
    page.get_by_role("button", name="Select devices").tap()
    page.get_by_test_id("device-row").filter(has_text="Lamp 3").get_by_role("link").tap()
    bar = page.get_by_role("group", name="Selected devices")
    expect(bar).to_contain_text("1 selected")
    expect(page).to_have_url(re.compile(r"/$"))
    assert [*page.evaluate(TOO_WIDE), *page.evaluate(CUT_OFF)] == []
    bar.get_by_role("button", name="Select all").tap()
    expect(bar).to_contain_text("14 selected")
    bar.get_by_role("button", name="Labels…").tap()
    page.get_by_label("Labels to add").fill("all")
    page.get_by_role("button", name="Change labels").tap()
    expect(page.get_by_text("Changed 14 devices")).to_be_visible()
    assert set(map(tuple, field(demo, "labels").values())) == {("lamp", "all")}
    bar.get_by_role("button", name="Clear selection").tap()
    page.get_by_test_id("device-row").filter(has_text="Lamp 3").get_by_role("link").tap()
    expect(page).to_have_url(re.compile("/d/lamp-3$"))
