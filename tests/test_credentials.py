"""Credentials of devices through API and command line, on a real Mosquitto with password files."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import hub_process
from api_hub import ApiHub, running_hub
from guarded_broker import GuardedBroker
from hub.errors import StoreError
from hub.mqtt.mosquitto_acl import AccessFiles, MosquittoAcl
from hub.runtime.installation import open_installation
from hub.services.credentials import Credentials


@pytest.fixture
def guarded(tmp_path: Path) -> GuardedBroker:
    (tmp_path / "broker").mkdir()
    return GuardedBroker(tmp_path / "broker")


@pytest.fixture
async def hub(tmp_path: Path, guarded: GuardedBroker) -> AsyncIterator[ApiHub]:
    guarded.broker.start()
    async with running_hub(tmp_path / "data", credentials=guarded.credentials) as running:
        yield running
    guarded.broker.stop()


def run_line(line: str) -> int:
    """Run the command line as a shell would. Return its exit status."""
    return subprocess.run(shlex.split(line), capture_output=True, timeout=20, check=False).returncode


async def test_credential_is_issued_listed_and_revoked(hub: ApiHub, guarded: GuardedBroker):
    before = (await hub.http.get("/api/credentials")).json()
    assert before == {"items": [], "guarded": True, "managed": True}
    answer = await hub.http.post("/api/credentials", json={"name": "boiler-1"})
    issued = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert issued["told"]
    assert issued["setup"] is None
    assert run_line(issued["line"]) == 0
    assert run_line(issued["line"].replace(issued["password"], "guess")) != 0
    assert issued["address"] == f"mqtt://boiler-1:{issued['password']}@{guarded.broker.address}/devices/boiler-1"
    assert len(issued["qr"]) == len(issued["qr"][0])
    bridge = await hub.http.post("/api/credentials", json={"name": "zigbee", "prefixes": ["zigbee2mqtt"]})
    assert bridge.json()["line"] is None
    listed = await hub.http.get("/api/credentials")
    assert listed.json()["items"] == [
        {"name": "boiler-1", "prefixes": [], "expires_at": None},
        {"name": "zigbee", "prefixes": ["zigbee2mqtt"], "expires_at": None},
    ]
    assert issued["password"] not in listed.text
    assert (await hub.http.delete("/api/credentials/boiler-1")).json() == {"told": True}
    assert run_line(issued["line"]) != 0
    again = await hub.http.delete("/api/credentials/boiler-1")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"name": "hub"}, 422, "cannot be a device's name"),
        ({"name": "a b"}, 422, "cannot be a device's name"),
        ({"name": "a/../b"}, 422, "cannot be a device's name"),
        ({"name": "x", "prefixes": ["#"]}, 422, "cannot have '#'"),
        ({"name": "x", "prefixes": ["devices/y"]}, 422, "belongs to the devices"),
        ({"name": "there"}, 409, "already has a password"),
        ({"name": "x", "colour": "red"}, 422, "colour"),
    ],
)
async def test_invalid_credential_request_is_refused(hub: ApiHub, body: dict, status: int, error: str):
    await hub.http.post("/api/credentials", json={"name": "there"})
    answer = await hub.http.post("/api/credentials", json=body)
    assert answer.status_code == status
    assert error in answer.text


async def test_first_credential_returns_broker_setup(tmp_path: Path):
    files = AccessFiles(tmp_path / "b/passwd", tmp_path / "b/acl")
    first = Credentials(MosquittoAcl(files, "devices"), broker="h:1", root="devices", login=tmp_path / "b/hub.login")
    async with running_hub(tmp_path / "data", credentials=first) as hub:
        assert not (await hub.http.get("/api/credentials")).json()["guarded"]
        line = (await hub.http.get("/api/credentials/boiler 1/line")).json()["line"]
        assert line == "mosquitto_pub -h h -p 1 -q 1 -t 'devices/boiler 1/telemetry' -m '{\"temperature\": 21.5}'"
        issued = (await hub.http.post("/api/credentials", json={"name": "a"})).json()
        assert (issued["told"], "allow_anonymous false" in issued["setup"]) == (False, True)
        assert (await hub.http.post("/api/credentials", json={"name": "b"})).json()["setup"] is None


async def test_demo_does_not_manage_credentials(tmp_path: Path):
    async with running_hub(tmp_path) as hub:
        assert not (await hub.http.get("/api/credentials")).json()["managed"]
        refused = await hub.http.post("/api/credentials", json={"name": "a"})
        assert refused.status_code == 409
        assert "hub serve" in refused.json()["error"]["hint"]


async def test_credential_uses_host_name_of_request(tmp_path: Path, guarded: GuardedBroker):
    async with running_hub(tmp_path, credentials=guarded.credentials, allowed_hosts=("hub.plant",)) as hub:
        headers = {"Host": f"hub.plant:{hub.port}"}
        issued = (await hub.http.post("/api/credentials", json={"name": "a"}, headers=headers)).json()
        assert f"-h hub.plant -p {guarded.broker.port} " in issued["line"]
        assert f"@hub.plant:{guarded.broker.port}/" in issued["address"]


def test_stale_pid_file_does_not_signal_other_process(guarded: GuardedBroker):
    other_process = subprocess.Popen(["sleep", "60"])
    guarded.files.pid_file.write_text(str(other_process.pid))
    assert not guarded.credentials.add("a").told
    assert other_process.poll() is None
    other_process.kill()
    other_process.wait(5)


# --- files that cannot be written -----------------------------------------------------------------------------------


def hub_command(*words: object) -> subprocess.CompletedProcess[str]:
    return hub_process.run(*words)


def settings_naming(directory: Path, passwords: Path, rights: Path) -> Path:
    open_installation(directory / "data")
    file = directory / "hub.toml"
    file.write_text(
        f'[mqtt]\npassword_file = "{passwords}"\nacl_file = "{rights}"\n[store]\ndata = "{directory / "data"}"\n'
    )
    return file


def contents(directory: Path) -> dict[str, bytes]:
    """Return each file below ``directory`` with its content, without locks, which are empty."""
    files = (path for path in directory.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_device_add_creates_folders_of_configured_files(tmp_path: Path):
    passwords, rights = tmp_path / "etc/mosquitto/passwd", tmp_path / "etc/rights/acl"
    settings = settings_naming(tmp_path, passwords, rights)
    done = hub_command("device", "add", "boiler-1", "--config", settings)
    assert done.returncode == 0, done.stderr
    assert "only valid on this machine" in done.stdout
    assert passwords.read_text().splitlines()[-1].startswith("boiler-1:$7$")
    assert "pattern write devices/%u/#" in rights.read_text()
    [password] = re.findall(r"shown only once: (\w+)", done.stdout)
    assert password in done.stdout
    login = tmp_path / "data/broker/hub.login"
    assert login.stat().st_mode & 0o777 == 0o600
    assert passwords.read_text().startswith("hub:$7$")
    elsewhere = hub_command("device", "add", "boiler-2", "--config", settings, "--host", "hub.example.org").stdout
    assert "mosquitto_pub -h hub.example.org " in elsewhere
    assert "only valid on this machine" not in elsewhere


@pytest.mark.parametrize("blocked", ["etc/passwd", "etc/acl", "data/broker/hub.login", "data/broker"])
def test_failed_device_add_leaves_files_unchanged(blocked: str, tmp_path: Path):
    settings = settings_naming(tmp_path, tmp_path / "etc/passwd", tmp_path / "etc/acl")
    obstacle = tmp_path / blocked
    if blocked == "data/broker":
        obstacle.parent.mkdir(exist_ok=True)
        obstacle.write_text("a file where a folder is needed")
    else:
        obstacle.mkdir(parents=True)
    before = contents(tmp_path)
    done = hub_command("device", "add", "boiler-1", "--config", settings)
    assert (done.returncode, done.stdout) == (2, "")
    assert str(obstacle) in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(tmp_path) == before
    obstacle.rmdir() if obstacle.is_dir() else obstacle.unlink()
    assert hub_command("device", "add", "boiler-1", "--config", settings).returncode == 0


@pytest.mark.parametrize("key", ["password_file", "acl_file"])
def test_broker_files_do_not_replace_pipe(key: str, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    paths = {"password_file": tmp_path / "passwd", "acl_file": tmp_path / "acl", key: tmp_path / "pipe"}
    settings = settings_naming(tmp_path, paths["password_file"], paths["acl_file"])
    done = hub_command("device", "add", "boiler-1", "--config", settings)
    assert done.returncode == 2
    assert "Not a regular file" in done.stderr
    assert (tmp_path / "pipe").is_fifo()
    assert {path.name for path in tmp_path.iterdir()} <= {"pipe", "hub.toml", "data"}


def test_symlink_to_password_file_is_preserved(tmp_path: Path):
    (tmp_path / "target").write_text("admin:$7$hash\n")
    (tmp_path / "passwd").symlink_to(tmp_path / "target")
    MosquittoAcl(AccessFiles(tmp_path / "passwd", tmp_path / "acl"), "devices").add("boiler-1")
    assert (tmp_path / "passwd").is_symlink()
    assert "boiler-1" in (tmp_path / "target").read_text()


def test_failed_revoke_leaves_files_unchanged(tmp_path: Path):
    access = MosquittoAcl(AccessFiles(tmp_path / "passwd", tmp_path / "rights/acl"), "devices")
    access.add("gateway", ["zigbee2mqtt"])
    before = contents(tmp_path)
    (tmp_path / "rights/acl.new").mkdir()  # blocks the temporary file
    with pytest.raises(StoreError, match=r"acl\.new"):
        access.revoke("gateway")
    assert contents(tmp_path) == before


async def test_failed_add_over_api_leaves_no_files(tmp_path: Path):
    files = AccessFiles(tmp_path / "broker/passwd", tmp_path / "broker/acl")
    login = tmp_path / "broker/hub.login"
    credentials = Credentials(MosquittoAcl(files, "devices"), broker="h:1", root="devices", login=login)
    (tmp_path / "broker/acl").mkdir(parents=True)
    async with running_hub(tmp_path / "data", credentials=credentials) as hub:
        answer = await hub.http.post("/api/credentials", json={"name": "boiler-1"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store")
        assert str(files.rights) in answer.json()["error"]["message"]
        assert contents(tmp_path / "broker") == {}
        files.rights.rmdir()
        assert (await hub.http.post("/api/credentials", json={"name": "boiler-1"})).status_code == 201


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a file immutable")
def test_replaced_files_are_rolled_back_when_later_file_fails(tmp_path: Path):
    access = MosquittoAcl(AccessFiles(tmp_path / "passwd", tmp_path / "acl"), "devices")
    access.add("boiler-1")
    before = contents(tmp_path)
    if subprocess.run(["chattr", "+i", tmp_path / "passwd"], capture_output=True, check=False).returncode:
        pytest.skip("this file system has no immutable files")
    try:
        with pytest.raises(StoreError):
            access.add("gateway", ["zigbee2mqtt"])
    finally:
        subprocess.run(["chattr", "-i", tmp_path / "passwd"], check=True)
    assert contents(tmp_path) == before


def test_password_that_could_not_be_printed_is_revoked(tmp_path: Path):
    settings = settings_naming(tmp_path, tmp_path / "passwd", tmp_path / "acl")
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "hub", "device", "add", "boiler-1", "--config", str(settings)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "boiler-1" not in (tmp_path / "passwd").read_text()


def test_device_is_kept_when_reader_ends_after_its_password(tmp_path: Path):
    settings = settings_naming(tmp_path, tmp_path / "passwd", tmp_path / "acl")
    command = f"{sys.executable} -m hub device add boiler-1 --config {settings} | grep -m 1 Added"
    shown = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert "Added boiler-1." in shown.stdout
    assert "boiler-1" in (tmp_path / "passwd").read_text()


def test_hub_user_is_added_to_newly_configured_password_file(tmp_path: Path):
    login = tmp_path / "hub.login"
    for folder in ("first", "second"):
        files = AccessFiles(tmp_path / folder / "passwd", tmp_path / folder / "acl")
        Credentials(MosquittoAcl(files, "devices"), broker="h:1", root="devices", login=login).add("boiler-1")
        assert files.passwords.read_text().count("hub:$7$") == 1
