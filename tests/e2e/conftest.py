"""Fixtures of the end-to-end tests: demos on free ports, and a browser whose console errors fail the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from e2e.running import Demo, free_address

QUIET = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
)

# Demo and browser may share a loaded machine. A long timeout costs nothing where the page answers at once.
expect.set_options(timeout=20_000)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Return a function that starts a demo with the given arguments. Stop all demos at the end."""
    demos: list[Demo] = []

    def run(*words: str) -> Demo:
        address = ["--http", free_address(), "--mqtt", free_address()]
        demo = Demo([*address, *words], tmp_path / f"demo-{len(demos)}.log")
        demos.append(demo)
        return demo

    yield run
    for demo in demos:
        if demo.process.poll() is None:
            demo.stop()


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start one demo for all tests of a file: 14 machines with two hours of history. Wait until they are listed."""
    address = ["--http", free_address(), "--mqtt", free_address()]
    demo = Demo([*address, "--devices", "14"], tmp_path_factory.mktemp("plant") / "demo.log")
    yield demo
    demo.stop()


@pytest.fixture(scope="module")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start one demo without simulated machines for all tests of a file, which use it through ``demo``."""
    address = ["--http", free_address(), "--mqtt", free_address()]
    demo = Demo([*address, "--devices", "0"], tmp_path_factory.mktemp("empty") / "demo.log")
    yield demo
    demo.stop()


@pytest.fixture
def demo(shared_demo: Demo) -> Iterator[Demo]:
    """Return a demo without devices. After the test, delete its devices and restore the rules."""
    api, rules = shared_demo.api, shared_demo.get("/api/rules/text")["text"]
    yield shared_demo
    answers = [api.delete(f"/api/devices/{device['id']}") for device in shared_demo.get("/api/devices")["items"]]
    changed = shared_demo.get("/api/rules/text")
    if changed["text"] != rules:
        answers.append(api.put("/api/rules", json={"text": rules, "revision": changed["revision"]}))
    assert [answer.text for answer in answers if answer.is_error] == []
    assert shared_demo.get("/api/alerts", state="open")["items"] == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Launch the installed Chromium, or the one that Playwright downloaded.

    The headless shell is the same browser without its windows, and needs a third of the time to open a page.
    """
    words = [*QUIET.split(), *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        installed = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        launched = playwright.chromium.launch(executable_path=installed, args=words)
        yield launched
        launched.close()


class Errors(list[str]):
    """Console errors and exceptions of one test's pages. ``expected`` lists parts of those that the test provokes."""

    expected: tuple[str, ...] = ()

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.append(str(error)))

    def unexpected(self) -> list[str]:
        return [text for text in self if not any(part in text for part in self.expected)]


@pytest.fixture
def errors() -> Iterator[Errors]:
    """Collect console errors and exceptions of all pages of a test. Fail the test on one that is not expected."""
    found = Errors()
    yield found
    assert found.unexpected() == []


@pytest.fixture
def visit(browser: Browser, errors: Errors) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page in a new context, with options such as viewport and color_scheme."""
    contexts: list[BrowserContext] = []

    def run(url: str = "", **words: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **words})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        errors.watch(page)
        if url:
            page.goto(url)
        return page

    yield run
    for context in contexts:
        for page in context.pages:
            page.unroute_all(behavior="wait")  # a handler that still runs would fail as its page closes
        context.close()


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    """Open a page of 1440 by 900 pixels."""
    return visit()
