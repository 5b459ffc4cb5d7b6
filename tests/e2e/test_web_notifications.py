"""Notifications on the page: a channel is tested and saved, a route is changed and tried, deliveries are listed."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.sync_api import Page, expect

from e2e.conftest import Errors
from e2e.in_thread import hub_in_thread
from http_receiver import http_receiver


def test_channel_is_tested_and_saved_and_its_deliveries_listed(tmp_path: Path, page: Page, errors: Errors):
    errors.expected = ("422",)
    with hub_in_thread(tmp_path, real_ai=True) as running:
        stack = AsyncExitStack()
        receiver = running.do(stack.enter_async_context(http_receiver()))
        page.goto(f"{running.url}/settings/notifications")
        expect(page.get_by_text("No channels yet.")).to_be_visible()
        page.get_by_role("button", name="Add channel").click()
        dialog = page.get_by_test_id("channel")
        dialog.get_by_label("Type").select_option("webhook")
        dialog.get_by_label("Name", exact=True).fill("Night desk")
        dialog.get_by_label("URL").fill(f"{receiver.url}/secret-path")
        receiver.answer = lambda posted: "401 Unauthorized\r\n"
        dialog.get_by_role("button", name="Send test message").click()
        expect(dialog.get_by_role("alert")).to_contain_text("credentials refused")
        receiver.answer = lambda posted: "200 OK\r\n"
        dialog.get_by_role("button", name="Send test message").click()
        expect(dialog.get_by_role("status")).to_contain_text("Test message sent")
        dialog.get_by_role("button", name="Save").click()
        channel = page.get_by_test_id("channel-item")
        expect(channel).to_contain_text("Night desk")
        expect(channel).to_contain_text(f"{receiver.url}/…")
        page.get_by_role("button", name="Edit Warnings and critical alerts").click()
        route = page.get_by_test_id("route")
        route.get_by_label("Group wait (s)").fill("0")
        route.get_by_label("Wait for the diagnosis (s)").fill("0")
        route.get_by_role("button", name="Add escalation").click()
        route.get_by_role("group", name="Channels").nth(1).get_by_label("Night desk").check()
        route.get_by_role("button", name="Save").click()
        expect(page.get_by_test_id("route-item")).to_contain_text("after 15 min: Night desk")
        receiver.answer = lambda posted: "503 Service Unavailable\r\nRetry-After: 600\r\n"
        running.do(running.hub.telemetry("pump-1", temperature=95))
        delivery = page.get_by_test_id("delivery")
        delivery.get_by_role("button").click(timeout=10_000)
        expect(delivery).to_contain_text("next attempt", timeout=10_000)
        receiver.answer = lambda posted: "200 OK\r\n"
        delivery.get_by_role("button", name="Send again").click()
        expect(delivery).to_have_attribute("data-state", "delivered", timeout=10_000)
        expect(delivery).to_contain_text("2 attempts")
        page.get_by_role("button", name="Edit Warnings and critical alerts").click()
        route.get_by_text("Message template").click()
        route.get_by_label("Title", exact=True).fill("{{ password }}")
        route.get_by_role("button", name="Preview", exact=True).click()
        expect(route.get_by_role("alert")).to_contain_text("there is no field password")
        route.get_by_label("Title", exact=True).fill("{{ device }}: {{ value }}")
        route.get_by_role("button", name="Preview", exact=True).click()
        expect(page.get_by_test_id("message-preview")).to_contain_text("pump-1: 95")
        route.get_by_role("button", name="Save").click()
        expect(route).to_be_hidden()
        form = page.get_by_test_id("dry-run")
        form.get_by_label("Device").fill("pump-1")
        form.get_by_role("button", name="Show").click()
        expect(page.get_by_role("region", name="Dry run")).to_contain_text(re.compile("Escalation 1.*Night desk"))
        page.get_by_role("button", name="Add report").click()
        report = page.get_by_test_id("report")
        report.get_by_label("Name", exact=True).fill("Night shift")
        report.get_by_label("Type").select_option("shift_summary")
        report.get_by_role("button", name="Preview").click()
        expect(page.get_by_test_id("report-preview")).to_contain_text(
            "1 alert raised, 0 of them over. 1 alert open now."
        )
        report.get_by_role("button", name="Save").click()
        expect(page.get_by_test_id("report-item")).to_contain_text(re.compile("Night shift.*Shift summary.*08:00"))
        page.goto("about:blank")
        running.do(stack.aclose())
