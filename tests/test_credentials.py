"""Devices let in and sent away through the API, on a real Mosquitto that asks for passwords."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, running_hub
from door import Door
from hub.credentials import Credentials
from hub.mqtt.access import Access, AccessFiles


@pytest.fixture
def door(tmp_path: Path) -> Door:
    (tmp_path / "broker").mkdir()
    return Door(tmp_path / "broker")


@pytest.fixture
async def hub(tmp_path: Path, door: Door) -> AsyncIterator[ApiHub]:
    door.broker.start()
    async with running_hub(tmp_path / "data", credentials=door.credentials) as running:
        yield running
    door.broker.stop()


def pasted(line: str) -> int:
    """The line's exit, as a shell would have it."""
    return subprocess.run(shlex.split(line), capture_output=True, timeout=20, check=False).returncode


async def test_a_device_is_let_in_listed_and_sent_away(hub: ApiHub, door: Door):
    before = (await hub.http.get("/api/credentials")).json()
    assert before == {"items": [], "guarded": True, "managed": True}
    answer = await hub.http.post("/api/credentials", json={"name": "boiler-1"})
    issued = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert issued["told"]
    assert issued["setup"] is None
    assert pasted(issued["line"]) == 0
    assert pasted(issued["line"].replace(issued["password"], "guess")) != 0
    assert issued["address"] == f"mqtt://boiler-1:{issued['password']}@{door.broker.address}/devices/boiler-1"
    assert len(issued["qr"]) == len(issued["qr"][0])
    bridge = await hub.http.post("/api/credentials", json={"name": "zigbee", "prefixes": ["zigbee2mqtt"]})
    assert bridge.json()["line"] is None
    listed = await hub.http.get("/api/credentials")
    assert listed.json()["items"] == [
        {"name": "boiler-1", "prefixes": []},
        {"name": "zigbee", "prefixes": ["zigbee2mqtt"]},
    ]
    assert issued["password"] not in listed.text
    assert (await hub.http.delete("/api/credentials/boiler-1")).json() == {"told": True}
    assert pasted(issued["line"]) != 0
    again = await hub.http.delete("/api/credentials/boiler-1")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("wanted", "status", "says"),
    [
        ({"name": "hub"}, 422, "cannot be a device's name"),
        ({"name": "a b"}, 422, "cannot be a device's name"),
        ({"name": "a/../b"}, 422, "cannot be a device's name"),
        ({"name": "x", "prefixes": ["#"]}, 422, "cannot have '#'"),
        ({"name": "x", "prefixes": ["devices/y"]}, 422, "belongs to the devices"),
        ({"name": "there"}, 409, "has a password already"),
        ({"name": "x", "colour": "red"}, 422, "colour"),
    ],
)
async def test_what_cannot_be_let_in_says_why(hub: ApiHub, wanted: dict, status: int, says: str):
    await hub.http.post("/api/credentials", json={"name": "there"})
    answer = await hub.http.post("/api/credentials", json=wanted)
    assert answer.status_code == status
    assert says in answer.text


async def test_the_first_user_brings_the_lines_that_close_the_door(tmp_path: Path):
    files = AccessFiles(tmp_path / "b/passwd", tmp_path / "b/acl")
    first = Credentials(Access(files, "devices"), broker="h:1", root="devices", login=tmp_path / "b/hub.login")
    async with running_hub(tmp_path / "data", credentials=first) as hub:
        assert not (await hub.http.get("/api/credentials")).json()["guarded"]
        line = (await hub.http.get("/api/credentials/boiler 1/line")).json()["line"]
        assert line == "mosquitto_pub -h h -p 1 -q 1 -t 'devices/boiler 1/telemetry' -m '{\"temperature\": 21.5}'"
        issued = (await hub.http.post("/api/credentials", json={"name": "a"})).json()
        assert (issued["told"], "allow_anonymous false" in issued["setup"]) == (False, True)
        assert (await hub.http.post("/api/credentials", json={"name": "b"})).json()["setup"] is None


async def test_the_demo_lets_everybody_in(tmp_path: Path):
    async with running_hub(tmp_path) as hub:
        assert not (await hub.http.get("/api/credentials")).json()["managed"]
        refused = await hub.http.post("/api/credentials", json={"name": "a"})
        assert refused.status_code == 409
        assert "hub serve" in refused.json()["error"]["hint"]


async def test_a_device_elsewhere_is_told_this_machines_name(tmp_path: Path, door: Door):
    async with running_hub(tmp_path, credentials=door.credentials, allowed_hosts=("hub.plant",)) as hub:
        headers = {"Host": f"hub.plant:{hub.port}"}
        issued = (await hub.http.post("/api/credentials", json={"name": "a"}, headers=headers)).json()
        assert f"-h hub.plant -p {door.broker.port} " in issued["line"]
        assert f"@hub.plant:{door.broker.port}/" in issued["address"]


def test_a_process_that_is_no_mosquitto_is_never_signalled(door: Door):
    bystander = subprocess.Popen(["sleep", "60"])
    door.files.pid_file.write_text(str(bystander.pid))
    assert not door.credentials.add("a").told
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait(5)
