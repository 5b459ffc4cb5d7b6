"""A diagnosis that streams onto the pages of an alert and of a device, with its checked claims."""

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

ANSWER = {
    "statements": [
        {"text": "Temperature is {side} its limit of {limit}.", "evidence": ["e1"], "kind": "observation"},
        {"text": "It will explode in 3 days.", "evidence": ["e1"], "kind": "inference"},
        {"text": "The burner may be stuck.", "evidence": ["e1"], "kind": "inference"},
        {"text": "Look at the burner.", "evidence": ["e1"], "kind": "advice"},
        {"text": "<img src=x onerror=alert(1)> The limit is 60.", "evidence": ["e1"], "kind": "observation"},
    ],
    "cause": "stuck burner",
    "cause_evidence": ["e1"],
}


class PausingModel(Writes):
    """A model that streams its answer up to ``mark``, waits for ``resume``, then continues or fails."""

    def __init__(self) -> None:
        super().__init__(lambda _: json.dumps(ANSWER, ensure_ascii=False))
        self.mark, self.resume, self.fails = "limit is 60", asyncio.Event(), False

    async def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        answer: Completion = await self.chat(request)
        pause = answer.text.index(self.mark)
        yield answer.text[:pause]
        await self.resume.wait()
        self.resume.clear()
        if self.fails:
            raise AiError("The line was cut.", "Try again.")
        yield answer.text[pause:]
        yield answer


@pytest.fixture
def model() -> PausingModel:
    return PausingModel()


@pytest.fixture
def hub(tmp_path: Path, model: PausingModel) -> Iterator[ThreadedHub]:
    with hub_in_thread(tmp_path, models=[model]) as running:
        yield running


async def _resume(model: PausingModel) -> None:
    model.resume.set()


def test_diagnosis_streams_and_unsupported_claims_are_struck(hub: ThreadedHub, model: PausingModel, page: Page) -> None:
    hub.do(hub.hub.telemetry("boiler-1", temperature=70.0))
    hub.do(hub.hub.telemetry("boiler-1", temperature=90.0))
    (alert_id,) = hub.hub.services.engine.open
    page.goto(f"{hub.url}/alerts/{alert_id}")
    writing = page.get_by_test_id("writing")
    expect(writing).to_contain_text("It will explode in 3 days.")  # a late page gets the claims from the beginning
    expect(writing.locator(".words")).to_contain_text("Temperature is above its limit of 80.")
    expect(writing.locator(".words")).not_to_contain_text("explode")
    expect(writing).to_contain_text("metrics over")
    expect(page.get_by_test_id("diagnosis")).to_have_attribute("data-state", "pending")
    hub.do(_resume(model))
    card = page.get_by_test_id("diagnosis").last
    expect(card).to_have_attribute("data-state", "ready")
    struck = card.locator("del")
    expect(struck).to_have_count(2)
    expect(struck.first).to_contain_text("It will explode in 3 days.")
    expect(struck.last).to_contain_text("<img src=x onerror=alert(1)> The limit is 60.")
    expect(card.get_by_test_id("struck")).to_contain_text("2 statements removed: contradicted by the readings")
    expect(card.locator(".summary")).to_contain_text("Temperature is above its limit of 80.")
    expect(card.locator(".summary")).not_to_contain_text("explode")
    opinion = card.locator("[data-kind=inference]")
    expect(opinion).to_contain_text("Opinion of the model")
    expect(opinion).to_contain_text("The burner may be stuck.")
    expect(card.locator("[data-kind=advice]")).to_contain_text("Look at the burner.")
    opinions = card.get_by_test_id("opinions")
    expect(opinions.get_by_role("term")).to_have_text(["Analyst", "Model (scripted)"])
    expect(opinions.get_by_role("definition")).to_have_text(["undecided", "stuck burner"])
    expect(card).to_contain_text("Cause not certain")
    expect(page.locator("img[src=x]")).to_have_count(0)


def test_failed_provider_and_its_fallback_are_named(hub: ThreadedHub, model: PausingModel, page: Page) -> None:
    hub.do(hub.hub.telemetry("boiler-1", temperature=70.0))
    page.goto(f"{hub.url}/d/boiler-1")
    page.get_by_test_id("diagnose").click()
    expect(page.get_by_test_id("writing")).to_contain_text("It will explode in 3 days.")
    model.fails = True
    hub.do(_resume(model))
    expect(page.get_by_test_id("failed-over")).to_contain_text("scripted (openai) gave no usable answer")
    expect(page.get_by_test_id("diagnosis")).to_contain_text("built-in analyst")
    expect(page.get_by_test_id("diagnosis")).not_to_contain_text("explode")
