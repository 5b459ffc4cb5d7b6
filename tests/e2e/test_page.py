"""The dashboard in a real browser against a real hub. A console error fails the test."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)


def test_device_alert_and_diagnosis_appear_live(demo: Demo, page: Page):
    page.goto(f"http://{demo.http}/")
    expect(page.get_by_test_id("live-pill")).to_contain_text("Live")

    demo.publish("devices/boiler-1/telemetry", {"temperature": 71.5})
    expect(page.get_by_text("boiler-1").first).to_be_visible(timeout=3_000)
    expect(page.get_by_text("71.5").first).to_be_visible()

    demo.heat("sensor_9", 3)
    alert = page.get_by_test_id("alert").first
    expect(alert).to_contain_text("sensor_9", timeout=5_000)
    expect(page.get_by_test_id("diagnosis").first).to_be_visible(timeout=10_000)
    expect(page).to_have_title("(1) Fleet · Watchkeeper")

    page.get_by_test_id("acknowledge").first.click()
    eventually(lambda: demo.get("/api/alerts", state="acknowledged")["items"], 3, "the acknowledgement")


def test_device_page_shows_chart_and_live_value(demo: Demo, page: Page):
    demo.publish("devices/boiler-1/info", {"name": "Boiler 1", "units": {"temperature": "°C"}}, retained=True)
    demo.publish("devices/boiler-1/telemetry", {"temperature": 71.5})
    page.goto(f"http://{demo.http}/d/boiler-1")
    expect(page.get_by_role("heading", name="Boiler 1")).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    demo.publish("devices/boiler-1/telemetry", {"temperature": 64.25})
    expect(page.get_by_text("64.3").or_(page.get_by_text("64.25")).first).to_be_visible(timeout=2_000)


def test_answer_names_its_source(demo: Demo, page: Page):
    demo.publish("devices/boiler-1/telemetry", {"temperature": 71.5})
    page.goto(f"http://{demo.http}/assistant")
    page.get_by_test_id("chat-input").fill("How many devices are online?")
    page.get_by_test_id("chat-send").click()
    expect(page.get_by_test_id("chat-answer").last).to_contain_text("1", timeout=10_000)
    expect(page.get_by_text("built-in analyst").first).to_be_visible()


def test_markup_in_device_name_is_shown_as_text(demo: Demo, page: Page):
    name = '<img src=x onerror="document.title=1">'
    demo.publish("devices/evil/info", {"name": name, "area": name}, retained=True)
    demo.publish("devices/evil/telemetry", {"temperature": 1})
    for path in ("/", "/d/evil"):
        page.goto(f"http://{demo.http}{path}")
        expect(page.get_by_text(name).first).to_be_visible(timeout=3_000)
        expect(page.locator("img[src=x]")).to_have_count(0)


FOREIGN = """<!doctype html><title>elsewhere</title><script>
const hub = location.hash.slice(1), done = {};
const opened = url => new Promise(settle => { const s = new WebSocket(url);
  s.onmessage = () => settle('accepted'); s.onclose = () => settle('refused'); s.onerror = () => {}; });
(async () => {
  done.ws = await opened(`ws://${hub}/ws`);
  done.live = await opened(`ws://${hub}/api/live`);
  const form = new FormData(); form.append('file', new Blob([new Uint8Array(8)]), 'a.png');
  done.upload = await fetch(`http://${hub}/analyze/image`, {method: 'POST', body: form, mode: 'no-cors'})
    .then(() => 'sent', () => 'failed');
  document.title = JSON.stringify(done);
})();
</script>"""


def test_other_origin_may_not_open_socket_or_upload(demo: Demo, browser: Browser, tmp_path: Path):
    demo.publish("devices/boiler-1/telemetry", {"temperature": 71.5})
    (tmp_path / "index.html").write_text(FOREIGN)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/#{demo.http}")
        expect(page).to_have_title('{"ws":"refused","live":"refused","upload":"failed"}', timeout=10_000)
        server.shutdown()
    # A browser sends such a form without a preflight request, so the hub itself has to refuse it.
    answer = demo.api.post(
        "/analyze/image", files={"file": ("a.png", b"x" * 8)}, headers={"Origin": "http://evil.example"}
    )
    assert answer.status_code == 403
