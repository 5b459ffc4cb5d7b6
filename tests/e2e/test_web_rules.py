"""The Rules page against a real hub: form and TOML show the same rule, changes are active at once and can be undone."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)


def rules(demo: Demo) -> dict[str, dict]:
    return {rule["id"]: rule for rule in demo.get("/api/rules")["items"]}


def test_limit_is_changed_by_form_and_text_then_undone(demo: Demo, page: Page):
    # A minute ago, so that "for" has passed when the rule is tried on the history.
    demo.publish("devices/sensor_5/telemetry", {"temperature": 75, "ts": int(time.time() * 1_000) - 60_000})
    page.goto(f"http://{demo.http}/rules")
    before = demo.get("/api/rules/text")["text"]
    page.get_by_role("link", name="Sensor too hot").click()
    text, description = page.get_by_role("textbox", name="TOML"), page.get_by_test_id("rule-says")
    expect(text).to_have_value(re.compile("^above = 80$", re.M))
    expect(description).to_contain_text("Applies to 1 of 1 devices.")

    page.get_by_label("Limit", exact=True).fill("70")
    expect(text).to_have_value(re.compile("^above = 70$", re.M))
    clear = page.get_by_label("Clear threshold")
    expect(clear).to_have_accessible_description("Clear threshold must be 70 or lower.")  # it is 78
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    text.fill(
        text.input_value().replace("clear = 78", "clear = 68").replace('name = "Sensor too hot"', 'name = "Warm"')
    )
    expect(page.get_by_label("Clear threshold")).to_have_value("68")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Warm")
    expect(description).to_contain_text("above 70")
    tested = page.get_by_test_id("backtest")
    expect(tested).to_contain_text("Would have fired once on 1 device")
    expect(tested).to_contain_text("The saved rule would not have fired. Only with the changes: 1.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Warm", exact=True)).to_be_visible()
    assert rules(demo)["sensor-hot"]["condition"]["above"] == 70
    after = demo.get("/api/rules/text")["text"]
    assert len(set(before.splitlines()) - set(after.splitlines())) == 3, "all other lines are unchanged, comments too"

    demo.heat("sensor_5", 0.1)
    demo.publish("devices/sensor_5/telemetry", {"temperature": 75})
    eventually(lambda: demo.get("/api/alerts", state="open")["items"], 6, "an alert at 75 °C")

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Sensor too hot")).to_be_visible()
    assert demo.get("/api/rules/text")["text"] == before


def test_rule_is_added_and_deleted(demo: Demo, page: Page):
    page.goto(f"http://{demo.http}/rules")
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Name", exact=True).fill("Lid open")
    page.get_by_label("ID", exact=True).fill("lid-open")
    page.get_by_role("combobox", name="Fires when", exact=True).select_option("a value is")
    page.get_by_label("Metric").fill("lid")
    page.get_by_role("textbox", name=re.compile("^Value")).fill("true")
    expect(page.get_by_test_id("rule-says")).to_contain_text("lid is true for 5 s")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Lid open")).to_be_visible()
    assert rules(demo)["lid-open"]["condition"] == {"value": True}

    page.get_by_role("link", name="Lid open").click()
    page.get_by_role("button", name="Delete rule").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert "lid-open" in rules(demo)
    page.get_by_role("button", name="Delete rule").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Lid open deleted")).to_be_visible()
    expect(page.get_by_role("link", name="Lid open")).to_have_count(0)
    assert "lid-open" not in rules(demo)
    page.goto(f"http://{demo.http}/rules?edit=lid-open")
    expect(page.get_by_text("Rule not found")).to_be_visible()


def test_conditions_are_joined_in_the_form_and_in_the_text(demo: Demo, page: Page):
    page.goto(f"http://{demo.http}/rules")
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Name", exact=True).fill("Runs dry")
    page.get_by_role("combobox", name="Fires when", exact=True).select_option("all of these conditions hold")
    first, second = (page.get_by_role("group", name=f"Condition {number}").first for number in (1, 2))
    first.get_by_role("textbox", name="Limit").fill("low")
    expect(first.get_by_role("textbox", name="Limit")).to_have_accessible_description("Enter a number.")
    first.get_by_role("combobox", name="Condition type").select_option("a value is below")
    first.get_by_role("combobox", name="Metric").fill("flow")
    first.get_by_role("textbox", name="Limit").fill("5")
    second.get_by_role("combobox", name="Condition type").select_option("this condition does not hold")
    inner = second.get_by_role("group", name="Condition 1")
    inner.get_by_role("combobox", name="Condition type").select_option("a value is")
    inner.get_by_role("combobox", name="Metric").fill("running")
    inner.get_by_role("textbox", name="Value").fill("false")
    expect(page.get_by_test_id("rule-says")).to_contain_text("flow below 5 and not (running is false)")
    text = page.get_by_role("textbox", name="TOML")
    text.fill(text.input_value().replace("below = 5", "below = 6"))
    expect(first.get_by_role("textbox", name="Limit")).to_have_value("6")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Runs dry")).to_be_visible()
    saved = rules(demo)["runs-dry"]
    assert [part["kind"] for part in saved["condition"]["conditions"]] == ["threshold", "not"]


def test_condition_of_another_device_and_on_silence_are_joined_in_the_form(demo: Demo, page: Page):
    page.goto(f"http://{demo.http}/rules")
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Name", exact=True).fill("Runs unseen")
    page.get_by_role("combobox", name="Fires when", exact=True).select_option("all of these conditions hold")
    first, second = (page.get_by_role("group", name=f"Condition {number}").first for number in (1, 2))
    first.get_by_role("combobox", name="Condition type").select_option("no data is received")
    first.get_by_role("textbox", name="For at least").fill("5m")
    second.get_by_role("combobox", name="Condition type").select_option("a value is")
    second.get_by_role("combobox", name="Metric").fill("running")
    expect(second.get_by_role("textbox", name="Maximum age")).to_have_count(0)
    second.get_by_role("textbox", name="Of another device").fill("pump-9")
    second.get_by_role("textbox", name="Maximum age").fill("10m")
    second.get_by_role("textbox", name=re.compile("^Value")).fill("true")
    expect(page.get_by_test_id("rule-says")).to_contain_text("no data for 5 min and running (device pump-9) is true")
    expect(page.get_by_text("There is no device 'pump-9'")).to_be_visible()
    text = page.get_by_role("textbox", name="TOML")
    text.fill(text.input_value().replace('max_age = "10m"', 'max_age = "20m"'))
    expect(second.get_by_role("textbox", name="Maximum age")).to_have_value("20m")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Runs unseen")).to_be_visible()
    saved = rules(demo)["runs-unseen"]["condition"]["conditions"]
    assert [(part["kind"], part["device"], part["max_age_ms"]) for part in saved] == [
        ("no_data", None, 3_600_000),
        ("equals", "pump-9", 1_200_000),
    ]


def test_sensitivity_of_an_anomaly_rule_is_tested_and_chosen(demo: Demo, page: Page):
    page.goto(f"http://{demo.http}/rules")
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Name", exact=True).fill("Odd flow")
    page.get_by_role("combobox", name="Fires when", exact=True).select_option("a value is unusual")
    page.get_by_role("combobox", name="Metric").fill("flow")
    expect(page.get_by_test_id("rule-says")).to_contain_text("flow unusual (medium sensitivity) for 5 s")
    page.get_by_role("button", name="Compare sensitivities").click()
    tested = page.get_by_test_id("sensitivities").get_by_role("button")
    expect(tested).to_have_count(4)
    tested.filter(has_text="Low").click()
    expect(page.get_by_role("combobox", name="Sensitivity")).to_have_value("low")
    text = page.get_by_role("textbox", name="TOML")
    expect(text).to_have_value(re.compile('kind = "anomaly"(.|\n)*sensitivity = "low"'))
    text.fill(text.input_value().replace('"low"', '"high"'))
    expect(page.get_by_role("combobox", name="Sensitivity")).to_have_value("high")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Odd flow")).to_be_visible()
    assert rules(demo)["odd-flow"]["condition"] == {"sensitivity": "high", "beyond": None}


def test_new_rules_get_unique_ids(demo: Demo, page: Page):
    demo.publish("devices/d1/telemetry", {"lid": True})
    page.goto(f"http://{demo.http}/rules")
    for expected in ("lid-open", "lid-open-2", "lid-open-3"):
        page.get_by_role("link", name="New rule").click()
        expect(page.get_by_label("ID", exact=True)).to_have_value("new-rule")
        page.get_by_label("Name", exact=True).fill("Lid open")
        expect(page.get_by_label("ID", exact=True)).to_have_value(expected)
        page.get_by_role("combobox", name="Fires when", exact=True).select_option("a value is")
        page.get_by_label("Metric").fill("lid")
        page.get_by_role("textbox", name=re.compile("^Value")).fill("true")
        page.get_by_label("For at least").fill("")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("link", name="Lid open")).to_have_count(
            int(expected[-1]) if expected[-1:].isdigit() else 1
        )
    assert {"lid-open", "lid-open-2", "lid-open-3"} <= rules(demo).keys()
    eventually(lambda: len(demo.get("/api/alerts", state="open")["items"]) == 3, 6, "alerts without a new reading")

    page.goto(f"http://{demo.http}/rules?edit=lid-open-2")
    expect(page.get_by_label("ID", exact=True)).to_have_attribute("readonly", "")
    page.goto(f"http://{demo.http}/rules?new=1")
    page.get_by_label("ID", exact=True).fill("mine")
    page.get_by_label("Name", exact=True).fill("Another name")
    expect(page.get_by_role("textbox", name="TOML")).to_have_value(re.compile('^id = "mine"$', re.M))


def test_required_fields_disable_save_and_matching_devices_are_counted(demo: Demo, page: Page):
    demo.publish("devices/d1/telemetry", {"temp_in": 20})
    demo.publish("devices/d2/telemetry", {"humidity": 20})
    page.goto(f"http://{demo.http}/rules?new=1")
    description, save = page.get_by_test_id("rule-says"), page.get_by_role("button", name="Save")
    before = len(rules(demo))
    required = {"Metric or pattern": "temp*", "Name": "Warm", "Limit": "30"}
    for label in required:
        expect(page.get_by_label(label)).to_have_accessible_description("Required")
    expect(save).to_be_disabled()  # all fields are empty
    for label, value in required.items():
        expect(save).to_be_disabled()
        page.get_by_label(label).fill(value)
    expect(description).to_contain_text("Applies to 1 of 2 devices.")
    expect(save).to_be_enabled()
    page.get_by_label("Areas and all areas in them").fill("Kitchen")
    expect(page.get_by_test_id("rule-warning")).to_contain_text("There is no area 'Kitchen'.")
    page.get_by_label("Areas and all areas in them").fill("")
    expect(page.get_by_test_id("rule-warning")).to_have_count(0)
    for label, value in required.items():
        page.get_by_label(label).fill(" ")
        expect(page.get_by_label(label)).to_have_accessible_description("Required")
        expect(save).to_be_disabled()
        page.get_by_label(label).fill(value)
        expect(save).to_be_enabled()
    page.get_by_role("combobox", name="Fires when", exact=True).select_option("a value is")
    expect(page.get_by_role("textbox", name=re.compile("^Value"))).to_have_accessible_description("Required")
    expect(save).to_be_disabled()
    assert len(rules(demo)) == before


def test_alert_shows_current_value_and_duration(demo: Demo, page: Page):
    text = demo.get("/api/rules/text")
    more = '\n[[rule]]\nid = "warm"\nname = "Warm"\nmetric = "warmth"\nabove = 30\n'
    body = {"text": text["text"] + more, "revision": text["revision"]}
    assert demo.api.put("/api/rules", json=body).status_code == 200
    demo.publish("devices/d1/telemetry", {"warmth": 31})
    (alert,) = eventually(lambda: demo.get("/api/alerts", state="open")["items"], 6, "an alert")
    page.goto(f"http://{demo.http}/alerts/{alert['id']}")
    detail = page.get_by_role("article")
    expect(detail.get_by_test_id("current")).to_have_text("31.0")
    demo.publish("devices/d1/telemetry", {"warmth": 35})
    expect(detail.get_by_test_id("current")).to_have_text("35.0")
    expect(page.get_by_test_id("alert").get_by_test_id("current")).to_have_text("35.0")
    expect(detail).to_contain_text(re.compile("Value when raised\\s*31(?!\\.)"))
    expect(page.get_by_test_id("alert").get_by_test_id("lasting")).to_have_text(re.compile("for \\d+\\s(s|min)"))
    demo.publish("devices/d1/telemetry", {"warmth": "broken"})
    expect(page.get_by_test_id("stays-open")).to_contain_text("'broken'", timeout=40_000)
    demo.publish("devices/d1/telemetry", {"warmth": 20})
    expect(detail).to_contain_text("Ended")


def test_rule_from_a_chart_has_a_limit_from_the_selected_time(demo: Demo, page: Page):
    now = round(time.time() * 1000)
    for minutes, value in ((60, 20), (50, 22), (40, 21), (6, 42), (5, 40)):
        demo.publish("devices/sensor_5/telemetry", {"temperature": value, "ts": now - minutes * 60_000})
    eventually(lambda: demo.get("/api/devices")["items"], 10, "the device")
    span = f"from={now - 8 * 60_000}&to={now - 2 * 60_000}"
    page.goto(f"http://{demo.http}/d/sensor_5?metric=temperature&{span}")
    page.get_by_role("link", name="New rule", exact=True).click()
    expect(page.get_by_label("Device IDs")).to_have_value("sensor_5")
    expect(page.get_by_label("Metric or pattern")).to_have_value("temperature")
    expect(page.get_by_label("Limit", exact=True)).to_have_value("32")
    expect(page.get_by_label("Clear threshold")).to_have_value("27")
    expect(page.get_by_test_id("backtest")).to_contain_text("Would have fired")

    page.goto(f"http://{demo.http}/explore?s=l:sensor_5/temperature&{span}")
    page.get_by_role("link", name=re.compile("^New rule on .*Temperature")).click()
    expect(page.get_by_label("Limit", exact=True)).to_have_value("32")
