"""Invalid stored rules, mappings and signatures are skipped and reported, and the hub starts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from brokers import Mosquitto, publish
from serving import Serving, until

HOT = '[[rule]]\nid = "hot"\nmetric = "temperature"\nabove = 80\n'
OLD = '\n[[rule]]\nid = "old"\nkind = "no_data"\nsilence = "5m"\nfor = "20s"\n'
ROOM = '[[mapping]]\ntopic = "room/{device}"\nmetric = "temperature"\n'
BROAD = '\n[[mapping]]\ntopic = "devices/{device}/telemetry"\n'


@pytest.fixture
def hub(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    serving = Serving(tmp_path / "data", mosquitto)
    serving.data.mkdir()
    yield serving
    serving.stop()


def test_invalid_rule_and_mapping_are_skipped_and_others_work(hub: Serving, mosquitto: Mosquitto) -> None:
    (hub.data / "rules.toml").write_text(HOT + OLD)
    (hub.data / "mappings.toml").write_text(ROOM + BROAD)
    hub.start()
    assert [rule["id"] for rule in hub.get("/api/rules")["items"]] == ["hot"]
    assert [mapping["topic"] for mapping in hub.get("/api/mappings")["items"]] == ["room/{device}"]
    degraded = hub.get("/readyz")["degraded"]
    assert any("line 10" in fault and "'old'" in fault for fault in degraded)
    assert any("devices/{device}/telemetry" in fault for fault in degraded)
    assert hub.get("/api/status")["degraded"] == degraded
    log = (hub.data.parent / "hub.log").read_text()
    assert re.search(r"ERROR .*rules\.toml, line 10.*ignored", log)
    asyncio.run(publish(mosquitto.port, ("room/lab", b"85", 1, False)))
    until(lambda: [alert for alert in hub.get("/api/alerts")["items"] if alert["rule_id"] == "hot"])

    text = hub.get("/api/rules/text")
    assert text["text"] == HOT + OLD, "the file must be unchanged"
    put = hub.http.put("/api/rules", json={"text": HOT, "revision": text["revision"]})
    assert put.status_code == 200
    assert not any("rules.toml" in fault for fault in hub.get("/readyz")["degraded"])


@pytest.mark.parametrize("name", ["rules.toml", "mappings.toml", "signatures.toml"])
@pytest.mark.parametrize("content", [b"[[", b"\xff\xfe", b"x = 1", b"a = " + b"[" * 5_000])
def test_unreadable_file_does_not_prevent_start(hub: Serving, name: str, content: bytes) -> None:
    (hub.data / name).write_bytes(content)
    hub.start()
    assert any(name in fault for fault in hub.get("/readyz")["degraded"])
    assert (hub.data / name).read_bytes() == content
    log = (hub.data.parent / "hub.log").read_text()
    assert "Traceback" not in log
