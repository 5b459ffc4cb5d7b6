"""The page's own cost, in a real Chromium against the fake live server: 10,000 devices, 5,000 readings a second.

Main-thread time is CDP's ``TaskDuration`` counted in thread ticks: what the page's main thread really computed, however
busy the machine is. Long tasks are the browser's own (over 50 ms, wall-clock). One run is one fresh page.
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
"""About 40 rows a second: a hand that turns a wheel steadily."""
CATCH_UP_S = 0.1
"""Far less than the 0.25 s between two frames: what comes within it is what the tab had missed."""
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
    """Milliseconds of main thread a second, and where they went; the longest task in ms."""

    main: float
    script: float
    style: float
    payload_schema: float
    longest: float


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


class Opened(NamedTuple):
    """A fresh page, its CDP session, the seconds until the first device was on it, and when its frames came."""

    page: Page
    session: CDPSession
    first: float
    frames: list[float]


def opened(browser: Browser, url: str) -> Opened:
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
    page.locator("[data-testid=device-row]").first.wait_for()
    return Opened(page, session, time.monotonic() - started, frames)


def longest(page: Page) -> float:
    """The longest long task since last asked, ms; 0 when there was none."""
    return float(page.evaluate("Math.max(0, ...window.longTasks.splice(0))"))


def over(page: Page, session: CDPSession, seconds: float, *, scrolling: bool = False) -> Cost:
    """What the page costs while it is left alone, or while its list is scrolled."""
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
    box = page.get_by_role("grid").bounding_box()
    assert box is not None
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    gesture = {"yDistance": -int(speed * seconds), "speed": speed, "gestureSourceType": "mouse"}
    session.send("Input.synthesizeScrollGesture", {**middle, **gesture})


def heap(session: CDPSession) -> float:
    """Megabytes that scripts hold after a collection."""
    session.send("HeapProfiler.collectGarbage")
    return metrics(session)["JSHeapUsedSize"] / 1e6


def metrics(session: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


@dataclass
class Measured:
    """One entry a fresh page, but ``heap``: the one page that was left open."""

    first: list[float] = field(default_factory=list)
    loading: list[float] = field(default_factory=list)
    """The longest task until two seconds after the first row, ms."""
    idle: list[Cost] = field(default_factory=list)
    scrolling: list[Cost] = field(default_factory=list)
    hidden: list[Cost] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)
    """Frames that came while hidden."""
    caught_up: list[int] = field(default_factory=list)
    """Frames that came at once when shown again."""
    heap: float = 0.0


def measured(devices: int, rate: int, runs: int, seconds: float, minutes: float) -> Measured:
    found = Measured()
    with fake_server(devices, rate) as url, chromium() as browser:
        opened(browser, url).page.context.close()  # warms the server up
        for _ in range(runs):
            page, session, first, frames = opened(browser, url)
            found.first.append(first)
            page.wait_for_timeout(2_000)
            found.loading.append(longest(page))
            found.idle.append(over(page, session, seconds))
            found.scrolling.append(over(page, session, seconds, scrolling=True))
            hide(page, session, frames, seconds, found)
            page.context.close()
        page, session, *_ = opened(browser, url)
        ends = time.monotonic() + minutes * 60
        while time.monotonic() < ends:  # somebody looks down the list from time to time
            scroll(page, session, 2, 6_000)
            scroll(page, session, 2, -6_000)
            page.wait_for_timeout(min(20, max(0, ends - time.monotonic())) * 1000)
        found.heap = heap(session)
    return found


def hide(page: Page, session: CDPSession, frames: list[float], seconds: float, found: Measured) -> None:
    """The page is told that it is hidden, as a browser tells it; the browser's own thrift with such pages is not
    counted in."""
    page.evaluate(HIDE, True)
    page.wait_for_timeout(1_000)
    before = len(frames)
    found.hidden.append(over(page, session, seconds))
    found.silent.append(len(frames) - before)
    page.evaluate(HIDE, False)
    shown = time.monotonic()
    page.wait_for_timeout(1_000)
    came = [at for at in frames if at >= shown - 0.05]
    found.caught_up.append(sum(at - came[0] < CATCH_UP_S for at in came))
