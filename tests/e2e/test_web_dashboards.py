"""Dashboards and the explore page: built with keyboard and mouse, live, shown to others, accessible."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.running import Demo, eventually
from e2e.test_web_accessibility import PHONE, TOO_WIDE, axe_violations, resize
from e2e.test_web_keyboard import tab_to

pytestmark = pytest.mark.timeout(120)

FAN = {"type": "number", "minimum": 0, "maximum": 9, "confirm_by": "speed"}
CROWD = 200
COUNT_CANVASES = """() => {
  window.canvases = 0;
  const create = document.createElement.bind(document);
  document.createElement = (name, ...rest) => {
    if (name === 'canvas') window.canvases++;
    return create(name, ...rest);
  };
}"""


@pytest.fixture(scope="module")
def site(shared_demo: Demo) -> Demo:
    """Add two devices, of which the oven takes a command."""
    shared_demo.publish("devices/oven/info", {"name": "Oven", "commands": {"fan": FAN}, "units": {"heat": "°C"}})
    shared_demo.publish("devices/oven/telemetry", {"heat": 181.5, "load": 40, "door": True})
    shared_demo.publish("devices/tank/telemetry", {"level": 3.5})
    eventually(lambda: len(shared_demo.get("/api/devices")["items"]) == 2, 20, "the devices")
    return shared_demo


def tile(kind: str, y: int, **more: Any) -> dict[str, Any]:
    return {"id": f"{kind}-{y}", "kind": kind, "x": 0, "y": y, "w": 4, "h": 4, **more}


def of(device: str, metric: str) -> dict[str, Any]:
    return {"series": [{"device_id": device, "metric": metric}]}


def create(site: Demo, name: str, *tiles: dict[str, Any]) -> str:
    answer = site.api.post("/api/dashboards", json={"name": name, "tiles": tiles})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def tiles_of(site: Demo, board: str) -> list[dict[str, Any]]:
    return list(site.get(f"/api/dashboards/{board}")["tiles"])


def test_dashboard_is_built_with_keyboard_only(site: Demo, page: Page):
    page.goto(f"http://{site.http}/dashboards")
    expect(page.get_by_test_id("live-pill")).to_contain_text("Live")
    tab_to(page, "New dashboard")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("dashboard-form")).to_be_visible()
    page.keyboard.type("Kitchen")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Kitchen")).to_be_visible()
    tab_to(page, "Add tile")
    for metric in ("heat", "load"):
        page.get_by_test_id("add-tile").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("tile-form")).to_be_visible()
        page.get_by_role("combobox", name="Metric").focus()
        page.keyboard.type(f"oven {metric}")
        expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
        page.keyboard.press("Enter")
        tab_to(page, "^Add$")
        page.keyboard.press("Enter")
        focused = page.locator("[data-testid=tile]:focus")
        expect(focused).to_have_attribute("aria-label", re.compile(metric, re.IGNORECASE))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_role("status").filter(has_text="Column")).to_have_text("Column 5, row 1, 4 wide, 4 high")
    page.keyboard.press("Control+z")
    expect(focused).to_be_visible()
    page.keyboard.press("Delete")
    expect(page.get_by_test_id("tile")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.get_by_test_id("tile")).to_have_count(2)
    page.get_by_role("button", name="Save", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Edit", exact=True)).to_be_visible()
    board = page.url.rpartition("/")[2]
    places = [(each["x"], each["y"], each["w"], each["h"]) for each in tiles_of(site, board)]
    assert places == [(0, 0, 3, 3), (4, 0, 4, 3)]


def test_tile_is_dragged_and_resized_with_the_mouse(site: Demo, page: Page):
    board = create(site, "Mouse", tile("value", 0, **of("oven", "heat")), tile("text", 4, text="**Below**"))
    page.goto(f"http://{site.http}/dashboards/{board}?edit=1")
    expect(page.get_by_test_id("tile")).to_have_count(2)
    bar = page.locator("[data-kind=value] .bar .f").bounding_box()
    column = page.locator("[data-kind=value]").bounding_box()
    assert bar
    assert column
    step = (column["width"] + 10) / 4

    def drag(x: float, y: float, dx: float, dy: float) -> None:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + dx / 2, y + dy / 2)
        page.mouse.move(x + dx, y + dy)
        page.mouse.up()

    drag(bar["x"] + 5, bar["y"] + 5, 2 * step, 200)
    drag(column["x"] + 2 * step + column["width"] - 6, column["y"] + 200 + column["height"] - 6, step, 50)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Mouse saved")).to_be_visible()
    found = {each["kind"]: (each["x"], each["y"], each["w"], each["h"]) for each in tiles_of(site, board)}
    assert found == {"value": (2, 4, 5, 5), "text": (0, 0, 4, 4)}
    page.get_by_role("button", name="Undo").click()
    eventually(lambda: tiles_of(site, board)[0]["y"] == 0, 10, "the previous version")


def test_tiles_show_live_values_and_send_commands(site: Demo, page: Page):
    values = tile("value", 0, **of("oven", "heat")), tile("control", 4, device_id="oven", command="fan")
    gone = tile("value", 8, **of("nobody", "heat"))
    board = create(site, "Live", *values, gone)
    page.goto(f"http://{site.http}/dashboards/{board}?wall=1")
    expect(page.locator("[data-kind=value]").first).to_contain_text("181.5°C")
    site.publish("devices/oven/telemetry", {"heat": 190.25})
    expect(page.locator("[data-kind=value]").first).to_contain_text(re.compile(r"190\.[23]°C"))
    expect(page.get_by_text("There is no device nobody.")).to_be_visible()
    control = page.locator("[data-kind=control]")
    control.get_by_role("textbox").fill("7")
    control.get_by_role("button", name="Send").click()
    eventually(lambda: site.get("/api/devices/oven/commands")["items"], 10, "the command")
    expect(control).not_to_contain_text("now 7")
    site.publish("devices/oven/telemetry", {"speed": 7})
    expect(control).to_contain_text("now 7")
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="Main").first).to_be_visible()


def test_only_tiles_near_the_visible_part_have_content(site: Demo, page: Page):
    tiles = [tile("value", 4 * n, **of("oven", "heat")) for n in range(CROWD)]
    board = create(site, "Crowd", *tiles)
    page.goto(f"http://{site.http}/dashboards/{board}")
    expect(page.get_by_test_id("tile")).to_have_count(CROWD)
    expect(page.locator(".value").first).to_be_visible()
    assert page.locator(".value").count() < 20
    page.get_by_test_id("tile").last.scroll_into_view_if_needed()
    expect(page.get_by_test_id("tile").last).to_contain_text("°C")
    assert page.locator(".value").count() < 20


def test_chart_of_a_tile_is_drawn_once(site: Demo, page: Page):
    charts = [tile("chart", 4 * n, **of("oven", "heat")) for n in range(3)]
    board = create(site, "Charts", *charts)
    page.add_init_script(f"({COUNT_CANVASES})()")
    page.goto(f"http://{site.http}/dashboards/{board}")
    expect(page.locator("[data-kind=chart] canvas")).to_have_count(3)
    page.wait_for_timeout(500)  # a second drawing follows the first one within a frame
    assert page.evaluate("window.canvases") == 3
    page.set_viewport_size({"width": 1200, "height": 900})
    expect(page.locator("[data-kind=chart] canvas")).to_have_count(3)
    width = page.locator("[data-kind=chart] .chart").first.bounding_box()["width"]
    expect(page.locator("[data-kind=chart] .uplot").first).to_have_css("width", f"{round(width)}px")


def test_gauge_gets_its_ends_from_the_metric_that_is_chosen_by_group(site: Demo, page: Page):
    board = create(site, "Gauge")
    page.goto(f"http://{site.http}/dashboards/{board}?edit=1")
    page.get_by_test_id("add-tile").click()
    form = page.get_by_test_id("tile-form")
    form.get_by_label("Tile type").select_option("Gauge")
    options = form.get_by_role("option")
    expect(options.filter(has_text="Oven")).to_contain_text(re.compile(r"[34] metrics"))
    options.filter(has_text="Oven").click()
    expect(form.get_by_role("group", name="Oven").get_by_role("option")).to_contain_text(["Heat", "Load"])
    options.filter(has_text="Heat").click()
    ends = [form.get_by_label(f"{name} (°C)") for name in ("Minimum", "Maximum")]
    for end in ends:
        expect(end).to_have_value(re.compile(r"\d"))
    low, high = (float(end.input_value()) for end in ends)
    heat = site.get("/api/devices/oven")["metrics"]["heat"]["value"]
    assert low < heat < high
    assert (low, high) != (0, 100)
    ends[1].fill("250")
    form.get_by_role("button", name="Metric", exact=True).click()
    expect(options.filter(has_text="Load")).to_contain_text("1 device")
    assert axe_violations(page) == []
    form.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("[data-kind=gauge] .ends")).to_have_text(re.compile(r"250.°C$"))


def test_map_shows_devices_where_they_are_and_follows_them(site: Demo, page: Page):
    places = {"van": (52.5, 13.4), "truck": (52.52, 13.4), "bike-1": (52.5, 13.45), "bike-2": (52.50001, 13.45)}
    for device, (latitude, longitude) in places.items():
        site.publish(f"devices/{device}/telemetry", {"latitude": latitude, "longitude": longitude})
    try:
        eventually(lambda: len(site.get("/api/devices")["items"]) == 6, 20, "the devices")
        board = create(site, "Map", tile("map", 0, w=8, h=8))
        page.goto(f"http://{site.http}/dashboards/{board}")
        shown = page.get_by_role("group", name="Map of 4 devices")
        van, truck = (shown.get_by_role("link", name=f"{name}: ") for name in ("van", "truck"))
        expect(van).to_be_visible()
        expect(page.get_by_role("img", name=re.compile(r"^Scale: \d+.(m|km)$"))).to_be_visible()
        assert truck.bounding_box()["y"] < van.bounding_box()["y"] - 100  # north is above
        assert axe_violations(page) == []
        both = shown.get_by_role("button", name="2 devices: ")
        before = both.bounding_box()["x"]
        site.publish("devices/van/telemetry", {"latitude": 52.5, "longitude": 13.3})
        eventually(lambda: both.bounding_box()["x"] != before, 10, "the new scale of the map")
        both.press("Space")
        close = page.get_by_role("list", name="Map of 2 devices")  # a metre apart: a map cannot tell them apart
        expect(close.get_by_role("link", name=re.compile("^bike-[12]: "))).to_have_count(2)
        expect(van).to_be_hidden()
        assert axe_violations(page) == []
        back = page.get_by_role("button", name="Show all")
        expect(back).to_be_focused()
        back.press("Enter")
        expect(both).to_be_focused()
        van.click()
        expect(page).to_have_url(re.compile("/d/van"))
    finally:
        page.goto("about:blank")
        for device in places:
            site.api.delete(f"/api/devices/{device}")


def test_explore_keeps_its_state_in_the_address_and_becomes_a_tile(site: Demo, page: Page):
    page.goto(f"http://{site.http}/d/oven?metric=heat&range=24h")
    page.locator("main").get_by_role("link", name="Explore", exact=True).click()
    expect(page.get_by_test_id("series")).to_have_count(1)
    page.get_by_role("button", name="Add metric").click()
    page.get_by_role("combobox", name="Metric to add").fill("tank level")
    page.keyboard.press("Enter")
    row = page.get_by_test_id("series").filter(has_text="Level")
    expect(row.get_by_role("combobox")).to_have_value("right")  # another unit than on the left axis
    expect(page).to_have_url(re.compile(r"\?range=24h&s=l:oven/heat&s=r:tank/level$"))
    page.reload()
    expect(row).to_contain_text("3.50")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0] == "time,Oven · Heat (°C),tank · Level"
    assert any(line.endswith(",3.5") for line in lines)
    page.get_by_role("button", name="Save as tile").click()
    form = page.get_by_test_id("add-to-dashboard")
    form.get_by_role("combobox").select_option("New dashboard")
    form.get_by_label("Name of the new dashboard").fill("Explored")
    form.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Added to Explored")).to_be_visible()
    (board,) = [each["id"] for each in site.get("/api/dashboards")["items"] if each["name"] == "Explored"]
    (saved,) = tiles_of(site, board)
    assert (saved["kind"], saved["range"]) == ("chart", "24h")
    assert [each["axis"] for each in saved["series"]] == ["left", "right"]


def test_dashboards_are_accessible_in_both_themes(site: Demo, visit: Callable[..., Page]):
    page = visit(reduced_motion="reduce")
    page.goto(f"http://{site.http}/dashboards")
    page.get_by_role("button", name="New dashboard").click()
    page.get_by_label("Tiles").select_option("Create tiles for a device")
    page.get_by_role("combobox", name="Device").fill("oven")
    page.keyboard.press("Enter")
    wrong = axe_violations(page)
    page.get_by_role("button", name="Create").click()
    for kind in ("device", "value", "chart", "states", "control", "alerts"):
        page.locator(f"[data-kind={kind}]").first.scroll_into_view_if_needed()
        expect(page.locator(f"[data-kind={kind}] .content > :first-child").first).to_be_attached()
    wrong += axe_violations(page)
    resize(page, PHONE)
    wrong += page.evaluate(TOO_WIDE)
    page.get_by_role("button", name="Edit").click()
    wrong += axe_violations(page) + page.evaluate(TOO_WIDE)
    page.get_by_test_id("add-tile").click()
    page.get_by_label("Tile type").select_option("Gauge")
    wrong += axe_violations(page)
    page.goto(f"http://{site.http}/explore?s=l:oven/heat&s=r:tank/level")
    expect(page.get_by_test_id("series")).to_have_count(2)
    wrong += axe_violations(page) + page.evaluate(TOO_WIDE)
    assert wrong == [], "\n".join(wrong)
