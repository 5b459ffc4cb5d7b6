"""``/api/fleet-health``: what needs attention comes first, and only the devices that a person may see are counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, now_ms, running_hub

DAY = 86_400_000


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as started:
        yield started


def describe(hub: ApiHub, device: str, **info) -> None:
    hub.publish(f"devices/{device}/info", {"name": device.title(), **info})


async def health(hub: ApiHub) -> dict:
    answer = await hub.http.get("/api/fleet-health")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_low_batteries_and_weak_signals_come_first(hub: ApiHub) -> None:
    describe(hub, "door", classes={"battery": "battery"}, units={"battery": "%", "rssi": "dBm"})
    describe(hub, "leak", classes={"battery_low": "battery"})
    describe(hub, "ups", units={"battery_charge": "%"}, limits={"battery_charge": {"min": 50}})
    describe(hub, "lamp", units={"battery": "%", "battery_voltage": "V"})
    await hub.telemetry("door", battery=12, rssi=-91)
    await hub.telemetry("leak", battery_low=True, linkquality=30)
    await hub.telemetry("ups", battery_charge=45)
    await hub.telemetry("lamp", battery=80, battery_voltage=2.9, linkquality=180)
    found = await health(hub)
    assert (found["devices"], found["low_batteries"], found["weak_signals"]) == (4, 3, 2)
    assert [(each["device_id"], each["low"]) for each in found["batteries"]] == [
        ("leak", True),
        ("door", True),
        ("ups", True),
        ("lamp", False),
    ]
    assert [(each["device_name"], each["value"], each["low"]) for each in found["signals"]] == [
        ("Leak", 30.0, True),
        ("Door", -91.0, True),
        ("Lamp", 180.0, False),
    ]


async def test_lost_metrics_and_silent_devices_are_listed(hub: ApiHub) -> None:
    now = now_ms()
    hub.publish("devices/fan/telemetry", {"ts": now - 2 * DAY, "speed": 900, "temperature": 20.5}, at=now - 2 * DAY)
    for hours in range(47, -1, -1):
        at = now - hours * 3_600_000
        hub.publish("devices/fan/telemetry", {"ts": at, "speed": 900 + hours % 3}, at=at)
    describe(hub, "gate", reports="events")
    hub.publish("devices/gate/status", b"offline")
    await hub.settled()
    found = await health(hub)
    assert [(each["device_id"], each["metric"]) for each in found["lost"]] == [("fan", "temperature")]
    assert [(each["device_id"], each["presence"]) for each in found["silent_devices"]] == [("gate", "offline")]
    assert (found["lost_metrics"], found["silent"]) == (1, 1)


async def test_firmware_versions_are_counted_by_model(hub: ApiHub) -> None:
    for number, firmware in enumerate(("1.2", "1.2", "1.1")):
        describe(hub, f"plug-{number}", manufacturer="Acme", model="P1", firmware=firmware)
    describe(hub, "lamp", model="L2", firmware="7")
    await hub.settled()
    assert (await health(hub))["firmware"] == [
        {
            "manufacturer": "Acme",
            "model": "P1",
            "versions": [{"version": "1.2", "devices": 2}, {"version": "1.1", "devices": 1}],
        },
        {"manufacturer": None, "model": "L2", "versions": [{"version": "7", "devices": 1}]},
    ]
