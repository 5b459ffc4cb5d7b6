"""What goes wrong around a hub that serves: broker, disk, history, and its own end. Each with a real broker and under
load, and each time what the broker confirmed is in the history once (kill -9 of the hub stands in ``test_kill``)."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from brokers import Mosquitto
from numbered import Publisher, all_stored_once, stored
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
    """Under way already."""
    numbers = Publisher(mosquitto.port)
    numbers.start()
    until(lambda: stored(hub))
    yield numbers
    numbers.finish()


def said(hub: Serving, words: str) -> int:
    """How often it is in the hub's log."""
    return (hub.data.parent / "hub.log").read_text().count(words)


def test_a_graceful_restart_of_the_broker_under_load_loses_nothing(
    hub: Serving, mosquitto: Mosquitto, publisher: Publisher
) -> None:
    for _ in range(2):
        mosquitto.stop()
        time.sleep(0.3)
        mosquitto.start()
        until(lambda: hub.get("/api/status")["broker"]["subscribed"], 30)
    all_stored_once(hub, publisher.finish())
    assert not gaps(hub)


def test_a_killed_broker_is_found_again_and_the_lost_session_is_told(
    hub: Serving, mosquitto: Mosquitto, publisher: Publisher
) -> None:
    started = time.monotonic()
    mosquitto.kill()
    mosquitto.start()
    until(lambda: gaps(hub), 30)
    assert time.monotonic() - started < 30
    assert "may be missing" in gaps(hub)[0]["text"]
    after = len(publisher.sent)
    confirmed = publisher.finish()
    all_stored_once(hub, {number for number in confirmed if number > after})


def gaps(hub: Serving) -> list[dict[str, str]]:
    return [line for line in hub.get("/api/activity?limit=200")["items"] if line["kind"] == "gap"]


def test_sigterm_under_load_stores_acknowledges_and_ends_in_time(
    hub: Serving, mosquitto: Mosquitto, publisher: Publisher
) -> None:
    for _ in range(3):
        publisher.say(2_000)
        started = time.monotonic()
        hub.end()
        assert time.monotonic() - started < 10
        hub.start()
    all_stored_once(hub, publisher.finish())
    assert hub.get("/api/status")["counters"]["duplicates"] == 0, "what was stored was not acknowledged"
    assert not gaps(hub)


def test_a_full_disk_stops_the_acknowledgements_is_told_once_and_mends_itself(
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
    hub.kill()  # nothing of what was not written may have been acknowledged: all of it must come again
    hub.start()
    resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (MEGABYTE // 4, hard))
    until(lambda: hub.http.get("/readyz").status_code == 503)
    resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    until(lambda: hub.http.get("/readyz").status_code == 200)
    all_stored_once(hub, publisher.finish())
    assert said(hub, "the history cannot be written") == 2  # once for each hub that met the full disk


def flipped(data: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in data)


def test_a_damaged_history_is_set_aside_told_and_the_hub_serves_on(
    hub: Serving, mosquitto: Mosquitto, publisher: Publisher
) -> None:
    hub.end()
    [file] = hub.data.glob("*.db")
    data = file.read_bytes()
    file.write_bytes(flipped(data[:100]) + data[100:])
    hub.start()
    [kept] = hub.data.glob("*.damaged-*")
    assert kept.read_bytes()[100:] == data[100:]
    assert said(hub, f"it is kept as {kept}") == 1
    after = len(publisher.sent)
    all_stored_once(hub, {number for number in publisher.finish() if number > after})


POISON: dict[str, bytes] = {
    "bad JSON": b"{",
    "NaN": b'{"t": NaN}',
    "a depth of 10,000": b"[" * 10_000 + b"]" * 10_000,
    "a megabyte": b'{"t": "' + b"x" * MEGABYTE + b'"}',
    "not UTF-8": b"\xff\xfe\x00",
    "a number beyond all numbers": b'{"t": 1e999}',
}


def test_poison_is_kept_as_rejected_acknowledged_and_does_not_come_again(hub: Serving, mosquitto: Mosquitto) -> None:
    thing = Thing(mosquitto)
    for payload in POISON.values():
        thing.say("devices/p/telemetry", payload)
    thing.say("devices/p/telemetry", {"t": 1})
    until(lambda: hub.http.get("/api/devices/p").status_code == 200)
    until(lambda: len(hub.get("/api/rejected")["items"]) == len(POISON))  # the last of them may still be written
    assert hub.get("/api/status")["counters"]["rejected"] == len(POISON)
    hub.end()
    hub.start()
    thing.say("devices/p/telemetry", {"t": 2})
    until(lambda: hub.get("/api/devices/p")["metrics"]["t"]["value"] == 2)
    assert hub.get("/api/status")["counters"]["rejected"] == 0, "it came again"
    thing.leave()


def test_what_the_broker_had_no_room_for_while_the_hub_was_away_is_told(tmp_path: Path) -> None:
    """``max_queued_messages`` of them are kept and delivered; of the others the broker says how many it dropped."""
    broker = Mosquitto(tmp_path, ["sys_interval 1", "max_queued_messages 200"])
    broker.start()
    hub, thing = Serving(tmp_path / "data", broker), Thing(broker)
    try:
        hub.start()
        thing.say("devices/d/telemetry", {"value": -1})
        until(lambda: hub.http.get("/api/devices/d").status_code == 200)
        until(lambda: '"dropped":0' in (hub.data / "install.json").read_text())
        hub.end()
        for n in range(500):
            thing.say("devices/d/telemetry", {"value": n, "id": n})
        hub.start()
        [line] = until(lambda: gaps(hub))
        kept = {int(value) for _, value in hub.get("/api/devices/d/history?metric=value")["points"]} - {-1}
        assert f"dropped {500 - len(kept):,} messages" in line["text"]
        assert 200 <= len(kept) < 500
        assert said(hub, "raise max_queued_messages") == 1
    finally:
        thing.leave()
        hub.stop()
        broker.stop()


def test_a_broker_that_is_away_is_said_once_and_that_it_is_back(hub: Serving, mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    until(lambda: not hub.get("/api/status")["broker"]["connected"])
    time.sleep(3)  # some tries
    mosquitto.start()
    until(lambda: hub.get("/api/status")["broker"]["subscribed"], 30)
    log = (hub.data.parent / "hub.log").read_text()
    assert log.count("nothing listens there; is the broker running?") == 1, log
    assert log.count("is connected again") == 1, log
    assert len(log.splitlines()) < 8, log
