"""Model servers configured through the API: active at once, stored, and keys never leave for another host."""

from __future__ import annotations

import json
import logging
import socket
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub
from faulty_server import Script, answer, faulty
from hub.ai.base import AiSettings
from hub.ai.model_settings import open_model_settings
from hub.ai.server_config import ModelServer
from hub.assembly.from_settings import ai_settings
from hub.runtime.ai_section import AiSection

ENV_KEY, PAGE_KEY = "sk-from-the-environment", "sk-from-the-page"
COMPLETION = answer(
    b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "OK"}}],'
    b' "usage": {"prompt_tokens": 8, "completion_tokens": 1, "total_tokens": 9}}'
)
UNAUTHORIZED = answer(b'{"error": {"message": "bad key sk-from-the-page"}}', "401 Unauthorized")


def base(address: str | None = None, **more: Any) -> AiSettings:
    openai = ModelServer(name="openai", kind="openai", model="gpt-x", base_url=address, api_key=ENV_KEY)
    return AiSettings(servers=(openai,), **more)


def server(address: str | None, **more: Any) -> dict[str, Any]:
    return {"kind": "openai", "model": "m", "base_url": address, **more}


async def expect_422(hub: ApiHub, method: str, path: str, body: Any) -> str:
    got = await hub.http.request(method, path, json=body)
    assert got.status_code == 422, got.text
    assert ENV_KEY not in got.text
    assert PAGE_KEY not in got.text
    return got.text


async def test_server_is_tested_saved_used_and_restored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "hub")
    async with faulty(COMPLETION) as lab:
        body = server(lab.base_url, api_key=PAGE_KEY, price_in=1.0, price_out=2.0)
        async with running_hub(tmp_path, real_ai=True, ai=base()) as hub:
            tested = await hub.http.post("/api/models/lab/test", json=body)
            assert tested.json() == {"ok": True, "message": None}
            put = await hub.http.put("/api/models/lab", json=body)
            assert put.status_code == 200
            plan = await hub.http.put("/api/models", json={"chat": ["lab"], "daily_calls": 50})
            assert plan.status_code == 200
            answered = await hub.http.post("/ask", json={"question": "Is anything wrong?"})
            assert (answered.json()["answer"], answered.json()["model"]) == ("OK", "m")
            listed = (await hub.http.get("/api/models")).json()
            shown = {each["name"]: each for each in listed["servers"]}
            assert (shown["lab"]["has_key"], shown["lab"]["changed"]) == (True, True)
            assert (shown["openai"]["has_key"], shown["openai"]["changed"]) == (True, False)
            assert shown["lab"]["spent"]["tokens"] == 9 * shown["lab"]["spent"]["calls"] > 0
            assert listed["limits"]["calls"] == 50
            assert [w["provider"] for w in listed["roles"][0]["order"]] == ["lab", "builtin"]
            pages = [tested.text, put.text, plan.text, json.dumps(listed), (await hub.http.get("/api/status")).text]
            assert not [key for key in (ENV_KEY, PAGE_KEY) if key in "".join(pages) + caplog.text]
            assert {h["authorization"] for h in map(lab.headers, range(len(lab.requests)))} == {f"Bearer {PAGE_KEY}"}
        kept = (tmp_path / "models.json").read_text()
        assert (tmp_path / "models.json").stat().st_mode & 0o777 == 0o600
        assert PAGE_KEY in kept
        assert ENV_KEY not in kept
        reopened = await open_model_settings(base(), tmp_path)
        assert [w.provider for w in reopened.providers.describe("chat")] == ["lab", "builtin"]
        assert reopened.settings.daily_calls == 50
        await reopened.providers.close()


async def test_stored_key_is_not_sent_to_another_host(tmp_path: Path) -> None:
    async with (
        faulty(COMPLETION) as first,
        faulty(COMPLETION) as thief,
        running_hub(tmp_path, real_ai=True, ai=base(first.base_url)) as hub,
    ):
        moved = server(thief.base_url)
        assert "Enter the key again" in await expect_422(hub, "PUT", "/api/models/openai", moved)
        assert "Enter the key again" in await expect_422(hub, "POST", "/api/models/openai/test", moved)
        same = await hub.http.put("/api/models/openai", json=server(first.base_url, model="other"))
        assert same.status_code == 200, "the model may change without the key"
        assert "Enter the key again" in await expect_422(hub, "PUT", "/api/models/openai", moved)
        keyless = await hub.http.post("/api/models/openai/test", json=moved | {"api_key": ""})
        assert keyless.json()["ok"] is True
        assert (await hub.http.put("/api/models/openai", json=moved | {"api_key": PAGE_KEY})).status_code == 200
        await hub.http.post("/ask", json={"question": "Is anything wrong?"})
        assert ENV_KEY not in str(thief.requests)
        assert PAGE_KEY in str(thief.requests)
        assert PAGE_KEY not in str(first.requests)


async def test_key_from_settings_is_bound_to_its_address_after_restart(tmp_path: Path) -> None:
    async with running_hub(tmp_path, real_ai=True, ai=base("http://127.0.0.1:9/v1")) as hub:
        put = await hub.http.put("/api/models/openai", json=server("http://127.0.0.1:9/v2"))
        assert put.json()["servers"][0]["has_key"] is True
    same = await open_model_settings(base("http://127.0.0.1:9/v1"), tmp_path)
    assert same.settings.servers[0].api_key == ENV_KEY
    await same.providers.close()
    moved = await open_model_settings(base("https://elsewhere.example/v1"), tmp_path)
    assert moved.settings.servers[0].base_url == "http://127.0.0.1:9/v2"
    assert moved.settings.servers[0].api_key is None
    await moved.providers.close()


@pytest.mark.parametrize(
    ("script", "expected"), [(UNAUTHORIZED, "key"), (answer(b"<html>"), "not OpenAI's"), (answer(b"", "503 No"), "503")]
)
async def test_server_test_reports_error_and_saves_nothing(tmp_path: Path, script: Script, expected: str) -> None:
    async with faulty(script) as lab, running_hub(tmp_path, real_ai=True, ai=base()) as hub:
        got = await hub.http.post("/api/models/lab/test", json=server(lab.base_url, api_key=PAGE_KEY))
        assert got.json()["ok"] is False
        assert expected in got.json()["message"]
        assert PAGE_KEY not in got.text
        assert not (tmp_path / "models.json").exists(), "a test saves nothing"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/models/lab", server("file:///etc/passwd")),
        ("/api/models/lab", server("http://user:pw@127.0.0.1/v1")),
        ("/api/models/lab", server("http://127.0.0.1/v1", api_key=5)),
        ("/api/models/lab", server("http://127.0.0.1/v1", api_key=PAGE_KEY, extra=1)),
        ("/api/models/lab", server("http://127.0.0.1/v1", price_in=-1)),
        ("/api/models/La%20b", server("http://127.0.0.1/v1")),
        ("/api/models", {"chat": ["nobody"]}),
        ("/api/models", {"chat": ["builtin"]}),
        ("/api/models", {"daily_money": 1.0}),
        ("/api/models", {"daily_calls": -1}),
    ],
)
async def test_invalid_settings_are_refused_and_change_nothing(tmp_path: Path, path: str, body: Any) -> None:
    async with running_hub(tmp_path, real_ai=True, ai=base()) as hub:
        before = (await hub.http.get("/api/models")).json()
        await expect_422(hub, "PUT", path, body)
        assert (await hub.http.get("/api/models")).json() == before
        assert not (tmp_path / "models.json").exists()


async def test_delete_restores_server_from_settings_file(tmp_path: Path) -> None:
    async with running_hub(tmp_path, real_ai=True, ai=base()) as hub:
        assert (await hub.http.delete("/api/models/openai")).status_code == 404
        await hub.http.put("/api/models/openai", json=server(None, model="other"))
        await hub.http.put("/api/models/lab", json=server("http://127.0.0.1:9/v1"))
        back = (await hub.http.delete("/api/models/openai")).json()
        assert [(s["name"], s["model"]) for s in back["servers"]] == [("openai", "gpt-x"), ("lab", "m")]
        await hub.http.put("/api/models", json={"chat": ["lab"]})
        assert "lab" in await expect_422(hub, "DELETE", "/api/models/lab", None), "a role names it"


async def test_unreadable_models_file_is_set_aside_at_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "models.json").write_text("{")
    models = await open_model_settings(base(), tmp_path)
    assert [each.name for each in models.settings.servers] == ["openai"]
    assert (tmp_path / "models.unreadable").read_text() == "{"
    assert "models.unreadable" in caplog.text
    await models.providers.close()


BAD_HOSTS = ["é..b", "a..b", "x" * 64 + ".example", "xn--é", "[::1", "a b", ".", "..", "\u2024", "[fe80::1%25eth0]"]
FORBIDDEN = [
    *("169.254.169.254", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "0.0.0.0", "[::]", "0", "0xa9fea9fe"),
    *("2852039166", "169.254.43518", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]", "[fe80::1]", "224.0.0.1"),
    *("255.255.255.255", "[ff02::1]", "[fd00:ec2::254]", "100.100.100.200", "[::169.254.169.254]", "[fec0::1]"),
]


@pytest.mark.parametrize("host", [*BAD_HOSTS, *FORBIDDEN])
@pytest.mark.parametrize("kind", ["openai", "ollama"])
async def test_unusable_address_is_refused_and_not_saved(tmp_path: Path, host: str, kind: str) -> None:
    body = server(f"http://{host}/v1", kind=kind)
    async with running_hub(tmp_path, real_ai=True, ai=base()) as hub:
        await expect_422(hub, "PUT", "/api/models/lab", body)
        await expect_422(hub, "POST", "/api/models/lab/test", body)
        assert not (tmp_path / "models.json").exists()
    await (await open_model_settings(base(), tmp_path)).providers.close()


@pytest.mark.parametrize("key", ["ключ", "sk-a\nb", "sk a", "\x7f", "k" * 2_001])
async def test_unusable_key_is_refused(tmp_path: Path, key: str) -> None:
    async with running_hub(tmp_path, real_ai=True, ai=base()) as hub:
        got = await expect_422(hub, "PUT", "/api/models/lab", server("http://127.0.0.1:9/v1", api_key=key))
        assert "key" in got


LAB = {"name": "lab", "kind": "openai", "model": "m"}
STORED = {
    "address": ({"lab": LAB | {"base_url": "http://é..b"}}, None),
    "link-local": ({"lab": LAB | {"kind": "ollama", "base_url": "http://169.254.169.254"}}, None),
    "key": ({"lab": LAB | {"api_key": "ключ"}}, None),
    "role": ({}, {"roles": {"chat": ["gone"]}}),
    "money": ({"lab": LAB | {"base_url": "http://127.0.0.1:9"}}, {"daily_money": 5.0}),
}


@pytest.mark.parametrize("name", STORED)
async def test_invalid_stored_setting_is_skipped_and_reported(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    servers, plan = STORED[name]
    (tmp_path / "models.json").write_text(json.dumps({"servers": servers, "borrowed": [], "plan": plan}))
    valid = ModelServer(name="openai", kind="openai", model="g", api_key=ENV_KEY, price_in=1.0, price_out=1.0)
    async with running_hub(tmp_path, real_ai=True, ai=AiSettings(servers=(valid,)), kept_models=True) as hub:
        listed = (await hub.http.get("/api/models")).json()
        faults = [each["fault"] for each in [*listed["servers"], *listed["roles"]] if each["fault"]]
        assert len(faults) == 1, "it is listed with its reason"
        assert faults[0] in caplog.text
        order = {each["role"]: [w["provider"] for w in each["order"]] for each in listed["roles"]}
        assert "openai" in order["chat"], "valid servers are used"
        other = await hub.http.put("/api/models/more", json=server("http://127.0.0.1:9/v1", price_in=1, price_out=1))
        assert other.status_code == 200, "an old fault does not prevent saving a new server"


async def test_host_that_resolves_to_link_local_address_is_not_contacted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved: list[str] = []

    def resolve(host: str, port: int, **rest: object) -> list[object]:
        resolved.append(host)
        return [(2, 1, 6, "", ("169.254.169.254", port))]

    async with running_hub(tmp_path, real_ai=True, ai=base()) as hub:
        monkeypatch.setattr("hub.ai.address_guard.socket.getaddrinfo", resolve)
        for kind in ("openai", "ollama"):
            got = await hub.http.post(
                "/api/models/lab/test", json=server("http://metadata.example/v1", kind=kind, api_key="k")
            )
            assert "is not an allowed address" in got.json()["message"]
    assert resolved == ["metadata.example", "metadata.example"]


async def test_connection_uses_the_checked_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["127.0.0.1", "169.254.169.254", "169.254.169.254"])
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: Any, **named: Any) -> Any:
        known = host == "models.example"
        return [(2, 1, 6, "", (next(answers), port))] if known else real(host, port, *rest, **named)

    async with faulty(COMPLETION) as lab, running_hub(tmp_path, real_ai=True, ai=base()) as hub:
        monkeypatch.setattr("hub.ai.address_guard.socket.getaddrinfo", resolve)
        address = lab.base_url.replace("127.0.0.1", "models.example")
        got = await hub.http.post("/api/models/lab/test", json=server(address, api_key="k"))
        assert got.json() == {"ok": True, "message": None}
        assert lab.headers(0)["host"].startswith("models.example:"), "the Host header has the name, not the address"


def test_ollama_listen_address_becomes_connect_address() -> None:
    for given, expected in [("0.0.0.0", "127.0.0.1"), ("http://0.0.0.0:11434", "http://127.0.0.1:11434")]:
        servers = ai_settings(AiSection(ollama_host=given)).servers
        assert next(each for each in servers if each.name == "ollama").base_url == expected
