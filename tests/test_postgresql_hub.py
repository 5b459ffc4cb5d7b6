"""Hubs as processes on one PostgreSQL database: stand-by and take-over, and a server that goes away.

Each hub has a data folder of its own, as on machines of its own.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

import hub_process
from brokers import HOST, Mosquitto
from numbered_readings import Publisher, all_stored_once, stored
from serving import Serving, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]

PASSWORD = "S3cret-password"


class Databases:
    """A server for the tests of this file. ``url`` is a database that is new for each test."""

    def __init__(self) -> None:
        from postgresql_server import PostgresServer

        self.server = PostgresServer()
        self.server.run_sql(f"CREATE ROLE hub LOGIN PASSWORD '{PASSWORD}'")
        self._numbers = itertools.count()

    def create(self) -> None:
        name = f"w{next(self._numbers)}"
        self.server.run_sql(f"CREATE DATABASE {name} OWNER hub")
        self.url = self.server.url_of(name, "hub", PASSWORD)


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    databases = Databases()
    yield databases
    databases.server.remove()


@pytest.fixture
def database(databases: Databases) -> Databases:
    databases.create()
    return databases


class DatabaseHub(Serving):
    """A hub on a database, with a folder of its own below ``folder``."""

    def __init__(self, folder: Path, broker: Mosquitto, database: Databases) -> None:
        folder.mkdir()
        self.url = database.url
        config = folder / "hub.toml"
        config.write_text(f'[store]\nurl = "{database.url}"\n')
        super().__init__(folder / "data", broker, config)

    @property
    def log(self) -> str:
        return (self.data.parent / "hub.log").read_text()

    def probe(self) -> tuple[int, dict[str, Any]]:
        """Return what ``/readyz`` answers to a command on this machine; (0, {}) if nothing answers."""
        try:
            token = msgspec.json.decode((self.data / "running.json").read_bytes())["token"]
            found = self.http.get("/readyz", headers={"Authorization": f"Bearer {token}"})
        except (OSError, httpx.TransportError):
            return 0, {}
        return found.status_code, found.json()

    def waits(self, status: str) -> str:
        """Wait until the hub answers that it is not ready with ``status``, and return what it waits for."""
        until(lambda: self.probe()[0] == 503 and self.probe()[1]["status"] == status)
        [reason] = self.probe()[1]["missing"]
        return str(reason)


@pytest.fixture
def hubs(tmp_path: Path, mosquitto: Mosquitto, database: Databases) -> Iterator[tuple[DatabaseHub, DatabaseHub]]:
    """Return two hubs, of which the first runs."""
    first, second = (DatabaseHub(tmp_path / name, mosquitto, database) for name in ("first", "second"))
    first.start()
    yield first, second
    for each in (first, second):
        each.http.close()
        if each.process is not None and each.process.poll() is None:
            each.kill()
        assert PASSWORD not in (each.log if each.process else "")


@pytest.fixture
def publisher(mosquitto: Mosquitto) -> Iterator[Publisher]:
    publisher = Publisher(mosquitto.port, rate=100)
    yield publisher
    publisher.stop.set()
    publisher.client.loop_stop()


def test_standby_takes_over_from_killed_hub(hubs: tuple[DatabaseHub, DatabaseHub], publisher: Publisher) -> None:
    first, second = hubs
    publisher.start()
    until(lambda: stored(first))
    second.launch()
    assert str(first.data) in second.waits("standby")
    assert second.http.get("/healthz").json() == {"status": "ok"}
    assert second.http.get("/readyz").json() == {"status": "standby"}, "no address for strangers"
    answer = second.http.get("/api/devices")
    assert (answer.status_code, answer.text) == (503, "This hub is a stand-by: another hub serves its database.\n")
    assert "This hub is a stand-by: the hub at" in second.log
    time.sleep(8)
    assert second.probe()[1]["status"] == "standby", "the lease of a hub that works does not expire"
    first.kill()
    until(lambda: second.probe()[0] == 200, 20)
    time.sleep(1)
    all_stored_once(second, publisher.finish())
    # The first one comes back and waits in its turn.
    first.launch()
    assert str(second.data) in first.waits("standby")


def test_hub_that_takes_over_has_the_files_of_the_other(hubs: tuple[DatabaseHub, DatabaseHub]) -> None:
    first, second = hubs
    rule = {"id": "cellar-warm", "name": "Too warm", "metric": "temperature", "above": 80, "severity": "critical"}
    saved = first.http.post("/api/rules", json={"rule": rule, "revision": first.get("/api/rules/text")["revision"]})
    assert saved.status_code == 201, saved.text
    identity = first.get("/api/status")["install_id"]
    until(lambda: b"cellar-warm" in database_file(first, "rules.toml"))
    first.kill()
    second.start()
    assert "cellar-warm" in rule_ids(second)
    assert second.get("/api/status")["install_id"] == identity, "the broker has one session for both"
    assert PASSWORD not in str(second.get("/api/status"))
    revision = second.get("/api/rules/text")["revision"]
    assert second.http.delete(f"/api/rules/cellar-warm?revision={revision}").status_code == 200
    second.end()
    first.start()
    assert "cellar-warm" not in rule_ids(first)


def rule_ids(hub: DatabaseHub) -> list[str]:
    return [each["id"] for each in hub.get("/api/rules")["items"]]


def database_file(hub: DatabaseHub, name: str) -> bytes:
    import psycopg

    with psycopg.connect(hub.url) as connection:
        row = connection.execute("SELECT body FROM watchkeeper.file WHERE path = %s", (name,)).fetchone()
    return bytes(row[0]) if row else b""


def test_hub_that_stops_hands_over_at_once(hubs: tuple[DatabaseHub, DatabaseHub]) -> None:
    first, second = hubs
    second.launch()
    second.waits("standby")
    table = second.data.parent / "table.csv"
    table.write_text("time,device,metric,value\n2026-01-01T00:00:00Z,pump,temperature,20.5\n")
    options = ("--config", second.config, "--data", second.data, "--http", f"{HOST}:{second.port}")
    said = hub_process.run("import", table, *options, status=2).stderr
    assert f"The hub on this folder is a stand-by of {second.waits('standby')}. Run the command there." in said
    second.end()
    assert not (second.data / "running.json").exists()
    second.launch()
    second.waits("standby")
    first.end()
    until(lambda: second.probe()[0] == 200)
    second.kill()
    second.start()  # its own lease, which has not expired
    assert "stand-by: the hub at " + str(second.data) not in second.log


def test_hub_that_slept_through_take_over_stops_and_writes_nothing(
    hubs: tuple[DatabaseHub, DatabaseHub], publisher: Publisher
) -> None:
    first, second = hubs
    second.launch()
    second.waits("standby")
    assert first.process is not None
    os.kill(first.process.pid, signal.SIGSTOP)
    try:
        until(lambda: second.probe()[0] == 200, 60)
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
    assert first.process.wait(60) == 2
    assert "Another hub has taken over the database" in first.log
    publisher.say(100)
    all_stored_once(second, publisher.finish())


def test_hub_waits_for_server_that_is_away(tmp_path: Path, mosquitto: Mosquitto, database: Databases) -> None:
    database.server.stop()
    hub = DatabaseHub(tmp_path / "hub", mosquitto, database)
    hub.launch()
    try:
        assert "cannot be reached" in hub.waits("waiting")
        assert hub.http.get("/").text == "This hub waits for its database.\n"
        database.server.start()
        until(lambda: hub.probe()[0] == 200)
        assert hub.log.count("cannot be reached") == 1
    finally:
        hub.stop()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_messages_wait_while_server_is_away(
    hubs: tuple[DatabaseHub, DatabaseHub], database: Databases, publisher: Publisher, how: signal.Signals
) -> None:
    hub, _ = hubs
    publisher.start()
    until(lambda: stored(hub))
    for _ in range(2):
        database.server.stop(how)
        until(lambda: "PostgreSQL" in str(hub.http.get("/readyz").json().get("missing")))
        assert hub.http.get("/readyz").status_code == 503
        assert hub.http.get("/api/devices").status_code == 200, "the state is in memory"
        unread = hub.http.get("/api/alerts")
        assert (unread.status_code, unread.json()["error"]["code"]) == (503, "store_busy")
        publisher.say(500)
        time.sleep(7)  # longer than the lease
        database.server.start()
        until(lambda: hub.http.get("/readyz").status_code == 200)
    all_stored_once(hub, publisher.finish())
    assert hub.process is not None
    assert hub.process.poll() is None
    assert "works again" in hub.log
