"""``/mcp`` and ``hub mcp``: other people's AI programs read the hub by the Model Context Protocol, and cannot act."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import HubError, Invalid, NotFound, StoreBusy, TooBusy
from hub.tools.model_context import ModelContextServer, ResourcePage, ResourceTemplate
from serving import Serving, Thing, served, until


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(tmp_path_factory.mktemp("mcp")) as hub:
        device = Thing(hub.broker, "none")
        commands = {"open": {"topic": "devices/valve/commands/open", "type": "boolean"}}
        device.say("devices/valve/info", {"commands": commands}, retained=True)
        for name, temperature in (("pump-1", 40), ("pump-2", 80), ("pump-3", 60), ("valve", 20)):
            device.say(f"devices/{name}/telemetry", {"temperature": temperature})
        until(lambda: hub.get("/api/devices")["items"][3:])
        yield hub
        device.leave()


def ask(hub: Serving, method: str, **params: Any) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    answer = hub.http.post("/mcp", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == 7
    return answer.json()


def called(hub: Serving, tool: str, **arguments: Any) -> Any:
    result = ask(hub, "tools/call", name=tool, arguments=arguments)["result"]
    return json.loads(result["content"][0]["text"]), result["isError"]


def test_client_is_introduced_and_gets_the_tools(hub: Serving) -> None:
    found = ask(hub, "initialize", protocolVersion="2025-03-26", capabilities={})["result"]
    assert (found["protocolVersion"], found["serverInfo"]["name"]) == ("2025-03-26", "watchkeeper")
    assert ask(hub, "initialize", protocolVersion="1999-01-01")["result"]["protocolVersion"] == "2025-06-18"
    initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert hub.http.post("/mcp", json=initialized).status_code == 202
    tools = {tool["name"]: tool for tool in ask(hub, "tools/list")["result"]["tools"]}
    assert {"find_devices", "rank_devices", "history", "open_alerts", "propose_command"} <= tools.keys()
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools.values())
    assert {tool["inputSchema"]["type"] for tool in tools.values()} == {"object"}
    assert hub.http.get("/mcp").status_code == 405


def test_hottest_pump_is_found(hub: Serving) -> None:
    ranked, failed = called(hub, "rank_devices", metric="temperature", limit=2)
    assert not failed
    assert [each["device"] for each in ranked[:1]] == ["pump-2"]


def test_proposed_command_is_not_sent(hub: Serving) -> None:
    proposal, failed = called(hub, "propose_command", device="valve", command="open", value=True)
    assert (failed, proposal["sent"]) == (False, False)
    assert hub.get("/api/devices/valve/commands")["items"] == []


def test_errors_are_answers(hub: Serving) -> None:
    assert called(hub, "device_state", device="nothing")[1]
    assert called(hub, "device_state", colour="red")[1]
    assert ask(hub, "tools/call", name="delete_device")["error"]["code"] == -32602
    assert ask(hub, "prompts/list")["error"]["code"] == -32601
    for body, code in ((b"{", -32700), (b"[]", -32600), (b'{"jsonrpc": "1.0"}', -32600)):
        assert hub.http.post("/mcp", content=body).json()["error"]["code"] == code


def read(hub: Serving, uri: str) -> Any:
    """Return the content of a resource, or the code of the error."""
    answer = ask(hub, "resources/read", uri=uri)
    if "error" in answer:
        return answer["error"]["code"]
    (content,) = answer["result"]["contents"]
    assert (content["uri"], content["mimeType"]) == (uri, "application/json")
    return json.loads(content["text"])


def test_resources_are_those_of_the_api(hub: Serving) -> None:
    assert "resources" in ask(hub, "initialize", protocolVersion="2025-06-18")["result"]["capabilities"]
    listed = {each["uri"]: each for each in ask(hub, "resources/list")["result"]["resources"]}
    assert {"watchkeeper://devices", "watchkeeper://alerts", "watchkeeper://rules"} < listed.keys()
    assert listed["watchkeeper://devices/pump-2"]["description"] == "pump-2, online"
    templates = ask(hub, "resources/templates/list")["result"]["resourceTemplates"]
    assert {each["uriTemplate"] for each in templates} == {
        *("watchkeeper://devices/{device_id}", "watchkeeper://alerts/{alert_id}", "watchkeeper://rules/{rule_id}"),
        *("watchkeeper://incidents/{incident_id}", "watchkeeper://diagnoses/{diagnosis_id}"),
    }
    assert read(hub, "watchkeeper://devices/pump-2") == hub.get("/api/devices/pump-2")
    assert read(hub, "watchkeeper://devices") == hub.get("/api/devices")
    assert read(hub, "watchkeeper://alerts") == hub.get("/api/alerts?state=open")
    assert read(hub, "watchkeeper://incidents") == hub.get("/api/incidents?state=unresolved")
    rules = hub.get("/api/rules")
    assert read(hub, "watchkeeper://rules") == rules
    assert read(hub, f"watchkeeper://rules/{rules['items'][0]['id']}") == rules["items"][0]


def test_resource_that_does_not_exist_is_an_error(hub: Serving) -> None:
    for uri in ("devices/none", "alerts/none", "incidents/none", "diagnoses/none", "rules/none", "diagnoses", "people"):
        assert read(hub, f"watchkeeper://{uri}") == -32002, uri
    for uri in ("http://x", "watchkeeper://devices/a/b", "watchkeeper://devices?q=1", "watchkeeper://" + "d" * 2_000):
        assert read(hub, uri) == -32002, uri
    assert ask(hub, "resources/read", uri=3)["error"]["code"] == -32602
    assert ask(hub, "resources/list", cursor=3)["error"]["code"] == -32602
    assert ask(hub, "resources/list", cursor="wrong")["error"]["code"] == -32602
    assert ask(hub, "resources/subscribe", uri="watchkeeper://devices")["error"]["code"] == -32601


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreBusy("The database is locked."), -32603),
        (TooBusy("Too many requests."), -32603),
        (Invalid("The cursor is wrong."), -32602),
        (NotFound("There is no such resource."), -32002),
    ],
)
async def test_code_of_an_error_says_whose_fault_it_is(error: HubError, code: int) -> None:
    class Failing:
        async def page(self, cursor: str | None) -> ResourcePage:
            raise error

        def templates(self) -> list[ResourceTemplate]:
            return []

        async def read(self, uri: str) -> str:
            raise error

    tools: Any = None  # resources do not use the tools
    server = ModelContextServer(tools, Failing(), "1")
    for method, params in (("resources/list", {}), ("resources/read", {"uri": "watchkeeper://devices"})):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        answer = await server.answer(body, record=lambda tool, arguments: None)
        assert answer is not None
        assert answer["error"] == {"code": code, "message": error.message}


def test_command_answers_on_standard_output(hub: Serving) -> None:
    lines = [{"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "method": "notifications/initialized"}]
    lines.append({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})
    words = ["mcp", "--data", str(hub.data), "--http", f"127.0.0.1:{hub.port}"]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    done = subprocess.run([sys.executable, "-m", "hub", *words], input=text, capture_output=True, text=True, check=True)
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["result"], second["id"]) == ({}, 2)


def test_command_goes_on_after_a_refused_message_and_needs_a_hub(hub: Serving, tmp_path: Path) -> None:
    large = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": "x" * 2_000_000}})
    text = f"{large}\n" + '{"jsonrpc": "2.0", "id": 2, "method": "ping"}\n'
    words = [sys.executable, "-m", "hub", "mcp", "--data"]
    done = subprocess.run([*words, str(hub.data)], input=text, capture_output=True, text=True, check=True)
    first, second = map(json.loads, done.stdout.splitlines())
    assert "too large" in first["error"]["message"]
    assert second == {"jsonrpc": "2.0", "id": 2, "result": {}}
    nowhere = subprocess.run([*words, str(tmp_path / "none")], input=text, capture_output=True, text=True, check=False)
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert f"No hub is running on the data folder {tmp_path / 'none'}" in nowhere.stderr


def test_client_of_the_sdk_finds_the_hottest_pump(hub: Serving) -> None:
    from mcp import Client  # here, as it takes half a second in each process that collects tests

    async def hottest() -> str:
        async with Client(f"http://127.0.0.1:{hub.port}/mcp") as client:
            tools = await client.list_tools()
            assert any(tool.name == "rank_devices" for tool in tools.tools)
            listed = await client.list_resources()
            assert "watchkeeper://devices/pump-1" in {str(each.uri) for each in listed.resources}
            assert len((await client.list_resource_templates()).resource_templates) == 5
            content = await client.read_resource("watchkeeper://devices/pump-1")
            assert json.loads(content.contents[0].text)["id"] == "pump-1"
            found = await client.call_tool("rank_devices", {"metric": "temperature", "limit": 1})
            return str(json.loads(found.content[0].text)[0]["device"])

    assert asyncio.run(hottest()) == "pump-2"
