"""A broker that refuses some of the hub's subscriptions: the hub works with the others and names those."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

import hub_process
from access import dynamic_security
from brokers import Mosquitto
from foreign_brokers import ClosingAedes
from hub.dialects import DIALECTS
from serving import Serving, until


@contextmanager
def guarded(directory: Path, readable: str, settings: str = "") -> Iterator[Serving]:
    """Run a hub against a Mosquitto that grants only the subscription ``readable``."""
    broker = Mosquitto(directory, dynamic_security(directory, "hub", "secret", readable=readable))
    broker.start()
    config = directory / "hub.toml"
    config.write_text('[mqtt]\nusername = "hub"\npassword = "secret"\n' + settings)
    hub = Serving(directory / "data", broker, config)
    try:
        yield hub
    finally:
        hub.stop()
        broker.stop()


def doctor(hub: Serving) -> tuple[int, str]:
    words = [
        "--config",
        str(hub.config),
        "--data",
        str(hub.data),
        "--mqtt",
        hub.broker.address,
        "--http",
        "127.0.0.1:0",
    ]
    done = hub_process.run("doctor", *words)
    return done.returncode, done.stdout


def test_hub_is_ready_with_granted_subscriptions(tmp_path: Path):
    with guarded(tmp_path, "devices/#") as hub:
        hub.start()  # waits for /readyz
        ready = hub.get("/readyz")
        assert (ready["status"], ready["missing"]) == ("ready", [])
        [degraded] = ready["degraded"]
        assert "homie/" in degraded
        assert not re.search(r"(?<!/)devices/", degraded)  # v1/devices/me/… is ThingsBoard's
        broker = hub.get("/api/status")["broker"]
        assert broker["subscribed"]
        refused = {each["filter"] for each in broker["refused"]}
        assert any(each.startswith("homie/") for each in refused)
        assert not any(each.startswith("devices/") for each in refused)
        assert "homie/" in broker["error"]
        words = ["-u", "hub", "-P", "secret", "-p", str(hub.broker.port), "-q", "1"]
        subprocess.run(
            ["mosquitto_pub", *words, "-t", "devices/pump/telemetry", "-m", '{"t": 1}'], check=True, timeout=20
        )
        until(lambda: hub.http.get("/api/devices/pump").status_code == 200)
        log = (tmp_path / "hub.log").read_text()
        assert log.count("refused the subscription") == 1
        assert "homie/" in log
        _, output = doctor(hub)
        assert "subscription: homie/" in output
        assert "Allow the user hub to read homie/" in output
        assert "switch the dialect off: enabled = false in [dialects.homie] of hub.toml" in output
        assert "Start the broker" not in output
        assert "WRONG  subscription" not in output


def test_switched_off_dialects_are_not_missed(tmp_path: Path):
    off = [f"[dialects.{name}]\nenabled = false\n" for name in DIALECTS if name not in ("native", "mapping")]
    with guarded(tmp_path, "devices/#", "".join(off)) as hub:
        hub.data.mkdir()
        (hub.data / "mappings.toml").touch()
        hub.start()
        assert "degraded" not in hub.get("/readyz")
        assert hub.get("/api/status")["broker"]["refused"] == []


def test_hub_is_not_ready_when_all_subscriptions_are_refused(tmp_path: Path):
    with guarded(tmp_path, "elsewhere/#") as hub:
        hub.launch()

        def refused() -> bool:
            with suppress(httpx.TransportError):
                answer = hub.http.get("/readyz")
                return answer.status_code == 503 and "refuses every subscription: devices/" in answer.text
            return False

        until(refused, 40)
        status, output = doctor(hub)
        assert status == 1
        assert "WRONG  subscription: devices/" in output
        assert "Start the broker" not in output


def test_broker_that_closes_the_connection_at_refused_subscriptions(tmp_path: Path):
    broker = ClosingAedes(tmp_path, readable=["devices/#", "tele/#"])
    broker.start()
    used = ("native", "tasmota", "homie", "mapping")
    off = [f"[dialects.{name}]\nenabled = false\n" for name in DIALECTS if name not in used]
    (tmp_path / "data").mkdir()
    (tmp_path / "data/mappings.toml").touch()
    hub = Serving(tmp_path / "data", broker, broker.settings(tmp_path / "hub.toml", "".join(off)))
    try:
        hub.start()  # waits for /readyz
        [degraded] = hub.get("/readyz")["degraded"]
        assert "homie/" in degraded
        assert "tele/" not in degraded
        assert (tmp_path / "hub.log").read_text().count("refused the subscription") == 1
        _, output = doctor(hub)
        assert "homie/#" in output
        assert "switch the dialect off: enabled = false in [dialects.homie] of hub.toml" in output
        assert "Start the broker" not in output
    finally:
        hub.stop()
        broker.stop()
