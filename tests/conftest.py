"""Fixtures shared by several test files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import brokers
from receiver import Receiver

# Compiling the hub again in each process that a test starts would double the time of a start.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# No deadline: the time of one example depends on the machine's load.
settings.register_profile("any_load", deadline=None)
settings.load_profile("any_load")


@pytest.fixture
def free_port() -> int:
    """Return a free port on the loopback interface."""
    return brokers.free_port()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[brokers.Mosquitto]:
    """Run Mosquitto on a free port with its configuration and sessions in ``tmp_path``."""
    broker = brokers.Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(params=["5", "3.1.1"])
def each_link(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test once per MQTT version that receivers use."""
    monkeypatch.setattr(Receiver, "protocol", request.param)
    return str(request.param)
