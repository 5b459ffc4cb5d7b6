"""Reactions in a running hub: webhooks, records, limits, the switches, the file over HTTP, and permissions."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from api_hub import ApiHub, now_ms, running_hub
from assistant_tools import build_tools
from http_receiver import http_receiver
from hub.tools import specs
from receiver import until
from signed_in import BEARER, TOKEN, Browser, link, person

SECRET = "whsec_" + "c2VjcmV0IG9mIDI0IGJ5dGVzIQ=="
RULES = """
[[rule]]
id = "hot"
name = "Too hot"
metric = "temperature"
above = 80
severity = "critical"
"""
FAST = "limit = { per_minute = 60000, burst = 50, device_per_minute = 60000, loop_runs = 3 }"
INFO = {"name": "Fan", "commands": {"state": {"type": "enum", "values": ["ON", "OFF"]}}}


def command(name: str = "fan", *lines: str, alert: str = "", to: str = 'device = "fan"') -> str:
    return "\n".join(
        (
            f'[[reaction]]\nid = "{name}"',
            *(FAST, *lines),
            f'alert = {{ rules = ["hot"]{alert} }}',
            f'command = {{ {to}, name = "state", value = "ON" }}\n',
        )
    )


async def heat(hub: ApiHub, device: str = "pump", *, settle: bool = True) -> None:
    """Raise the alert of a device again."""
    await hub.telemetry(device, temperature=20)
    await hub.telemetry(device, temperature=95)


async def runs(hub: ApiHub, count: int, **query: Any) -> list[dict[str, Any]]:
    """Wait for finished runs and return them, the oldest first."""
    found: list[dict[str, Any]] = []

    async def look() -> bool:
        nonlocal found
        found = (await hub.http.get("/api/reactions/runs", params=query, headers=BEARER)).json()["items"]
        return len(found) >= count and all(each["outcome"] != "running" for each in found)

    async with asyncio.timeout(30):
        while not await look():
            await asyncio.sleep(0.01)
    assert len(found) == count, found
    return found[::-1]


async def commands(hub: ApiHub, device: str = "fan") -> list[dict[str, Any]]:
    answer = await hub.http.get(f"/api/devices/{device}/commands", headers=BEARER)
    return list(answer.json()["items"])


async def fan(hub: ApiHub, name: str = "fan", **fields: Any) -> None:
    hub.publish(f"devices/{name}/info", INFO | fields)
    await hub.telemetry(name, speed=1)


def hub_with(tmp_path: Path, reactions: str, **options: Any) -> Any:
    (tmp_path / "reactions.toml").write_text(reactions)
    return running_hub(tmp_path, rules=RULES, **options)


async def test_webhook_is_signed_and_recorded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    async with http_receiver() as receiver:
        text = f"""
[[reaction]]
id = "tell"
name = "Tell the plant"
alert = {{ step = "cleared" }}
webhook = {{ url = "{receiver.url}/in?key=abc", secret_from = "{secret}" }}
"""
        async with hub_with(tmp_path, text) as hub:
            await heat(hub)
            await hub.telemetry("pump", temperature=20)
            (run,) = await runs(hub, 1)
            await until(lambda: receiver.posted, 30)
            (posted,) = receiver.posted
            body = Webhook(SECRET).verify(posted.body, posted.headers)
            assert (body["status"], body["title"], body["severity"]) == ("reaction", "Tell the plant", "critical")
            assert body["alerts"][0]["device"] == "pump"
            assert posted.headers["webhook-id"] == posted.headers["idempotency-key"] == body["key"]
            assert (run["outcome"], run["step"], run["webhook"]) == ("ran", "cleared", f"{receiver.url}/…")
            deliveries = (await hub.http.get("/api/notifications/deliveries")).json()["items"]
            assert [each["channel"] for each in deliveries] == ["reaction.tell"]
            assert "abc" not in (await hub.http.get("/api/reactions")).text
            entry = (await hub.http.get("/api/audit", params={"kind": "command"})).json()["items"][0]
            assert (entry["text"], entry["object"], entry["person"]) == (
                "ran the reaction Tell the plant",
                "tell",
                "reaction tell",
            )
            assert entry["details"]["alert"] == run["alert"]


async def test_webhook_without_its_secret_is_not_called(tmp_path: Path) -> None:
    text = '[[reaction]]\nid = "tell"\nalert = {}\nwebhook = { url = "http://127.0.0.1:1", secret_from = "/no/file" }\n'
    async with hub_with(tmp_path, text) as hub:
        await heat(hub)
        (run,) = await runs(hub, 1)
        assert run["outcome"] == "failed"
        assert "webhook.secret_from = '/no/file' cannot be read" in run["detail"]


async def test_command_is_sent_to_each_device_of_a_scope(tmp_path: Path) -> None:
    async with hub_with(tmp_path, command(to='labels = ["fan"]')) as hub:
        for name in ("fan-1", "fan-2"):
            await fan(hub, name, labels=["fan"])
        await hub.telemetry("other", speed=1)
        hub.publish("devices/dumb/info", {"labels": ["fan"]})
        await heat(hub)
        (run,) = await runs(hub, 1)
        sent = {each["device"]: each for each in run["commands"]}
        assert sent.keys() == {"dumb", "fan-1", "fan-2"}
        assert sent["dumb"]["problem"] == "The device has no command 'state'."
        (stored,) = await commands(hub, "fan-1")
        assert (stored["id"], stored["value"], stored["by"]) == (sent["fan-1"]["command"], "ON", "reaction fan")
        assert run["outcome"] == "ran"


async def test_dry_run_unknown_condition_and_refused_command_are_recorded(tmp_path: Path) -> None:
    condition = 'condition = { metric = "speed", device = "fan", above = 3 }'
    text = command("dry", 'mode = "dry_run"') + command("if", condition) + command("no", to='device = "nobody"')
    async with hub_with(tmp_path, text) as hub:
        await heat(hub)
        found = {each["reaction"]: each for each in await runs(hub, 3)}
        assert (found["dry"]["outcome"], found["dry"]["commands"]) == ("dry_run", [{"device": "fan"}])
        assert (found["if"]["outcome"], found["if"]["detail"]) == (
            "condition_unknown",
            "Not known: speed of fan: the device is not online.",
        )
        assert (found["no"]["outcome"], found["no"]["commands"][0]["problem"]) == (
            "failed",
            "There is no device 'nobody'.",
        )
        await fan(hub)
        await heat(hub)
        assert (await runs(hub, 2, reaction="if"))[1]["outcome"] == "condition_false"
        await hub.telemetry("fan", speed=5)
        await heat(hub)
        assert (await runs(hub, 3, reaction="if"))[2]["outcome"] == "ran"
        assert [each["by"] for each in await commands(hub)] == ["reaction if"]


async def test_rate_limit_counts_what_exceeds_it(tmp_path: Path) -> None:
    text = command(to='device = "fan"').replace(FAST, "limit = { per_minute = 1, burst = 1 }")
    async with hub_with(tmp_path, text) as hub:
        await fan(hub)
        for number in range(4):
            await hub.telemetry(f"pump-{number}", temperature=95)
        await until(lambda: True)
        first, more = await runs(hub, 2)
        while more["count"] < 3:
            first, more = await runs(hub, 2)
        assert (first["outcome"], more["outcome"], more["count"]) == ("ran", "rate_limited", 3)
        assert len(await commands(hub)) == 1


async def test_loop_is_paused_reported_and_resumed_by_a_person(tmp_path: Path) -> None:
    async with hub_with(tmp_path, command()) as hub:
        await fan(hub)
        for number in range(1, 5):
            await heat(hub)
            await runs(hub, number)
        assert (await runs(hub, 4))[3]["outcome"] == "paused"
        await heat(hub)
        (item,) = (await hub.http.get("/api/reactions")).json()["items"]
        assert item["paused"].startswith("Paused after 3 runs within 10 min about the rule hot on pump")
        texts = [each["text"] for each in (await hub.http.get("/api/activity")).json()["items"]]
        assert len([text for text in texts if text.startswith("hub paused the reaction fan")]) == 1
        assert len(await commands(hub)) == 3
    async with running_hub(tmp_path, rules=RULES) as hub:
        (item,) = (await hub.http.get("/api/reactions")).json()["items"]
        assert item["paused"], "it stays paused"
        assert (await hub.http.post("/api/reactions/fan/resume")).status_code == 204
        assert (await hub.http.post("/api/reactions/fan/resume")).status_code == 404
        await fan(hub)
        await heat(hub)
        assert (await runs(hub, 5))[4]["outcome"] == "ran"


async def test_limits_count_runs_before_a_restart(tmp_path: Path) -> None:
    text = command().replace(FAST, "limit = { per_minute = 1, burst = 1 }")
    async with hub_with(tmp_path, text) as hub:
        await fan(hub)
        await heat(hub)
        await runs(hub, 1)
    async with running_hub(tmp_path, rules=RULES) as hub:
        await heat(hub, "pump-2")
        assert [each["outcome"] for each in await runs(hub, 2)] == ["ran", "rate_limited"]


async def test_switch_turns_everything_off_and_stays_off(tmp_path: Path) -> None:
    async with hub_with(tmp_path, command()) as hub:
        await fan(hub)
        answer = await hub.http.post("/api/reactions/switch", json={"on": False})
        assert answer.json() == {"on": False}
        await heat(hub)
    async with running_hub(tmp_path, rules=RULES) as hub:
        assert (await hub.http.get("/api/reactions")).json()["on"] is False
        await heat(hub)
        await hub.http.post("/api/reactions/switch", json={"on": True})
        await heat(hub)
        await runs(hub, 1)
        assert len(await commands(hub)) == 1, "nothing is made up for"


async def test_silenced_alert_starts_nothing(tmp_path: Path) -> None:
    async with hub_with(tmp_path, command() + command("other", alert=', step = "acknowledged"')) as hub:
        await fan(hub)
        body = {"note": "Maintenance", "devices": ["pump"], "ends_at": now_ms() + 3_600_000}
        assert (await hub.http.post("/api/silences", json=body)).status_code == 201
        await heat(hub)
        await heat(hub, "pump-2")
        (run,) = await runs(hub, 1)
        assert run["device"] == "pump-2"
        await hub.http.post(f"/api/alerts/{run['alert']}/acknowledge", json={})
        assert (await runs(hub, 2))[1]["step"] == "acknowledged"


TRIED = """
[[reaction]]
id = "{name}"
mode = "dry_run"
alert = {{ rules = ["hot"]{alert} }}
condition = {{ kind = "not", conditions = [{{ metric = "speed", device = "fan", above = 50 }}] }}
command = {{ device = "fan", name = "state", value = "ON" }}
limit = {{ per_minute = 1, burst = 3, device_per_minute = 60000 }}
"""


async def handled(hub: ApiHub) -> None:
    """Wait until the reactions have handled all steps of alerts, so that they see the values of now."""
    async with asyncio.timeout(30):
        while await hub.services.store.reactions.steps(0, 1):
            await asyncio.sleep(0.01)


async def test_backtest_equals_what_ran(tmp_path: Path) -> None:
    steps = {"now": "", "end": ', step = "cleared"', "seen": ', step = "acknowledged"'}
    text = "".join(TRIED.format(name=name, alert=alert) for name, alert in steps.items())
    async with hub_with(tmp_path, text) as hub:
        start = now_ms()

        async def heated(device: str = "pump") -> None:
            await heat(hub, device)
            await handled(hub)

        await heated("early")  # the fan is not known yet
        await fan(hub)
        await heated()
        await hub.telemetry("fan", speed=80)
        await heated()
        await hub.telemetry("fan", speed=20)
        for _ in range(4):
            await heated()
        alerts = (await hub.http.get("/api/alerts", params={"state": "open"})).json()["items"]
        await hub.http.post(f"/api/alerts/{alerts[0]['id']}/acknowledge", json={})
        await handled(hub)
        tried_of = {}
        for name in steps:
            body = {"id": name, "from": start, "to": now_ms()}
            trial = (await hub.http.post("/api/reactions/backtest", json=body)).json()
            live = (await hub.http.get("/api/reactions/runs", params={"reaction": name})).json()["items"][::-1]
            expected = [(run["alert"], run["step"], run["outcome"]) for run in live if run["outcome"] != "rate_limited"]
            tried = [(run["alert"], run["step"], run["outcome"]) for run in trial["runs"]]
            assert [each for each in tried if each[2] != "rate_limited"] == expected, name
            limited = sum(run["count"] for run in live if run["outcome"] == "rate_limited")
            assert trial["counts"].get("rate_limited", 0) == limited
            assert trial["complete"]
            tried_of[name] = [outcome for _, _, outcome in tried]
        assert tried_of == {
            "now": ["condition_unknown", "dry_run", "condition_false", "dry_run", "dry_run", *["rate_limited"] * 2],
            "end": ["condition_false", *["dry_run"] * 3, "rate_limited"],
            "seen": ["dry_run"],
        }
        assert await commands(hub) == []


async def test_backtest_of_a_schedule(tmp_path: Path) -> None:
    async with hub_with(tmp_path, "") as hub:
        await fan(hub)
        now = now_ms()
        for hour in range(1, 30):
            at = now - hour * 3_600_000
            hub.publish("devices/fan/telemetry", {"speed": hour % 2 * 100, "ts": at}, at=at)
        await hub.settled()
        draft = {
            "id": "night",
            "schedule": {"times": [f"daily {hour:02}:30" for hour in range(24)], "time_zone": "UTC"},
            "condition": {"metric": "speed", "above": 50},
            "command": {"device": "fan", "name": "state", "value": "OFF"},
        }
        body = {"reaction": draft, "from": now - 20 * 3_600_000, "to": now}
        trial = (await hub.http.post("/api/reactions/backtest", json=body)).json()
        assert trial["occasions"] == 20
        assert sum(trial["counts"].values()) == 20
        assert {run["outcome"] for run in trial["runs"]} <= {"ran", "condition_false", "condition_unknown"}
        assert all(run["due_at"] % 3_600_000 == 1_800_000 for run in trial["runs"])
        assert (await hub.http.get("/api/reactions/runs")).json()["items"] == []


# -- over HTTP -----------------------------------------------------------------------------------------------

FILE = "# What happens automatically.\n\n" + command() + "\n# The end.\n"


async def test_file_is_changed_one_table_at_a_time(tmp_path: Path) -> None:
    async with hub_with(tmp_path, FILE) as hub:

        async def send(method: str, path: str, **body: Any) -> httpx.Response:
            body["revision"] = (await hub.http.get("/api/reactions/text")).json()["revision"]
            options = {"params": body} if method == "DELETE" else {"json": body}
            return await hub.http.request(method, path, **options)

        await fan(hub)
        draft = {"id": "b", "schedule": {"times": ["daily 07:00"], "time_zone": "UTC"}}
        draft["command"] = {"device": "fan", "name": "state", "value": "HIGH"}
        preview = (await hub.http.post("/api/reactions/preview", json={"reaction": draft})).json()
        assert preview["problem"] is None
        assert (preview["values"], preview["devices"]) == (draft, ["fan"])
        assert preview["warnings"] == ["fan: The value must be one of: ON, OFF."]
        assert preview["reaction"]["starts"] == "at daily 07:00 (UTC)"
        assert (await send("POST", "/api/reactions", reaction=draft)).status_code == 201
        items = (await hub.http.get("/api/reactions")).json()["items"]
        assert [(each["id"], each["next_at"] is not None) for each in items] == [("fan", False), ("b", True)]
        changed = await send("PUT", "/api/reactions/b", reaction={**draft, "enabled": False})
        assert changed.status_code == 200
        wrong = await send("PUT", "/api/reactions/b", reaction={**draft, "mode": "test"})
        assert wrong.status_code == 422
        assert "mode = 'test' is not valid" in wrong.json()["error"]["message"]
        assert (await send("DELETE", "/api/reactions/b")).status_code == 200
        assert (tmp_path / "reactions.toml").read_text() == FILE
        checked = (await hub.http.post("/api/reactions/check", json={"text": FILE + "x = 1"})).json()
        assert "x = 1 is not valid" in checked["problem"]
        texts = [line["text"] for line in (await hub.http.get("/api/activity")).json()["items"]]
        assert "operator removed the reaction b" in texts
        assert (await hub.http.put("/api/reactions", json={"text": "", "revision": "old"})).status_code == 409


async def test_only_who_may_change_rules_and_command_devices_makes_reactions(tmp_path: Path) -> None:
    async with (
        hub_with(tmp_path, FILE, token=TOKEN) as hub,
        person(hub, "Ada", "administrator"),
        person(hub, "Olga", "operator") as olga,
    ):
        await hub.telemetry("pump", temperature=20)
        area = (await hub.http.post("/api/areas", json={"name": "Hall"}, headers=BEARER)).json()["id"]
        assert (await olga.http.get("/api/reactions")).status_code == 200
        async with Browser(hub) as browser:
            answer = await browser.welcome(await link(hub, "viewer"), "Reaction fan")
            assert "is reserved" in answer.json()["error"]["message"], "it would be taken for the reaction's author"
        for method, path in (
            ("GET", "/api/reactions/text"),
            ("POST", "/api/reactions"),
            ("PUT", "/api/reactions"),
            ("PUT", "/api/reactions/fan"),
            ("DELETE", "/api/reactions/fan?revision=x"),
            ("POST", "/api/reactions/preview"),
            ("POST", "/api/reactions/switch"),
            ("POST", "/api/reactions/fan/resume"),
        ):
            assert (await olga.http.request(method, path, json={})).status_code == 403, path
        body = {"name": "line", "role": "operator", "limits": {"areas": [area]}}
        made = (await olga.http.post("/api/account/tokens", json=body)).json()
        limited = {"Authorization": f"Bearer {made['value']}"}
        assert (await hub.http.get("/api/reactions", headers=limited)).status_code == 403


async def test_ai_can_neither_see_nor_start_reactions(tmp_path: Path) -> None:
    async with hub_with(tmp_path, FILE) as hub:
        parts = hub.services
        tools = build_tools(parts.registry, parts.engine, parts.store, parts.now)
        assert specs(tools)
        assert "reaction" not in str(specs(tools)).lower()
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        listed = (await hub.http.post("/mcp", json=body)).json()["result"]["tools"]
        assert listed
        assert "reaction" not in str(listed).lower()


@pytest.mark.parametrize("at", [0, 1])
async def test_time_of_schedule_runs_once(tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Just before its time, the hub waits for it; after a start within the grace, it makes up for it once."""
    import hub.assembly.build_reactions as module

    zone_offset = 7 * 3_600_000
    due = 1_764_400_000_000 // 86_400_000 * 86_400_000 + zone_offset
    clock = {"now": due + (30_000 if at else -200)}
    monkeypatch.setattr(module, "now_ms", lambda: clock["now"])
    text = '[[reaction]]\nid = "fan"\nschedule = { times = ["daily 07:00"], time_zone = "UTC" }\n'
    text += 'command = { device = "fan", name = "state", value = "ON" }\nmode = "dry_run"\n'
    async with hub_with(tmp_path, text) as hub:
        if not at:
            assert (await hub.http.get("/api/reactions")).json()["items"][0]["next_at"] == due
            clock["now"] = due + 5
        (run,) = await runs(hub, 1)
        assert (run["due_at"], run["outcome"], run["step"]) == (due, "dry_run", None)
    async with running_hub(tmp_path, rules=RULES) as hub:
        await hub.settled()
        await runs(hub, 1)
    clock["now"] = due + 86_400_000 + 61_000
    async with running_hub(tmp_path, rules=RULES) as hub:
        await hub.settled()
        await runs(hub, 1)


async def test_schedule_that_is_switched_on_skips_earlier_times(tmp_path: Path) -> None:
    schedule = f'schedule = {{ times = ["daily {time.strftime("%H:%M", time.gmtime())}"], time_zone = "UTC" }}'
    action = 'command = { device = "fan", name = "state", value = "ON" }\nmode = "dry_run"\ngrace = "1h"'
    text = f'[[reaction]]\nid = "off"\nenabled = false\n{action}\n{schedule}\n' + command("alert")
    async with hub_with(tmp_path, text) as hub:
        revision = (await hub.http.get("/api/reactions/text")).json()["revision"]
        body = {"text": text.replace("enabled = false", ""), "revision": revision}
        assert (await hub.http.put("/api/reactions", json=body)).status_code == 200
        await fan(hub)
        await heat(hub)
        assert [each["reaction"] for each in await runs(hub, 1)] == ["alert"]
