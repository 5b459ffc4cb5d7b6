"""Fixtures shared by several test files."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import brokers
from receiver import Receiver

# Compiling the hub again in each process that a test starts would double the time of a start.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The modules and tests of all files, about a million objects, stay until the end. Looking through them again and again
# for garbage would take half of the time of a test that builds the API.
gc.disable()

# No deadline: the time of one example depends on the machine's load. A change is judged by the same examples in every
# run; `make flaky` looks for new ones with HYPOTHESIS_PROFILE=random.
settings.register_profile("random", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

TESTS = Path(__file__).parent
SLOW_FIRST = (
    "test_documented_commands.py",
    "test_contract.py",
    "test_media_truth.py",
    "test_tables.py",
    "test_ai_attacks.py",
    "test_worker.py",
    "test_accounts.py",
    "test_assistant_questions.py",
    "test_doctor.py",
    "test_demo.py",
    "test_fuzz.py",
    "test_command_line.py",
    "test_faults.py",
    "test_reload.py",
    "test_backup.py",
    "test_clock_trust.py",
    "test_web_",
    "test_page.py",
)
"""Prefixes of the names of the slowest test files, which start first so that no worker ends long after the others."""


MEASURED = (
    "test_alert_",
    "test_anomaly",
    "test_calculated",
    "test_claims.py",
    "test_clocks.py",
    "test_command_tracker.py",
    "test_dedup",
    "test_demotion.py",
    "test_document_library.py",
    "test_expected_interval.py",
    "test_homeassistant.py",
    "test_homeassistant_options.py",
    "test_homeassistant_wildcards.py",
    "test_homie.py",
    "test_identities.py",
    "test_insight.py",
    "test_insight_check.py",
    "test_insight_expected.py",
    "test_insight_horizons.py",
    "test_insight_normal_variation.py",
    "test_insight_witnesses.py",
    "test_mapping.py",
    "test_native.py",
    "test_notification_planner.py",
    "test_notification_worker.py",
    "test_pipeline.py",
    "test_presence",
    "test_reactions.py",
    "test_queues.py",
    "test_registry.py",
    "test_rejected_batches.py",
    "test_repair.py",
    "test_retention.py",
    "test_rule",
    "test_shelly.py",
    "test_shelly_gen1.py",
    "test_signatures.py",
    "test_silences.py",
    "test_sparkplug",
    "test_store.py",
    "test_store_rollups.py",
    "test_tables.py",
    "test_tasmota",
    "test_templates.py",
    "test_times.py",
    "test_units.py",
    "test_unreadable_rows.py",
    "test_thingsboard.py",
    "test_meshtastic.py",
    "test_zigbee2mqtt.py",
)
"""Prefixes of the names of the test files that are measured for coverage: fast tests of rules, decisions and storage.

Files that cover hardly any line which no other file covers are left out.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--store",
        choices=["sqlite", "postgresql"],
        default="sqlite",
        help="where the hubs of api_hub.py store their data",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let the hubs of the API tests use PostgreSQL, each on a schema of its own."""
    if config.getoption("store") == "postgresql":
        import api_hub
        import backends

        api_hub.stores.open = backends.schemas.open


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the slowest files first."""
    items.sort(key=lambda item: next((n for n, name in enumerate(SLOW_FIRST) if item.path.name.startswith(name)), 99))


def pytest_collection_finish() -> None:
    """Exclude modules and collected tests from garbage collection, also from the five collections at pytest's end."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure coverage only where that is cheap: measured code, also of fixtures, takes three times as long.

    A property test runs the same lines hundreds of times.
    """
    plugin = item.config.pluginmanager.getplugin("_cov")
    coverage = plugin and plugin.cov_controller
    measured = item.path.parent == TESTS and item.path.name.startswith(MEASURED)
    if coverage is None or (measured and not item.get_closest_marker("hypothesis")):
        return (yield)
    coverage.pause()
    try:
        return (yield)
    finally:
        coverage.resume()


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    """Restore the log level after each test: a hub that reloads its settings in this process changes it."""
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)


@pytest.fixture(autouse=True)
def no_mqtt_client_left() -> Iterator[None]:
    """Fail a test that leaves an MQTT client running.

    It would reconnect to its broker's port for ever, and disturb a later test that gets the same port.
    """
    before = set(threading.enumerate())
    yield
    left = {each.name for each in threading.enumerate() if each not in before and each.name.startswith("paho-mqtt")}
    assert not left, f"still running: {', '.join(left)}. Call loop_stop()."


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
