"""Handle an alert with the keyboard only; its accessibility tree as a screen reader gets it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)

FOCUSED = """() => {
  const at = document.activeElement;
  const ring = [at, at.parentElement].some((each) => getComputedStyle(each).outlineStyle !== 'none');
  return { name: at.getAttribute('aria-label') ?? at.innerText ?? '', ring };
}"""
MAX_STEPS = 40


@pytest.fixture(scope="module")
def alert(plant: Demo) -> dict:
    eventually(lambda: len(plant.get("/api/devices")["items"]) >= 14, 20, "the machines")
    plant.heat("sensor_39", 3)
    ours = {"state": "open", "device_id": "sensor_39"}
    return eventually(
        lambda: next((a for a in plant.get("/api/alerts", **ours)["items"] if a["diagnosis"]), None),
        10,
        "the diagnosis",
    )


def tab_to(page: Page, name: str) -> None:
    """Press Tab until an element whose name matches has the focus. Each focused element must show an outline."""
    seen = []
    for _ in range(MAX_STEPS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        assert at["ring"], f"{at['name']!r} has the focus but no visible outline"
        if re.search(name, at["name"]):
            return
        seen.append(at["name"])
    pytest.fail(f"no {name!r} among {seen}")


def test_alert_is_opened_and_acknowledged_with_keyboard_only(plant: Demo, alert: dict, page: Page):
    page.goto(f"http://{plant.http}/")
    expect(page.get_by_test_id("live-pill")).to_contain_text("Live")
    tab_to(page, "Skip to content")
    page.keyboard.press("Escape")
    tab_to(page, "^Alerts")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Alerts", level=1)).to_be_visible()
    tab_to(page, "^sensor_39")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/alerts/{alert['id']}$"))
    expect(page.get_by_role("article")).to_match_aria_snapshot("""
      - article:
        - text: /Critical/
        - heading /sensor_39 temperature 85, above 80/ [level=2]
        - term: Current value
        - definition: "85.0"
        - term: Value when raised
        - definition: "85"
        - term: limit
        - definition: "80"
        - button "Acknowledge"
        - link "Open device"
        - heading "Diagnosis" [level=2]
        - text: built-in analyst
        - heading "Evidence"
        - list
    """)
    assert "%23e11d48" in (page.locator("link[rel=icon]").get_attribute("href") or ""), "the tab's icon has a red dot"
    tab_to(page, r"^Temperature\s\d\d:")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="Chart of temperature")).to_be_visible()
    query = parse_qs(urlsplit(page.url).query)
    assert int(query["from"][0]) < alert["raised_at"] < int(query["to"][0]), (
        "the link opens the chart at the evidence's time"
    )
    page.go_back()
    tab_to(page, "^Acknowledge$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Acknowledge alert")).to_be_visible()
    tab_to(page, "^$")  # the note's field has its name from its label
    expect(page.get_by_label("Note (optional)")).to_be_focused()
    page.keyboard.type("seen from afar")
    tab_to(page, "^Acknowledge$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Messages")).to_contain_text("Acknowledged")
    expect(page.get_by_role("button", name="Acknowledge", exact=True)).to_have_count(0)
    kept = plant.get("/api/alerts", state="acknowledged", device_id="sensor_39")["items"]
    assert [each["note"] for each in kept] == ["seen from afar"]


def test_shortcuts_open_device_and_alerts_from_list(plant: Demo, alert: dict, page: Page):
    plant.heat("sensor_41", 3)
    ours = {"state": "raised", "device_id": "sensor_41"}
    eventually(lambda: plant.get("/api/alerts", **ours)["items"], 5, "the alert")
    page.goto(f"http://{plant.http}/?q=sensor_41")
    expect(page.get_by_role("row", name=re.compile("^Critical sensor_41"))).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.get_by_label("Note (optional)")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="sensor_41", level=1)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("/alerts$"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Next, previous row or alert")
