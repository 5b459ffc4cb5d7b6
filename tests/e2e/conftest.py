"""What the end-to-end tests start: demos of their own on free ports, and a browser whose pages may not say an error."""

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

# Demo and browser share the machine with whatever else runs on it; a page that answers at once costs nothing.
expect.set_options(timeout=20_000)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Start a demo with these words; what still runs at the end is ended."""
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
    """One demo for all tests of a file: 14 machines with two hours of past. They come one by one: wait for them."""
    address = ["--http", free_address(), "--mqtt", free_address()]
    demo = Demo([*address, "--devices", "14"], tmp_path_factory.mktemp("plant") / "demo.log")
    yield demo
    demo.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine, else the one that Playwright brought."""
    words = [*QUIET.split(), *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=words)
        yield launched
        launched.close()


class Errors(list[str]):
    """What the pages of one test complained of. ``expected`` are parts of complaints that the test provokes."""

    expected: tuple[str, ...] = ()

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.append(str(error)))

    def surprising(self) -> list[str]:
        return [text for text in self if not any(part in text for part in self.expected)]


@pytest.fixture
def errors() -> Iterator[Errors]:
    """Collects console errors and exceptions of all pages of a test; any that was not expected fails it."""
    found = Errors()
    yield found
    assert found.surprising() == []


@pytest.fixture
def visit(browser: Browser, errors: Errors) -> Iterator[Callable[..., Page]]:
    """Open a page of its own, with Playwright's words for a context: a size, a theme, reduced motion."""
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
        context.close()


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    """A page of the usual size."""
    return visit()
