"""Every operation that changes something leaves exactly one entry with the person's name in the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from starlette.routing import Route

from api_hub import RULES, ApiHub, running_hub
from hub.accounts.permissions import LEAST_ROLE, SIGNED_OUT
from hub.api.audited import AUDITED, READ_ONLY
from hub.model import Analysis, Writer
from hub.mqtt.mosquitto_acl import AccessFiles, MosquittoAcl
from hub.services.credentials import Credentials
from hub.store.sqlite import SqliteStore
from signed_in import PASSWORD, TOKEN, Browser, link

ANALYSIS = Analysis(
    id="a-1",
    kind="image",
    filename="plate.png",
    format="png",
    bytes=1,
    created_at=1,
    device=None,
    analysis="A plate.",
    generated_by=Writer("builtin", "builtin", generative=False),
    tokens_used=0,
    facts={},
)
COMMANDS = {"beep": {"type": "number", "minimum": 0, "maximum": 9}}
MAPPING = {"topic": "home/{room}/{metric}", "device": "home/{room}"}


def changing_operations(routes: list[Any]) -> set[str]:
    """Return the operations that the audit log must record: exports, and all operations except reads."""
    found = {f"{method} {route.path}" for route in routes if isinstance(route, Route) for method in route.methods or ()}
    acts = ("/export", "/file", "/callback")
    reads = {each for each in found if each.startswith(("GET ", "HEAD ")) and not each.endswith(acts)}
    return found - reads - READ_ONLY


class Walk:
    """Carries out operations as one person, and reads the entry that each leaves."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.done: set[str] = set()
        self.newest = 0

    async def entries(self) -> list[dict[str, Any]]:
        """Return the entries since the last call."""
        page = (await self.browser.http.get("/api/audit?limit=1000")).json()["items"]
        found = [each for each in page if each["id"] > self.newest]
        self.newest = page[0]["id"] if page else 0
        return found

    async def do(
        self, operation: str, *ids: str, outcome: str = "success", person: str = "Ada", **request: Any
    ) -> httpx.Response:
        method, path = operation.split()
        names = iter(ids)
        target = re.sub(r"{[\w:]+}", lambda _: next(names), path)
        answer = await self.browser.http.request(method, target, **request)
        assert (answer.status_code < 400) == (outcome == "success"), (operation, answer.status_code, answer.text)
        (entry,) = await self.entries()
        assert entry["operation"] == operation
        assert (entry["person"], entry["outcome"], entry["client"]) == (person, outcome, "127.0.0.1"), operation
        assert bool(entry["account"]) == bool(person)
        assert entry["kind"] == AUDITED[operation].kind
        self.done.add(operation)
        return answer


async def walk_settings(walk: Walk) -> None:
    async def revision(name: str) -> str:
        return str((await walk.browser.http.get(f"/api/{name}/text")).json()["revision"])

    rule = {"id": "warm", "name": "Warm", "metric": "temperature", "above": 60}
    await walk.do("POST /api/rules", json={"rule": rule, "revision": await revision("rules")})
    warmer = {"rule": rule | {"above": 70}, "revision": await revision("rules")}
    await walk.do("PUT /api/rules/{rule_id}", "warm", json=warmer)
    await walk.do("DELETE /api/rules/{rule_id}", "warm", params={"revision": await revision("rules")})
    await walk.do("PUT /api/rules", json={"text": RULES, "revision": await revision("rules")})
    await walk.do("POST /api/mappings", json={"mapping": MAPPING, "revision": await revision("mappings")})
    changed = {"mapping": MAPPING | {"name": "Room"}, "revision": await revision("mappings")}
    await walk.do("PUT /api/mappings/{topic:path}", MAPPING["topic"], json=changed)
    of = {"revision": await revision("mappings")}
    await walk.do("DELETE /api/mappings/{topic:path}", MAPPING["topic"], params=of)
    await walk.do("PUT /api/mappings", json={"text": "", "revision": await revision("mappings")})
    kwh = {"id": "kwh", "metric": "kwh", "expression": "total(power)"}
    await walk.do(
        "POST /api/calculated-metrics", json={"calculated": kwh, "revision": await revision("calculated-metrics")}
    )
    changed = {"calculated": kwh | {"metric": "energy"}, "revision": await revision("calculated-metrics")}
    await walk.do("PUT /api/calculated-metrics/{metric_id}", "kwh", json=changed)
    of = {"revision": await revision("calculated-metrics")}
    await walk.do("DELETE /api/calculated-metrics/{metric_id}", "kwh", params=of)
    of = {"text": "", "revision": await revision("calculated-metrics")}
    await walk.do("PUT /api/calculated-metrics", json=of)
    lamp = {"id": "lamp", "alert": {"rules": ["warm"]}, "command": {"device": "lamp-1", "name": "state", "value": "ON"}}
    await walk.do("POST /api/reactions", json={"reaction": lamp, "revision": await revision("reactions")})
    changed = {"reaction": lamp | {"enabled": False}, "revision": await revision("reactions")}
    await walk.do("PUT /api/reactions/{reaction_id}", "lamp", json=changed)
    await walk.do("POST /api/reactions/{reaction_id}/resume", "lamp", outcome="failed")
    await walk.do("POST /api/reactions/switch", json={"on": False})
    await walk.do("DELETE /api/reactions/{reaction_id}", "lamp", params={"revision": await revision("reactions")})
    await walk.do("PUT /api/reactions", json={"text": "", "revision": await revision("reactions")})
    await walk.do("POST /api/credentials", json={"name": "boiler-1"})
    await walk.do("DELETE /api/credentials/{name}", "boiler-1")
    await walk.do("POST /api/enrolments", json={"key": "none", "name": "x"}, outcome="denied", person="")
    key = {"prefix": "line-", "devices": 2, "days": 1}
    made = (await walk.do("POST /api/enrolments/keys", json=key)).json()
    await walk.do("DELETE /api/enrolments/keys/{key_id}", made["id"])
    # This broker has no CA.
    await walk.do("POST /api/credentials/certificates", json={"name": "boiler-2"}, outcome="failed")
    await walk.do("POST /api/credentials/{name}/renew", "boiler-2", outcome="failed")
    server = {"kind": "ollama", "model": "m", "base_url": "http://127.0.0.1:1", "api_key": "sk-secret"}
    await walk.do("PUT /api/models/{name}", "mine", json=server)
    await walk.do("POST /api/models/{name}/test", "mine", json=server)
    await walk.do("DELETE /api/models/{name}", "mine")
    await walk.do("PUT /api/models", json={"daily_calls": 500})
    hook = {"kind": "webhook", "name": "Hook", "values": {"url": "http://127.0.0.1:1/secret", "secret": "s3cret"}}
    await walk.do("PUT /api/notifications/channels/{channel_id}", "hook", json=hook)
    await walk.do("POST /api/notifications/channels/{channel_id}/test", "hook", json=hook)
    await walk.do("PUT /api/notifications/routes", json={"routes": []})
    await walk.do("PUT /api/notifications/reports", json={"reports": []})
    await walk.do("PUT /api/notifications", json={"base_url": "https://hub.example"})
    await walk.do("POST /api/notifications/deliveries/{number}/retry", "1", outcome="failed")
    await walk.do("PUT /api/account/notifications", json={})
    await walk.do("DELETE /api/notifications/channels/{channel_id}", "hook")
    area = (await walk.do("POST /api/areas", json={"name": "Roof"})).json()["id"]
    await walk.do("PATCH /api/areas/{area_id}", area, json={"name": "Roof garden"})
    await walk.do("DELETE /api/areas/{area_id}", area)
    board = (await walk.do("POST /api/dashboards", json={"name": "Hall"})).json()["id"]
    await walk.do("PUT /api/dashboards/{dashboard_id}", board, json={"name": "Hall 2", "version": 1})
    await walk.do("DELETE /api/dashboards/{dashboard_id}", board)
    await walk.do("POST /api/clock/trust")


async def walk_devices(walk: Walk, hub: ApiHub) -> None:
    hub.publish("devices/pump-01/info", {"name": "Pump", "commands": COMMANDS})
    await hub.telemetry("pump-01", temperature=95.0)
    await walk.do("PATCH /api/devices/{device_id}", "pump-01", json={"name": "Pump 1"})
    await walk.do("POST /api/devices/{device_id}/commands", "pump-01", json={"name": "beep", "value": 3})
    # The broker is not connected in this test.
    await walk.do("PATCH /api/devices/{device_id}/desired", "pump-01", json={"interval": 5}, outcome="failed")
    (alert,) = (await walk.browser.http.get("/api/alerts")).json()["items"]
    await walk.do("POST /api/alerts/{alert_id}/acknowledge", alert["id"], json={"note": "seen"})
    await walk.do("DELETE /api/alerts/{alert_id}/acknowledge", alert["id"])
    account = (await walk.browser.http.get("/api/assignees")).json()["items"][0]["id"]
    await walk.do("PUT /api/alerts/{alert_id}/assignee", alert["id"], json={"account_id": account})
    await walk.do("DELETE /api/alerts/{alert_id}/assignee", alert["id"])
    await walk.do("POST /api/alerts/{alert_id}/mute", alert["id"])
    await walk.do("DELETE /api/alerts/{alert_id}/mute", alert["id"])
    await walk.do("POST /api/alerts/{alert_id}/comments", alert["id"], json={"text": "Pump is dry"})
    await walk.do("POST /api/alerts/{alert_id}/diagnose", alert["id"])
    await walk.do("POST /api/alert-actions", json={"alerts": [alert["id"]], "action": "acknowledge"})
    await walk.do("POST /api/alerts/{alert_id}/close", alert["id"])
    silence = {"devices": ["pump-*"], "note": "Service", "ends_at": alert["raised_at"] + 86_400_000}
    made = (await walk.do("POST /api/silences", json=silence)).json()["id"]
    await walk.do("PUT /api/silences/{silence_id}", made, json=silence | {"note": "Longer service"})
    await walk.do("DELETE /api/silences/{silence_id}", made)
    await walk.do("PUT /api/alerts/{alert_id}/cause", alert["id"], json={"title": "Dry run"})
    await walk.do("DELETE /api/alerts/{alert_id}/cause", alert["id"])
    table = "time,device,metric,value\n2026-01-01T00:00:00Z,pump-02,flow,5\n"
    await walk.do("POST /api/history/import", content=table)
    await walk.do("GET /api/history/export", params={"device_id": "pump-01"})
    await walk.do("GET /api/alerts/{alert_id}/file", alert["id"])


async def walk_ai(walk: Walk, store: SqliteStore) -> None:
    question = {"question": "How hot is Pump 1?"}
    await walk.do("POST /ask", json=question)
    await walk.do("POST /ai/ask", json=question)
    await walk.do("POST /ai/stream", json=question)
    await walk.do("POST /api/conversations/{conversation}/turns", "conversation-1", json=question)
    await walk.do("DELETE /api/conversations/{conversation}", "conversation-1")
    await walk_tools(walk)
    diagnosis = (await walk.do("POST /api/devices/{device_id}/diagnose", "pump-01")).json()
    await walk.do("POST /api/diagnoses/{diagnosis_id}/repeat", diagnosis["id"])
    for kind in ("image", "audio", "document"):  # of a type that is refused, because reading a file takes a process
        await walk.do(f"POST /analyze/{kind}", files={"file": ("plate.txt", b"P-101")}, outcome="failed")
    await store.library.put(ANALYSIS)
    await walk.do("PATCH /api/analyses/{analysis_id}", ANALYSIS.id, json={"device_id": "pump-01"})
    await walk.do("POST /api/analyses/{analysis_id}/ask", ANALYSIS.id, json=question, outcome="failed")
    await walk.do("DELETE /api/analyses/{analysis_id}/progress", ANALYSIS.id, outcome="failed")
    await walk.do("DELETE /api/analyses/{analysis_id}", ANALYSIS.id)
    await walk.do("DELETE /api/devices/{device_id}", "pump-01")
    (line,) = (await walk.browser.http.get("/api/activity?kind=deleted")).json()["items"]
    assert line["text"] == "Ada deleted pump-01 with its history"


async def walk_tools(walk: Walk) -> None:
    """Call a tool as another AI program does: each call is recorded, other messages of the protocol are not."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    wanted = {"name": "device_state", "arguments": {"device": "pump-01"}}
    await walk.do("POST /mcp", json=message | {"params": wanted})
    entry = (await walk.browser.http.get("/api/audit?limit=1")).json()["items"][0]
    assert entry["text"] == "called the tool device_state"
    assert entry["details"] == {"tool": "device_state", "arguments": '{"device":"pump-01"}'}
    for method in ("initialize", "ping", "tools/list", "resources/list"):
        assert (await walk.browser.http.post("/mcp", json=message | {"method": method})).status_code == 200
    unknown = message | {"params": {"name": "send_command"}}
    assert "error" in (await walk.browser.http.post("/mcp", json=unknown)).json()
    assert await walk.entries() == []


async def walk_people(walk: Walk, hub: ApiHub) -> None:
    http = walk.browser.http
    invited = (await walk.do("POST /api/people/invitations", json={"role": "viewer"})).json()
    await walk.do("DELETE /api/people/invitations/{link_id}", invited["invitation"]["id"])
    async with Browser(hub) as other:
        await other.welcome(
            (await walk.do("POST /api/people/invitations", json={"role": "viewer"})).json()["url"][-43:], "Val"
        )
        account = (await other.http.get("/api/account")).json()["id"]
    assert [each["person"] for each in await walk.entries()] == ["Val"]
    await walk.do("PATCH /api/people/{account_id}", account, json={"role": "operator"})
    await walk.do("POST /api/people/{account_id}/link", account)
    await walk.do("DELETE /api/people/{account_id}", account)
    token = (await walk.do("POST /api/account/tokens", json={"name": "script", "role": "viewer", "days": 1})).json()
    await walk.do("DELETE /api/account/tokens/{token_id}", token["token"]["id"])
    await walk.do("POST /api/account/password", json={"current": PASSWORD, "password": PASSWORD + "!"})
    await walk.do("PATCH /api/account", json={"name": "Ada"})
    await walk.do("GET /api/audit/export")
    passkey = {"name": "phone", "credential": {}}
    await walk.do("POST /api/account/passkeys", json=passkey, outcome="failed")
    await walk.do("DELETE /api/account/passkeys/{passkey_id}", "none", outcome="failed")
    # Nobody is signed in at these paths yet.
    await walk.do("POST /login/passkey", json={}, outcome="failed", person="")
    await walk.do("GET /login/openid/callback", outcome="failed", person="")
    async with Browser(hub) as second:
        await second.login("Ada", PASSWORD + "!")
    await walk.entries()
    session = next(each for each in (await http.get("/api/account/sessions")).json()["items"] if not each["current"])
    await walk.do("DELETE /api/account/sessions/{session_id}", session["id"])


async def walk_sessions(walk: Walk, http: httpx.AsyncClient, sign_in: Callable[[], Any]) -> None:
    answer = await http.post("/logout")
    assert answer.status_code == 204
    await sign_in()
    entries = await walk.entries()
    assert [(each["operation"], each["person"], each["text"]) for each in entries] == [
        ("POST /login", "Ada", "signed in"),
        ("POST /logout", "Ada", "signed out"),
    ]
    walk.done |= {"POST /login", "POST /logout"}


async def test_each_change_leaves_one_audit_entry_with_its_author(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES)
    (tmp_path / "mappings.toml").write_text("")
    (tmp_path / "calculated.toml").write_text("")
    (tmp_path / "reactions.toml").write_text("")
    access = MosquittoAcl(AccessFiles(tmp_path / "passwd", tmp_path / "acl"), "devices")
    credentials = Credentials(access, broker="h:1", root="devices", login=tmp_path / "login")
    async with running_hub(tmp_path, token=TOKEN, real_ai=True, credentials=credentials) as hub, Browser(hub) as ada:
        await ada.welcome(await link(hub, "administrator"), "Ada")
        walk = Walk(ada)
        welcome, invitation = await walk.entries()
        assert (welcome["operation"], welcome["person"]) == ("POST /api/welcome", "Ada")
        assert (invitation["operation"], invitation["person"]) == ("POST /api/people/invitations", "operator")
        walk.done.add("POST /api/welcome")
        await walk_settings(walk)
        await walk_devices(walk, hub)
        await walk_ai(walk, hub.services.store)
        await walk_people(walk, hub)
        await walk_sessions(walk, ada.http, lambda: ada.login("Ada", PASSWORD + "!"))
        operations = changing_operations(hub.app.state.api_routes)
        assert walk.done == operations, "give a new operation a line in hub/api/audited.py, and carry it out here"
        assert set(AUDITED) == operations
        assert set(LEAST_ROLE) | SIGNED_OUT >= operations | READ_ONLY
