"""Correct what metrics and devices are read as, and confirm causes of alerts, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from api_hub import diagnosis_of
from e2e.in_thread import ThreadedHub, hub_in_thread
from hub.model import WriteDiagnosis

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[ThreadedHub]:
    with hub_in_thread(tmp_path) as running:
        yield running


def pump(hub: ThreadedHub, name: str) -> None:
    info = {"name": name.title(), "model": "P-7", "units": {"flow": "l/min", "p2": "bar", "current": "A"}}
    hub.hub.publish(f"devices/{name}/info", info)
    hub.do(hub.hub.telemetry(name, flow=20.5, p2=4.1, current=2.0, q7=3.0, temperature=20))


def settings(hub: ThreadedHub, page: Page, name: str) -> Locator:
    page.goto(f"{hub.url}/d/{name}?tab=settings")
    return page.get_by_test_id("metric-semantics")


def read_as(hub: ThreadedHub, name: str, metric: str) -> dict[str, Any]:
    answer = hub.do(hub.hub.http.get(f"/api/devices/{name}"))
    found: dict[str, Any] = answer.json()["semantics"][metric]
    return found


def test_metrics_show_what_they_are_read_as(hub: ThreadedHub, page: Page) -> None:
    pump(hub, "pump-1")
    section = settings(hub, page, "pump-1")
    row = section.locator('li[data-metric="p2"]')
    for text in ("Pressure", "Measured value", "from its name"):
        expect(row).to_contain_text(text)
    expect(section.locator('li[data-metric="q7"]')).to_contain_text("not known")


def test_question_is_answered_with_one_tap_and_undone(hub: ThreadedHub, page: Page) -> None:
    pump(hub, "pump-1")
    section = settings(hub, page, "pump-1")
    question = section.get_by_role("group", name="What does Q7 measure?")
    question.get_by_role("button", name="Flow", exact=True).click()
    expect(question).to_have_count(0)
    expect(section.locator('li[data-metric="q7"]')).to_contain_text("Flow")
    expect(section.locator('li[data-metric="q7"]')).to_contain_text("corrected by a person")
    page.get_by_role("button", name="Undo").click()
    expect(question).to_be_visible()
    question.get_by_role("button", name="None of these").click()
    expect(question).to_have_count(0)
    assert read_as(hub, "pump-1", "q7")["quantity"] == "other"


def test_correction_is_made_shown_on_like_devices_and_cleared(hub: ThreadedHub, page: Page) -> None:
    pump(hub, "pump-1")
    pump(hub, "pump-2")
    section = settings(hub, page, "pump-1")
    row = section.locator('li[data-metric="p2"]')
    row.get_by_role("button", name="Correct").click()
    row.get_by_label("Quantity").select_option(label="Torque")
    row.get_by_label("Add measuring point").select_option(label="Motor")
    row.get_by_label("Add measuring point").select_option(label="Bearing")
    row.get_by_role("button", name="Remove Motor").click()
    row.get_by_label("Role").select_option(label="Limit")
    row.get_by_role("button", name="Save").click()
    for text in ("Torque", "Bearing", "Limit", "corrected by a person"):
        expect(row).to_contain_text(text)
    found = read_as(hub, "pump-1", "p2")
    assert (found["quantity"], found["places"], found["role"]) == ("torque", ["bearing"], "limit")
    taught = settings(hub, page, "pump-2").locator('li[data-metric="p2"]')
    expect(taught).to_contain_text("Torque")
    expect(taught).to_contain_text("from other devices of this model")
    settings(hub, page, "pump-1")
    row.get_by_role("button", name="Clear correction").click()
    expect(row).to_contain_text("Pressure")
    assert read_as(hub, "pump-2", "p2")["quantity"] == "pressure"


def test_kind_of_machine_is_set_and_reset(hub: ThreadedHub, page: Page) -> None:
    pump(hub, "pump-1")
    settings(hub, page, "pump-1")
    card = page.get_by_test_id("machine-kind")
    expect(card).to_contain_text("from its name")
    card.get_by_label("Machine type").select_option(label="Air compressor")
    expect(card).to_contain_text("set by a person")
    card.get_by_label("Machine type").select_option(label="None of these")
    expect(card.locator("b")).to_have_text("Not known")
    card.get_by_label("Machine type").select_option(label="Detect automatically")
    expect(card.locator("b")).to_have_text("Pump")


def alert_of(hub: ThreadedHub, page: Page, *, diagnosed: bool = True) -> Locator:
    """Raise an alert, open its page and return the card about its cause."""
    pump(hub, "pump-1")
    hub.do(hub.hub.telemetry("pump-1", temperature=90.0))
    (alert_id,) = hub.hub.services.engine.open
    if diagnosed:
        hub.do(hub.hub.services.ingest_queue.submit(WriteDiagnosis(diagnosis_of("pump-1", alert_id))))
    page.goto(f"{hub.url}/alerts/{alert_id}")
    return page.get_by_test_id("cause")


def test_named_cause_is_confirmed_with_one_tap_and_the_fix_added(hub: ThreadedHub, page: Page) -> None:
    card = alert_of(hub, page)
    expect(card).to_contain_text("Was this the cause: Worn bearing?")
    card.get_by_role("button", name="Yes").click()
    expect(card).to_contain_text("Confirmed cause")
    card.get_by_role("button", name="Add what fixed it").click()
    card.get_by_label("What fixed it?").fill("New bearing 6204")
    card.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("New bearing 6204")
    expect(page.locator('[data-testid="alert"]').first).to_contain_text("Cause: Worn bearing")
    card.get_by_role("button", name="Remove").click()
    expect(card).to_contain_text("Was this the cause")


def test_other_cause_of_cleared_alert_is_entered_in_words(hub: ThreadedHub, page: Page) -> None:
    card = alert_of(hub, page, diagnosed=False)
    expect(card).to_contain_text("What was the cause?")
    hub.do(hub.hub.telemetry("pump-1", temperature=20.0))
    expect(page.locator("article").get_by_text("Cleared").first).to_be_visible()
    card.get_by_role("button", name="Enter the cause").click()
    card.get_by_label("What was the cause?").select_option(label="Another cause, in your own words")
    card.get_by_label("Cause", exact=True).fill("Valve closed by hand")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("h3")).to_have_text("Valve closed by hand")
    page.reload()
    expect(card.locator("h3")).to_have_text("Valve closed by hand")
    page.goto(f"{hub.url}/d/pump-1?tab=events")
    expect(page.get_by_text("Cause: Valve closed by hand")).to_be_visible()
