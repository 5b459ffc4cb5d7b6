"""SIGHUP reloads rules, mappings, signatures, AI settings, credentials and the CA; invalid ones change nothing."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from access import certificates
from brokers import Mosquitto, free_port
from guarded_broker import GuardedBroker
from serving import Serving, Thing, until

RULE = '[[rule]]\nid = "{id}"\nmetric = "t"\nabove = {above}\n'
MAPPING = '[[mapping]]\ntopic = "plant/{device}/{metric}"\n'


@pytest.fixture
def hub(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    (tmp_path / "hub").mkdir()
    serving = Serving(tmp_path / "hub/data", mosquitto)
    serving.start()
    yield serving
    serving.stop()


def send_sighup(hub: Serving) -> None:
    assert hub.process is not None
    hub.process.send_signal(signal.SIGHUP)


def log(hub: Serving) -> str:
    return (hub.data.parent / "hub.log").read_text()


def rules(hub: Serving) -> list[str]:
    return [rule["id"] for rule in hub.get("/api/rules")["items"]]


def test_rules_are_reloaded_and_invalid_file_changes_nothing(hub: Serving):
    file = hub.data / "rules.toml"
    file.write_text(RULE.format(id="first", above=5))
    send_sighup(hub)
    until(lambda: rules(hub) == ["first"])
    for number, (text, expected) in enumerate(
        [
            (RULE.format(id="second", above='"x"').encode(), "rules.toml, line 4, rule 'second': above = 'x'"),
            (b"[[rule]\n", "rules.toml is not valid TOML"),
            (b"# one\n# caf\xe9\n", "rules.toml is not UTF-8: line 2"),
        ],
        1,
    ):
        file.write_bytes(text)
        send_sighup(hub)
        until(lambda: log(hub).count("Not reloaded") == number)  # noqa: B023
        assert expected in log(hub)
        assert rules(hub) == ["first"]
    file.write_text(RULE.format(id="third", above=5))
    send_sighup(hub)
    until(lambda: rules(hub) == ["third"])


def test_mappings_are_reloaded_despite_invalid_rules(hub: Serving, mosquitto: Mosquitto):
    (hub.data / "rules.toml").write_text("[[rule]\n")
    (hub.data / "mappings.toml").write_text(MAPPING)
    send_sighup(hub)
    until(lambda: "1 mappings" in log(hub))
    thing = Thing(mosquitto)
    until(lambda: (thing.say("plant/pump/t", "5"), hub.http.get("/api/devices/pump").status_code == 200)[1])
    thing.leave()
    assert "rules.toml is not valid TOML" in log(hub)


SIGNATURE = """[[cause]]
id = "nest"
title = "Nest in the vent"
component = "vent"
needs = ["*flow* falls"]
"""


def test_signatures_are_reloaded_and_invalid_file_changes_nothing(hub: Serving):
    file = hub.data / "signatures.toml"
    file.write_text(SIGNATURE)
    send_sighup(hub)
    until(lambda: ", 1 signatures" in log(hub))
    file.write_text("[[cause]]\nid = 5\n")
    send_sighup(hub)
    until(lambda: "Not reloaded" in log(hub))
    assert "signatures.toml" in log(hub)
    file.unlink()
    send_sighup(hub)
    until(lambda: ", 0 signatures" in log(hub))


def test_ai_settings_are_reloaded_and_invalid_ones_not_used(tmp_path: Path, mosquitto: Mosquitto):
    config = tmp_path / "hub.toml"
    config.write_text('[ai]\nmode = "builtin"\n')
    hub = Serving(tmp_path / "data", mosquitto, config)
    hub.start()

    def models() -> list[str]:
        return [each["model"] for each in hub.get("/api/status")["ai"]["chat"]]

    try:
        before = models()
        config.write_text('[ai]\nmode = "openai"\nopenai_model = "m1"\nopenai_api_key = "sk-canary"\n')
        send_sighup(hub)
        until(lambda: models() == ["m1", *before])
        config.write_text('[ai]\nmode = "openai"\nopenai_model = "m2"\n')
        send_sighup(hub)
        until(lambda: 'Not reloaded; the previous state stays in use: ai.mode = "openai" needs a key' in log(hub))
        assert models() == ["m1", *before]
        config.write_text('[ai]\nmode = "builtin"\ndaily_calls = 7\n[ai.servers.lab]\nmodel = "m3"\n')
        send_sighup(hub)
        until(lambda: log(hub).count("models and their keys") == 2)
        assert models() == before
        assert hub.get("/api/models")["limits"]["calls"] == 7
        assert "canary" not in log(hub)
        assert "restart" not in log(hub)
    finally:
        hub.stop()


def test_access_token_is_reloaded_and_ends_sessions(tmp_path: Path, mosquitto: Mosquitto):
    config = tmp_path / "hub.toml"
    old, new = "the-first-token-of-this-test", "the-second-token-of-this-test"
    config.write_text(f'[http]\ntoken = "{old}"\n')
    hub = Serving(tmp_path / "data", mosquitto, config)
    hub.start()

    def answers(token: str) -> int:
        return hub.http.get("/api/status", headers={"Authorization": f"Bearer {token}"}).status_code

    try:
        assert hub.http.post("/login", json={"token": old}).status_code in (200, 204)
        assert hub.http.get("/api/status").status_code == 200
        config.write_text(f'[http]\ntoken = "{new}"\nmax_connections = 100\n')
        send_sighup(hub)
        until(lambda: ", access token." in log(hub))
        assert (answers(old), answers(new)) == (401, 200)
        assert hub.http.get("/api/status").status_code == 401
        until(lambda: "to apply these changed settings: http.max_connections." in log(hub))
        assert "token-of-this-test" not in log(hub)
        config.write_text("")
        send_sighup(hub)
        until(lambda: "to apply these changed settings: http.token" in log(hub))
        assert answers(new) == 200
    finally:
        hub.stop()


def test_settings_that_need_restart_are_named(tmp_path: Path, mosquitto: Mosquitto):
    config = tmp_path / "hub.toml"
    config.write_text("")
    hub = Serving(tmp_path / "data", mosquitto, config)
    hub.start()
    try:
        config.write_text("[store]\nretention_days = 7\n")
        send_sighup(hub)
        until(lambda: "to apply these changed settings: store.retention_days." in log(hub))
        config.write_text("[stroe]\nretention_days = 7\n")
        send_sighup(hub)
        until(lambda: "stroe is not a setting. Did you mean store?" in log(hub))
    finally:
        hub.stop()


def test_broker_credentials_are_reloaded_and_wrong_ones_not_used(tmp_path: Path):
    (tmp_path / "broker").mkdir()
    guarded = GuardedBroker(tmp_path / "broker")
    guarded.broker.start()
    config = guarded.settings(tmp_path / "hub.toml")
    hub = Serving(tmp_path / "data", guarded.broker, config)
    hub.start()
    try:
        right = config.read_text()
        old = guarded.login.read_text().strip()
        config.write_text(right.replace(old, "wrong-password"))
        send_sighup(hub)
        until(lambda: "The new broker credentials or CA do not work" in log(hub))
        assert hub.get("/api/status")["broker"] | {"since": 0} == hub.get("/api/status")["broker"] | {"since": 0}
        assert hub.get("/readyz")["status"] == "ready"
        assert hub.get("/api/status")["broker"]["reconnects"] == 0
        other = guarded.credentials.add("other-hub", ["everything"]).password
        config.write_text(right.replace(old, other).replace('username = "hub"', 'username = "other-hub"'))
        send_sighup(hub)
        until(lambda: hub.get("/api/status")["broker"]["reconnects"] == 1)
        until(lambda: hub.get("/api/status")["broker"]["connected"])
    finally:
        hub.stop()
        guarded.broker.stop()


def test_ca_file_is_reloaded_and_invalid_one_not_used(tmp_path: Path):
    broker = Mosquitto(tmp_path, certificates(tmp_path))
    broker.start()
    broker.host = "localhost"  # the certificate's name
    ca = tmp_path / "trusted.pem"
    right = (tmp_path / "ca.crt").read_text()
    ca.write_text(right)
    config = tmp_path / "hub.toml"
    config.write_text(f'[mqtt]\ntls = true\nca_file = "{ca}"\n')
    hub = Serving(tmp_path / "data", broker, config)
    hub.start()
    try:
        for number, broken in enumerate(["no certificate", None], 1):
            ca.write_text(broken) if broken else ca.unlink()
            send_sighup(hub)
            until(lambda: log(hub).count("The new broker credentials or CA do not work") == number)  # noqa: B023
        assert hub.get("/api/status")["broker"]["reconnects"] == 0
        ca.write_text(f"# renewed\n{right}")
        send_sighup(hub)
        until(lambda: hub.get("/api/status")["broker"]["reconnects"] == 1)
        until(lambda: hub.http.get("/readyz").status_code == 200)
    finally:
        hub.stop()
        broker.stop()


def test_sighup_is_harmless_during_start_and_stop(tmp_path: Path, mosquitto: Mosquitto):
    hub = Serving(tmp_path / "data", mosquitto)
    hub.executed = True
    hub.launch()
    assert hub.process is not None
    # Wait until the command runs: before that the interpreter cannot handle the signal.
    until(lambda: handles_sighup(hub.process.pid), 40)  # type: ignore[union-attr]
    while "ready http" not in log(hub):
        assert hub.process.poll() is None, log(hub)
        send_sighup(hub)
        time.sleep(0.01)
    hub.process.terminate()
    while hub.process.poll() is None:
        send_sighup(hub)
        time.sleep(0.005)
    assert hub.process.returncode == 0, log(hub)
    hub.http.close()


def handles_sighup(pid: int) -> bool:
    """Return whether SIGHUP is ignored or handled by this process."""
    masks = dict(line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    return bool((int(masks["SigIgn"], 16) | int(masks["SigCgt"], 16)) & 1 << (signal.SIGHUP - 1))


def demo_command(tmp_path: Path, devices: int = 0) -> list[str]:
    ports = ["--http", f"127.0.0.1:{free_port()}", "--mqtt", f"127.0.0.1:{free_port()}"]
    return [
        sys.executable,
        "-m",
        "hub",
        "demo",
        *ports,
        "--devices",
        f"{devices}",
        "--no-open",
        "--data",
        str(tmp_path / "data"),
    ]


def test_demo_reloads_on_sighup(tmp_path: Path):
    out = tmp_path / "log"
    with out.open("wb") as stream:
        process = subprocess.Popen(demo_command(tmp_path), stdout=stream, stderr=stream, start_new_session=True)
    try:
        until(lambda: "ready http" in out.read_text(), 60)
        process.send_signal(signal.SIGHUP)
        until(lambda: "Reloaded: " in out.read_text())
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_demo_goes_on_when_its_output_is_closed(tmp_path: Path):
    reading, writing = os.pipe()
    os.close(reading)
    log = tmp_path / "stderr.log"
    command = demo_command(tmp_path, devices=1)
    address = command[command.index("--http") + 1]
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=writing, stderr=errors)
    os.close(writing)

    def has_simulators() -> bool:
        assert process.poll() is None, log.read_text()
        with suppress(httpx.TransportError):
            return bool(httpx.get(f"http://{address}/api/devices").json()["items"])
        return False

    try:
        until(has_simulators, 60)  # they start when the addresses have been printed
    finally:
        process.terminate()
    assert process.wait(20) == 0, log.read_text()


def test_demo_ends_when_terminal_closes(tmp_path: Path):
    log = tmp_path / "stderr.log"
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also when the tests run under nohup
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), 2)  # a traceback would be lost with the terminal
        os.execv(sys.executable, demo_command(tmp_path))
    output = b""
    deadline = time.monotonic() + 60
    while b"ready http" not in output:
        assert time.monotonic() < deadline, output
        output += os.read(terminal, 4096)
    os.close(terminal)
    _, status = until(lambda: (found := os.waitpid(pid, os.WNOHANG))[0] and found, 20)
    assert os.waitstatus_to_exitcode(status) == 0, log.read_text()
