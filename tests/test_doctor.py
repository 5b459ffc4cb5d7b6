"""``hub doctor`` while a hub runs: it recognises the hub and reports only real faults."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hub_process
from brokers import Mosquitto, free_port
from hub.store.lock import DirectoryLock
from serving import Serving, until


@pytest.fixture
def hub(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    (tmp_path / "hub").mkdir()
    serving = Serving(tmp_path / "hub/data", mosquitto)
    serving.start()
    yield serving
    serving.stop()


def doctor(data: Path, http: int, mqtt: str, *words: str) -> tuple[int, str]:
    done = hub_process.run("doctor", "--data", data, "--mqtt", mqtt, "--http", f"127.0.0.1:{http}", *words)
    return done.returncode, done.stdout


def test_doctor_recognises_healthy_running_hub(hub: Serving, mosquitto: Mosquitto):
    status, report = doctor(hub.data, hub.port, mosquitto.address)
    assert "WRONG" not in report
    assert status == 0, report
    assert hub.process is not None
    assert f"ok     data: {hub.data} is in use by process {hub.process.pid}" in report
    assert f"ok     hub: is running at 127.0.0.1:{hub.port}, and ready" in report
    _, report = doctor(hub.data, free_port(), mosquitto.address)
    assert f"note   hub: process {hub.process.pid} uses the data folder but does not answer" in report
    assert "WRONG" not in report


def test_commands_reach_hub_with_accounts(hub: Serving, mosquitto: Mosquitto, tmp_path: Path) -> None:
    words = ["--data", str(hub.data)]  # the commands find the addresses in the data folder
    command = [sys.executable, "-m", "hub", "link", *words]
    link = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert link.startswith(f"http://127.0.0.1:{hub.port}/welcome#")
    account = {"link": link.split()[0].partition("#")[2], "name": "Ada", "password": "a quiet lighthouse 7"}
    assert hub.http.post("/api/welcome", json=account).status_code == 200
    hub.http.cookies.clear()
    assert hub.http.get("/api/status").status_code == 401
    _, report = doctor(hub.data, hub.port, mosquitto.address)
    assert f"ok     hub: is running at 127.0.0.1:{hub.port}, and ready" in report, report
    assert (hub.data / "running.json").stat().st_mode & 0o777 == 0o600
    table = tmp_path / "table.csv"
    table.write_text("time,device,metric,value\n2026-01-01T00:00:00Z,pump,temperature,20\n")
    command = [sys.executable, "-m", "hub", "import", str(table), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert "1 readings read, 1 of them new" in done.stdout, done.stderr


def test_doctor_reports_degraded_running_hub(hub: Serving, mosquitto: Mosquitto):
    hub.end()
    (hub.data / "rules.toml").write_text('[[rule]]\nid = "broken"\n')
    hub.start()
    status, report = doctor(hub.data, hub.port, mosquitto.address)
    assert status == 1  # the rules file is a fault
    assert "note   hub: runs at" in report
    assert "ignored: " in report
    mosquitto.stop()
    until(lambda: not hub.get("/api/status")["broker"]["connected"])
    _, report = doctor(hub.data, hub.port, mosquitto.address)
    assert f"WRONG  hub: runs at 127.0.0.1:{hub.port} but has no subscription at the broker" in report


def test_doctor_reports_other_program_on_http_port(hub: Serving, tmp_path: Path, mosquitto: Mosquitto):
    with DirectoryLock.acquire(tmp_path / "other"):
        status, report = doctor(tmp_path / "other", hub.port, mosquitto.address)
    assert status == 1
    assert "WRONG  hub: process" in report
    status, report = doctor(tmp_path / "free", hub.port, mosquitto.address)
    assert (status, "WRONG  http: The hub cannot listen" in report) == (1, True)


def test_doctor_creates_no_folder_and_checks_each_file_in_it(tmp_path: Path, mosquitto: Mosquitto) -> None:
    data = tmp_path / "none/data"
    status, report = doctor(data, free_port(), mosquitto.address)
    assert f"note   data: {data} does not exist" in report
    assert (status, (tmp_path / "none").exists()) == (0, False)
    data.mkdir(parents=True)
    (data / "calculated.toml").write_text('[[metric]]\nid = "x"\n')
    status, report = doctor(data, free_port(), mosquitto.address)
    assert status == 1
    assert "WRONG  data: calculated.toml" in report
