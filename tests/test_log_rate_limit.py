"""A repeated fault is logged once per interval, not once per message."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from api_hub import running_hub
from dialect_run import DialectRun, run_hub
from hub.dialects import (
    MappingDialect,
    NativeDialect,
    ShellyDialect,
    TasmotaDialect,
    Zigbee2MqttDialect,
    parse_mappings,
)
from hub.errors import BrokerError, Rejected
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.connection import Lost
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.runtime.fault_log import MAX_KINDS, FaultLog
from hub.topics import is_filter, is_topic

HUGE_NUMBER = int("9" * 400)
MAPPED = """
[[mapping]]
topic = "json/{device}"
time = "when"

[[mapping]]
topic = "senml/{device}"
form = "senml"

[[mapping]]
topic = "collectd/{device}/{plugin}/{type}"
form = "collectd"
"""


def test_repeated_fault_is_logged_once_per_interval_with_count(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    faults = FaultLog(logging.getLogger("hub.test"), 10, lambda: now)
    for _ in range(1_000):
        faults.error("kind", "It failed at %s", 7)
    now = 11.0
    faults.error("kind", "It failed at %s", 8)
    assert [record.getMessage() for record in caplog.records] == [
        "It failed at 7",
        "It failed at 8 (repeated 999 times since)",
    ]


def test_number_of_fault_kinds_is_limited(caplog: pytest.LogCaptureFixture) -> None:
    faults = FaultLog(logging.getLogger("hub.test"), 10, lambda: 0.0)
    for number in range(10_000):
        faults.error(number, "It failed")
    assert len(caplog.records) == MAX_KINDS


def test_errors_raised_at_different_places_are_logged_separately(caplog: pytest.LogCaptureFixture) -> None:
    faults = FaultLog(logging.getLogger("hub.test"))
    failing = (
        lambda: 1 / 0,
        lambda: 2 / 0,
        lambda: int("x"),
    )
    for each in failing * 5:
        try:
            each()
        except Exception as error:
            faults.unexpected("It broke", cause=error)
    assert len(caplog.records) == 3
    assert all(record.exc_info for record in caplog.records)


@pytest.mark.parametrize(
    "ts", [HUGE_NUMBER, -HUGE_NUMBER, 1e308, str(HUGE_NUMBER), "2026-99-99T00:00:00", [], {}, True, "9" * 5_000]
)
async def test_invalid_time_is_rejected_without_log(ts: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running_hub(tmp_path) as hub:
        for number in range(20):
            hub.publish("devices/x/telemetry", {"ts": ts, "t": number})
            hub.publish("devices/y/telemetry", {"ts": ts, "metrics": {"t": number}})
            hub.publish("devices/z/telemetry", [{"ts": ts, "t": number}])
        await hub.settled()
        assert (await hub.http.get("/readyz")).status_code == 200
        rejected = (await hub.http.get("/api/rejected")).json()["items"]
        assert {one["reason"] for one in rejected} <= {"bad_time", "bad_value"}
    assert not caplog.records


@pytest.mark.parametrize("ts", [HUGE_NUMBER, -HUGE_NUMBER, 1e308, str(HUGE_NUMBER), "9" * 5_000, 2**63])
def test_extreme_time_causes_no_decoder_error(ts: Any) -> None:
    """Each dialect rejects the message or uses the receive time."""
    number = ts if isinstance(ts, int | float) else 1
    dialects = (
        (NativeDialect(), "devices/x/telemetry", {"ts": ts, "t": 1}),
        (Zigbee2MqttDialect("zigbee2mqtt"), "zigbee2mqtt/lamp", {"last_seen": ts, "t": 1}),
        (TasmotaDialect(), "tele/plug/SENSOR", {"Time": ts, "AM2301": {"Temperature": 1}}),
        (ShellyDialect(), "shelly-1/events/rpc", {"src": "shelly-1", "params": {"ts": ts, "t": 1}}),
        (MappingDialect(parse_mappings(MAPPED)), "json/x", {"when": ts, "t": 1}),
        (MappingDialect(parse_mappings(MAPPED)), "json/x", {"time": ts, "t": 1}),
        (MappingDialect(parse_mappings(MAPPED)), "senml/x", [{"bn": "x/", "n": "t", "v": 1, "t": number}]),
        (MappingDialect(parse_mappings(MAPPED)), "senml/x", [{"bt": number, "n": "t", "v": number, "t": number}]),
        (MappingDialect(parse_mappings(MAPPED)), "collectd/x/cpu/cpu", f"{ts}:1".encode()),
    )
    for dialect, topic, body in dialects:
        with suppress(Rejected):
            DialectRun(dialect).say(topic, body)


async def test_decoder_error_is_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(NativeDialect, "decode", lambda *_: 1 / 0)
    await run_hub(tmp_path, NativeDialect(), *[(f"devices/d{n}/telemetry", {"t": n}) for n in range(200)])
    assert len(caplog.records) == 1


def test_flapping_connection_logs_each_error_once(caplog: pytest.LogCaptureFixture) -> None:
    link = NegotiatingClient(
        MqttClientSettings("127.0.0.1", 1, "hub-flood"), lambda messages: len(messages), lambda since, now: None
    )
    for number in range(500):
        link._log_lost(str(Lost(f"it sent a packet of {number} bytes, which is too large")))
        link._log_lost("connection refused")
    assert len(caplog.records) == 2


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "a\0b",
        "a/\x1f",
        "a\x7f",
        "\x85",
        "\ufdd0",
        "\U0001ffff",
        "a/#/b",
        "a+",
        "#a",
        "\ud800",
        "a/" * 200,
        "x" * 70_000,
    ],
)
async def test_invalid_topic_is_not_sent_to_broker(topic: str, caplog: pytest.LogCaptureFixture) -> None:
    """Brokers disconnect clients that send invalid topics, so one announcement could stop the hub's ingest."""
    assert not is_filter(topic)
    assert not is_topic(topic)
    link = NegotiatingClient(
        MqttClientSettings("127.0.0.1", 1, "hub-topics"), lambda messages: len(messages), lambda since, now: None
    )
    link.subscribe([topic, "a/+/#"])
    with pytest.raises(BrokerError):
        await link.publish(topic, b"")
    assert len(caplog.records) == 1
    assert is_filter("a/+/#")
    assert is_filter("+")
    assert not is_topic("a/+/#")
