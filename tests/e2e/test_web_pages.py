"""Every page against a real hub with machines: reached from the menu, shows the data, its main action works.

A console error fails the test.
"""

from __future__ import annotations

import csv
import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, WebSocketRoute, expect

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def open_alert(plant: Demo) -> dict:
    """Return an open alert of the device ``sensor_39``."""
    eventually(lambda: len(plant.get("/api/devices")["items"]) >= 14, 20, "the machines")
    plant.heat("sensor_39", 3)
    return eventually(
        lambda: next(iter(plant.get("/api/alerts", state="open", device_id="sensor_39")["items"]), None), 5, "the alert"
    )


def open_from_menu(page: Page, plant: Demo, name: str) -> None:
    """Open a page from the main menu."""
    page.goto(f"http://{plant.http}/")
    page.get_by_role("navigation", name="Main").first.get_by_role("link", name=name).click()
    expect(page).to_have_title(re.compile(rf"{name} · Watchkeeper$"))


def test_fleet_searches_filters_and_downloads_csv(plant: Demo, open_alert: dict, page: Page):
    page.goto(f"http://{plant.http}/")
    rows = page.get_by_test_id("device-row")
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "16")
    page.get_by_test_id("fleet-search").fill("pump")
    expect(rows.first).to_contain_text("pump", ignore_case=True)
    assert "q=pump" in page.url, "the search is in the address"
    shown = int(page.get_by_role("grid").get_attribute("aria-rowcount") or 0) - 1
    assert 0 < shown < 14
    with page.expect_download() as download:
        page.get_by_role("button", name="Download shown rows as CSV").click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert len(lines) == shown
    assert all("pump" in line["id"] or "ump" in line["name"] for line in lines)

    page.get_by_test_id("fleet-search").fill("")
    page.get_by_role("button", name="Severity", exact=True).click()
    page.get_by_role("checkbox", name=re.compile("Critical")).click()
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "2")
    page.keyboard.press("Escape")
    expect(rows).to_have_count(1)
    rows.first.get_by_role("link").click()
    expect(page).to_have_url(re.compile("/d/sensor_39$"))


def test_fleet_column_choice_survives_reload(plant: Demo, open_alert: dict, page: Page):
    page.goto(f"http://{plant.http}/")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("menuitemcheckbox", name="Model").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="Model")).to_be_visible()
    page.reload()
    expect(page.get_by_role("columnheader", name="Model")).to_be_visible()


def test_alerts_page_shows_diagnosis_and_saves_note(plant: Demo, open_alert: dict, page: Page):
    plant.heat("sensor_37", 3)
    open_from_menu(page, plant, "Alerts")
    page.get_by_test_id("alert").filter(has_text="sensor_37").get_by_role("link").click()
    expect(page.get_by_test_id("diagnosis")).to_have_attribute("data-state", "ready", timeout=10_000)
    expect(page.get_by_test_id("diagnosis")).to_contain_text("rules and statistics, not a language model")
    expect(page.get_by_role("link", name="Sensor too hot", exact=True)).to_be_visible()
    page.get_by_test_id("acknowledge").click()
    page.get_by_label("Note (optional)").fill("a fan is on its way")
    page.get_by_test_id("acknowledge-confirm").click()
    expect(page.get_by_text("a fan is on its way")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Acknowledged")).click()
    expect(page.get_by_test_id("alert").filter(has_text="sensor_37")).to_be_visible()
    (kept,) = plant.get("/api/alerts", state="acknowledged", device_id="sensor_37")["items"]
    assert kept["note"] == "a fan is on its way"


def test_ask_link_of_device_prefills_question(plant: Demo, open_alert: dict, page: Page):
    page.goto(f"http://{plant.http}/d/sensor_39")
    page.get_by_role("link", name="Ask about this").click()
    expect(page.get_by_test_id("chat-input")).to_have_value(re.compile("sensor_39"))
    page.get_by_test_id("chat-send").click()
    answer = page.get_by_test_id("chat-answer").last
    expect(answer).to_have_attribute("data-state", "done", timeout=10_000)
    expect(answer).to_contain_text("sensor_39")


def test_analyse_page_describes_picture(plant: Demo, page: Page):
    open_from_menu(page, plant, "Analyse")
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(picture, "PNG")
    page.get_by_label("choose a file").set_input_files(
        {"name": "gauge.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    expect(page.get_by_text("64 × 48 px")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile("^Analysed by "))).to_be_visible()


def test_rules_page_shows_when_rule_last_fired(plant: Demo, open_alert: dict, page: Page):
    rules = plant.get("/api/rules")["items"]
    fired = next(rule for rule in rules if rule["id"] == open_alert["rule_id"])
    open_from_menu(page, plant, "Rules")
    expect(page.get_by_role("row")).to_have_count(len(rules) + 1)
    expect(page.get_by_role("row").filter(has_text=fired["text"]).filter(has_text="ago")).not_to_have_count(0)


def test_activity_filters_and_pauses(plant: Demo, open_alert: dict, page: Page):
    open_from_menu(page, plant, "Activity")
    page.get_by_label("Type").select_option("raised")
    expect(page.get_by_role("link", name="sensor_39").first).to_be_visible()
    expect(page.locator("main li").filter(has_text="appeared")).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused. New entries appear when you select Follow.")).to_be_visible()
    assert "kind=raised" in page.url


def test_settings_show_hub_status_and_save_theme(plant: Demo, page: Page):
    plant.publish("devices/broken/telemetry", "{no json")
    open_from_menu(page, plant, "Settings")
    expect(page.get_by_text(plant.mqtt).first).to_be_visible()
    expect(page.get_by_text("devices/broken/telemetry", exact=True)).to_be_visible()
    hub = page.locator("section", has=page.get_by_role("heading", name="Hub", exact=True))
    expect(hub.locator("div", has_text="Clock").last).to_contain_text("trusted")
    expect(hub.locator("div", has_text="Metrics in memory").last).to_contain_text(" of ")
    page.get_by_role("radio", name="Light").check()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_command_palette_opens_device(plant: Demo, open_alert: dict, page: Page):
    page.goto(f"http://{plant.http}/rules")
    expect(page.get_by_test_id("live-pill")).to_contain_text("Live")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("sensor_39")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/d/sensor_39$"))


def test_unknown_device_address_shows_not_found(plant: Demo, page: Page, errors):
    errors.expected = ("404",)
    page.goto(f"http://{plant.http}/d/nobody")
    expect(page.get_by_text("Device not found.")).to_be_visible()
    page.get_by_role("link", name="Go to fleet").click()
    expect(page.get_by_role("grid")).to_be_visible()


@pytest.mark.timeout(240)  # reading text loads models, in a process with a low priority
def test_running_analysis_survives_reload(plant: Demo, page: Page):
    open_from_menu(page, plant, "Analyse")
    image, picture = Image.new("RGB", (70, 50), "blue"), io.BytesIO()
    image.paste("white", (10, 10, 40, 30))  # text is not searched in a single colour
    image.save(picture, "PNG")
    page.get_by_label("choose a file").set_input_files(
        {"name": "dial.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    expect(page.get_by_test_id("progress")).to_be_visible()
    eventually(lambda: page.evaluate("sessionStorage.getItem('analysis')"), 20, "the analysis under way")
    page.reload()
    expect(page.get_by_text("70 × 50 px")).to_be_visible(timeout=180_000)
    expect(page.get_by_test_id("analyses").get_by_text("dial.png")).to_have_count(1)
    assert page.evaluate("sessionStorage.getItem('analysis')") is None


def test_acknowledgement_is_undone(plant: Demo, page: Page):
    plant.heat("sensor_39", 3)
    page.goto(f"http://{plant.http}/d/sensor_39")
    page.get_by_test_id("acknowledge").click()
    page.get_by_test_id("acknowledge-confirm").click()
    expect(page.locator('[data-testid="alert"][data-state="acknowledged"]').first).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator('[data-testid="alert"][data-state="raised"]').first).to_be_visible()
    page.goto(f"http://{plant.http}/")
    page.get_by_role("complementary", name="Alerts").get_by_test_id("acknowledge").first.click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Acknowledgement removed")).to_be_visible()
    page.goto(f"http://{plant.http}/activity?kind=acknowledged")
    line = page.locator('li[data-kind="acknowledged"]').first
    expect(line).to_contain_text("removed the acknowledgement of")
    name = line.get_by_role("link").inner_text()
    assert line.inner_text().count(name) == 1


def test_device_change_is_listed_in_activity(plant: Demo, page: Page):
    plant.api.patch("/api/devices/pump-01", json={"labels": ["checked"]})
    page.goto(f"http://{plant.http}/activity?kind=settings")
    line = page.locator('li[data-kind="settings"]').first
    expect(line).to_contain_text("Operator set the labels of Feed pump 1 to checked")
    assert line.inner_text().count("Feed pump 1") == 1


def test_status_trend_is_drawn_without_live_figures(plant: Demo, page: Page):
    eventually(lambda: len(plant.get("/api/status/trend")["rate"]) >= 2, 40, "two points of the trend")

    def pass_on_without_figures(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: None if '"type":"stats"' in str(message) else socket.send(message))

    page.route_web_socket(re.compile("/api/live"), pass_on_without_figures)
    page.goto(f"http://{plant.http}/")
    drawn = page.locator(".trend path").nth(1)
    expect(drawn).to_have_attribute("d", re.compile("M"))


def test_alerts_panel_follows_area_filter(plant: Demo, page: Page):
    plant.heat("sensor_39", 3)
    area = plant.get("/api/devices/sensor_39")["area"]
    others = {each["area"] for each in plant.get("/api/devices")["items"]} - {area, None}
    page.goto(f"http://{plant.http}/?area={area or '-'}")
    panel = page.get_by_role("complementary", name="Alerts")
    expect(panel).to_contain_text("sensor_39")
    page.goto(f"http://{plant.http}/?area={sorted(others)[0]}")
    expect(page.get_by_test_id("device-row").first).to_be_visible()
    expect(panel).not_to_contain_text("sensor_39")


def test_search_button_does_not_move_when_connection_state_changes(plant: Demo, page: Page):
    page.goto(f"http://{plant.http}/")
    pill = page.get_by_test_id("live-pill")
    expect(pill).to_contain_text("ms")
    widths = set()
    for text in ("Live", "Reconnecting", "Connecting", "Live 1,234 ms"):
        pill.evaluate("(element, text) => (element.textContent = text)", text)
        widths.add(page.locator("button.search").evaluate("(element) => element.getBoundingClientRect().left"))
    assert len(widths) == 1


def test_alerts_are_selected_with_keyboard_muted_together_and_commented(plant: Demo, open_alert: dict, page: Page):
    plant.heat("sensor_38", 3)
    page.goto(f"http://{plant.http}/alerts")
    rows = page.get_by_test_id("alert")
    eventually(lambda: plant.get("/api/alerts", state="open", device_id="sensor_38")["items"], 10, "the alert")
    expect(rows.first).to_be_visible()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_test_id("bulk")).to_contain_text("2 selected")
    page.get_by_test_id("bulk").get_by_role("button", name="Mute").click()
    page.get_by_test_id("mute-confirm").click()
    muted = eventually(lambda: plant.get("/api/alerts", muted=True)["items"], 10, "the muted alerts")
    assert len(muted) == 2
    page.keyboard.press("Escape")
    page.get_by_label("Show", exact=True).select_option("Muted")
    for name in {each["device_name"] for each in muted}:  # one row each, or the row of their incident
        expect(page.get_by_role("main")).to_contain_text(name)
    page.get_by_label("Show", exact=True).select_option("All")
    page.get_by_label("Comment").fill("The fan is loud")
    page.get_by_role("button", name="Add comment").click()
    expect(page.get_by_test_id("history").locator("[data-kind=commented]")).to_contain_text("The fan is loud")
    assert {each["muted"]["by"] for each in muted} == {"operator"}


def test_silence_is_created_from_alert_and_ended(plant: Demo, open_alert: dict, page: Page):
    plant.heat("sensor_36", 3)
    (alert,) = plant.get("/api/alerts", state="open", device_id="sensor_36")["items"]
    page.goto(f"http://{plant.http}/alerts/{alert['id']}")
    shown = page.get_by_test_id("rule-name").filter(has_text=alert["rule_name"])
    expect(shown.first).to_be_visible()  # in the list, and at the top of the alert
    assert shown.count() >= 2
    page.get_by_role("link", name="Silence…").click()
    expect(page.get_by_test_id("silence-preview")).to_contain_text("Covers 1 device. Matches 1 open alert now")
    expect(page.get_by_test_id("silence-missing")).to_have_text("Still missing: a note.")
    expect(page.get_by_test_id("silence-save")).to_be_disabled()
    page.get_by_label("Note").fill("Fan is replaced")
    expect(page.get_by_test_id("silence-missing")).to_have_count(0)
    page.get_by_test_id("silence-save").click()
    row = page.get_by_test_id("silence").filter(has_text="Fan is replaced")
    expect(row).to_contain_text("silences 1 open alert")
    (silenced,) = plant.get("/api/alerts", silenced=True)["items"]
    assert (silenced["id"], silenced["silenced_by"][0]["note"]) == (alert["id"], "Fan is replaced")
    row.get_by_role("button", name="End now").click()
    page.get_by_test_id("confirm").get_by_role("button", name="End now").click()
    expect(row).to_have_attribute("data-state", "expired")
    assert plant.get("/api/alerts", silenced=True)["items"] == []
