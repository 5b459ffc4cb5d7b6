"""Conversations and analysed files belong to the person who made them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from api_hub import ApiHub, running_hub
from hub.services.visible_library import VisibleLibrary
from sample_files import pdf
from signed_in import BEARER, TOKEN, Browser, person

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARE = ("care.pdf", pdf("Grease the bearing seal of the pump every month."))


class Site(NamedTuple):
    """A hub with two devices, of which one is in the area North, and people with the same role."""

    hub: ApiHub
    ada: Browser  # administrator
    olga: Browser  # operator
    omar: Browser  # operator
    vera: Browser  # viewer
    lena: Browser  # operator, limited to North


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with contextlib.AsyncExitStack() as stack:
        hub = await stack.enter_async_context(running_hub(tmp_path_factory.mktemp("own"), real_ai=True, token=TOKEN))
        for device in ("north-pump", "south-pump"):
            hub.publish(f"devices/{device}/info", {"name": device, "model": "P-100"})
            await hub.telemetry(device, temperature=40.0)
        people = []
        for name, role in (("Ada", "administrator"), ("Olga", "operator"), ("Omar", "operator"), ("Vera", "viewer"),
                           ("Lena", "operator")):  # fmt: skip
            browser = await stack.enter_async_context(person(hub, name, role))
            browser.http.timeout = 60
            people.append(browser)
        site = Site(hub, *people)
        await site.ada.http.post("/api/areas", json={"name": "North"})
        await site.ada.http.patch("/api/devices/north-pump", json={"area": "North"})
        await site.ada.http.patch(f"/api/people/{await id_of(site, 'Lena')}", json={"limits": {"areas": ["North"]}})
        yield site


async def id_of(site: Site, name: str) -> str:
    people = (await site.ada.http.get("/api/people")).json()["items"]
    return next(str(each["id"]) for each in people if each["name"] == name)


async def ask(browser: Browser, conversation: str, question: str) -> None:
    answer = await browser.http.post(f"/api/conversations/{conversation}/turns", json={"question": question})
    assert answer.status_code == 200, answer.text


async def questions(browser: Browser, conversation: str) -> list[str] | int:
    answer = await browser.http.get(f"/api/conversations/{conversation}")
    return [turn["question"] for turn in answer.json()["turns"]] if answer.status_code == 200 else answer.status_code


async def upload(browser: Browser, **form: Any) -> dict[str, Any]:
    answer = await browser.http.post("/analyze/document", files={"file": CARE}, data=form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def listed(browser: Browser) -> set[str]:
    return {each["id"] for each in (await browser.http.get("/api/analyses")).json()["items"]}


async def test_conversation_is_visible_to_its_person_only(site: Site) -> None:
    await ask(site.olga, "talk-olga-1", "how many devices are online")
    for other in (site.omar, site.vera, site.lena, site.ada):
        assert await questions(other, "talk-olga-1") == 404
        assert (await other.http.delete("/api/conversations/talk-olga-1")).status_code == 404
        assert (await other.http.get("/api/conversations")).json()["items"] == []
    await ask(site.omar, "talk-olga-1", "and which")
    assert await questions(site.omar, "talk-olga-1") == ["and which"]
    assert await questions(site.olga, "talk-olga-1") == ["how many devices are online"]
    (own,) = (await site.olga.http.get("/api/conversations")).json()["items"]
    assert (own["id"], own["title"]) == ("talk-olga-1", "how many devices are online")


async def test_conversations_of_one_person_displace_none_of_others(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.store.conversations.MAX_CONVERSATIONS", 2)
    await ask(site.vera, "talk-vera-1", "which alerts are open")
    for number in range(3):
        await ask(site.omar, f"talk-omar-{number}", "which alerts are open")
    assert await questions(site.omar, "talk-omar-0") == 404
    assert await questions(site.vera, "talk-vera-1") == ["which alerts are open"]


async def test_conversations_are_deleted_with_the_account(site: Site) -> None:
    async with person(site.hub, "Gina", "viewer") as gina:
        await ask(gina, "talk-gina-1", "which alerts are open")
        gina_id = await id_of(site, "Gina")
        assert (await site.ada.http.delete(f"/api/people/{gina_id}")).status_code == 204
    kept = site.hub.services.store.conversations
    assert await kept.newest(f"{gina_id}:") == []
    assert await kept.turns(f"{gina_id}:talk-gina-1") == []


async def test_upload_is_visible_to_its_person_and_administrators(site: Site) -> None:
    found = await upload(site.olga, device_id="south-pump")
    path = f"/api/analyses/{found['id']}"
    assert found["own"]
    for other in (site.omar, site.vera, site.lena):
        assert (await other.http.get(path)).status_code == 404
        assert (await other.http.get(f"{path}/progress")).status_code == 404
        assert found["id"] not in await listed(other)
    assert (await site.omar.http.post(f"{path}/ask", json={"question": "which seal"})).status_code == 404
    assert (await site.omar.http.patch(path, json={"device_id": None})).status_code == 404
    await site.omar.http.delete(path)
    assert found["id"] in await listed(site.olga) & await listed(site.ada)
    assert (await site.ada.http.delete(path)).status_code == 204
    assert found["id"] not in await listed(site.olga)


async def test_manual_is_read_by_everybody_and_changed_by_its_owner(site: Site) -> None:
    found = await upload(site.olga, model="P-100")
    path = f"/api/analyses/{found['id']}"
    assert (await site.vera.http.get(path)).json()["own"] is False
    asked = await site.vera.http.post(f"{path}/ask", json={"question": "which bearing seal"})
    assert asked.json()["quotes"], asked.text
    assert (await site.omar.http.delete(path)).status_code == 403
    assert (await site.omar.http.patch(path, json={"models": []})).status_code == 403
    assert (await site.olga.http.patch(path, json={"models": []})).status_code == 200
    assert (await site.vera.http.get(path)).status_code == 404
    hidden = await site.vera.http.post(f"{path}/ask", json={"question": "which bearing seal"})
    assert hidden.status_code == 404
    assert (await site.olga.http.delete(path)).status_code == 204


async def test_upload_of_a_limited_account_names_one_of_its_devices(site: Site) -> None:
    for form, status in (({}, 403), ({"device_id": "south-pump"}, 404)):
        refused = await site.lena.http.post("/analyze/document", files={"file": CARE}, data=form)
        assert refused.status_code == status, refused.text
    manual = await site.lena.http.post(
        "/analyze/document", files={"file": CARE}, data={"device_id": "north-pump", "model": "P-100"}
    )
    assert manual.status_code == 403
    found = await upload(site.lena, device_id="north-pump")
    others = await upload(site.olga, device_id="north-pump")
    assert await listed(site.lena) == {found["id"]}
    assert (await site.lena.http.patch(f"/api/analyses/{found['id']}", json={"device_id": None})).status_code == 403
    # Out of the limits, the own file is gone as well.
    await site.ada.http.patch("/api/devices/north-pump", json={"area": None})
    assert await listed(site.lena) == set()
    assert (await site.lena.http.get(f"/api/analyses/{found['id']}")).status_code == 404
    await site.ada.http.patch("/api/devices/north-pump", json={"area": "North"})
    assert (await site.lena.http.delete(f"/api/analyses/{found['id']}")).status_code == 204
    assert others["id"] in await listed(site.olga)


async def test_running_analysis_is_followed_and_stopped_by_its_person_only(site: Site) -> None:
    async with site.olga.http.stream(
        "POST", "/analyze/document", files={"file": CARE}, data={"keep": "true"},
        headers={"Accept": "application/x-ndjson"},
    ) as answer:  # fmt: skip
        lines = answer.aiter_lines()
        path = f"/api/analyses/{json.loads(await anext(lines))['id']}/progress"
        for method in ("GET", "DELETE"):
            assert (await site.omar.http.request(method, path)).status_code == 404
        assert '"done"' in [line async for line in lines][-1]


async def test_files_and_conversations_without_an_account_stay_visible(site: Site) -> None:
    token = {"headers": BEARER}
    answer = await site.hub.http.post("/analyze/document", files={"file": CARE}, **token)
    analysis_id = answer.json()["id"]
    await site.hub.http.post("/api/conversations/talk-token/turns", json={"question": "which alerts are open"}, **token)
    assert analysis_id in await listed(site.vera)
    assert (await site.hub.http.get("/api/conversations/talk-token", **token)).status_code == 200
    assert await questions(site.ada, "talk-token") == 404
    assert (await site.omar.http.delete(f"/api/analyses/{analysis_id}")).status_code == 204


async def test_files_of_others_are_seen_if_the_filter_is_missing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await upload(site.olga)
    monkeypatch.setattr(VisibleLibrary, "_sees", lambda self, analysis: True)
    assert found["id"] in await listed(site.omar)
