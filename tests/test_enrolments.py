"""Devices that enrol themselves with a key, on a real Mosquitto with password files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import hub_process
from api_hub import ApiHub, running_hub
from broker_client import Client
from guarded_broker import GuardedBroker
from hub.services import enrolments
from signed_in import BEARER, TOKEN


@pytest.fixture
def guarded(tmp_path: Path) -> GuardedBroker:
    (tmp_path / "broker").mkdir()
    return GuardedBroker(tmp_path / "broker")


@pytest.fixture
async def hub(tmp_path: Path, guarded: GuardedBroker) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path / "data", credentials=guarded.credentials, token=TOKEN) as running:
        yield running


async def new_key(hub: ApiHub, **body: Any) -> dict[str, Any]:
    answer = await hub.http.post("/api/enrolments/keys", json=body, headers=BEARER)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store"), answer.text
    return dict(answer.json())


async def enrol(hub: ApiHub, key: str, name: str) -> httpx.Response:
    return await hub.http.post("/api/enrolments", json={"key": key, "name": name})


async def left(hub: ApiHub) -> list[int]:
    answer = await hub.http.get("/api/enrolments/keys", headers=BEARER)
    assert "wke_" not in answer.text
    return [key["left"] for key in answer.json()["items"]]


async def test_device_enrols_with_key_and_connects(hub: ApiHub, guarded: GuardedBroker, tmp_path: Path) -> None:
    guarded.broker.start()
    try:
        key = await new_key(hub, devices=2)
        answer = await enrol(hub, key["key"], "pump")
        assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
        issued = answer.json()
        assert issued.keys() == {"name", "password", "address", "told"}
        assert issued["told"]
        for _ in range(50):
            client = await asyncio.to_thread(Client, guarded.broker, "pump", issued["password"])
            await asyncio.to_thread(client.disconnect)
            if client.refused is None:
                break
            await asyncio.sleep(0.05)  # until the broker has read its files
        assert client.refused is None
    finally:
        guarded.broker.stop()
    assert await left(hub) == [1]
    assert (await enrol(hub, key["key"], "pump")).status_code == 409
    assert await left(hub) == [1]
    assert (await enrol(hub, key["key"], "fan")).status_code == 201
    assert await left(hub) == []
    assert (await enrol(hub, key["key"], "valve")).status_code == 403
    stored = (tmp_path / "data" / enrolments.FILE).read_text()
    assert key["key"] not in stored
    log = (await hub.http.get("/api/activity", headers=BEARER)).text
    assert "enrolled pump with a key of operator" in log


async def test_unusable_keys_are_refused_and_guesses_throttled(
    hub: ApiHub, guarded: GuardedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoked, expiring = await new_key(hub), await new_key(hub, days=1)
    answer = await hub.http.delete(f"/api/enrolments/keys/{revoked['id']}", headers=BEARER)
    assert answer.status_code == 204
    assert (await enrol(hub, revoked["key"], "pump")).status_code == 403
    later = enrolments.Enrolments._usable
    monkeypatch.setattr(
        enrolments.Enrolments,
        "_usable",
        lambda self, keys: [each for each in later(self, keys) if each.expires > self._now() + 86_400_000],
    )
    assert (await enrol(hub, expiring["key"], "pump")).status_code == 403
    statuses = [(await enrol(hub, f"wke_guess{number}", "pump")).status_code for number in range(9)]
    assert statuses == [403] * 8 + [429]
    assert guarded.credentials.users() == []
    for method, path in (("GET", "/keys"), ("POST", "/keys"), ("DELETE", "/keys/x")):
        assert (await hub.http.request(method, f"/api/enrolments{path}")).status_code == 401


async def test_key_takes_over_no_device_and_no_other_name(hub: ApiHub, guarded: GuardedBroker) -> None:
    await hub.telemetry("boiler", t=1.5)  # known, without a credential
    guarded.credentials.add("fan")
    key = (await new_key(hub, devices=5, prefix="lab-"))["key"]
    any_name = (await new_key(hub, devices=5))["key"]
    for value, name, status in (
        (any_name, "boiler", 409),
        (any_name, "fan", 409),
        (any_name, "hub", 422),
        (any_name, "a/b", 422),
        (any_name, "+", 422),
        (key, "pump", 422),
        (key, "lab-1", 201),
    ):
        assert (await enrol(hub, value, name)).status_code == status, name
    assert sorted(await left(hub)) == [4, 5]
    assert [user.name for user in guarded.credentials.users()] == ["fan", "lab-1"]


async def test_key_is_used_up_by_its_number_of_devices(hub: ApiHub, guarded: GuardedBroker) -> None:
    key = (await new_key(hub, devices=3))["key"]
    answers = await asyncio.gather(*(enrol(hub, key, f"d{number}") for number in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [403] * 5
    assert len(guarded.credentials.users()) == 3


async def test_command_makes_key_for_running_hub(hub: ApiHub, tmp_path: Path) -> None:
    words = ["device", "key", "--devices", "2", "--prefix", "lab-", "--data", tmp_path / "data"]
    done = await asyncio.to_thread(hub_process.run, *words)
    key = done.stdout.split("shown only once: ")[1].split()[0]
    assert (await enrol(hub, key, "lab-7")).status_code == 201
    assert await left(hub) == [1]
