"""An invalid value in a message is rejected alone, in every dialect: the other values are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dialect_run import NOW, DialectRun
from hub.dialects import (
    HomeAssistantDialect,
    MappingDialect,
    NativeDialect,
    Result,
    ShellyDialect,
    SparkplugDialect,
    TasmotaDialect,
    Zigbee2MqttDialect,
    parse_mappings,
)
from hub.model import FleetLimits
from hub.registry.capacity import METRIC_BYTES, Capacity
from sparkplug_node import T, metric, payload
from test_fast_path import HandlerRun
from test_mapping import rule

LONG = "x" * 1_025
METER = {"value": "number", "raw": "number", "pre": "number", "rate": "number"}


def summary(result: Result) -> tuple[dict[str, Any], list[str], list[bytes]]:
    """Return the values of a result, its expired metrics, and the bytes of its rejections."""
    values = {name: value for record in result.records for name, value in record.values.items()}
    return (
        values,
        sorted(expiration.metric for expiration in result.expirations),
        [r.payload for r in result.rejections],
    )


def test_mapping_keeps_values_beside_invalid_number() -> None:
    meter = DialectRun(MappingDialect(parse_mappings(rule(topic="meter/{device}", kinds=METER))))
    body = {"value": "", "raw": "0031N.3988", "pre": "317.4001", "error": "Neg. Rate", "rate": ""}
    result = meter.say("meter/water", body)
    assert summary(result) == (
        {"pre": 317.4001, "error": "Neg. Rate"},
        ["rate", "value"],
        [b'{"raw":"0031N.3988"}'],
    )
    assert result.rejections[0].detail == "'raw' is not a number: '0031N.3988'."


@pytest.mark.parametrize(
    ("kind", "value"),
    [("number", "20,5"), ("number", "1_000"), ("number", [1]), ("boolean", "maybe"), ("boolean", 2), (None, LONG)],
)
@pytest.mark.parametrize("picked", [True, False])
def test_mapping_keeps_valid_values(kind: str | None, value: Any, picked: bool) -> None:
    kinds = {"a": kind} if kind else {}
    keys: dict[str, Any] = {"kinds": kinds}
    if picked:
        keys = {"metrics": {"a": {"path": "a", **({"kind": kind} if kind else {})}, "b": "b"}}
    mapped = DialectRun(MappingDialect(parse_mappings(rule(topic="m/{device}", **keys))))
    values, unknown, shown = summary(mapped.say("m/d", {"a": value, "b": 2}))
    assert (values, unknown) == ({"b": 2}, [])
    if not (isinstance(value, list) and not picked):  # lists of a tree name no metric
        assert shown == [json.dumps({"a": value}, separators=(",", ":")).encode()]


def test_mapping_keeps_values_beside_unreadable_time() -> None:
    mapped = DialectRun(MappingDialect(parse_mappings(rule(topic="m/{device}", time="at"))))
    result = mapped.say("m/d", {"at": "noon", "b": 2})
    assert [(record.ts, record.quality, record.values) for record in result.records] == [(NOW, "clock", {"b": 2})]
    assert [rejected.reason for rejected in result.rejections] == ["bad_time"]


def test_mapping_keeps_values_beside_nan() -> None:
    mapped = DialectRun(MappingDialect(parse_mappings(rule(topic="m/{device}"))))
    assert summary(mapped.say("m/d", b'{"a": nan, "b": 2, "c": -Infinity}'))[:2] == ({"b": 2}, ["a"])


def test_collectd_keeps_the_values_that_fit() -> None:
    text = rule(topic="collectd/{host}/{plugin}/{type}", form="collectd", device="{host}")
    result = DialectRun(MappingDialect(parse_mappings(text))).say(
        "collectd/nas/load/load", b"1795386000:0.2:many:0.3\0"
    )
    assert summary(result) == ({"load.shortterm": 0.2, "load.longterm": 0.3}, [], [b'{"load.midterm":"many"}'])


@pytest.mark.parametrize(
    "bad", [{"n": "h", "v": "1"}, {"n": "h", "v": 1, "vs": "x"}, {"n": "ä", "v": 1}, {"n": "h", "v": 1, "t": 1e300}, 7]
)
def test_senml_keeps_valid_records(bad: Any) -> None:
    home = DialectRun(MappingDialect(parse_mappings(rule(topic="senml/{device...}", form="senml"))))
    values, _, shown = summary(
        home.say("senml/gw", [{"bn": "urn:dev:mac:00:", "n": "t", "v": 20}, bad, {"n": "p", "v": 3}])
    )
    assert values == {"t": 20, "p": 3}
    assert len(shown) == 1


@pytest.mark.parametrize("bad", [LONG, 10**400, {"n" * 129: 1}])
def test_tasmota_keeps_valid_values(bad: Any) -> None:
    payload = b'{"AM2301": {"Temperature": 20.5}, "X": %s}' % json.dumps(bad).encode()
    values, _, shown = summary(DialectRun(TasmotaDialect()).say("tele/plug/SENSOR", payload))
    assert values["AM2301.Temperature"] == 20.5
    assert isinstance(bad, str) or len(shown) == 1


def test_tasmota_null_value_expires_metric() -> None:
    result = DialectRun(TasmotaDialect()).say("tele/plug/SENSOR", {"AM2301": {"Temperature": None, "Humidity": 40}})
    assert summary(result) == ({"AM2301.Humidity": 40}, ["AM2301.Temperature"], [])


@pytest.mark.parametrize("bad", [b'"%s"' % LONG.encode(), b"NaN", b"1e999", b"1" * 400])
def test_shelly_keeps_valid_values(bad: bytes) -> None:
    body = b'{"src": "shellyplus1-a8032ab12345", "method": "NotifyStatus", "params": {"ts": 1795386000, '
    body += b'"switch:0": {"output": true, "apower": %s, "voltage": 230, "current": null}}}' % bad
    values, unknown, shown = summary(DialectRun(ShellyDialect()).say("shellyplus1-a8032ab12345/events/rpc", body))
    assert (values, unknown) == ({"switch:0.output": True, "switch:0.voltage": 230}, ["switch:0.current"])
    assert len(shown) == 1


def test_shelly_gen1_keeps_valid_values() -> None:
    body = b'{"lux": {"value": NaN}, "tmp": {"value": 21.5}, "bat": null}'
    result = DialectRun(ShellyDialect()).say("shellies/shellydw2-AABBCC/status", body)
    assert summary(result) == ({"sensor.temperature": 21.5}, ["sensor.battery"], [b'{"sensor.lux":"NaN"}'])


@pytest.mark.parametrize("bad", [b'"%s"' % LONG.encode(), b"NaN", b"1" * 400])
def test_zigbee2mqtt_keeps_valid_values(bad: bytes) -> None:
    hub = DialectRun(Zigbee2MqttDialect())
    hub.say("zigbee2mqtt/bridge/devices", [{"ieee_address": "0x01", "friendly_name": "door", "type": "EndDevice"}])
    values, _, shown = summary(hub.say("zigbee2mqtt/door", b'{"contact": true, "odd": %s, "color": {"x": 0.3}}' % bad))
    assert values == {"contact": True, "color.x": 0.3}
    assert len(shown) == 1
    assert shown[0].startswith(b'{"odd":')


def test_home_assistant_light_keeps_valid_values() -> None:
    hub = DialectRun(HomeAssistantDialect())
    config = {
        "uniq_id": "l",
        "schema": "json",
        "stat_t": "l/s",
        "cmd_t": "l/c",
        "brightness": True,
        "dev": {"ids": ["l"]},
    }
    hub.say("homeassistant/light/l/config", config)
    result = hub.say("l/s", {"state": "PURPLE", "brightness": 100, "effect": LONG})
    assert summary(result)[0] == {"l.brightness": 100}
    assert [rejected.detail[:4] for rejected in result.rejections] == ["'l' ", "'l.e"]


def test_sparkplug_keeps_valid_metrics_and_rejects_others_by_name() -> None:
    node, edge = DialectRun(SparkplugDialect()), "spBv1.0/plant/%s/press"
    born = [metric("speed", T.DOUBLE, 1.0), metric("state", T.STRING, "on"), metric("load", T.DOUBLE, 2.0)]
    node.say(edge % "NBIRTH", payload(metric("bdSeq", T.INT64, 0), *born, seq=0))
    bad = [metric("speed", T.DOUBLE, float("nan")), metric("state", T.STRING, LONG)]
    rest = [metric("load", T.DOUBLE, null=True), metric("flow", T.DOUBLE, 3.0)]
    result = node.say(edge % "NDATA", payload(*bad, *rest, seq=1))
    values, unknown, _ = summary(result)
    assert (values, unknown) == ({"flow": 3.0}, ["load"])
    assert [rejected.detail.partition(":")[0] for rejected in result.rejections] == ["'speed'", "'state'"]


def test_metric_over_limit_is_rejected_alone() -> None:
    run = HandlerRun()
    run.registry.capacity = Capacity(FleetLimits(metrics=3))
    run.report({"a": 1, "b": 1})
    run.report({"a": 2, "b": 2, "c": 2, "d": 2})
    run.report({"a": 3, "e": 3})
    assert {name: latest.value for name, latest in run.registry.require("d").metrics.items()} == {
        "a": 3,
        "b": 2,
        "c": 2,
    }
    assert [r.reason for r in run.batch.rejections] == ["too_many_metrics"] * 2
    assert "there is no room for 'd'" in run.batch.rejections[0].detail
    assert [value for *_, value, _ in run.history()["d", "a"]] == [1, 2, 3]


def test_metric_over_memory_limit_is_rejected_alone() -> None:
    run = HandlerRun()
    run.report({"a": 1})
    run.registry.capacity.used = run.registry.capacity.limit - METRIC_BYTES // 2
    run.report({"a": 2, "b": 2})
    run.report({"a": 3, "b": "text"})
    assert {name: latest.value for name, latest in run.registry.require("d").metrics.items()} == {"a": 3}
    assert [r.reason for r in run.batch.rejections] == ["too_many_metrics"] * 2


@pytest.mark.parametrize("value", ["", None, float("nan")])
def test_native_null_or_empty_value_becomes_unknown(value: Any) -> None:
    run = HandlerRun()
    for number in range(10):
        run.report({"t": 20.0 + number, "h": 40.0, "mode": "auto"}, at=1_000 * number)
    run.report({"t": 30.0, "h": value, "mode": "auto"}, at=20_000)
    metrics = run.registry.require("d").metrics
    assert {name: (latest.value, latest.quality) for name, latest in metrics.items()} == {
        "t": (30.0, "good"),
        "h": (40.0, "unknown"),
        "mode": ("auto", "good"),
    }
    run.report({"t": 30.0, "h": 41.0, "mode": ""}, at=21_000)
    assert (metrics["h"].quality, metrics["mode"].quality) == ("good", "unknown")


def test_late_null_does_not_expire_newer_value() -> None:
    hub = DialectRun(NativeDialect())
    hub.say("devices/d/telemetry", {"t": 20})
    assert hub.say("devices/d/telemetry", {"t": None, "h": 1, "ts": NOW - 3_600_000}).expirations == []


def test_native_info_keeps_valid_keys() -> None:
    hub = DialectRun(NativeDialect())
    body = {"name": "Boiler", "labels": "heat", "units": {"t": "C"}, "limits": {"t": {"max": "hot"}}, "area": 7 * LONG}
    result = hub.say("devices/d/info", body)
    info = result.identities[0].info
    assert (info.name, info.units, info.labels, info.limits, info.area) == ("Boiler", {"t": "°C"}, (), {}, None)
    assert [rejected.payload[:9] for rejected in result.rejections] == [b'{"labels"', b'{"limits"', b'{"area":"']
