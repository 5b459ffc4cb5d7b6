"""Faults around a running hub: broker restarts, full disk, damaged history, shutdown, invalid messages.

Each test runs a real broker under load and checks that every message that the broker confirmed is stored once.
``test_kill`` kills the hub with SIGKILL."""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from brokers import Mosquitto
from numbered_readings import Publisher, all_stored_once, stored
from serving import Serving, Thing, until

MEGABYTE = 1_000_000


@pytest.fixture
def hub(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    serving = Serving(tmp_path / "data", mosquitto)
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture
def publisher(hub: Serving, mosquitto: Mosquitto) -> Iterator[Publisher]:
    """Publish numbers in the background; some are stored already."""
    publisher = Publisher(mosquitto.port)
    publisher.start()
    until(lambda: stored(hub))
    yield publisher
    publisher.finish()


def log_count(hub: Serving, text: str) -> int:
    """Return how often ``text`` is in the hub's log."""
    return (hub.data.parent / "hub.log").read_text().count(text)


def test_broker_restart_under_load_loses_no_message(hub: Serving, mosquitto: Mosquitto, publisher: Publisher) -> None:
    for _ in range(2):
        mosquitto.stop()
        time.sleep(0.3)
        mosquitto.start()
        until(lambda: hub.get("/api/status")["broker"]["subscribed"], 30)
    all_stored_once(hub, publisher.finish())
    assert not gaps(hub)


def test_hub_reconnects_to_killed_broker_and_reports_lost_session(
    hub: Serving, mosquitto: Mosquitto, publisher: Publisher
) -> None:
    mosquitto.kill()
    mosquitto.start()
    until(lambda: gaps(hub), 30)
    assert "may be missing" in gaps(hub)[0]["text"]
    after = len(publisher.sent)
    confirmed = publisher.finish()
    all_stored_once(hub, {number for number in confirmed if number > after})


def gaps(hub: Serving) -> list[dict[str, str]]:
    return [line for line in hub.get("/api/activity?limit=200")["items"] if line["kind"] == "gap"]


def test_sigterm_under_load_stores_and_acknowledges(hub: Serving, mosquitto: Mosquitto, publisher: Publisher) -> None:
    for _ in range(3):
        publisher.say(2_000)
        hub.end()
        hub.start()
    all_stored_once(hub, publisher.finish())
    assert hub.get("/api/status")["counters"]["duplicates"] == 0, "stored messages must have been acknowledged"
    assert not gaps(hub)


def test_full_disk_stops_acknowledgements_and_hub_recovers(
    hub: Serving, mosquitto: Mosquitto, publisher: Publisher
) -> None:
    assert hub.process is not None
    _, hard = resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (MEGABYTE // 4, hard))
    until(lambda: hub.http.get("/readyz").status_code == 503 or publisher.say(200))
    assert "store: the history cannot be written" in hub.http.get("/readyz").json()["missing"]
    before = hub.get("/api/status")["counters"]["stored"]
    publisher.say(1_000)
    time.sleep(1.0)
    flow = hub.get("/api/status")["flow"]
    assert flow["store_stalled"]
    assert flow["unacknowledged"] >= 1_000
    assert flow["lag_ms"] >= 1_000
    assert hub.get("/api/status")["counters"]["stored"] == before
    hub.kill()  # nothing unwritten may have been acknowledged: the broker must redeliver all of it
    hub.start()
    resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (MEGABYTE // 4, hard))
    until(lambda: hub.http.get("/readyz").status_code == 503)
    resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    until(lambda: hub.http.get("/readyz").status_code == 200)
    all_stored_once(hub, publisher.finish())
    assert log_count(hub, "Cannot write the history") == 2  # once per hub process with a full disk


def flipped(data: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in data)


def test_damaged_history_is_set_aside_and_hub_serves_on(
    hub: Serving, mosquitto: Mosquitto, publisher: Publisher
) -> None:
    hub.end()
    [file] = hub.data.glob("*.db")
    data = file.read_bytes()
    file.write_bytes(flipped(data[:100]) + data[100:])
    hub.start()
    [set_aside] = hub.data.glob("*.damaged-*")
    assert set_aside.read_bytes()[100:] == data[100:]
    assert log_count(hub, f"It was renamed to {set_aside}") == 1
    after = len(publisher.sent)
    all_stored_once(hub, {number for number in publisher.finish() if number > after})


INVALID_PAYLOADS: dict[str, bytes] = {
    "bad JSON": b"{",
    "NaN": b'{"t": NaN}',
    "nested 10,000 deep": b"[" * 10_000 + b"]" * 10_000,
    "1 MB": b'{"t": "' + b"x" * MEGABYTE + b'"}',
    "not UTF-8": b"\xff\xfe\x00",
    "number over double range": b'{"t": 1e999}',
}


def test_invalid_message_is_rejected_acknowledged_and_not_redelivered(hub: Serving, mosquitto: Mosquitto) -> None:
    publisher = Thing(mosquitto)
    for payload in INVALID_PAYLOADS.values():
        publisher.say("devices/p/telemetry", payload)
    publisher.say("devices/p/telemetry", {"t": 1})
    until(lambda: hub.http.get("/api/devices/p").status_code == 200)
    until(
        lambda: len(hub.get("/api/rejected")["items"]) == len(INVALID_PAYLOADS)
    )  # the last of them may not be written yet
    assert hub.get("/api/status")["counters"]["rejected"] == len(INVALID_PAYLOADS)
    hub.end()
    hub.start()
    publisher.say("devices/p/telemetry", {"t": 2})
    until(lambda: hub.get("/api/devices/p")["metrics"]["t"]["value"] == 2)
    assert hub.get("/api/status")["counters"]["rejected"] == 0, "a rejected message was redelivered"
    publisher.leave()


def test_messages_dropped_by_broker_while_hub_was_down_are_reported(tmp_path: Path) -> None:
    """The broker queues ``max_queued_messages`` of them and publishes the number of dropped ones."""
    broker = Mosquitto(tmp_path, ["sys_interval 1", "max_queued_messages 200"])
    broker.start()
    hub, publisher = Serving(tmp_path / "data", broker), Thing(broker)
    try:
        hub.start()
        publisher.say("devices/d/telemetry", {"value": -1})
        until(lambda: hub.http.get("/api/devices/d").status_code == 200)
        until(lambda: '"dropped":0' in (hub.data / "install.json").read_text())
        hub.end()
        for n in range(500):
            publisher.say("devices/d/telemetry", {"value": n, "id": n})
        hub.start()
        [line] = until(lambda: gaps(hub))
        delivered = {int(value) for _, value in hub.get("/api/devices/d/history?metric=value")["points"]} - {-1}
        until(lambda: hub.get("/api/status")["flow"]["dropped"] == 500 - len(delivered))
        # The broker publishes its counter once a second: the first report may not have all of them.
        assert (
            0 < int(re.search(r"dropped ([\d,]+) messages", line["text"])[1].replace(",", "")) <= 500 - len(delivered)
        )
        assert 200 <= len(delivered) < 500
        assert log_count(hub, "Raise max_queued_messages") == 1
    finally:
        publisher.leave()
        hub.stop()
        broker.stop()


def test_each_broker_outage_is_reported_once(hub: Serving, mosquitto: Mosquitto) -> None:
    for _ in range(2):
        mosquitto.stop()
        until(lambda: not hub.get("/api/status")["broker"]["connected"])
        time.sleep(1.5)  # several attempts to reconnect
        mosquitto.start()
        until(lambda: hub.get("/api/status")["broker"]["subscribed"], 30)
    log = (hub.data.parent / "hub.log").read_text()
    # One line for the lost connection, and one for the refused attempts, if there was one.
    assert log.count("connection refused (is the broker running?)") in (1, 2), log
    assert 2 <= log.count("No connection to the MQTT broker") <= 4, log
    assert log.count("Reconnected to the MQTT broker") == 2, log
    assert len(log.splitlines()) < 10, log
    activity = until(lambda: len(items := hub.get("/api/activity?kind=broker")["items"]) == 4 and items)
    assert [line["severity"] for line in activity] == ["ok", "warning"] * 2
