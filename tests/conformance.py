"""Compare the decoders with messages of real devices. ``python tests/conformance.py`` prints the result per dialect.

A vector (one JSON object per line in ``tests/vectors/DIALECT/*.jsonl``) has a ``topic``, a ``payload`` (or
``payload_hex``), ``retained``, the earlier messages that it needs (``given``), and the expected result (``expect``):
``device`` with its native id, ``availability``, ``time`` (ISO 8601, or ``time_s`` and ``time_ms`` since the epoch) and
``observations`` (metric, value, unit). A ``note`` explains an expectation that was corrected by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from hub.dialects import (
    Dialect,
    HomeAssistantDialect,
    HomieDialect,
    MappingDialect,
    MeshtasticDialect,
    Result,
    ShellyDialect,
    SparkplugDialect,
    TasmotaDialect,
    ThingsBoardDialect,
    Zigbee2MqttDialect,
    parse_mappings,
)
from hub.errors import Rejected
from hub.model import Identity, Latest, RawMessage

VECTORS = Path(__file__).parent / "vectors"
HOME = """
[[mapping]]
topic = "home/{room}/{metric}"
device = "home/{room}"
"""
MAPPINGS = (Path(__file__).parent.parent / "config/mappings.toml").read_text("utf-8") + HOME
MAKE: dict[str, Callable[[], Dialect]] = {
    "zigbee2mqtt": Zigbee2MqttDialect,
    "tasmota": TasmotaDialect,
    "sparkplug": SparkplugDialect,
    "shelly": ShellyDialect,
    "homie": HomieDialect,
    "thingsboard": ThingsBoardDialect,
    "meshtastic": MeshtasticDialect,
    "homeassistant": HomeAssistantDialect,
    "mapping": lambda: MappingDialect(parse_mappings(MAPPINGS)),
}
RECEIVED = 1_795_380_400_000


def vectors(dialect: str) -> list[dict[str, Any]]:
    files = sorted((VECTORS / dialect).glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


class Registry:
    """Minimal device registry: identities and the latest value of each metric."""

    def __init__(self) -> None:
        self.identities: dict[str, Identity] = {}
        self.values: dict[tuple[str, str], Latest] = {}

    def known(self, device: str) -> bool:
        return device in self.identities

    def latest(self, device: str, metric: str) -> Latest | None:
        return self.values.get((device, metric))

    def hear(self, dialect: Dialect, message: RawMessage) -> Result:
        """Decode one message and apply the result, as the pipeline does."""
        result = dialect.decode(message, self)
        for change in result.changes:
            dialect.apply(change)
        for identity in result.identities:
            self.identities[identity.device] = identity
        for record in result.records:
            for metric, value in record.values.items():
                self.values[record.device, metric] = Latest(value, record.ts, record.quality)
        for expiration in result.expirations:
            below = expiration.metric + "."
            for (device, metric), latest in self.values.items():
                inside = metric == expiration.metric or (expiration.parts and metric.startswith(below))
                if device == expiration.device and inside:
                    latest.quality = "unknown"
        for (device, _), latest in self.values.items():
            if device in result.gone:
                latest.quality = "unknown"
        return result


def message(vector: dict[str, Any], received: int = RECEIVED) -> RawMessage:
    payload = bytes.fromhex(vector["payload_hex"]) if "payload_hex" in vector else vector["payload"].encode()
    return RawMessage(vector["topic"], payload, received, retained=bool(vector.get("retained")))


def disagreements(vector: dict[str, Any], dialect: Dialect) -> list[str]:
    """Return the differences from the expectation as sentences, empty if there are none."""
    expect, registry = vector["expect"], Registry()
    times = [_time(expect), *(_time(seen) for seen in expect.get("observations", ()))]
    received = max((at + 50 for at in times if at is not None), default=RECEIVED)
    for given in vector.get("given", ()):
        registry.hear(dialect, message(given, received))
    try:
        result = registry.hear(dialect, message(vector, received))
    except Rejected as error:
        return [] if expect.get("rejected") else [f"rejected: {error}"]
    if expect.get("ignore"):
        return ["should be ignored"] if result.records or result.availability else []
    return list(_differences(expect, result, registry))


def _differences(expect: dict[str, Any], result: Result, registry: Registry) -> Any:
    values = {name: value for record in result.records for name, value in record.values.items()}
    points = {(record.ts, name): value for record in result.records for name, value in record.values.items()}
    devices = [*(record.device for record in result.records), *(each.device for each in result.availability)]
    identity = registry.identities[devices[0]] if devices else None
    expected_device = expect.get("device", {})
    if identity is None:
        identity = next(iter(result.identities), None)
    if expected_device and (identity is None or identity.native_id != expected_device["id"]):
        yield f"device {identity and identity.native_id} instead of {expected_device['id']}"
    info = identity.info if identity else None
    for key in ("name", "model", "manufacturer", "firmware"):
        if key in expected_device and info is not None and getattr(info, key) != expected_device[key]:
            yield f"{key} {getattr(info, key)!r} instead of {expected_device[key]!r}"
    availability = [a.online for a in result.availability] or [None]
    if "availability" in expect and expect["availability"] not in availability:
        yield f"availability {availability} instead of {expect['availability']}"
    at = _time(expect)
    if at is not None and result.records and result.records[0].ts != at:
        yield f"time {result.records[0].ts} instead of {at}"
    infos = [registry.identities[record.device].info for record in result.records]
    units = {metric: unit for each in infos if each is not None for metric, unit in each.units.items()}
    for seen in expect.get("observations", ()):
        if seen["value"] is None:
            if seen["metric"] in values:
                yield f"{seen['metric']} = {values[seen['metric']]!r}, but it is not known"
        elif "time_s" in seen and points.get((_time(seen), seen["metric"])) != seen["value"]:
            yield f"no {seen['metric']} = {seen['value']!r} at {seen['time_s']}"
        elif "time_s" not in seen and values.get(seen["metric"]) != seen["value"]:
            yield f"{seen['metric']} = {values.get(seen['metric'])!r} instead of {seen['value']!r}"
        elif seen.get("unit") and info is not None and units.get(seen["metric"]) != seen["unit"]:
            yield f"unit of {seen['metric']} is {units.get(seen['metric'])!r} instead of {seen['unit']!r}"
    for entity in expect.get("entities", ()):
        unit = info.units.get(entity["unique_id"]) if info is not None else None
        if unit != entity.get("unit"):
            yield f"unit of {entity['unique_id']} is {unit!r} instead of {entity.get('unit')!r}"
    extra = values.keys() - {seen["metric"] for seen in expect.get("observations", ())}
    if extra:
        yield f"not expected: {', '.join(sorted(extra))}"


def _time(expect: dict[str, Any]) -> int | None:
    """Return the expected time in epoch milliseconds."""
    if isinstance(expect.get("time"), str):
        return int(datetime.fromisoformat(expect["time"]).timestamp() * 1000)
    return round(expect["time_s"] * 1000) if "time_s" in expect else expect.get("time_ms")


if __name__ == "__main__":
    for name, make in MAKE.items():
        found = {vector["id"]: disagreements(vector, make()) for vector in vectors(name)}
        agree = sum(not faults for faults in found.values())
        print(f"{name}: {agree} of {len(found)} vectors agree")
        for vector_id, faults in found.items():
            for fault in faults:
                print(f"  {vector_id}: {fault}")
