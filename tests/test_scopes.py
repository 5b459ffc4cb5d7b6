"""Accounts limited to areas and labels: nothing about a device outside reaches them, by any route, stream or answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from api_hub import RULES, ApiHub, Socket, running_hub
from assistant_tools import build_tools
from bodies_with_ids import WITH_IDS, WITHOUT_IDS, without_ids
from hub.accounts.account import includes
from hub.accounts.permissions import LEAST_ROLE, WHOLE_HUB
from hub.accounts.scope import Limits, current_scope, scope_of, viewing
from hub.model import Analysis, Writer
from hub.services import visible, visible_history
from hub.services.visible import VisibleAlerts, VisibleDevices
from hub.services.visible_history import VisibleHistory
from hub.tools.schema import call, specs
from signed_in import BEARER, TOKEN, Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANARY = re.compile("canary", re.IGNORECASE)
FOREIGN = "canary-pump"
OWN = "north-pump"
QUESTIONS = (
    "how many devices are there", "which alerts are open", "what is the highest temperature", "list all devices",
    "which devices are offline", "which areas are there", "why is the north pump hot", "what happened today",
    "compare the north pump with its peers", "which rules are there", "average temperature by area", "kanary pump",
)  # fmt: skip
APART = f"""
[[rule]]
id = "apart"
kind = "compare"
metric = "load"
with_device = "{FOREIGN}"
with = "temperature"
above = 100
devices = ["{OWN}"]

[[rule]]
id = "joined"
kind = "all"
devices = ["{OWN}"]

[[rule.conditions]]
metric = "temperature"
device = "{FOREIGN}"
above = 0

[[rule.conditions]]
kind = "compare"
metric = "load"
with_device = "{FOREIGN}"
with = "temperature"
above = 100
"""
NUMBERED = re.compile(r'(?<="id":)"[^"]+"|(?<=_at":)\d+')
"""Parts of an answer that differ each time: the id and the times of what the request made."""
TOOL_ARGUMENTS = {"device": OWN, "metric": "temperature", "words": "bearing seal", "command": "start"}


@dataclass
class Site:
    """A hub with one device in the area North and two outside, and the browsers of two people limited to North."""

    hub: ApiHub
    viewer: Browser
    operator: Browser
    operator_id: str
    foreign: dict[str, str]
    own: dict[str, str]
    areas: dict[str, str]

    async def get(self, path: str, **options: Any) -> Any:
        """Read with access to the whole hub."""
        return (await self.hub.http.get(path, headers=BEARER, **options)).json()

    async def limit(self, areas: list[str], labels: list[str] | None = None) -> None:
        body = {"limits": {"areas": areas, "labels": labels or []}}
        answer = await self.hub.http.patch(f"/api/people/{self.operator_id}", json=body, headers=BEARER)
        assert answer.status_code == 200, answer.text


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with contextlib.AsyncExitStack() as stack:
        data = tmp_path_factory.mktemp("scopes")
        hub = await stack.enter_async_context(running_hub(data, rules=RULES + APART, real_ai=True, token=TOKEN))
        await _invite(hub, stack, "Ada", "administrator")
        areas = {}
        for name in ("North", "Canary hall"):
            answer = await hub.http.post("/api/areas", json={"name": name}, headers=BEARER)
            areas[name] = answer.json()["id"]
        for device, name, area in ((FOREIGN, "Canary feed", "Canary hall"), ("canary-twin", "Canary twin", None),
                                   (OWN, "North pump", "North")):  # fmt: skip
            info = {"name": name, "model": "CP-80", "area": "North", "labels": [device[:5]],
                    "via": "canary-gate", "commands": {"start": {"type": "none"}},
                    "units": {"temperature": "°C"}}  # fmt: skip
            hub.publish(f"devices/{device}/info", info)
            await hub.telemetry(device, temperature=20.0, **({} if device == OWN else {"canary_flow": 1.0}))
            if area:
                await hub.http.patch(f"/api/devices/{device}", json={"area": areas[area]}, headers=BEARER)
        await hub.telemetry("canary-gate", canary_links=3)
        await _alert(hub, "canary-twin")
        await hub.telemetry("canary-twin", temperature=20.0)
        foreign, own = await _alert(hub, FOREIGN), await _alert(hub, OWN)
        await hub.telemetry(OWN, load=900.0)  # raises "apart", whose message names the foreign device
        limits = {"areas": ["North"], "labels": ["mine"]}
        viewer = await _invite(hub, stack, "Vera", "viewer", limits)
        operator = await _invite(hub, stack, "Otto", "operator", limits)
        people = (await hub.http.get("/api/people", headers=BEARER)).json()["items"]
        operator_id = next(each["id"] for each in people if each["name"] == "Otto")
        for device, kept in ((FOREIGN, foreign), (OWN, own)):
            sent = await hub.http.post(f"/api/devices/{device}/commands", json={"name": "start"}, headers=BEARER)
            kept |= {"device_id": device, "command_id": sent.json()["id"]}
        for _ in range(2):
            asked = {"question": "temperature of Canary feed"}
            await hub.http.post("/api/conversations/whole-hub-1/turns", json=asked, headers=BEARER)
        foreign |= {"conversation": "whole-hub-1", "analysis_id": "a-foreign", "area_id": areas["Canary hall"]}
        own["analysis_id"] = "a-own"
        for kept in (foreign, own):
            await hub.services.store.library.put(_analysis(kept["analysis_id"], kept["device_id"]))
        yield Site(hub, viewer, operator, operator_id, foreign, own, areas)


async def _invite(
    hub: ApiHub, stack: contextlib.AsyncExitStack, name: str, role: str, limits: dict[str, Any] | None = None
) -> Browser:
    body = {"role": role, "limits": limits}
    answer = await hub.http.post("/api/people/invitations", json=body, headers=BEARER)
    assert answer.status_code == 201, answer.text
    browser = await stack.enter_async_context(Browser(hub))
    assert (await browser.welcome(answer.json()["url"].partition("#")[2], name)).status_code == 200
    return browser


def _analysis(analysis_id: str, device: str) -> Analysis:
    return Analysis(
        id=analysis_id,
        kind="image",
        filename=f"{device}.png",
        format="png",
        bytes=1,
        created_at=1,
        device=device,
        analysis=f"A picture of {device}",
        generated_by=Writer("builtin", "rules", False),
        tokens_used=0,
        facts={},
    )


async def _alert(hub: ApiHub, device: str) -> dict[str, str]:
    """Raise an alert and wait for its diagnosis. Return the ids of both."""
    await hub.telemetry(device, temperature=95.0)
    async with asyncio.timeout(20):
        while True:
            params = {"device_id": device}
            found = (await hub.http.get("/api/alerts", params=params, headers=BEARER)).json()["items"]
            (alert,) = (each for each in found if each["rule_id"] == "hot")
            if alert["diagnosis"] is not None:
                ids = {"alert_id": alert["id"], "incident_id": alert["incident_id"]}
                return ids | {"diagnosis_id": alert["diagnosis"]["id"]}
            await asyncio.sleep(0.02)


def concrete(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"{(\w+)(?::path)?}", lambda match: ids.get(match[1], "x-unknown"), path)


async def reads(site: Site, http: httpx.AsyncClient, *, ask: bool = True) -> list[str]:
    """Return the operations whose answers contain something of a device outside."""
    found = []
    for operation in LEAST_ROLE:
        method, path = operation.split()
        if method != "GET" or path in ("/events/devices", "/docs", "/docs/init.js", "/openapi.json"):
            continue
        params = {"metric": "temperature"} if path.endswith(("/history", "/expected")) else {}
        text = (await http.get(concrete(path, site.own), params=params)).text
        if CANARY.search(text.replace("canary-gate", "") if path.endswith("/messages") else text):  # its own words
            found.append(f"{operation}: {text[:300]}")
    body = {"series": [{"device_id": FOREIGN, "metric": "temperature"}], "from": 0, "to": 2**50}
    answer = await http.post("/api/history/query", json=body)
    if answer.json()["series"][0]["points"]:
        found.append("POST /api/history/query")
    for method, params in _resource_requests(site):
        text = (await model_context(http, method, **params)).text
        if CANARY.search(text):
            found.append(f"{method} {params}: {text[:300]}")
    for question in QUESTIONS if ask else ():
        text = (await http.post("/ask", json={"question": question})).json().get("answer", "")
        if CANARY.search(text):
            found.append(f"{question}: {text[:300]}")
    return found


async def model_context(http: httpx.AsyncClient, method: str, **params: Any) -> httpx.Response:
    return await http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})


def _resource_requests(site: Site) -> list[tuple[str, dict[str, str]]]:
    """Return requests for all kinds of resources of the Model Context Protocol."""
    own = (f"devices/{OWN}", f"alerts/{site.own['alert_id']}", f"diagnoses/{site.own['diagnosis_id']}")
    uris = ("devices", "alerts", "incidents", "rules", f"incidents/{site.own['incident_id']}", *own)
    return [("resources/list", {}), *(("resources/read", {"uri": f"watchkeeper://{uri}"}) for uri in uris)]


async def test_resources_of_other_devices_and_of_the_whole_hub_do_not_exist(site: Site) -> None:
    async def code(http: httpx.AsyncClient, uri: str, headers: dict[str, str] | None = None) -> int | None:
        params = {"uri": f"watchkeeper://{uri}"}
        body = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": params}
        answer = (await http.post("/mcp", json=body, headers=headers)).json()
        return answer["error"]["code"] if "error" in answer else None

    foreign = [f"devices/{FOREIGN}", *(f"{kind}s/{site.foreign[f'{kind}_id']}" for kind in ("alert", "incident"))]
    foreign += [f"diagnoses/{site.foreign['diagnosis_id']}", "rules", "rules/hot"]
    for uri in foreign:
        assert await code(site.hub.http, uri, BEARER) is None, uri
        assert await code(site.viewer.http, uri) == -32002, uri
    assert await code(site.viewer.http, f"devices/{OWN}") is None
    listed = (await model_context(site.viewer.http, "resources/list")).json()["result"]["resources"]
    assert [each["uri"].removeprefix("watchkeeper://") for each in listed] == [
        *("devices", "alerts", "incidents", f"devices/{OWN}")
    ]
    templates = (await model_context(site.viewer.http, "resources/templates/list")).json()["result"]
    assert "rule" not in {each["name"] for each in templates["resourceTemplates"]}


async def test_no_answer_contains_anything_of_a_device_outside(site: Site) -> None:
    whole = await site.get("/api/alerts")
    assert len(whole["items"]) == 5
    named = [each["message"] for each in whole["items"] if each["rule_id"] == "apart"]
    assert named == [f"load 900, minus temperature of {FOREIGN} above 100"]
    joined = [each["message"] for each in whole["items"] if each["rule_id"] == "joined"]
    assert joined == [f"temperature (device {FOREIGN}) above 0 and load minus temperature of {FOREIGN} above 100"]
    diagnosis = json.dumps(await site.get(f"/api/diagnoses/{site.own['diagnosis_id']}"))
    assert CANARY.search(diagnosis), "the diagnosis compares with no other device: the test would show nothing"
    assert await reads(site, site.viewer.http) == []
    for browser in (site.viewer, site.operator):
        listed = (await browser.http.get("/api/devices")).json()["items"]
        assert [(each["id"], each["via"]) for each in listed] == [(OWN, None)]
        assert len((await browser.http.get("/api/alerts")).json()["items"]) == 3
        log = (await browser.http.get("/api/activity")).json()["items"]
        assert log
        assert {each["device_id"] for each in log} == {OWN}
        assert OWN in (await browser.http.get("/api/history/export")).text


@pytest.mark.parametrize(
    ("owner", "name", "broken"),
    [
        (VisibleHistory, "_sees", lambda self, device: True),
        (VisibleDevices, "_in_scope", lambda self, devices: devices),
        (VisibleDevices, "_shown", lambda self, device, scope: device),
        (visible_history, "narrowed", lambda diagnosis: diagnosis),
        (visible_history, "hide", lambda entry, sees: entry),
        (visible, "hide", lambda rule, sees: rule),
    ],
)
async def test_each_filter_that_is_missing_is_noticed(
    site: Site, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, broken: Callable[..., Any]
) -> None:
    monkeypatch.setattr(owner, name, broken)
    assert await reads(site, site.viewer.http, ask=False)


async def test_device_outside_answers_like_one_that_does_not_exist(site: Site) -> None:
    """Every operation of the table: refused as a whole, or the same answer as for an id that nothing has."""
    bodies: dict[str, Any] = {
        "POST /api/devices/{device_id}/commands": {"name": "start"},
        "PATCH /api/devices/{device_id}/desired": {"x": 1},
        "PUT /api/alerts/{alert_id}/cause": {"title": "Worn bearing"},
        "PUT /api/alerts/{alert_id}/assignee": {"account_id": "u-1"},
        "POST /api/alerts/{alert_id}/comments": {"text": "Worn bearing"},
        "PUT /api/dashboards/{dashboard_id}": {"name": "Hall", "version": 1},
        "POST /api/analyses/{analysis_id}/ask": {"question": "which seal"},
        "POST /api/conversations/{conversation}/turns": {"question": "how many devices"},
    }
    own_account = ("/api/account", "/api/welcome", "/logout")
    for operation, least in LEAST_ROLE.items():
        method, path = operation.split()
        if (
            method == "SOCKET"
            or path == "/events/devices"
            or path.startswith(own_account)
            or (method == "POST" and "{" not in path)
        ):
            continue
        params = {"metric": "temperature"}
        target = concrete(path, site.foreign)
        answer = await site.operator.http.request(method, target, params=params, json=bodies.get(operation))
        if operation in WHOLE_HUB or not includes("operator", least):
            assert answer.status_code == 403, (operation, answer.text)
        elif "{" in path and "conversation" not in path:
            unknown = {key: "z" * len(value) for key, value in site.foreign.items()}
            same = await site.operator.http.request(
                method, concrete(path, unknown), params=params, json=bodies.get(operation)
            )
            texts = (without_ids(answer.text, site.foreign), without_ids(same.text, unknown))
            assert (answer.status_code, texts[0]) == (same.status_code, texts[1]), operation
            assert same.status_code == (204 if operation == "DELETE /api/analyses/{analysis_id}" else 404), operation
    assert (await site.get(f"/api/analyses/{site.foreign['analysis_id']}"))["device_id"] == FOREIGN
    assert (await site.operator.http.get("/api/conversations")).json()["items"][0]["id"] == "whole-hub-1"
    own = (await site.operator.http.get("/api/conversations/whole-hub-1")).json()["turns"]
    assert [turn["question"] for turn in own] == ["how many devices"]
    assert len((await site.get("/api/conversations/whole-hub-1"))["turns"]) == 2
    assert (await site.get(f"/api/alerts/{site.foreign['alert_id']}"))["state"] == "raised"


async def test_each_operation_without_id_in_its_path_has_bodies_to_try() -> None:
    """A new operation has to be added to ``bodies_with_ids.py``."""
    reads = ("GET", "SOCKET")
    tried = {
        operation
        for operation, least in LEAST_ROLE.items()
        if includes("operator", least) and operation not in WHOLE_HUB and "{" not in operation
        if operation.split()[0] not in reads
    }
    assert tried == WITH_IDS.keys() | WITHOUT_IDS


@pytest.mark.parametrize("operation", WITH_IDS)
async def test_device_outside_in_body_is_treated_as_one_that_does_not_exist(site: Site, operation: str) -> None:
    """The ids of a device outside, of its alert and of its incident get the same answer as ids that nothing has."""
    alert = f"/api/alerts/{site.foreign['alert_id']}"
    watched = (alert, f"{alert}/history", f"/api/devices/{FOREIGN}/commands", "/api/analyses")
    method, path = operation.split()
    foreign = {**site.foreign, "word": "canary"}
    unknown = {key: "z" * len(value) for key, value in site.foreign.items()}
    unknown |= {"device_id": "kanary-pump", "word": "kanary"}  # is as similar to the ids of other devices
    before = [await site.get(each) for each in watched]
    for requests in zip(WITH_IDS[operation](foreign), WITH_IDS[operation](unknown), strict=True):
        answers = []
        for ids, options in zip((foreign, unknown), requests, strict=True):
            answer = await site.operator.http.request(method, path, **options)
            answers.append((answer.status_code, NUMBERED.sub("N", without_ids(answer.text, ids))))
        assert answers[0] == answers[1], requests
        assert answers[0][0] in (200, 201, 404), (requests, answers[0])
        assert [await site.get(each) for each in watched] == before, requests


async def test_tools_of_language_models_return_nothing_of_a_device_outside(site: Site) -> None:
    services = site.hub.services
    devices = VisibleDevices(services.registry)
    history = VisibleHistory(services.store, devices)
    tools = build_tools(devices, VisibleAlerts(services.engine, devices), history, services.now)
    scope = scope_of("u", [Limits(areas=(site.areas["North"],))], frozenset)
    for spec in specs(tools):
        wanted = {key: TOOL_ARGUMENTS[key] for key in spec.parameters.get("required", ()) if key in TOOL_ARGUMENTS}
        whole = json.dumps(await call(tools, spec.name, wanted))
        with viewing(lambda: scope):
            limited = json.dumps(await call(tools, spec.name, wanted))
            outside = json.dumps(await call(tools, spec.name, {**wanted, "device": FOREIGN}))
        assert not CANARY.search(limited), (spec.name, limited)
        assert not CANARY.search(outside.replace(FOREIGN, "")), (spec.name, outside)
        if spec.name in ("fleet_summary", "activity", "open_alerts", "find_devices"):
            assert limited != whole, spec.name
    assert current_scope().whole


async def test_streams_carry_nothing_of_a_device_outside(site: Site) -> None:
    hub, http = site.hub, site.viewer.http
    frames: list[str] = []
    headers = site.viewer.cookie
    async with (
        hub.socket("/ws", additional_headers=headers) as public,
        hub.socket("/api/live", additional_headers=headers) as page,
        http.stream("GET", "/events/devices", params={"all": "true"}) as feed,
    ):
        live, ws, lines = Socket(page), Socket(public), feed.aiter_lines()
        await live.say(type="hello")
        await live.wait("stats")
        await ws.wait("devices")
        await live.say(type="subscribe", topic=f"run/{site.foreign['alert_id']}")
        await ws.say(action="diagnose_device", device_id=FOREIGN)
        refused = await ws.wait("error")
        assert FOREIGN not in str(refused).replace(f"'{FOREIGN}'", "")
        ws.seen.clear()
        acknowledge = f"/api/alerts/{site.foreign['alert_id']}/acknowledge"
        await hub.http.post(acknowledge, headers=BEARER)
        await hub.http.post(f"/api/devices/{FOREIGN}/commands", json={"name": "start"}, headers=BEARER)
        await hub.http.post(f"/api/devices/{FOREIGN}/diagnose", headers=BEARER)
        await hub.http.delete(acknowledge, headers=BEARER)
        await hub.telemetry("canary-new", canary_flow=2.0, temperature=99.0)
        await hub.http.delete("/api/devices/canary-new", headers=BEARER)
        for alert in (await site.get("/api/alerts"))["items"]:
            if alert["rule_id"] in ("apart", "joined"):
                await hub.http.post(f"/api/alerts/{alert['id']}/acknowledge", headers=BEARER)
                await hub.http.delete(f"/api/alerts/{alert['id']}/acknowledge", headers=BEARER)
        await hub.telemetry(FOREIGN, canary_flow=2.0, temperature=96.0)
        await hub.telemetry(OWN, temperature=94.0)
        await ws.wait("device_update")
        while "94" not in str(live.seen[-1].get("m")):
            frame = await live.wait("delta")
            await live.say(type="ack", seq=frame["seq"])
        async with asyncio.timeout(10):
            async for line in lines:
                frames.append(line)
                if OWN in line:
                    break
    texts = [*frames, *map(json.dumps, live.seen), *map(json.dumps, ws.seen)]
    assert not [text for text in texts if CANARY.search(text)]
    for told in (frames, live.seen, ws.seen):
        assert "of another device above" in json.dumps(told), "the stream has the alert that compares with one outside"
    for told in (live.seen, ws.seen):
        assert "temperature (another device) above 0" in json.dumps(told), "a joined condition reads one outside"
    stats = next(message for message in live.seen if message["type"] == "stats")
    assert (stats["devices"], stats["open_alerts"]) == (1, 3)


async def test_announced_area_and_labels_grant_nothing(site: Site) -> None:
    site.hub.publish(f"devices/{FOREIGN}/info", {"name": "Canary feed", "area": "North", "labels": ["mine"]})
    await site.hub.telemetry("canary-intruder", temperature=1.0)
    site.hub.publish("devices/canary-intruder/info", {"area": "North", "labels": ["mine"]})
    await site.hub.settled()
    assert [each["id"] for each in (await site.operator.http.get("/api/devices")).json()["items"]] == [OWN]
    sent = await site.operator.http.post("/api/devices/canary-intruder/commands", json={"name": "start"})
    assert sent.status_code == 404


async def test_moved_device_and_changed_limits_hold_at_once(site: Site) -> None:
    hub = site.hub
    async with (
        hub.socket("/api/live", additional_headers=site.operator.cookie) as page,
        hub.socket("/ws", additional_headers=site.operator.cookie) as public,
    ):
        live, ws = Socket(page), Socket(public)
        await live.say(type="hello")
        first = await live.wait("snapshot")
        assert first["devices"]["id"] == [OWN]
        await live.say(type="ack", seq=first["seq"])
        await ws.wait("devices")
        # Out of the area, and into the scope again by a label.
        await hub.http.patch(f"/api/devices/{OWN}", json={"area": "Canary hall"}, headers=BEARER)
        gone = await live.wait("delta")
        assert (gone["gone"], gone.get("m")) == (first["devices"]["i"], None)
        await live.say(type="ack", seq=gone["seq"])
        assert (await ws.wait("device_deleted"))["device_id"] == OWN
        assert (await site.operator.http.get("/api/devices")).json()["items"] == []
        await hub.http.patch(f"/api/devices/{OWN}", json={"labels": ["mine"]}, headers=BEARER)
        back = await live.wait("delta")
        assert (back["new"]["id"], "temperature" in back["m"], "temperature" in back["units"]) == ([OWN], True, True)
        await live.say(type="ack", seq=back["seq"])
        assert (await ws.wait("device_update"))["device"]["id"] == OWN
        await hub.http.patch(f"/api/devices/{OWN}", json={"area": "North", "labels": None}, headers=BEARER)
        try:
            await site.limit(["Canary hall"])
            await live.wait("resync")
            assert FOREIGN in (await live.wait("snapshot"))["devices"]["id"]
            listed = (await site.operator.http.get("/api/devices")).json()["items"]
            assert [each["id"] for each in listed] == [FOREIGN]
        finally:
            await site.limit(["North"], ["mine"])


async def test_limits_include_areas_inside_and_end_with_a_deleted_area(site: Site) -> None:
    hub, http = site.hub, site.operator.http
    body = {"name": "Cellar", "parent": site.areas["North"]}
    cellar = (await hub.http.post("/api/areas", json=body, headers=BEARER)).json()["id"]
    await hub.http.patch(f"/api/devices/{OWN}", json={"area": cellar}, headers=BEARER)
    assert [each["id"] for each in (await http.get("/api/devices")).json()["items"]] == [OWN]
    await site.limit([cellar])
    assert [each["id"] for each in (await http.get("/api/devices")).json()["items"]] == [OWN]
    await hub.http.patch(f"/api/devices/{OWN}", json={"area": "North"}, headers=BEARER)
    await hub.http.delete(f"/api/areas/{cellar}", headers=BEARER)
    assert (await http.get("/api/devices")).json()["items"] == []
    await site.limit(["North"], ["mine"])


async def test_token_is_never_wider_than_its_owner(site: Site) -> None:
    body = {"name": "script", "role": "viewer", "limits": {"areas": ["Canary hall", "North"]}}
    made = await site.operator.http.post("/api/account/tokens", json=body)
    assert made.status_code == 201, made.text
    token = {"Authorization": f"Bearer {made.json()['value']}"}
    async with httpx.AsyncClient(base_url=site.hub.url, headers=token) as http:
        assert [each["id"] for each in (await http.get("/api/devices")).json()["items"]] == [OWN]
        assert (await http.get("/api/rules")).status_code == 403
    body["limits"] = {"areas": ["Canary hall"]}
    other = (await site.operator.http.post("/api/account/tokens", json=body)).json()["value"]
    async with httpx.AsyncClient(base_url=site.hub.url, headers={"Authorization": f"Bearer {other}"}) as http:
        assert (await http.get("/api/devices")).json()["items"] == []


async def test_administrator_cannot_be_limited(site: Site) -> None:
    body: dict[str, Any] = {"role": "administrator", "limits": {"areas": ["North"]}}
    assert (await site.hub.http.post("/api/people/invitations", json=body, headers=BEARER)).status_code == 422
    promoted = await site.hub.http.patch(f"/api/people/{site.operator_id}", json=body, headers=BEARER)
    assert promoted.status_code == 422
    body = {"role": "viewer", "limits": {"areas": ["Nowhere"]}}
    assert (await site.hub.http.post("/api/people/invitations", json=body, headers=BEARER)).status_code == 422


async def test_comment_of_a_limited_person_keeps_the_name_of_the_other_device(site: Site) -> None:
    """What the person sees without the name is not what is stored again with the comment."""
    (alert,) = [each for each in (await site.get("/api/alerts"))["items"] if each["rule_id"] == "apart"]
    await site.hub.telemetry(OWN, load=1.0)
    path = f"/api/alerts/{alert['id']}"
    assert (await site.operator.http.post(f"{path}/comments", json={"text": "Seen"})).status_code == 200
    cause = {"title": "Worn bearing"}
    assert (await site.operator.http.put(f"{path}/cause", json=cause)).status_code == 200
    assert "of another device above" in (await site.operator.http.get(path)).json()["message"]
    stored = await site.get(path)
    assert (stored["state"], stored["comments"], stored["confirmed"]["title"]) == ("cleared", 1, "Worn bearing")
    assert FOREIGN in stored["message"]
