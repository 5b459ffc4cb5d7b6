"""The Assistant page on a real hub: charts, sources, follow-up questions, proposed commands, stored conversations."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from e2e.running import Demo, eventually

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def tank(plant: Demo) -> str:
    """Return the name of a tank that accepts commands."""
    eventually(lambda: len(plant.get("/api/devices")["items"]) >= 14, 20, "the machines")
    found = [each for each in plant.get("/api/devices")["items"] if "tank" in each["id"]]
    eventually(lambda: plant.get(f"/api/devices/{found[0]['id']}")["info"]["commands"], 10, "its commands")
    return str(found[0]["name"])


def ask(page: Page, question: str) -> Locator:
    before = page.get_by_test_id("chat-answer").count()
    page.get_by_test_id("chat-input").fill(question)
    page.get_by_test_id("chat-send").click()
    expect(page.get_by_test_id("chat-answer")).to_have_count(before + 1)
    answer = page.get_by_test_id("chat-answer").last
    expect(answer).to_have_attribute("data-state", "done", timeout=15_000)
    return answer


def test_conversation_shows_sources_survives_reload_and_is_deleted(plant: Demo, tank: str, page: Page):
    page.goto(f"http://{plant.http}/assistant")
    answer = ask(page, "Which pump is hottest and since when?")
    expect(answer).to_contain_text("rules and statistics, not a language model")
    expect(answer.get_by_test_id("chat-chart").first.get_by_role("img")).to_be_visible()
    source = answer.get_by_test_id("sources").get_by_role("link").first
    expect(source).to_have_attribute("href", re.compile(r"^/d/pump.*metric=.*from=\d+&to=\d+"))
    expect(ask(page, "and how is it now?")).to_contain_text("ump")

    page.reload()
    expect(page.get_by_test_id("chat-answer")).to_have_count(2)
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_test_id("chat-answer")).to_have_count(0)
    page.get_by_role("button", name="Previous conversations").click()
    page.get_by_role("button", name=re.compile("^Which pump is hottest.*(now|ago)")).click()
    expect(page.get_by_test_id("chat-answer")).to_have_count(2)
    page.get_by_role("button", name="Previous conversations").click()
    page.get_by_role("button", name=re.compile("^Delete “Which pump")).click()
    expect(page.get_by_role("dialog", name="Which pump")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Previous conversations")).to_be_focused()
    assert len(plant.get("/api/conversations")["items"]) == 1
    page.get_by_role("button", name="Previous conversations").click()
    page.get_by_role("button", name=re.compile("^Delete “Which pump")).click()
    page.get_by_role("dialog", name="Which pump").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_test_id("chat-answer")).to_have_count(0)
    assert plant.get("/api/conversations")["items"] == []


def test_proposed_command_is_sent_only_when_user_confirms(plant: Demo, tank: str, page: Page):
    page.goto(f"http://{plant.http}/assistant")
    answer = ask(page, f"set the level of {tank} to 60")
    card = answer.get_by_test_id("proposal")
    expect(card).to_contain_text(tank)
    expect(card).to_contain_text("60")
    device = card.get_by_role("link", name=tank).get_attribute("href")
    assert device is not None
    path = f"/api/devices/{device.removeprefix('/d/')}/commands"
    assert plant.get(path)["items"] == [], "a proposal sends nothing"
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_role("status")).to_have_text("confirmed", timeout=20_000)
    (sent,) = plant.get(path)["items"]
    assert (sent["name"], sent["value"]) == ("set_level", 60)


def test_draft_of_a_rule_opens_on_the_rules_page(plant: Demo, tank: str, page: Page):
    page.goto(f"http://{plant.http}/assistant")
    answer = ask(page, f"warn me when the level of {tank} is below 15")
    answer.get_by_test_id("rule-proposal").get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/rules\?new=1&words=warn"))
    expect(page.get_by_label("Device IDs")).to_have_value(re.compile("tank"))


HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script> "
    "[out](https://evil.example/?q=1) [run](javascript:alert(1)) ![seen](https://evil.example/p.png) "
    "[over](/\\\\evil.example) [tab](</\t/evil.example>) [**in**](/d/pump-01) <a href='https://evil.example'>raw</a>"
)


def test_markup_in_device_name_is_text_in_answer(plant: Demo, tank: str, page: Page):
    """The built-in analyst quotes names unchanged, so the page must not interpret them as Markdown or HTML."""
    name = "*Boiler* [nine](https://evil.example) <b>9</b>"
    plant.publish("devices/boiler-9/info", {"name": name, "units": {"t": "<i>°C</i>"}}, retained=True)
    plant.publish("devices/boiler-9/telemetry", {"t": 81})
    eventually(lambda: [d for d in plant.get("/api/devices")["items"] if d["name"] == name], 10, "its name")
    page.goto(f"http://{plant.http}/assistant")
    answer = ask(page, "What is the status of boiler-9?")
    expect(answer.locator("p.plain")).to_contain_text(name)
    expect(answer.locator("em, b, i")).to_have_count(0)
    expect(answer.locator("a:not([href^='/d/'])")).to_have_count(0)


def test_model_output_is_sanitised_and_unsupported_claims_struck(plant: Demo, tank: str, page: Page):
    """A model under an attacker's control cannot run scripts, load pictures, or link to other hosts."""
    lines = [
        {"type": "step", "tool": "history", "about": "<b>x</b>", "found": "<img src=x onerror=alert(1)>", "ok": True},
        {"type": "text", "text": f"{HOSTILE}\n\nIt is well. The **pressure** is fine. It stands at 4711 bar."},
        {"type": "unsupported", "sentence": "It stands at 4711 bar."},
        {"type": "done", "provider": "openai", "model": "obedient", "generative": True, "tokens_used": 9},
    ]
    body = "".join(json.dumps(line) + "\n" for line in lines)

    def respond(route: Route) -> None:
        route.fulfill(status=200, content_type="application/x-ndjson", body=body)

    page.route("**/api/conversations/*/turns", respond)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"http://{plant.http}/assistant")
    answer = ask(page, "What is the status of pump-01?")
    expect(answer).to_contain_text("https://evil.example/?q=1")
    expect(answer.locator("img, script, iframe")).to_have_count(0)
    links = answer.get_by_role("link").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert links == ["/d/pump-01"]
    assert [url for url in requests if "evil" in url] == []
    assert page.title() != "owned"
    expect(answer.locator("del")).to_have_text("It stands at 4711 bar.")
    expect(answer.get_by_test_id("unsupported")).to_contain_text("4711")


def test_command_update_that_arrives_before_response_is_kept(plant: Demo, tank: str, page: Page):
    """The response to POST is delayed until the command is confirmed, so the update on the socket comes first."""

    def late(route: Route) -> None:
        answer = route.fetch()
        path = f"/api/commands/{answer.json()['id']}"
        eventually(lambda: plant.get(path)["state"] == "confirmed", 15, "the level")
        page.wait_for_timeout(700)  # the page has received the update by now
        route.fulfill(response=answer)

    page.goto(f"http://{plant.http}/assistant")
    card = ask(page, f"set the level of {tank} to 55").get_by_test_id("proposal")
    page.route("**/api/devices/*/commands", late)
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_role("status")).to_have_text("confirmed", timeout=20_000)
