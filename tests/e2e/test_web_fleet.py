"""The Fleet page against a real hub: selection on the map and in the list, columns, sort order, decimals, palette."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", autouse=True)
def machines(plant: Demo) -> None:
    eventually(lambda: len(plant.get("/api/devices")["items"]) >= 14, 20, "the machines")


def test_lasso_on_map_filters_list_and_address(plant: Demo, page: Page):
    page.goto(f"http://{plant.http}/")
    area = page.get_by_role("img", name=re.compile("^Pump hall: "))
    box = area.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] - 3, box["y"] - 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 3, box["y"] + box["height"] + 3, steps=5)
    page.mouse.up()
    pumps = {d["id"] for d in plant.get("/api/devices")["items"] if d["area"] == "Pump hall"}
    expect(page.get_by_text(f"Selection: {len(pumps)}")).to_be_visible()
    assert set(parse_qs(urlsplit(page.url).query)["id"][0].split(",")) == pumps, "the address holds the selection"
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", str(len(pumps) + 1))
    page.get_by_role("button", name=f"Remove filter Selection: {len(pumps)}").click()
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "15")


def test_rows_selected_by_keyboard_can_be_shown_alone(plant: Demo, page: Page):
    page.goto(f"http://{plant.http}/?sort=name")
    expect(page.get_by_test_id("device-row").first).to_be_visible()
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Show only selected").click()
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "3")


def test_narrow_list_hides_columns_but_keeps_reading_and_alert(plant: Demo, visit):
    page = visit(f"http://{plant.http}/", viewport={"width": 800, "height": 700})
    grid = page.get_by_role("grid")
    expect(grid.get_by_role("columnheader", name="Alert")).to_be_in_viewport(ratio=1)
    expect(grid.get_by_role("columnheader", name="Area")).to_have_count(0)
    assert grid.evaluate("grid => grid.scrollWidth <= grid.clientWidth")
    page.goto(f"http://{plant.http}/?cols=area,model,reading,spark,alert,labels,seen")
    expect(grid.get_by_role("columnheader", name="Labels")).to_be_attached()
    assert grid.evaluate("grid => grid.scrollWidth > grid.clientWidth"), "all columns that the user chose are there"


def test_live_sort_order_pauses_while_pointer_is_over_rows(plant: Demo, page: Page):
    for device, rank in (("ranked-1", 1), ("ranked-2", 2)):
        plant.publish(f"devices/{device}/telemetry", {"rank": rank})
    page.goto(f"http://{plant.http}/?q=ranked-&sort=-m.rank&cols=m.rank,seen")
    grid, rows = page.get_by_role("grid"), page.get_by_test_id("device-row")
    expect(grid).to_have_attribute("aria-rowcount", "3")

    def first(device: str) -> None:
        expect(grid.locator("[data-testid=device-row][aria-rowindex='2']")).to_have_attribute("data-id", device)

    first("ranked-2")
    rows.first.hover()
    plant.publish("devices/ranked-1/telemetry", {"rank": 50})
    expect(rows.filter(has_text="ranked-1")).to_contain_text("50")
    page.wait_for_timeout(1_500)
    first("ranked-2")
    page.mouse.move(5, 5)
    first("ranked-1")


def test_decimals_by_unit_are_saved(plant: Demo, page: Page):
    plant.publish("devices/scale-1/info", {"units": {"weight": "kg"}}, retained=True)
    plant.publish("devices/scale-1/telemetry", {"weight": 12.3456})
    page.goto(f"http://{plant.http}/settings")
    page.get_by_label("Decimals of kg").select_option("3 decimals")
    expect(page.get_by_text("12.346 kg")).to_be_visible()
    page.goto(f"http://{plant.http}/d/scale-1")
    expect(page.get_by_text("12.346").first).to_be_visible()


def test_command_palette_acknowledges_and_filters(plant: Demo, page: Page):
    plant.heat("sensor_77", 3)
    eventually(lambda: plant.get("/api/alerts", state="open", device_id="sensor_77")["items"], 5, "the alert")
    page.goto(f"http://{plant.http}/activity")
    expect(page.get_by_test_id("live-pill")).to_contain_text("Live")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search").fill("acknowledge")
    page.keyboard.press("Enter")
    page.get_by_test_id("acknowledge-confirm").click()
    eventually(lambda: not plant.get("/api/alerts", state="raised")["items"], 5, "all acknowledged")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search").fill("need attention")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("device-row").filter(has_text="sensor_77")).to_be_visible()
