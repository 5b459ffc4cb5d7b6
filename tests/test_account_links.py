"""Access for the first person: the link that a hub writes at its start, and ``hub link``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import hub_process
from brokers import Mosquitto
from serving import Serving


@pytest.fixture
def serving(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    """Return a hub that a test starts."""
    hub = Serving(tmp_path / "hub" / "data", mosquitto, tmp_path / "hub" / "hub.toml")
    hub.data.parent.mkdir()
    (tmp_path / "hub" / "hub.toml").touch()
    yield hub
    hub.stop()


def test_first_account_link_is_written_to_private_file_and_not_logged(serving: Serving):
    """A service has no terminal to print it to, and others read its log."""
    assert serving.config is not None
    serving.config.write_text('[http]\ntoken = "an access token for tests"\n')
    serving.start()
    file = serving.data / "first-account-link.txt"
    address = file.read_text().strip()
    assert file.stat().st_mode & 0o777 == 0o600
    secret = address.partition("/welcome#")[2]
    log = (serving.data.parent / "hub.log").read_text()
    assert str(file) in log
    assert secret not in log
    account = {"link": secret, "name": "Ada", "password": "a quiet lighthouse 7"}
    assert serving.http.post("/api/welcome", json=account).status_code == 200


def test_link_command_lets_somebody_in_who_lost_access(serving: Serving):
    command = ["link", "--data", serving.data, "--http", f"127.0.0.1:{serving.port}"]
    serving.start()

    def secret(*words: str) -> str:
        done = hub_process.run(*command, *words, status=0)
        return done.stdout.split()[0].partition("/welcome#")[2]

    account = {"link": secret(), "name": "Ada", "password": "a quiet lighthouse 7"}
    assert serving.http.post("/api/welcome", json=account).status_code == 200
    forgotten = {"link": secret("--account", "ada"), "password": "a brighter lighthouse"}
    assert serving.http.post("/api/welcome", json=forgotten).json()["name"] == "Ada"
    assert serving.http.post("/login", json={"name": "Ada", "password": "a brighter lighthouse"}).status_code == 204
    unknown = hub_process.run(*command, "--account", "Bob")
    assert (unknown.returncode, "Accounts: Ada." in unknown.stderr) == (2, True)
