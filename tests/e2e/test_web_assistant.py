"""The assistant's page on a real hub: charts and sources, a question that builds on another, a command that a person
sends, conversations that stay."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def tank(plant: Demo) -> str:
    """A machine that takes a level, with its name."""
    eventually(lambda: len(plant.get("/api/devices")["items"]) >= 14, 20, "the machines")
    found = [each for each in plant.get("/api/devices")["items"] if "tank" in each["id"]]
    eventually(lambda: plant.get(f"/api/devices/{found[0]['id']}")["info"]["commands"], 10, "what it takes")
    return str(found[0]["name"])


def ask(page: Page, question: str) -> Locator:
    before = page.get_by_test_id("chat-answer").count()
    page.get_by_test_id("chat-input").fill(question)
    page.get_by_test_id("chat-send").click()
    expect(page.get_by_test_id("chat-answer")).to_have_count(before + 1)
    answer = page.get_by_test_id("chat-answer").last
    expect(answer).to_have_attribute("data-state", "done", timeout=15_000)
    return answer


def test_an_answer_shows_where_it_comes_from_and_stays(plant: Demo, tank: str, page: Page):
    page.goto(f"http://{plant.http}/assistant")
    answer = ask(page, "Which pump is hottest and since when?")
    expect(answer).to_contain_text("rules and statistics, not a language model")
    expect(answer.get_by_test_id("chat-chart").get_by_role("img")).to_be_visible()
    source = answer.get_by_test_id("sources").get_by_role("link").first
    expect(source).to_have_attribute("href", re.compile(r"^/d/pump.*metric=.*from=\d+&to=\d+"))
    expect(ask(page, "and how is it now?")).to_contain_text("ump")

    page.reload()
    expect(page.get_by_test_id("chat-answer")).to_have_count(2)
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_test_id("chat-answer")).to_have_count(0)
    page.get_by_role("button", name="Earlier conversations").click()
    page.get_by_role("button", name=re.compile("^Which pump is hottest.*(now|ago)")).click()
    expect(page.get_by_test_id("chat-answer")).to_have_count(2)
    page.get_by_role("button", name="Earlier conversations").click()
    page.get_by_role("button", name=re.compile("^Delete “Which pump")).click()
    expect(page.get_by_role("dialog", name="Which pump")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Earlier conversations")).to_be_focused()
    assert len(plant.get("/api/conversations")["items"]) == 1
    page.get_by_role("button", name="Earlier conversations").click()
    page.get_by_role("button", name=re.compile("^Delete “Which pump")).click()
    page.get_by_role("dialog", name="Which pump").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_test_id("chat-answer")).to_have_count(0)
    assert plant.get("/api/conversations")["items"] == []


def test_a_wish_becomes_a_card_and_goes_only_when_a_person_sends_it(plant: Demo, tank: str, page: Page):
    page.goto(f"http://{plant.http}/assistant")
    answer = ask(page, f"set the level of {tank} to 60")
    card = answer.get_by_test_id("proposal")
    expect(card).to_contain_text(tank)
    expect(card).to_contain_text("60")
    device = card.get_by_role("link", name=tank).get_attribute("href")
    assert device is not None
    path = f"/api/devices/{device.removeprefix('/d/')}/commands"
    assert plant.get(path)["items"] == [], "nothing is sent by asking"
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_role("status")).to_have_text("confirmed", timeout=20_000)
    (sent,) = plant.get(path)["items"]
    assert (sent["name"], sent["value"]) == ("set_level", 60)


HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script> "
    "[out](https://evil.example/?q=1) [run](javascript:alert(1)) ![seen](https://evil.example/p.png) "
    "[over](/\\\\evil.example) [**in**](/d/pump-01) <a href='https://evil.example'>raw</a>"
)


def test_what_devices_are_called_is_no_markup_in_an_answer(plant: Demo, tank: str, page: Page):
    """The built-in analyst quotes names as they are; what was said of them stays when it is read again."""
    name = "*Boiler* [nine](https://evil.example) <b>9</b>"
    plant.publish("devices/boiler-9/info", {"name": name, "units": {"t": "<i>°C</i>"}}, retained=True)
    plant.publish("devices/boiler-9/telemetry", {"t": 81})
    eventually(lambda: [d for d in plant.get("/api/devices")["items"] if d["name"] == name], 10, "its name")
    page.goto(f"http://{plant.http}/assistant")
    answer = ask(page, "What is the status of boiler-9?")
    expect(answer.locator("p.plain")).to_contain_text(name)
    expect(answer.locator("em, b, i")).to_have_count(0)
    expect(answer.locator("a:not([href^='/d/'])")).to_have_count(0)


def test_what_a_model_says_leads_nowhere_and_its_inventions_are_struck(plant: Demo, tank: str, page: Page):
    """With a model that says whatever it was told to: nothing runs, nothing is fetched, no link leads away."""
    lines = [
        {"type": "step", "tool": "history", "about": "<b>x</b>", "found": "<img src=x onerror=alert(1)>", "ok": True},
        {"type": "text", "text": f"{HOSTILE}\n\nIt is well. The **pressure** is fine. It stands at 4711 bar."},
        {"type": "unsupported", "sentence": "It stands at 4711 bar."},
        {"type": "done", "provider": "openai", "model": "obedient", "generative": True, "tokens_used": 9},
    ]
    body = "".join(json.dumps(line) + "\n" for line in lines)

    def answered(route: Route) -> None:
        route.fulfill(status=200, content_type="application/x-ndjson", body=body)

    page.route("**/api/conversations/*/turns", answered)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"http://{plant.http}/assistant")
    answer = ask(page, "What is the status of pump-01?")
    expect(answer).to_contain_text("https://evil.example/?q=1")
    expect(answer.locator("img, script, iframe")).to_have_count(0)
    links = answer.get_by_role("link").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert links == ["/d/pump-01"]
    assert [url for url in asked if "evil" in url] == []
    assert page.title() != "owned"
    expect(answer.locator("del")).to_have_text("It stands at 4711 bar.")
    expect(answer.get_by_test_id("unsupported")).to_contain_text("4711")


def test_news_of_a_command_that_outruns_the_answer_is_not_lost(plant: Demo, tank: str, page: Page):
    """The hub's answer to the sending is held back until the command is confirmed."""

    def late(route: Route) -> None:
        answer = route.fetch()
        path = f"/api/commands/{answer.json()['id']}"
        eventually(lambda: plant.get(path)["state"] == "confirmed", 15, "the level")
        page.wait_for_timeout(700)  # the news is on the page by now
        route.fulfill(response=answer)

    page.goto(f"http://{plant.http}/assistant")
    card = ask(page, f"set the level of {tank} to 55").get_by_test_id("proposal")
    page.route("**/api/devices/*/commands", late)
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_role("status")).to_have_text("confirmed", timeout=20_000)
