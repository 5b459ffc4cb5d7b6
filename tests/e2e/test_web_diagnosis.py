"""A diagnosis while it is written, on the pages of an alert and of a device: word by word, with verdicts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.in_thread import ThreadedHub, hub_in_thread
from hub.ai.base import Completion, CompletionRequest, Piece
from hub.errors import AiError
from worn_pump import Writes

pytestmark = pytest.mark.timeout(120)

SAID = {
    "summary": "Temperature is above 80. It will explode in 3 days.",
    "cause": None,
    "claims": [
        {"text": "The limit is 80.", "evidence": ["e1"]},
        {"text": "<img src=x onerror=alert(1)> The limit is 60.", "evidence": ["e1"]},
    ],
    "actions": ["Look at it."],
    "confirm_by": [],
}


class Paused(Writes):
    """Writes until a mark, waits to be told, goes on or breaks off."""

    def __init__(self) -> None:
        super().__init__(lambda _: json.dumps(SAID, ensure_ascii=False))
        self.mark, self.go, self.breaks = "limit is 60", asyncio.Event(), False

    async def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        answer: Completion = await self.chat(request)
        pause = answer.text.index(self.mark)
        yield answer.text[:pause]
        await self.go.wait()
        self.go.clear()
        if self.breaks:
            raise AiError("The line was cut.", "Try again.")
        yield answer.text[pause:]
        yield answer


@pytest.fixture
def model() -> Paused:
    return Paused()


@pytest.fixture
def hub(tmp_path: Path, model: Paused) -> Iterator[ThreadedHub]:
    with hub_in_thread(tmp_path, models=[model]) as running:
        yield running


async def _go(model: Paused) -> None:
    model.go.set()


def test_the_words_come_as_they_are_written_and_false_claims_are_struck(
    hub: ThreadedHub, model: Paused, page: Page
) -> None:
    hub.do(hub.hub.telemetry("boiler-1", temperature=70.0))
    hub.do(hub.hub.telemetry("boiler-1", temperature=90.0))
    (alert_id,) = hub.hub.services.engine.open
    page.goto(f"{hub.url}/alerts/{alert_id}")
    writing = page.get_by_test_id("writing")
    expect(writing).to_contain_text("It will explode in 3 days.")  # the page came late: it is told from the beginning
    expect(writing).to_contain_text("The limit is 80.")
    expect(writing).to_contain_text("metrics over")
    expect(page.get_by_test_id("diagnosis")).to_have_attribute("data-state", "pending")
    hub.do(_go(model))
    card = page.get_by_test_id("diagnosis").last
    expect(card).to_have_attribute("data-state", "ready")
    struck = card.locator("del")
    expect(struck).to_have_count(2)
    expect(struck.first).to_contain_text("<img src=x onerror=alert(1)> The limit is 60.")
    expect(card.locator(".summary")).to_have_text("Temperature is above 80.")
    expect(card).to_contain_text("Insufficient evidence")
    expect(page.locator("img[src=x]")).to_have_count(0)


def test_a_writer_that_breaks_off_is_named_and_so_is_who_took_over(hub: ThreadedHub, model: Paused, page: Page) -> None:
    hub.do(hub.hub.telemetry("boiler-1", temperature=70.0))
    page.goto(f"{hub.url}/d/boiler-1")
    page.get_by_test_id("diagnose").click()
    expect(page.get_by_test_id("writing")).to_contain_text("It will explode in 3 days.")
    model.breaks = True
    hub.do(_go(model))
    expect(page.get_by_test_id("failed-over")).to_contain_text("scripted (openai) gave no usable answer")
    expect(page.get_by_test_id("diagnosis")).to_contain_text("built-in analyst")
    expect(page.get_by_test_id("diagnosis")).not_to_contain_text("explode")
