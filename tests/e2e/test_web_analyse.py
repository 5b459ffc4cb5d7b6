"""The Analyse page against a real hub: upload, list, assign as manual, ask, delete. A console error fails the test."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from e2e.running import Demo, eventually
from sample_files import machine, pdf, sound

pytestmark = pytest.mark.timeout(120)
GREASE = "Grease the bearings every 2,000 hours with 12 g of lithium grease."


def upload(page: Page, name: str, data: bytes, kind: str) -> None:
    page.get_by_label("choose a file").set_input_files({"name": name, "mimeType": kind, "buffer": data})


def test_files_are_analysed_listed_assigned_queried_and_deleted(plant: Demo, page: Page):
    eventually(lambda: plant.get("/api/devices")["items"], 20, "a machine")
    page.goto(f"http://{plant.http}/analyse")
    expect(page.get_by_text("No files analysed yet.")).to_be_visible()
    upload(page, "pump.wav", sound(machine(107.3)), "audio/wav")
    result = page.get_by_test_id("analysis")
    expect(result).to_have_attribute("data-kind", "audio", timeout=40_000)
    expect(result.get_by_text("Impacts repeat at 107", exact=False).first).to_be_visible()

    upload(page, "care.pdf", pdf("Care of the pump.", GREASE), "application/pdf")
    expect(result).to_have_attribute("data-kind", "document", timeout=40_000)
    result.get_by_label("Use as manual for device models").fill("CP-80")
    result.get_by_role("button", name="Assign").click()
    eventually(lambda: plant.get("/api/analyses")["items"][0]["models"] == ["CP-80"], 5, "the binding")
    result.get_by_label("Ask about this document").fill("How often are the bearings greased?")
    result.get_by_role("button", name="Ask", exact=True).click()
    answer = page.get_by_test_id("document-answer")
    expect(answer).to_contain_text(GREASE)
    expect(answer).to_contain_text("care.pdf, page 2")

    page.reload()
    earlier = page.get_by_test_id("analyses").get_by_role("button")
    expect(earlier).to_have_count(2)
    earlier.filter(has_text="pump.wav").click()
    expect(result).to_have_attribute("data-kind", "audio")
    result.get_by_role("button", name="Delete analysis").click()
    page.get_by_role("dialog", name="pump.wav").get_by_role("button", name="Cancel").click()
    expect(earlier).to_have_count(2)
    result.get_by_role("button", name="Delete analysis").click()
    page.get_by_role("dialog", name="pump.wav").get_by_role("button", name="Delete").click()
    expect(earlier).to_have_count(1)


def test_unsupported_file_type_is_refused(plant: Demo, page: Page):
    page.goto(f"http://{plant.http}/analyse")
    upload(page, "notes.txt", b"hello", "text/plain")
    expect(page.get_by_text("File type not supported.")).to_be_visible()
