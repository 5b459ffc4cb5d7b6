"""Every ``hub`` command with invalid input: one error line, exit status 1 or 2, no traceback."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.commandline.main import main
from hub.errors import HubError
from hub.runtime.installation import open_installation
from hub.store.migrations import FIRST_FORMAT
from hub.store.sqlite import FILE, SqliteStore
from store_samples import delta, record

COMMANDS = {
    "serve": ["serve"],
    "doctor": ["doctor"],
    "device add": ["device", "add", "pump"],
    "device list": ["device", "list"],
    "device revoke": ["device", "revoke", "pump"],
    "backup": ["backup", "{tmp}/b.tar"],
    "restore": ["restore", "{tmp}/old.tar"],
    "export": ["export", "{tmp}/out.csv"],
    "import": ["import", "{tmp}/in.csv"],
}


class Outcome:
    """Output and exit status of a command."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    def is_one_line(self) -> bool:
        return self.status == 2 and self.err.startswith("hub: ") and self.err.count("\n") == 1


Run = Callable[..., Outcome]


@pytest.fixture
def hub(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return a function that runs a command in this process, in an empty folder; ``{tmp}`` in arguments is its path."""
    monkeypatch.chdir(tmp_path)

    async def started(*_: object) -> None:
        raise HubError("It started.")

    monkeypatch.setattr("hub.assembly.app._run", started)
    monkeypatch.setattr("hub.commandline.broker_checks.CONNECT_S", 0.1)
    (tmp_path / "in.csv").write_text("time,device,metric,value\n1,pump,t,1\n")
    (tmp_path / "old.tar").write_bytes(b"no archive")

    def run(*words: object) -> Outcome:
        try:
            status = main([str(word).replace("{tmp}", str(tmp_path)) for word in words])
        except SystemExit as exit_:  # argparse
            status = int(exit_.code or 0)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Outcome(status, captured.out, captured.err)

    level = logging.getLogger().level
    yield run
    logging.getLogger().setLevel(level)


async def history(data: Path, count: int = 3) -> Path:
    store = SqliteStore.open(data)
    await store.commit(1, delta(0, *[record("pump", i, t=float(i)) for i in range(count)]))
    await store.close()
    return data


async def in_thread(hub: Run, *words: object) -> Outcome:
    """Run a command that needs its own event loop."""
    return await asyncio.to_thread(hub, *words)


# --- the data folder ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
@pytest.mark.parametrize(
    "data", ["/dev/null", "{tmp}/in.csv", "{tmp}/in.csv/below", "/proc/1/none", "{tmp}/" + "x" * 300]
)
def test_unusable_data_folder_is_reported(hub: Run, command: list[str], data: str):
    done = hub(*command, "--data", data, "--mqtt", "127.0.0.1:1", "--http", "127.0.0.1:0")
    if command == ["doctor"]:
        assert (done.status, "WRONG  data: " in done.out) == (1, True)
    elif command == ["device", "list"]:
        assert done.status == 0 or done.is_one_line()
    else:
        assert done.is_one_line(), done.err


NEED_A_HUB = COMMANDS.keys() - {"serve", "doctor", "restore"}
FURTHER = {
    "device key": ["device", "key", "--devices", "1"],
    "device renew": ["device", "renew", "pump"],
    "device add with a certificate": ["device", "add", "pump", "--certificate"],
    "certificate server": ["certificate", "server", "hub.local"],
    "certificate ca": ["certificate", "ca"],
    "link": ["link"],
    "token": ["token"],
    "mcp": ["mcp"],
    "eval": ["eval"],
}


@pytest.mark.parametrize("command", [*sorted(NEED_A_HUB), *FURTHER])
@pytest.mark.parametrize("kind", ["missing", "foreign", "empty"])
def test_folder_that_no_hub_has_used_is_refused_and_unchanged(hub: Run, tmp_path: Path, command: str, kind: str):
    data = tmp_path / "data"
    if kind != "missing":
        data.mkdir()
    if kind == "foreign":
        (data / "notes.json").write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    done = hub(*(COMMANDS | FURTHER)[command], "--data", data)
    assert done.is_one_line(), done.err
    assert str(data) in done.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", ["missing", "foreign"])
def test_doctor_leaves_folder_that_no_hub_has_used_unchanged(hub: Run, tmp_path: Path, kind: str):
    data = tmp_path / "data"
    if kind == "foreign":
        data.mkdir()
        (data / "notes.json").write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    done = hub("doctor", "--data", data, "--mqtt", "127.0.0.1:1", "--http", "127.0.0.1:0")
    assert f"note   data: {data} " in done.out
    assert "hub serve creates" in done.out
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
@pytest.mark.parametrize("option", ["--data", "--config"])
@pytest.mark.parametrize("path", ["", " "])
def test_blank_path_is_refused(hub: Run, command: list[str], option: str, path: str):
    done = hub(*command, option, path)
    assert (done.status, f"error: argument {option}: the path is empty" in done.err) == (2, True)


def test_folder_in_place_of_database_is_reported(hub: Run, tmp_path: Path):
    (tmp_path / "data/watchkeeper.db").mkdir(parents=True)
    done = hub("serve", "--data", tmp_path / "data", "--mqtt", "127.0.0.1:1", "--http", "127.0.0.1:0")
    assert "The database file cannot be opened. Check that it is a file" in done.err
    assert done.is_one_line()


@pytest.mark.parametrize("command", ["serve", "doctor", "backup", "export", "import"])
def test_data_folder_of_older_format_is_refused_and_unchanged(hub: Run, command: str, tmp_path: Path):
    data = asyncio.run(history(tmp_path / "data"))
    open_installation(data)
    with closing(sqlite3.connect(data / FILE)) as connection:
        connection.execute(f"PRAGMA user_version = {FIRST_FORMAT - 1}")
    before = {file.name: file.read_bytes() for file in data.iterdir()}
    done = hub(*COMMANDS[command], "--data", data, "--mqtt", "127.0.0.1:1", "--http", "127.0.0.1:0")
    assert f"format {FIRST_FORMAT - 1} of a development version" in done.out + done.err
    assert "Use an empty data folder (--data)" in done.out + done.err
    assert done.status == 1 if command == "doctor" else done.is_one_line(), done.err
    assert {name: (data / name).read_bytes() for name in before} == before
    assert not [file.name for file in data.glob(f"{FILE}?*")]


@pytest.mark.parametrize("name", ["rules.toml", "mappings.toml", "signatures.toml"])
@pytest.mark.parametrize(
    "content", [b"\n\n# caf\xe9\n", b"a = [\n", b"x = 1\n", None], ids=["latin", "cut", "key", "folder"]
)
def test_doctor_reports_unreadable_settings_file(hub: Run, tmp_path: Path, name: str, content: bytes | None):
    data = tmp_path / "data"
    data.mkdir()
    if content is None:
        (data / name).mkdir()
    else:
        (data / name).write_bytes(content)
    done = hub("doctor", "--data", data, "--mqtt", "127.0.0.1:1", "--http", "127.0.0.1:0")
    assert done.status == 1, done.out + done.err
    assert name in done.out
    if content and b"\xe9" in content:
        assert "line 3, byte 0xE9" in done.out


def test_read_only_data_folder_is_reported(tmp_path: Path):
    """Use a read-only mount, because root ignores file permissions."""
    data = tmp_path / "data"
    open_installation(data)
    script = f"mount --bind -o ro {data} {data} && mount -o remount,ro,bind {data} && exec {sys.executable} -m hub"
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("needs permission to create a mount namespace")
    for command in ("serve", "doctor", "device add pump"):
        words = f"{script} {command} --data {data} --http 127.0.0.1:0 --mqtt 127.0.0.1:1"
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", words], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode in (1, 2), done.stderr
        assert "Read-only file system" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("size", ["4k", "64k", "512k"])
def test_full_disk_at_start_is_reported(tmp_path: Path, size: str):
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("needs permission to create a mount namespace")
    data = tmp_path / "data"
    data.mkdir()
    words = (
        f"mount -t tmpfs -o size={size} none {data} && head -c 10M /dev/zero > {data}/filler; "
        f"exec {sys.executable} -m hub serve --data {data} --http 127.0.0.1:0 --mqtt 127.0.0.1:1"
    )
    done = subprocess.run(["unshare", "-m", "sh", "-c", words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr or "disk is full" in done.stderr


# --- addresses ------------------------------------------------------------------------------------------------------


def test_taken_http_port_is_reported(hub: Run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = hub("serve", "--data", "{tmp}/data", "--http", address, "--mqtt", "127.0.0.1:1")
    assert done.is_one_line(), done.err
    assert address in done.err


@pytest.mark.parametrize(
    "address", ["a..b:80", "no.such.host.invalid:80", "x" * 70 + ":80", "203.0.113.1:80", "é\x00:80"]
)
def test_unusable_listen_address_is_reported(hub: Run, address: str):
    assert hub("serve", "--data", "{tmp}/data", "--http", address, "--mqtt", "127.0.0.1:1").status == 2


@pytest.mark.parametrize("address", ["", "80", ":80", "host:", "host:99999", "host:-1", "host:８０"])
@pytest.mark.parametrize("option", ["--http", "--mqtt"])
def test_malformed_address_is_refused(hub: Run, option: str, address: str):
    done = hub("serve", option, address)
    assert done.status == 2
    assert "HOST:PORT" in done.err


@pytest.mark.parametrize("option", ["--http", "--mqtt"])
@pytest.mark.parametrize("resolved_address", ["10.0.0.5", "::", None])
def test_demo_refuses_host_name_outside_loopback(
    hub: Run, option: str, resolved_address: str | None, monkeypatch: pytest.MonkeyPatch
):
    def resolved(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if resolved_address is None:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (resolved_address, port))]

    monkeypatch.setattr("hub.commandline.main.socket.getaddrinfo", resolved)
    done = hub("demo", option, "hub.localhost:8000", "--devices", "0", "--no-open")
    assert done.status == 2
    assert ("limited to loopback" if resolved_address else "cannot be resolved") in done.err


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out.xyz", "out", "out.csv.gz", "out.json", ".csv"])
async def test_export_to_name_without_known_format_needs_format_option(hub: Run, tmp_path: Path, name: str):
    await history(tmp_path / "data")
    done = await in_thread(hub, "export", name, "--data", "data")
    assert done.is_one_line(), done.err
    assert "--format" in done.err
    assert not (tmp_path / name).exists()
    assert (await in_thread(hub, "export", name, "--data", "data", "--format", "csv")).status == 0
    assert (tmp_path / name).read_text().count("\n") == 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("in.xyz", b""), ("none.csv", None), ("in.parquet", b"PAR1 no table"), ("in.csv", b"\xff\xfe\x00"),
        ("in.csv", b"a,b\n1,2\n"), ("in.csv", b"time,device,metric,value\nx,y,z,1\n"),
        ("in.csv", b'time,device,metric,value\n"' + b"x" * 300_000), ("in.csv", b"time,device,metric,value\n1\n"),
        ("in.csv", b""), ("in.csv", b"\x00" * 100),
    ],
)  # fmt: skip
def test_import_of_invalid_table_is_refused(hub: Run, tmp_path: Path, name: str, content: bytes | None):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = hub("import", name, "--data", "data")
    assert done.is_one_line(), done.err


@pytest.mark.parametrize("words", [["--from", "x"], ["--to", "1e400"], ["--from", "nan"], ["--from", "10000-01-01"]])
async def test_export_with_invalid_time_is_refused(hub: Run, tmp_path: Path, words: list[str]):
    await history(tmp_path / "data")
    done = await in_thread(hub, "export", "-", "--data", "data", *words)
    assert done.is_one_line(), done.err


@pytest.mark.parametrize("words", [["export", "/dev/null", "--format", "csv"], ["backup", "/dev/null"]])
async def test_export_and_backup_do_not_replace_device_file(hub: Run, tmp_path: Path, words: list[str]):
    await history(tmp_path / "data")
    (tmp_path / "data/install.json").write_text('{"id": "x"}')
    done = await in_thread(hub, *words, "--data", "data", "--replace")
    assert done.is_one_line(), done.err
    assert "/dev/null is not a file" in done.err


DAMAGED_INSTALLATIONS = [b"", b"x", b"[1]", b'{"id": 5}', b'{"id":' + b"[" * 20_000]


@pytest.mark.parametrize("content", DAMAGED_INSTALLATIONS)
def test_damaged_install_json_is_replaced_by_new_identity(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "install.json").write_bytes(content)
    installation = open_installation(tmp_path, keep_damaged_aside=True)
    assert installation.id
    assert installation.token is None
    assert (tmp_path / "install.json.damaged").read_bytes() == content
    assert "install.json was damaged" in caplog.text
    assert open_installation(tmp_path) == installation


@pytest.mark.parametrize("content", DAMAGED_INSTALLATIONS)
@pytest.mark.parametrize("command", ["backup", "import", "doctor"])
def test_damaged_install_json_is_reported_by_command(hub: Run, tmp_path: Path, command: str, content: bytes):
    asyncio.run(history(tmp_path / "data"))
    (tmp_path / "data/install.json").write_bytes(content)
    words = COMMANDS[command] if command != "import" else ["import", "in.csv"]
    done = hub(*words, "--data", "data", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:1")
    if command == "import" and done.status == 0:  # import needs no identity
        return
    assert done.status in (1, 2)
    assert "install.json" in done.out + done.err


async def test_history_that_is_not_a_database_is_reported(hub: Run, tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/install.json").write_text('{"id": "x"}')
    (tmp_path / "data" / FILE).write_bytes(b"no database" * 1_000)
    for command in ("backup", "export"):
        done = await in_thread(hub, *COMMANDS[command], "--data", "data")
        assert done.is_one_line(), done.err


# --- closed or full output ------------------------------------------------------------------------------------------


def test_export_to_closed_pipe_exits_without_message(tmp_path: Path):
    asyncio.run(history(tmp_path / "data", 20_000))
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "hub", "export", "-", "--data", "data"]
    done = subprocess.run(command, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("words", ["export - --data data", "doctor --data new", "--help", "device list --data data"])
def test_full_or_closed_output_causes_no_traceback(tmp_path: Path, words: str):
    asyncio.run(history(tmp_path / "data", 20_000))
    for shell in (f"{sys.executable} -m hub {words} > /dev/full", f"{sys.executable} -m hub {words} >&-"):
        done = subprocess.run(
            ["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stderr, shell
        assert "Exception ignored" not in done.stderr, shell


# --- the access token -----------------------------------------------------------------------------------------------


def test_generated_token_is_not_logged_and_shown_by_token_command(tmp_path: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "hub"]
    listening = ["--data", str(tmp_path / "data"), "--http", f"0.0.0.0:{port}", "--mqtt", "127.0.0.1:1"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    missing = subprocess.run(
        [*command, "token", "--data", tmp_path / "data"], capture_output=True, text=True, env=environ
    )
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "HUB_TOKEN" in missing.stderr
    log = tmp_path / "journal"
    with log.open("wb") as journal:
        hub = subprocess.Popen([*command, "serve", *listening], stdout=journal, stderr=journal, env=environ)
    try:
        deadline = time.monotonic() + 40
        while "hub token --data" not in log.read_text():
            assert hub.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        hub.terminate()
        assert hub.wait(20) in (0, -signal.SIGTERM)  # it may still be starting
    shown = subprocess.run(
        [*command, "token", "--data", tmp_path / "data"], capture_output=True, text=True, env=environ
    )
    token = shown.stdout.strip()
    assert len(token) >= 16
    assert token not in log.read_text()
    file = tmp_path / "data/install.json"
    assert str(file) in log.read_text()
    assert (file.stat().st_mode & 0o777, token in file.read_text()) == (0o600, True)
    environ["HUB_TOKEN"] = "another-that-was-set"
    shown = subprocess.run(
        [*command, "token", "--data", tmp_path / "data"], capture_output=True, text=True, env=environ
    )
    assert shown.stdout == "another-that-was-set\n"


def test_commands_that_serve_nothing_do_not_load_the_web_server() -> None:
    commands = ", ".join(
        f"hub.commandline.{name}" for name in ("backup", "device", "doctor", "export", "link", "token")
    )
    code = f"import sys, {commands}; print({{'fastapi', 'uvicorn', 'hub.api'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
