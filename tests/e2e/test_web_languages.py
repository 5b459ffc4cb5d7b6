"""The pages in German, in Spanish and in the pseudo-locale, which shows what does not come from a catalogue."""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page, Response, expect

from api_hub import RULES, ApiHub
from e2e.conftest import Errors
from e2e.in_thread import hub_in_thread
from e2e.running import eventually
from e2e.test_web_accessibility import PHONE, TOO_WIDE, resize

pytestmark = pytest.mark.timeout(180)

PAGES = (
    "/", "/home", "/d/boiler", "/d/boiler?tab=history", "/d/boiler?tab=commands", "/d/boiler?tab=settings", "/alerts",
    "/alert-health", "/dashboards", "/explore", "/assistant", "/analyse", "/rules", "/rules?edit=hot",
    "/calculated", "/calculated?new=1", "/reactions", "/reactions?new=1", "/silences", "/health", "/topics",
    "/topics?tab=mappings", "/activity", "/settings", "/settings/notifications", "/settings/audit", "/nowhere",
)  # fmt: skip
ENUMERATIONS = {
    "presence",
    "severity",
    "state",
    "kind",
    "status",
    "quality",
    "outcome",
    "role",
    "category",
    "op",
    "type",
}
"""Fields whose values the page has to say in words of its own."""
NAMED_BY_DEVICES = {"metrics", "labels"}
"""Fields whose keys are names that devices have given."""
ACCENTED = set("AaCcEeGgIiNnOoSsUuYyZz")
"""Letters that have an accent in the pseudo-locale (web/src/texts/pseudo.ts)."""
SYMBOLS = {"kB", "MB", "GB", "UTC", "ms", *calendar.month_abbr}
"""Symbols of units and zones, and the months in dates, which the browser writes."""
VISIBLE_TEXT = """() => {
  const found = [];
  const skipped = 'code, pre, kbd, script, style, noscript, .mono, time, canvas, option[lang], datalist';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const box = node.parentElement;
    const isZone = box.tagName === 'OPTION' && Intl.supportedValuesOf('timeZone').includes(node.data);
    if (!box.closest(skipped) && !isZone && node.data.trim()) found.push(node.data.trim());
  }
  for (const box of document.body.querySelectorAll('[aria-label], [title], [placeholder]'))
    for (const name of ['aria-label', 'title', 'placeholder'])
      if (box.hasAttribute(name) && !box.closest(skipped)) found.push(box.getAttribute(name));
  return [...found, document.title];
}"""


def words_of(value: Any, name: str = "") -> Iterator[str]:
    """Yield the words in the values of JSON from the hub, without enumerations."""
    if isinstance(value, dict):
        for key, each in value.items():
            if name in NAMED_BY_DEVICES:
                yield from re.findall(r"[^\W\d_]+", key)
            yield from words_of(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from words_of(each, name)
    elif isinstance(value, str) and name not in ENUMERATIONS:
        yield from re.findall(r"[^\W\d_]+", value)


class HubWords(set[str]):
    """The words that the hub has sent to a page, in lower case: names, units, messages."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.responses: list[Response] = []
        page.on("response", lambda response: self.responses.append(response))
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: self._add(json.loads(frame))))

    def read_responses(self) -> None:
        """Add the words of the responses so far. Their bodies are lost when the page is left."""
        for response in self.responses:
            if "/api/" in response.url and "json" in response.headers.get("content-type", ""):
                with suppress(Error):  # of the page before, which was left
                    self._add(response.json())
        self.responses.clear()

    def _add(self, value: Any) -> None:
        self.update(word.lower() for word in words_of(value))


def untranslated(text: str, known: set[str]) -> list[str]:
    """Return the words of a text that have no accents although they could, and that the hub has not sent."""
    return [
        word
        for word in re.findall(r"[^\W\d_]{2,}", text)
        if word.isascii() and ACCENTED & set(word) and word not in SYMBOLS and word.lower() not in known
    ]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a hub with a device that is too hot, and return its address."""
    data = tmp_path_factory.mktemp("languages")
    for name, text in (("rules", RULES), ("calculated", ""), ("reactions", "")):
        (data / f"{name}.toml").write_text(text)
    with hub_in_thread(data) as hub:
        hub.do(hub.hub.telemetry("boiler", temperature=95.0, door=True))
        hub.do(hub.hub.settled())
        eventually(lambda: hub.do(open_alerts(hub.hub)), 30, "the alert")
        yield hub.url


async def open_alerts(hub: ApiHub) -> list[Any]:
    return (await hub.http.get("/api/alerts")).json()["items"]


def opened(page: Page, url: str, path: str) -> None:
    page.goto(url + path)
    expect(page.locator("h1").first).to_be_visible()


def test_every_text_comes_from_a_catalogue(url: str, page: Page, errors: Errors) -> None:
    errors.expected = ("404", "503")
    sent = HubWords(page)
    page.goto(f"{url}/?lang=xx")
    expect(page.get_by_role("link", name="Šéttíñğš").first).to_be_visible()
    found = {}
    for path in PAGES:
        opened(page, url, path)
        for _ in range(50):  # the answers of the hub may come after the text that shows them
            sent.read_responses()
            texts = page.evaluate(VISIBLE_TEXT)
            wrong = {text: words for text in texts if (words := untranslated(text, sent))}
            if not wrong:
                break
            page.wait_for_timeout(100)
        if wrong:
            found[path] = wrong
    assert found == {}


def test_text_outside_the_catalogues_is_found() -> None:
    assert untranslated("Délété boiler", {"boiler"}) == []
    assert untranslated("Délété the boiler", {"boiler"}) == ["the"]


@pytest.mark.parametrize(("code", "settings"), [("de", "Einstellungen"), ("es", "Ajustes")])
def test_pages_are_accessible_and_fit_a_phone(url: str, page: Page, errors: Errors, code: str, settings: str) -> None:
    errors.expected = ("404", "503")
    page.goto(f"{url}/?lang={code}")
    expect(page.get_by_role("link", name=settings).first).to_be_visible()
    assert page.locator("html").get_attribute("lang") == code
    found = {}
    for path in PAGES:
        opened(page, url, path)
        # Colours and their contrast are the same in every language, and take most of the time.
        options = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": False}}}
        wrong = [each["help"] for each in Axe().run(page, options=options).response["violations"]]
        resize(page, PHONE)
        wrong += page.evaluate(TOO_WIDE)
        resize(page, (1440, 900))
        if wrong:
            found[path] = wrong
    assert found == {}


def test_browser_language_and_profile_choose_the_language(url: str, visit: Callable[..., Page]) -> None:
    german = visit(f"{url}/", locale="de-AT")
    expect(german.get_by_role("link", name="Einstellungen").first).to_be_visible()
    loaded = german.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
    names = {match[1] for each in loaded if (match := re.search(r"/assets/(en|de|es)-[^/]*\.js$", each))}
    assert names == {"de"}
    expect(visit(f"{url}/", locale="fr-FR").get_by_role("link", name="Settings").first).to_be_visible()
