"""Servers of models set through the API: in force at once, kept, and no key ever leaves or goes to another host."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub
from faulty_server import Script, answer, faulty
from hub.ai.base import AiSettings
from hub.ai.models import open_models
from hub.ai.server import ModelServer
from hub.errors import ConfigError

ENV_KEY, PAGE_KEY = "sk-from-the-environment", "sk-from-the-page"
SAID = answer(
    b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "OK"}}],'
    b' "usage": {"prompt_tokens": 8, "completion_tokens": 1, "total_tokens": 9}}'
)
REFUSED = answer(b'{"error": {"message": "bad key sk-from-the-page"}}', "401 Unauthorized")


def base(address: str | None = None, **more: Any) -> AiSettings:
    openai = ModelServer(name="openai", kind="openai", model="gpt-x", base_url=address, api_key=ENV_KEY)
    return AiSettings(servers=(openai,), **more)


def server(address: str | None, **more: Any) -> dict[str, Any]:
    return {"kind": "openai", "model": "m", "base_url": address, **more}


async def refused(hub: ApiHub, method: str, path: str, body: Any) -> str:
    got = await hub.http.request(method, path, json=body)
    assert got.status_code == 422, got.text
    assert ENV_KEY not in got.text
    assert PAGE_KEY not in got.text
    return got.text


async def test_a_server_is_set_tested_used_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "hub")
    async with faulty(SAID) as lab:
        wanted = server(lab.base_url, api_key=PAGE_KEY, price_in=1.0, price_out=2.0)
        async with running_hub(tmp_path, real_ai=True, ai=base()) as hub:
            tried = await hub.http.post("/api/models/lab/test", json=wanted)
            assert tried.json() == {"ok": True, "message": None}
            put = await hub.http.put("/api/models/lab", json=wanted)
            assert put.status_code == 200
            plan = await hub.http.put("/api/models", json={"chat": ["lab"], "daily_calls": 50})
            assert plan.status_code == 200
            asked = await hub.http.post("/ask", json={"question": "Is anything wrong?"})
            assert (asked.json()["answer"], asked.json()["model"]) == ("OK", "m")
            told = (await hub.http.get("/api/models")).json()
            shown = {each["name"]: each for each in told["servers"]}
            assert (shown["lab"]["has_key"], shown["lab"]["changed"]) == (True, True)
            assert (shown["openai"]["has_key"], shown["openai"]["changed"]) == (True, False)
            assert shown["lab"]["spent"]["tokens"] == 9 * shown["lab"]["spent"]["calls"] > 0
            assert told["limits"]["calls"] == 50
            assert [w["provider"] for w in told["roles"][0]["order"]] == ["lab", "builtin"]
            pages = [tried.text, put.text, plan.text, json.dumps(told), (await hub.http.get("/api/status")).text]
            assert not [key for key in (ENV_KEY, PAGE_KEY) if key in "".join(pages) + caplog.text]
            assert {h["authorization"] for h in map(lab.headers, range(len(lab.heard)))} == {f"Bearer {PAGE_KEY}"}
        kept = (tmp_path / "models.json").read_text()
        assert (tmp_path / "models.json").stat().st_mode & 0o777 == 0o600
        assert PAGE_KEY in kept
        assert ENV_KEY not in kept
        again = await open_models(base(), tmp_path)
        assert [w.provider for w in again.providers.describe("chat")] == ["lab", "builtin"]
        assert again.settings.daily_calls == 50
        await again.providers.close()


async def test_a_key_never_goes_to_another_host(tmp_path: Path) -> None:
    async with (
        faulty(SAID) as first,
        faulty(SAID) as thief,
        running_hub(tmp_path, real_ai=True, ai=base(first.base_url)) as hub,
    ):
        moved = server(thief.base_url)
        assert "Enter the key again" in await refused(hub, "PUT", "/api/models/openai", moved)
        assert "Enter the key again" in await refused(hub, "POST", "/api/models/openai/test", moved)
        same = await hub.http.put("/api/models/openai", json=server(first.base_url, model="other"))
        assert same.status_code == 200, "the model may change without the key"
        assert "Enter the key again" in await refused(hub, "PUT", "/api/models/openai", moved)
        keyless = await hub.http.post("/api/models/openai/test", json=moved | {"api_key": ""})
        assert keyless.json()["ok"] is True
        assert (await hub.http.put("/api/models/openai", json=moved | {"api_key": PAGE_KEY})).status_code == 200
        await hub.http.post("/ask", json={"question": "Is anything wrong?"})
        assert ENV_KEY not in str(thief.heard)
        assert PAGE_KEY in str(thief.heard)
        assert PAGE_KEY not in str(first.heard)


async def test_a_borrowed_key_stays_with_its_address_over_a_restart(tmp_path: Path) -> None:
    async with running_hub(tmp_path, real_ai=True, ai=base("http://127.0.0.1:9/v1")) as hub:
        put = await hub.http.put("/api/models/openai", json=server("http://127.0.0.1:9/v2"))
        assert put.json()["servers"][0]["has_key"] is True
    same = await open_models(base("http://127.0.0.1:9/v1"), tmp_path)
    assert same.settings.servers[0].api_key == ENV_KEY
    await same.providers.close()
    moved = await open_models(base("https://elsewhere.example/v1"), tmp_path)
    assert moved.settings.servers[0].base_url == "http://127.0.0.1:9/v2"
    assert moved.settings.servers[0].api_key is None
    await moved.providers.close()


@pytest.mark.parametrize(
    ("script", "told"), [(REFUSED, "key"), (answer(b"<html>"), "none"), (answer(b"", "503 No"), "503")]
)
async def test_a_test_says_what_is_wrong(tmp_path: Path, script: Script, told: str) -> None:
    async with faulty(script) as lab, running_hub(tmp_path, real_ai=True, ai=base()) as hub:
        got = await hub.http.post("/api/models/lab/test", json=server(lab.base_url, api_key=PAGE_KEY))
        assert got.json()["ok"] is False
        assert told in got.json()["message"]
        assert PAGE_KEY not in got.text
        assert not (tmp_path / "models.json").exists(), "a test keeps nothing"


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
async def test_what_can_not_be_is_refused_and_changes_nothing(tmp_path: Path, path: str, body: Any) -> None:
    async with running_hub(tmp_path, real_ai=True, ai=base()) as hub:
        before = (await hub.http.get("/api/models")).json()
        await refused(hub, "PUT", path, body)
        assert (await hub.http.get("/api/models")).json() == before
        assert not (tmp_path / "models.json").exists()


async def test_back_to_the_settings_file(tmp_path: Path) -> None:
    async with running_hub(tmp_path, real_ai=True, ai=base()) as hub:
        assert (await hub.http.delete("/api/models/openai")).status_code == 404
        await hub.http.put("/api/models/openai", json=server(None, model="other"))
        await hub.http.put("/api/models/lab", json=server("http://127.0.0.1:9/v1"))
        back = (await hub.http.delete("/api/models/openai")).json()
        assert [(s["name"], s["model"]) for s in back["servers"]] == [("openai", "gpt-x"), ("lab", "m")]
        await hub.http.put("/api/models", json={"chat": ["lab"]})
        assert "lab" in await refused(hub, "DELETE", "/api/models/lab", None), "a role names it"


async def test_a_damaged_file_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_text("{")
    with pytest.raises(ConfigError, match="Remove it"):
        await open_models(base(), tmp_path)
