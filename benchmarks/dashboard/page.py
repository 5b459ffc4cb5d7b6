"""The page's own cost, in a real Chromium against the fake live server: 10,000 devices, 5,000 readings a second.

Main-thread time is CDP's ``TaskDuration`` counted in thread ticks: what the page's main thread really computed, however
busy the machine is. Long tasks are the browser's own (over 50 ms, wall-clock). One run is one fresh page.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

ROOT = Path(__file__).parents[2]
WINDOW = {"width": 1440, "height": 900}
SCROLL_PX_S = 1_500
"""About 40 rows a second: a hand that turns a wheel steadily."""
LONG_TASKS = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((task) => task.duration)))
    .observe({ type: 'longtask', buffered: true });
}"""


@dataclass(frozen=True)
class Cost:
    """Milliseconds of main thread a second, and where they went; the longest task in ms; the heap in MB."""

    main: float
    script: float
    style: float
    layout: float
    longest: float
    heap: float


@contextmanager
def fake_server(devices: int, rate: int) -> Iterator[str]:
    """``web/dev/server.mjs`` on a free port; its address."""
    sys.path.insert(0, str(ROOT))
    from hatch_build import node_binary

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["dev/server.mjs", "--port", str(port), "--devices", str(devices), "--rate", str(rate)]
    server = subprocess.Popen([node_binary(), *words], cwd=ROOT / "web", stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        server.stdout.readline()  # it says where it listens
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(5)


@contextmanager
def chromium() -> Iterator[Browser]:
    words = ["--disable-gpu", "--enable-precise-memory-info", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=words)
        yield browser
        browser.close()


def opened(browser: Browser, url: str) -> tuple[Page, CDPSession, float]:
    """A fresh page, its CDP session, and the seconds until the first device was on it."""
    page = browser.new_context(viewport=WINDOW).new_page()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.add_init_script(f"({LONG_TASKS})()")
    started = time.monotonic()
    page.goto(url, wait_until="commit")
    page.locator("[data-testid=device-row]").first.wait_for()
    return page, session, time.monotonic() - started


def over(page: Page, session: CDPSession, seconds: float, *, scrolling: bool = False) -> Cost:
    """What the page costs while it is left alone, or while its list is scrolled."""
    session.send("HeapProfiler.collectGarbage")
    page.evaluate("window.longTasks.length = 0")
    before, started = metrics(session), time.monotonic()
    if scrolling:
        scroll(page, session, seconds)
    else:
        page.wait_for_timeout(seconds * 1000)
    after, took = metrics(session), time.monotonic() - started
    longest = max(page.evaluate("window.longTasks"), default=0.0)
    session.send("HeapProfiler.collectGarbage")
    heap = metrics(session)["JSHeapUsedSize"] / 1e6

    def spent(name: str) -> float:
        return (after[name] - before[name]) * 1000 / took

    parts = (spent(f"{name}Duration") for name in ("Task", "Script", "RecalcStyle", "Layout"))
    return Cost(*parts, longest=longest, heap=heap)


def scroll(page: Page, session: CDPSession, seconds: float) -> None:
    box = page.get_by_role("grid").bounding_box()
    assert box is not None
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    gesture = {"yDistance": -int(SCROLL_PX_S * seconds), "speed": SCROLL_PX_S, "gestureSourceType": "mouse"}
    session.send("Input.synthesizeScrollGesture", {**middle, **gesture})


def metrics(session: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


def median(costs: list[Cost], name: str) -> float:
    return statistics.median(getattr(cost, name) for cost in costs)


def measured(devices: int, rate: int, runs: int, seconds: float) -> dict[str, Any]:
    """Medians over ``runs`` fresh pages: first rows, idle, scrolling."""
    first: list[float] = []
    idle: list[Cost] = []
    scrolling: list[Cost] = []
    with fake_server(devices, rate) as url, chromium() as browser:
        opened(browser, url)[0].context.close()  # warms the server up
        for _ in range(runs):
            page, session, took = opened(browser, url)
            first.append(took)
            page.wait_for_timeout(2_000)
            idle.append(over(page, session, seconds))
            scrolling.append(over(page, session, seconds, scrolling=True))
            page.context.close()
    return {"first": statistics.median(first), "idle": idle, "scrolling": scrolling}
