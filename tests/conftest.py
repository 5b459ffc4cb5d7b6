"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import brokers
from receiver import Receiver

# How long an example takes says more about the machine's load than about the code.
settings.register_profile("any_load", deadline=None)
settings.load_profile("any_load")


@pytest.fixture
def free_port() -> int:
    """A port of loopback that nobody listens on."""
    return brokers.free_port()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[brokers.Mosquitto]:
    """A running mosquitto on a free port, its configuration and sessions in ``tmp_path``."""
    broker = brokers.Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(params=["5", "3.1.1"])
def each_link(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs once for each link: the version of MQTT that receivers speak in it."""
    monkeypatch.setattr(Receiver, "protocol", request.param)
    return str(request.param)
