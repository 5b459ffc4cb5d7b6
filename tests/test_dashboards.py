"""Dashboards: who reads and changes them, their limits, and tiles of devices that a person may not see."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from api_hub import ApiHub, running_hub
from signed_in import BEARER, TOKEN, Browser, person

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Site(NamedTuple):
    """A hub with two devices, of which one is in the area North, and people."""

    hub: ApiHub
    ada: Browser  # administrator
    olga: Browser  # operator
    vera: Browser  # viewer
    lena: Browser  # operator, limited to North


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with contextlib.AsyncExitStack() as stack:
        hub = await stack.enter_async_context(running_hub(tmp_path_factory.mktemp("boards"), token=TOKEN))
        for device in ("north-pump", "south-pump"):
            await hub.telemetry(device, temperature=40.0)
        roles = {"Ada": "administrator", "Olga": "operator", "Vera": "viewer", "Lena": "operator"}
        people = [await stack.enter_async_context(person(hub, name, role)) for name, role in roles.items()]
        site = Site(hub, *people)
        await site.ada.http.post("/api/areas", json={"name": "North"})
        await site.ada.http.patch("/api/devices/north-pump", json={"area": "North"})
        limits = {"limits": {"areas": ["North"]}}
        await site.ada.http.patch(f"/api/people/{await id_of(site, 'Lena')}", json=limits)
        yield site


async def id_of(site: Site, name: str) -> str:
    people = (await site.ada.http.get("/api/people")).json()["items"]
    return next(str(each["id"]) for each in people if each["name"] == name)


def tile(tile_id: str, device: str = "north-pump", y: int = 0, **more: Any) -> dict[str, Any]:
    series = [{"device_id": device, "metric": "temperature"}]
    return {"id": tile_id, "kind": "value", "x": 0, "y": y, "w": 3, "h": 2, "series": series, **more}


async def create(browser: Browser, name: str, *tiles: dict[str, Any], shared: str | None = None) -> dict[str, Any]:
    answer = await browser.http.post("/api/dashboards", json={"name": name, "shared": shared, "tiles": tiles})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def names(browser: Browser) -> list[str]:
    return [each["name"] for each in (await browser.http.get("/api/dashboards")).json()["items"]]


def edit_of(board: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {key: board[key] for key in ("name", "shared", "version", "tiles")} | changes


async def test_dashboard_is_read_by_its_owner_and_the_roles_it_is_shared_with(site: Site) -> None:
    await create(site.olga, "Private")
    await create(site.olga, "For all", shared="viewer")
    await create(site.olga, "For operators", shared="operator")
    assert await names(site.olga) == ["For all", "For operators", "Private"]
    assert await names(site.vera) == ["For all"]
    assert await names(site.lena) == ["For all", "For operators"]
    assert await names(site.ada) == ["For all", "For operators"], "an administrator reads no private dashboard"


async def test_only_the_owner_and_administrators_change_a_dashboard(site: Site) -> None:
    board = await create(site.vera, "Of Vera", shared="viewer")
    path = f"/api/dashboards/{board['id']}"
    assert (board["owner"], board["mine"], board["editable"]) == ("Vera", True, True)
    refused = await site.olga.http.put(path, json=edit_of(board, name="Of Olga"))
    assert (refused.status_code, (await site.olga.http.delete(path)).status_code) == (403, 403)
    edited = (await site.ada.http.put(path, json=edit_of(board, name="Mended"))).json()
    assert (edited["name"], edited["version"], edited["owner"], edited["mine"]) == ("Mended", 2, "Vera", False)
    assert (await site.vera.http.delete(path)).status_code == 204
    assert (await site.vera.http.get(path)).status_code == 404


async def test_second_of_two_concurrent_edits_is_refused(site: Site) -> None:
    board = await create(site.olga, "Twice")
    path = f"/api/dashboards/{board['id']}"
    assert (await site.olga.http.put(path, json=edit_of(board, tiles=[tile("a")]))).json()["tile_count"] == 1
    late = await site.olga.http.put(path, json=edit_of(board))
    assert late.status_code == 409
    assert "changed by somebody else" in late.text
    assert len((await site.olga.http.get(path)).json()["tiles"]) == 1


async def test_limited_person_reads_and_keeps_tiles_without_their_content(site: Site) -> None:
    shown, hidden = tile("own"), tile("foreign", "south-pump", y=2, title="South pump")
    card = {"id": "card", "kind": "device", "x": 6, "y": 0, "w": 3, "h": 2, "device_id": "south-pump"}
    shared = await create(site.olga, "Pumps", shown, hidden, card, shared="viewer")
    answer = await site.lena.http.get(f"/api/dashboards/{shared['id']}")
    assert "south" not in answer.text.lower()
    assert [each["no_access"] for each in answer.json()["tiles"]] == [False, True, True]

    board = await create(site.lena, "Mine", shown, tile("other", "north-pump", y=2))
    path = f"/api/dashboards/{board['id']}"
    everything = {"limits": None}
    await site.ada.http.patch(f"/api/people/{await id_of(site, 'Lena')}", json=everything)
    board = (await site.lena.http.put(path, json=edit_of(board, tiles=[shown, hidden]))).json()
    await site.ada.http.patch(f"/api/people/{await id_of(site, 'Lena')}", json={"limits": {"areas": ["North"]}})
    seen = (await site.lena.http.get(path)).json()
    moved = [each | ({"x": 9} if each["no_access"] else {}) for each in seen["tiles"]]
    assert (await site.lena.http.put(path, json=edit_of(seen, tiles=moved))).status_code == 200
    await site.ada.http.patch(f"/api/people/{await id_of(site, 'Lena')}", json=everything)
    kept = (await site.lena.http.get(path)).json()["tiles"][1]
    assert (kept["x"], kept["title"], kept["series"][0]["device_id"]) == (9, "South pump", "south-pump")
    await site.ada.http.patch(f"/api/people/{await id_of(site, 'Lena')}", json={"limits": {"areas": ["North"]}})


@pytest.mark.parametrize(
    ("tiles", "expected"),
    [
        ([tile("a"), tile("a")], "tiles[1] (value): id 'a' is used twice"),
        ([tile("a", x=10)], "Allowed: x + w up to 12"),
        ([tile("a", series=[])], "series has 0 entries"),
        ([tile("a", kind="chart", series=[])], "Allowed: 1 to 8 metrics"),
        ([tile("a", kind="control")], "device_id is missing"),
        ([tile("a", kind="control", device_id="x")], "command is missing"),
        ([tile("a", kind="gauge", minimum=5, maximum=5)], "Allowed: minimum below maximum"),
        ([tile("a", kind="pie")], "tiles"),
        ([tile("a", colour="red")], "unknown key 'colour'"),
        ([tile(f"t{n}", kind="text", series=[], text="x" * 4_000) for n in range(17)], "larger than 64 KiB"),
        ([tile(f"t{n}") for n in range(201)], "200"),
    ],
)
async def test_invalid_tiles_are_refused_with_the_place_and_what_is_allowed(
    site: Site, tiles: list[dict[str, Any]], expected: str
) -> None:
    answer = await site.olga.http.post("/api/dashboards", json={"name": "Broken", "tiles": tiles})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert expected in f"{error['message']} {error['hint']}"
    assert "Broken" not in await names(site.olga)


async def test_number_of_dashboards_of_a_person_is_limited(site: Site) -> None:
    async with person(site.hub, "Max", "viewer") as browser:
        for number in range(50):
            await create(browser, f"Board {number}")
        refused = await browser.http.post("/api/dashboards", json={"name": "One more"})
        assert refused.status_code == 409
        assert "50 dashboards" in refused.text
        kept = await create(site.olga, "Kept")
        account = await id_of(site, "Max")
        board = (await browser.http.get("/api/dashboards")).json()["items"][0]["id"]
        shared = {"name": "Of Max", "shared": "viewer", "version": 1}
        await browser.http.put(f"/api/dashboards/{board}", json=shared)
        await site.hub.http.delete(f"/api/people/{account}", headers=BEARER)
        assert "Of Max" in await names(site.olga), "a shared dashboard outlives its owner"
        assert kept["name"] in await names(site.olga)
        refused = await site.olga.http.delete(f"/api/dashboards/{board}")
        assert refused.status_code == 403
        assert (await site.ada.http.delete(f"/api/dashboards/{board}")).status_code == 204


async def test_dashboards_survive_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("restart")
    async with running_hub(data) as hub:
        made = await hub.http.post("/api/dashboards", json={"name": "Hall", "tiles": [tile("a", text="*x*")]})
    async with running_hub(data) as hub:
        assert (await hub.http.get(f"/api/dashboards/{made.json()['id']}")).json() == made.json()
