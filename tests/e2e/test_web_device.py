"""A device's page against a real hub: chart, history, events, rules, raw messages, settings."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def machines(plant: Demo) -> list[dict[str, Any]]:
    """Wait for all machines of the plant and two hours of history, and return the machines."""
    found = eventually(lambda: (d := plant.get("/api/devices")["items"]) and len(d) >= 14 and d, 20, "the machines")
    eventually(lambda: len(history(plant, "pump-01")["points"]) > 300, 20, "the history")
    return list(found)


def history(plant: Demo, device: str) -> dict[str, Any]:
    return dict(plant.get(f"/api/devices/{device}/history", metric="flow"))


def open_section(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Device sections").get_by_role("link", name=name).click()


def test_chart_loads_expected_range_and_zooms_to_dragged_time(plant: Demo, machines: list, page: Page):
    """The chart is a canvas, so the test checks the requests and responses that it is drawn from."""
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "/api/devices/pump-01/" in request.url else None)
    with page.expect_response("**/expected?*") as response:
        page.goto(f"http://{plant.http}/d/pump-01?metric=flow")
    band = response.value.json()
    flow = plant.get("/api/devices/pump-01")["metrics"]["flow"]["value"]
    assert band["readings"] > 300
    assert band["points"][0][1] < flow < band["points"][0][2]
    expect(page.get_by_text("normal range", exact=True)).to_be_visible()

    canvas = page.get_by_role("img", name="Chart of flow").locator(".u-over")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 80)
    expect(page.locator(".says")).to_contain_text("m³/h")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 80, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from=.*to="))
    query = parse_qs(urlsplit(page.url).query)
    span = int(query["to"][0]) - int(query["from"][0])
    assert 0.3 * 3_600_000 < span < 0.5 * 3_600_000, "four tenths of the hour were dragged over"
    eventually(lambda: any(f"from={query['from'][0]}" in url for url in requests), 3, "the chart of that time")
    page.get_by_role("button", name="Custom").click()
    expect(page).not_to_have_url(re.compile("from="))


def test_device_is_compared_with_another_of_its_model(plant: Demo, machines: list, page: Page):
    models: dict[str, list[dict]] = {}
    for machine in machines:
        models.setdefault(machine["model"], []).append(machine)
    one, other = next(alike for model, alike in models.items() if model and len(alike) > 1)[:2]
    page.goto(f"http://{plant.http}/d/{one['id']}")
    menu = page.get_by_label("Compare with…")
    alike = [machine["name"] for machine in models[one["model"]] if machine["id"] != one["id"]]
    expect(menu.locator("option")).to_have_count(1 + len(alike))
    offered = [text.removeprefix("with ") for text in menu.locator("option").all_inner_texts()[1:]]
    assert sorted(offered) == sorted(alike)
    with page.expect_response(f"**/api/devices/{other['id']}/history?*"):
        menu.select_option(other["id"])
    expect(page).to_have_url(re.compile(f"with={other['id']}"))
    page.get_by_role("link", name=other["name"]).click()
    expect(page.get_by_role("heading", name=other["name"])).to_be_visible()


def test_history_tab_shows_table_and_downloads_csv(plant: Demo, machines: list, page: Page):
    page.goto(f"http://{plant.http}/d/pump-01?metric=flow")
    open_section(page, "History")
    rows = page.get_by_role("row")
    expect(rows.nth(1)).to_contain_text(re.compile(r"\d\d:\d\d:00"))
    assert 58 <= rows.count() - 1 <= 62, "one row a minute"
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV of all readings").click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    stored = history(plant, "pump-01")["points"]
    assert abs(len(lines) - len(stored)) < 10
    assert float(lines[50]["value"]) in {value for _, value in stored}
    page.get_by_role("button", name="15 min").click()
    expect(page.get_by_role("columnheader", name="Value")).to_be_visible()


def test_events_rules_and_raw_messages_tabs_show_live_data(plant: Demo, machines: list, page: Page):
    plant.heat("sensor_31", 3)
    page.goto(f"http://{plant.http}/d/sensor_31")
    open_section(page, "Events")
    events = page.get_by_role("region", name="Events")
    expect(events.locator("[data-kind=raised]")).to_be_visible(timeout=5_000)
    expect(events.locator("[data-kind=discovered]")).to_contain_text("Discovered")

    open_section(page, "Rules")
    rules = plant.get("/api/devices/sensor_31/rules")["items"]
    expect(page.get_by_role("row")).to_have_count(len(rules) + 1)
    expect(page.get_by_role("row").filter(has=page.get_by_text("firing"))).to_contain_text("ago")

    open_section(page, "Raw messages")
    plant.publish("devices/sensor_31/telemetry", "{broken")
    first = page.get_by_test_id("message").first
    expect(first).to_contain_text("{broken", timeout=5_000)
    plant.publish("devices/sensor_31/telemetry", {"temperature": 70.25})
    expect(first).to_contain_text('{"temperature": 70.25}', timeout=5_000)
    page.get_by_role("button", name="Pause").click()
    first.locator("summary").click()
    expect(first.locator("pre")).to_have_text('{\n  "temperature": 70.25\n}')


def test_device_is_renamed_and_rename_is_undone(plant: Demo, machines: list, page: Page):
    page.goto(f"http://{plant.http}/d/tank-01")
    before = page.get_by_role("heading", level=1).inner_text().strip()
    open_section(page, "Settings")
    page.get_by_label("Name", exact=True).fill("Day tank")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Day tank")).to_be_visible()
    assert plant.get("/api/devices/tank-01")["name"] == "Day tank"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name=before)).to_be_visible()
    assert plant.get("/api/devices/tank-01")["name"] == before


def test_device_is_deleted_only_after_confirmation(plant: Demo, machines: list, page: Page):
    plant.publish("devices/old-1/telemetry", {"temperature": 20})
    eventually(lambda: plant.get("/api/devices", q="old-1")["items"], 3, "the device")
    page.goto(f"http://{plant.http}/d/old-1?tab=settings")
    page.get_by_role("button", name="Delete device").click()
    page.get_by_role("button", name="Cancel").click()
    assert plant.get("/api/devices/old-1")["id"] == "old-1"
    page.get_by_role("button", name="Delete device").click()
    page.get_by_role("button", name="Delete permanently").click()
    expect(page).to_have_title(re.compile("Fleet · Watchkeeper$"))
    eventually(lambda: not plant.get("/api/devices", q="old-1")["items"], 3, "its removal")
