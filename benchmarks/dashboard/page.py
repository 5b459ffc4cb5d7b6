"""Cost of the page in a real Chromium against the fake live server: 10,000 devices, 5,000 readings a second.

Main-thread time is ``TaskDuration`` of the Chrome DevTools Protocol in thread ticks: CPU time of the page's main
thread, independent of the machine's load. Long tasks are those that the browser reports (over 50 ms of wall-clock
time). Each run opens a new page.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

ROOT = Path(__file__).parents[2]
WINDOW = {"width": 1440, "height": 900}
SCROLL_PX_S = 1_500
"""About 40 rows a second, as with a mouse wheel."""
CATCH_UP_S = 0.1
"""Frames that arrive within this time after the page is shown are those that it missed. Frames are 0.25 s apart."""
HIDE = """hidden => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
LONG_TASKS = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((task) => task.duration)))
    .observe({ type: 'longtask', buffered: true });
}"""


@dataclass(frozen=True)
class Cost:
    """Main-thread time in ms per second, in total and by type of work, and the longest task in ms."""

    main: float
    script: float
    style: float
    layout: float
    longest: float


@contextmanager
def fake_server(devices: int, rate: int) -> Iterator[str]:
    """Start ``web/dev/server.mjs`` on a free port. Yield its address."""
    sys.path.insert(0, str(ROOT))
    from hatch_build import node_binary

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["dev/server.mjs", "--port", str(port), "--devices", str(devices), "--rate", str(rate)]
    server = subprocess.Popen([node_binary(), *words], cwd=ROOT / "web", stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        server.stdout.readline()  # it prints its address
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


class OpenPage(NamedTuple):
    """A new page, its CDP session, the seconds until it showed the first device, and the times of its frames."""

    page: Page
    session: CDPSession
    first: float
    frames: list[float]


def open_page(browser: Browser, url: str, ready: str = "[data-testid=device-row]") -> OpenPage:
    page = browser.new_context(viewport=WINDOW).new_page()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.add_init_script(f"({LONG_TASKS})()")
    frames: list[float] = []

    def note(text: str | bytes) -> None:
        if str(text).startswith('{"type":"delta"'):
            frames.append(time.monotonic())

    page.on("websocket", lambda socket: socket.on("framereceived", note))
    started = time.monotonic()
    page.goto(url, wait_until="commit")
    page.locator(ready).first.wait_for()
    return OpenPage(page, session, time.monotonic() - started, frames)


def longest(page: Page) -> float:
    """Return the duration in ms of the longest long task since the last call; 0 without one."""
    return float(page.evaluate("Math.max(0, ...window.longTasks.splice(0))"))


def cost_over(page: Page, session: CDPSession, seconds: float, *, scrolling: bool = False) -> Cost:
    """Measure the page for ``seconds`` while it is idle or while its list is scrolled."""
    longest(page)
    before, started = metrics(session), time.monotonic()
    if scrolling:
        scroll(page, session, seconds)
    else:
        page.wait_for_timeout(seconds * 1000)
    after, took = metrics(session), time.monotonic() - started

    def spent(name: str) -> float:
        return (after[name] - before[name]) * 1000 / took

    parts = (spent(f"{name}Duration") for name in ("Task", "Script", "RecalcStyle", "Layout"))
    return Cost(*parts, longest=longest(page))


def scroll(page: Page, session: CDPSession, seconds: float, speed: int = SCROLL_PX_S) -> None:
    box = page.locator("[role=grid], main").last.bounding_box()
    assert box is not None
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    gesture = {"yDistance": -int(speed * seconds), "speed": speed, "gestureSourceType": "mouse"}
    session.send("Input.synthesizeScrollGesture", {**middle, **gesture})


def heap(session: CDPSession) -> float:
    """Return the JavaScript heap in MB after a garbage collection."""
    session.send("HeapProfiler.collectGarbage")
    return metrics(session)["JSHeapUsedSize"] / 1e6


def metrics(session: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


@dataclass
class Measurements:
    """Results of all runs. Lists have one entry per page; ``heap`` is measured on the page that was left open."""

    first: list[float] = field(default_factory=list)
    loading: list[float] = field(default_factory=list)
    """The longest task until two seconds after the first row, ms."""
    idle: list[Cost] = field(default_factory=list)
    scrolling: list[Cost] = field(default_factory=list)
    hidden: list[Cost] = field(default_factory=list)
    tiles: list[Cost] = field(default_factory=list)
    """Cost of a dashboard of 200 tiles that nobody touches."""
    tiles_scrolling: list[Cost] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)
    """Frames that arrived while the page was hidden."""
    caught_up: list[int] = field(default_factory=list)
    """Frames that arrived at once when the page was shown again."""
    heap: float = 0.0


def measure(devices: int, rate: int, runs: int, seconds: float, minutes: float) -> Measurements:
    found = Measurements()
    with fake_server(devices, rate) as url, chromium() as browser:
        open_page(browser, url).page.context.close()  # warms the server up
        for _ in range(runs):
            page, session, first, frames = open_page(browser, url)
            found.first.append(first)
            page.wait_for_timeout(2_000)
            found.loading.append(longest(page))
            found.idle.append(cost_over(page, session, seconds))
            found.scrolling.append(cost_over(page, session, seconds, scrolling=True))
            hide(page, session, frames, seconds, found)
            page.context.close()
            open_tiles(browser, url, seconds, found)
        page, session, *_ = open_page(browser, url)
        ends = time.monotonic() + minutes * 60
        while time.monotonic() < ends:  # scroll through the list from time to time
            scroll(page, session, 2, 6_000)
            scroll(page, session, 2, -6_000)
            page.wait_for_timeout(min(20, max(0, ends - time.monotonic())) * 1000)
        found.heap = heap(session)
    return found


def open_tiles(browser: Browser, url: str, seconds: float, found: Measurements) -> None:
    """Measure the server's dashboard of 200 tiles."""
    page, session, *_ = open_page(browser, f"{url}/dashboards/crowd", "[data-kind=value] .live-value")
    page.wait_for_timeout(2_000)
    found.tiles.append(cost_over(page, session, seconds))
    found.tiles_scrolling.append(cost_over(page, session, seconds, scrolling=True))
    page.context.close()


def hide(page: Page, session: CDPSession, frames: list[float], seconds: float, found: Measurements) -> None:
    """Report to the page that it is hidden, as a browser does, and later that it is shown. Count the frames.

    The browser's own throttling of hidden pages is not included.
    """
    page.evaluate(HIDE, True)
    page.wait_for_timeout(1_000)
    before = len(frames)
    found.hidden.append(cost_over(page, session, seconds))
    found.silent.append(len(frames) - before)
    page.evaluate(HIDE, False)
    shown = time.monotonic()
    page.wait_for_timeout(1_000)
    arrived = [at for at in frames if at >= shown - 0.05]
    found.caught_up.append(sum(at - arrived[0] < CATCH_UP_S for at in arrived))
