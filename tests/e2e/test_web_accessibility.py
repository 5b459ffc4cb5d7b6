"""Accessibility of every page and dialog: axe finds no violation in the dark and the light theme, nothing overflows at
360 px or at 200 % zoom, nothing animates under reduced motion. Screenshots are kept in ``test-results/pages``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from e2e.conftest import Errors
from e2e.in_thread import hub_in_thread
from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(180)

DESKTOP, PHONE, ZOOMED = (1440, 900), (360, 740), (720, 450)
"""Width and height. ZOOMED is what 1440 by 900 leaves at 200 % zoom."""
PAGES = {
    "fleet": ("/", "Feed pump 1"),
    "home": ("/home", "Feed pump 1"),
    "device": ("/d/sensor_39", re.compile("Cause not (certain|known)")),
    "device-quiet": ("/d/pump-01", "Bearing temperature"),
    "device-history": ("/d/pump-01?tab=history", "Lowest"),
    "device-events": ("/d/sensor_39?tab=events", "Raised"),
    "device-commands": ("/d/tank-01?tab=commands", "Recent commands"),
    "device-rules": ("/d/pump-01?tab=rules", "Pump flow low"),
    "device-raw": ("/d/pump-01?tab=raw", "devices/pump-01/telemetry"),
    "device-settings": ("/d/pump-01?tab=settings", "Delete device"),
    "device-missing": ("/d/nobody", "Device not found."),
    "alerts": ("/alerts", "Based on readings up to"),
    "alerts-cleared": ("/alerts?state=cleared", re.compile(r"No cleared alerts yet\.|^lasted")),
    "alert-health": ("/alert-health", "Target (at most)"),
    "explore": ("/explore", "Add metrics below."),
    "assistant": ("/assistant", "Which devices need attention"),
    "analyse": ("/analyse", "choose a file"),
    "rules": ("/rules", "Pump flow low"),
    "rule": ("/rules?edit=sensor-hot", "TOML"),
    "calculated": ("/calculated", "No calculated metrics yet."),
    "calculated-metric": ("/calculated?new=1", "Expression"),
    "reactions": ("/reactions", "No reactions yet."),
    "reaction": ("/reactions?new=1", "In that state for at least"),
    "silences": ("/silences", "No active silences."),
    "health": ("/health", "checked."),
    "topics": ("/topics", "devices/pump-01/info"),
    "mappings": ("/topics?tab=mappings", "collectd"),
    "activity": ("/activity", "sensor_39"),
    "settings": ("/settings", "Appearance"),
    "notifications": ("/settings/notifications", "No channels yet."),
    "audit": ("/settings/audit", "Who did what"),
    "missing": ("/nowhere", "Page not found."),
}
TOO_WIDE = """() => [document.documentElement, document.querySelector('main')]
  .filter((box) => box && box.scrollWidth > box.clientWidth)
  .map((box) => `${box.tagName}: ${box.scrollWidth} px in ${box.clientWidth}`)"""

CUT_OFF = """() => {
  const found = new Set();
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = document.createRange();
    text.selectNodeContents(node);
    const { left, right, width, height } = text.getBoundingClientRect();
    if (!node.data.trim() || width < 2 || height < 2) continue;
    let edge = innerWidth;
    for (let box = node.parentElement; box; box = box.parentElement) {
      const style = getComputedStyle(box);
      const isHidden = style.clipPath !== 'none' || style.visibility === 'hidden';
      const scrolls = style.overflowX === 'auto' || style.overflowX === 'scroll';
      if (isHidden || scrolls || (style.overflowX !== 'visible' && style.textOverflow === 'ellipsis')) {
        edge = Infinity;
        break;
      }
      const own = box.getBoundingClientRect();
      if (style.display !== 'inline' && style.overflowX !== 'visible') edge = Math.min(edge, own.right);
    }
    if (right > edge + 1) found.add(`"${node.data.trim().slice(0, 40)}" ends at ${Math.round(right)} px of ${edge}`);
  }
  return [...found];
}"""
"""Texts that nobody can see completely: beyond the page or cut off by a box, and neither in a box that scrolls nor
shortened with an ellipsis."""

UNREACHABLE = """() => [...document.querySelectorAll('main *')]
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .filter((box) => ['auto', 'scroll'].includes(getComputedStyle(box).overflowX))
  .filter((box) => box.tabIndex < 0 && !box.querySelector('a, button, input, select, textarea'))
  .map((box) => box.className)"""

ROWS = {
    "calculated-metrics": '[[calculated]]\nid = "net"\nname = "Net flow"\nmetric = "net"\nexpression = "flow - 1"',
    "reactions": '[[reaction]]\nid = "cool"\nalert = {rules = ["sensor-hot"]}\n'
    'command = {device = "tank-01", name = "level", value = 50}',
}
"""Contents of the files that are edited at these paths of the API."""


@pytest.fixture(scope="module")
def plant_with_alert(plant: Demo) -> Demo:
    eventually(lambda: len(plant.get("/api/devices")["items"]) >= 14, 60, "the machines")
    plant.heat("sensor_39", 3)
    alerts = {"state": "open", "device_id": "sensor_39"}
    eventually(lambda: [a for a in plant.get("/api/alerts", **alerts)["items"] if a["diagnosis"]], 60, "the diagnosis")
    return plant


@pytest.fixture
def still(visit: Callable[..., Page]) -> Page:
    """Open a page that asks for reduced motion."""
    return visit(reduced_motion="reduce", color_scheme="dark")


def axe_violations(page: Page) -> list[str]:
    """Return what axe finds in both themes. The light theme differs in colours only, so just contrast is checked."""
    found = []
    only_faults = {"resultTypes": ["violations"]}  # a result with passed checks is ten times as long
    for theme, options in (("dark", only_faults), ("light", {**only_faults, "runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for violation in Axe().run(page, options=options).response["violations"]:
            found += [f"{theme}: {violation['help']}: {node['html'][:200]}" for node in violation["nodes"]]
    return found


def resize(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)))")


@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible_fits_small_screens_and_does_not_animate(
    plant_with_alert: Demo, still: Page, errors: Errors, pytestconfig: Any, name: str
):
    errors.expected = ("404",)
    folder = Path(pytestconfig.getoption("--output")) / "pages"
    path, text = PAGES[name]
    still.goto(f"http://{plant_with_alert.http}{path}")
    shown = still.locator("main").get_by_text(text).first
    if name == "device-raw":  # it shows only new messages, and the pump publishes rarely

        def message_arrived() -> bool:
            plant_with_alert.publish("devices/pump-01/telemetry", {"flow": 66.0})
            return shown.is_visible()

        eventually(message_arrived, 30, "a message")
    expect(shown).to_be_visible()
    still.screenshot(path=folder / f"{name}-dark.png")
    wrong = axe_violations(still)
    still.screenshot(path=folder / f"{name}-light.png")
    if moving := still.evaluate("document.getAnimations().length"):
        wrong.append(f"{moving} animations")
    for size in (ZOOMED, PHONE):
        resize(still, size)
        wrong += [f"at {size[0]} px: {each}" for each in (*still.evaluate(TOO_WIDE), *still.evaluate(CUT_OFF))]
    still.screenshot(path=folder / f"{name}-phone.png")
    assert wrong == []


def test_pages_load_nothing_from_other_hosts_and_no_inline_script(plant_with_alert: Demo, still: Page):
    """A violation of the Content Security Policy is a console error, which fails the test."""
    requests: list[str] = []
    own = plant_with_alert.http
    still.on("request", lambda request: requests.append(request.url))
    still.goto(f"http://{own}/docs")
    expect(still.get_by_text("/api/devices/{device_id}").first).to_be_visible()
    still.goto(f"http://{own}/d/sensor_39")
    expect(still.locator("canvas").first).to_be_visible()
    assert still.evaluate("document.fonts.check('14px \"Inter Variable\"')")
    assert len(requests) > 10
    assert [url for url in requests if not url.startswith((f"http://{own}/", "data:", "blob:"))] == []
    assert still.locator("script:not([src]), style").count() == 0


def test_dialogs_and_menus_are_accessible_and_fit_phone(plant_with_alert: Demo, still: Page):
    page, url = still, f"http://{plant_with_alert.http}"
    page.goto(url)
    expect(page.get_by_test_id("device-row").first).to_be_visible()

    def check_overlay(what: str, inside: str, role: str = "dialog") -> None:
        expect(page.get_by_role(role).get_by_text(inside).first).to_be_visible()
        assert axe_violations(page) == [], what
        resize(page, PHONE)
        assert page.evaluate(TOO_WIDE) == [], what
        resize(page, DESKTOP)
        page.keyboard.press("Escape")
        expect(page.get_by_role(role)).to_have_count(0)

    page.keyboard.press("Control+k")
    check_overlay("the palette", "Feed pump 1")
    page.keyboard.press("?")
    check_overlay("the shortcuts", "Acknowledge the alert")
    page.get_by_role("button", name="Severity", exact=True).click()
    check_overlay("a facet", "Critical")
    page.get_by_role("button", name="Columns").press("Enter")
    expect(page.get_by_role("menuitemcheckbox", name="Model")).to_be_visible()
    assert axe_violations(page) == [], "the columns"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add a device").click()
    check_overlay("a new device", "Name")
    page.goto(f"{url}/alerts")
    page.get_by_test_id("acknowledge").first.click()  # a machine of the demo may have an alert as well
    check_overlay("a note", "Note (optional)")
    page.goto(f"{url}/d/pump-01?tab=settings")
    page.get_by_role("button", name="Delete device").click()
    expect(page.get_by_role("button", name="Delete permanently")).to_be_visible()
    assert axe_violations(page) == [], "deleting"
    page.get_by_role("button", name="Cancel").click()
    page.get_by_label("Name", exact=True).fill("Feed pump 1a")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert axe_violations(page) == [], "a notice"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Feed pump 1", exact=True)).to_be_visible()


def test_tables_with_rows_are_not_cut_off_on_a_phone(plant_with_alert: Demo, visit: Callable[..., Page]):
    """In German, whose words are longer. What does not fit is in a box that scrolls, also by keyboard."""
    demo, page = plant_with_alert, visit(viewport={"width": 390, "height": 844})
    for path, text in ROWS.items():
        revision = demo.get(f"/api/{path}/text")["revision"]
        answer = demo.api.put(f"/api/{path}", json={"text": text, "revision": revision})
        assert answer.status_code == 200, answer.text
    series = "s=l:pump-01/flow&s=r:tank-01/level"
    wrong = []
    try:
        pages = (
            "calculated",
            "reactions",
            "rules",
            "alert-health",
            "d/pump-01?tab=history",
            "settings/audit",
            "silences",
        )
        for path in (*(f"/{each}" for each in pages), "/health", f"/explore?{series}"):
            page.goto(f"http://{demo.http}{path}{'&' if '?' in path else '?'}lang=de")
            expect(page.locator("h1").first).to_be_attached()
            page.wait_for_timeout(800)  # for rows that are loaded
            wrong += [f"{path}: {each}" for each in (*page.evaluate(CUT_OFF), *page.evaluate(TOO_WIDE))]
            wrong += [f"{path}: {each} cannot be scrolled by keyboard" for each in page.evaluate(UNREACHABLE)]
    finally:
        for path in ("calculated-metrics", "reactions"):
            revision = demo.get(f"/api/{path}/text")["revision"]
            demo.api.put(f"/api/{path}", json={"text": "", "revision": revision})
    assert wrong == []


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[str]:
    """Run a hub that has no devices and requires an access token."""
    with hub_in_thread(tmp_path, token="let-me-in-please") as hub:
        yield hub.url


def test_login_and_first_run_are_accessible_and_fit_phone(locked: str, still: Page, errors: Errors, pytestconfig: Any):
    errors.expected = ("401", "WebSocket connection to")
    folder = Path(pytestconfig.getoption("--output")) / "pages"
    still.goto(locked)
    expect(still.get_by_label("Token")).to_be_visible()
    assert axe_violations(still) == []
    still.screenshot(path=folder / "login-light.png")
    still.get_by_label("Token").fill("something else")
    still.keyboard.press("Enter")
    expect(still.get_by_role("alert")).to_have_text("The token is wrong.")
    assert axe_violations(still) == []
    still.get_by_label("Token").fill("let-me-in-please")
    still.keyboard.press("Enter")
    expect(still.get_by_test_id("first-run")).to_be_visible()
    assert axe_violations(still) == []
    still.screenshot(path=folder / "first-run-light.png")
    resize(still, PHONE)
    assert still.evaluate(TOO_WIDE) == []
    still.screenshot(path=folder / "first-run-phone.png")
