"""The page of reactions against a real hub: a draft is checked, saved, run, switched off, and all are switched off."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.running import Demo, eventually
from e2e.test_web_accessibility import axe_violations

pytestmark = pytest.mark.timeout(120)

FAN = {"name": "Fan", "commands": {"speed": {"type": "number", "minimum": 0, "maximum": 100}}}


def commands(demo: Demo) -> list[dict[str, Any]]:
    return list(demo.get("/api/devices/fan/commands")["items"])


def test_reaction_is_checked_saved_run_and_switched_off(demo: Demo, page: Page):
    demo.publish("devices/fan/info", FAN, retained=True)
    demo.publish("devices/fan/telemetry", {"speed": 10})
    demo.publish("devices/oven/telemetry", {"temperature": 20})
    eventually(lambda: len(demo.get("/api/devices")["items"]) == 2, 10, "the devices")
    page.goto(f"http://{demo.http}/reactions?new=1")
    page.get_by_label("Name", exact=True).fill("Cool the oven")
    page.get_by_label("Rules", exact=True).fill("sensor-hot")
    page.get_by_label("Devices", exact=True).fill("oven")
    page.get_by_label("Command", exact=True).fill("speed")
    page.get_by_label("Value to send").fill("140")
    page.get_by_label("Send to").select_option("One device")
    page.get_by_label("Device ID").fill("fan")
    says = page.get_by_test_id("reaction-says")
    expect(says).to_contain_text("fan: The value must be from 0 to 100.")
    page.get_by_label("Value to send").fill("80")
    expect(says).to_have_text("Alert raised · sensor-hot · oven ⇒ speed = 80 → fan")
    page.get_by_label("Dry run: record runs, send nothing").uncheck()
    text = page.get_by_role("textbox", name="TOML")
    expect(text).to_have_value(
        '[[reaction]]\nid = "cool-the-oven"\nname = "Cool the oven"\n'
        'alert = {rules = ["sensor-hot"], devices = ["oven"]}\ncommand = {device = "fan", name = "speed", value = 80}'
    )
    text.fill(text.input_value().replace("sensor-hot", "oven-hot").replace("Cool the", "Fan for the"))
    expect(page.get_by_label("Rules", exact=True)).to_have_value("oven-hot")
    assert axe_violations(page) == []
    rule = {"id": "oven-hot", "metric": "temperature", "above": 80, "devices": ["oven"], "severity": "warning"}
    revision = demo.get("/api/rules/text")["revision"]
    assert demo.api.post("/api/rules", json={"rule": rule, "revision": revision}).status_code == 201
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Fan for the oven")).to_be_visible()
    demo.publish("devices/oven/telemetry", {"temperature": 95})
    run = page.get_by_test_id("reaction-run")
    expect(run).to_contain_text("oven-hot · oven → fan")
    expect(run).to_contain_text("Ran")
    assert [each["value"] for each in commands(demo)] == [80]
    assert axe_violations(page) == []
    page.get_by_role("link", name="Fan for the oven").click()
    tried = page.get_by_role("region", name="Test on stored data")
    expect(tried.get_by_test_id("reaction-run")).to_contain_text("oven-hot · oven → fan")
    expect(tried).to_contain_text("Ran 1")
    assert axe_violations(page) == []
    page.get_by_role("link", name="All reactions").click()
    switch = page.get_by_role("switch", name="Fan for the oven on")
    switch.click()
    expect(page.get_by_text("Fan for the oven switched off")).to_be_visible()
    expect(switch).not_to_be_checked()
    assert "enabled = false" in demo.get("/api/reactions/text")["text"]
    page.get_by_role("button", name="Switch all off").click()
    expect(page.get_by_text("All reactions are off")).to_be_visible()
    assert demo.get("/api/reactions")["on"] is False
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("Reactions are on")).to_be_visible()
    page.get_by_role("link", name="Fan for the oven").click()
    page.get_by_role("button", name="Delete reaction").click()
    page.get_by_role("alertdialog").or_(page.get_by_role("dialog")).get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No reactions yet.")).to_be_visible()


def test_message_is_written_in_the_form_and_published(demo: Demo, page: Page):
    page.goto(f"http://{demo.http}/reactions?new=1")
    page.get_by_label("Name", exact=True).fill("Siren")
    page.get_by_label("Rules", exact=True).fill("oven-hot")
    page.get_by_role("combobox", name="Action").select_option("MQTT message")
    page.get_by_label("Topic", exact=True).fill("devices/siren/telemetry")
    says = page.get_by_test_id("reaction-says")
    expect(says).to_contain_text("The hub reads this topic itself (native)")
    page.get_by_label("Topic", exact=True).fill("site/siren")
    page.get_by_label("Payload").fill("{{ device }} {{ value }}")
    page.get_by_label("Retained: new subscribers get the last message").check()
    page.get_by_label("Dry run: record runs, send nothing").uncheck()
    expect(says).to_have_text("Alert raised · oven-hot ⇒ MQTT message → site/siren")
    text = page.get_by_role("textbox", name="TOML")
    expect(text).to_have_value(
        '[[reaction]]\nid = "siren"\nname = "Siren"\nalert = {rules = ["oven-hot"]}\n'
        'publish = {topic = "site/siren", payload = "{{ device }} {{ value }}", retain = true}'
    )
    assert axe_violations(page) == []
    rule = {"id": "oven-hot", "metric": "temperature", "above": 80, "devices": ["oven"], "severity": "warning"}
    revision = demo.get("/api/rules/text")["revision"]
    assert demo.api.post("/api/rules", json={"rule": rule, "revision": revision}).status_code == 201
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Siren")).to_be_visible()
    demo.publish("devices/oven/telemetry", {"temperature": 95})
    run = page.get_by_test_id("reaction-run").filter(has_text="Siren")
    expect(run).to_contain_text("oven-hot · oven → site/siren")
    expect(run).to_contain_text("Ran")
