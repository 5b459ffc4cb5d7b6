"""A lost connection or a hidden tab: afterwards the page shows everything that happened, once."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from e2e.conftest import Errors
from e2e.running import Demo, eventually, free_address
from outage import Proxy

pytestmark = pytest.mark.timeout(120)

HIDE = """hidden => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
"""Simulates a hidden tab: a headless browser shows every tab."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    words = ["--http", free_address(), "--mqtt", free_address(), "--devices", "0"]
    demo = Demo(words, tmp_path_factory.mktemp("cut") / "demo.log")
    yield demo
    demo.stop()


@pytest.fixture
def frame_types(page: Page) -> list[str]:
    """Record the types of all messages that the page's sockets receive."""
    types: list[str] = []
    page.on("websocket", lambda s: s.on("framereceived", lambda text: types.append(json.loads(text)["type"])))
    return types


def publish_counts(demo: Demo, device: str, *values: int) -> None:
    """Publish the counts of a meter."""
    for value in values:
        demo.publish(f"devices/{device}/telemetry", {"count": value})
        time.sleep(0.02)


def open_device(page: Page, address: str, device: str, value: int) -> None:
    """Open the meter's page and wait until it is live and shows ``value``."""
    page.goto(f"http://{address}/d/{device}?metric=count&range=15m")
    expect(page.get_by_test_id("live-pill")).to_contain_text("Live")
    expect_value(page, value)


def expect_value(page: Page, value: int) -> None:
    expect(page.locator("[data-testid=metric][data-metric=count] .v")).to_have_text(f"{value}.0")


def record_answers(page: Page, address: str) -> list[dict[str, Any]]:
    """Record the JSON of each answer as it passes: the browser discards a body that a later response replaces."""
    answers: list[dict[str, Any]] = []

    def pass_on(route: Route) -> None:
        answer = route.fetch()
        answers.append(answer.json())
        route.fulfill(response=answer)

    page.route(address, pass_on)
    return answers


def test_page_resumes_without_loss_or_duplicates_after_lost_connection(
    demo: Demo, page: Page, frame_types: list[str], errors: Errors
):
    errors.expected = ("net::ERR_", "WebSocket connection to")
    line = Proxy(int(demo.http.rpartition(":")[2]))
    publish_counts(demo, "meter-1", *range(1, 11))
    open_device(page, f"127.0.0.1:{line.port}", "meter-1", 10)
    expect(page).to_have_title("meter-1 · Watchkeeper")

    line.cut()
    publish_counts(demo, "meter-1", *range(11, 31))
    demo.publish("devices/late-1/telemetry", {"count": 5})
    demo.heat("sensor_9", 2.6)
    eventually(lambda: demo.get("/api/alerts", state="open")["items"], 5, "the alert")
    expect(page.get_by_text("Connection to the hub lost.")).to_be_visible()
    expect_value(page, 10)
    expect(page.get_by_test_id("diagnose")).to_be_disabled()

    frame_types.clear()
    line.open()
    fetched = record_answers(page, "**/api/devices/meter-1/history?*")
    with page.expect_response("**/api/devices/meter-1/history?*"):
        page.get_by_role("button", name="Retry now").click()
    points = fetched[0]["points"]
    assert (points[-1][3], sum(point[4] for point in points)) == (30, 30), "the chart has the readings of the outage"
    expect_value(page, 30)
    expect(page.get_by_text("Connection to the hub lost.")).to_have_count(0)
    expect(page).to_have_title("(1) meter-1 · Watchkeeper")
    assert "resumed" in frame_types
    assert not {"snapshot", "resync"} & set(frame_types), "the page resumed instead of loading a snapshot"

    page.get_by_role("navigation", name="Main").first.get_by_role("link", name="Fleet").click()
    expect(page.get_by_test_id("device-row")).to_have_count(3)
    cards = Counter(page.get_by_test_id("device-row").evaluate_all("all => all.map(card => card.dataset.id)"))
    assert cards == {"meter-1": 1, "late-1": 1, "sensor_9": 1}
    expect(page.get_by_test_id("alert")).to_have_count(1)
    line.cut()


def test_hidden_tab_gets_no_deltas_and_catches_up_with_one_frame(demo: Demo, page: Page, frame_types: list[str]):
    publish_counts(demo, "meter-2", 21, 22)
    open_device(page, demo.http, "meter-2", 22)
    page.evaluate(HIDE, True)
    publish_counts(demo, "meter-2", 23)
    page.wait_for_timeout(600)
    frame_types.clear()
    for value in range(24, 28):
        publish_counts(demo, "meter-2", value)
        page.wait_for_timeout(300)
    assert "delta" not in frame_types
    history = "**/api/devices/meter-2/history?*"
    fetched = record_answers(page, history)
    with page.expect_response(history):
        page.evaluate(HIDE, False)
    assert fetched[0]["points"][-1][3] == 27
    expect_value(page, 27)
    assert frame_types.count("delta") == 1
