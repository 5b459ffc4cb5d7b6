"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import brokers


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
