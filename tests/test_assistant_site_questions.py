"""Questions about gateways, outages, the hub itself, the ages of alerts and the rules that raise them."""

# Tables have one row per line.
# ruff: noqa: E501

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub
from fake_ai import now_ms
from hub.model import RawMessage, Tick
from test_assistant_questions import ask

RULES = """
[[rule]]
id = "vibration"
name = "Vibration high"
metric = "vibration"
above = 7

[[rule]]
id = "warm"
name = "Too warm"
metric = "temperature"
above = 40
"""
MINUTE = 60_000
DEVICES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "gw-1": ({"name": "Basement gateway", "area": "Basement"}, {"uptime": 5}),
    "cellar-a": ({"name": "Cellar sensor a", "area": "Basement", "via": "gw-1", "units": {"temperature": "°C"}}, {"temperature": 16}),
    "cellar-b": ({"name": "Cellar sensor b", "area": "Basement", "via": "cellar-a", "units": {"humidity": "%"}}, {"humidity": 60}),
    "freezer-1": ({"name": "Freezer 1", "area": "Kitchen", "units": {"temperature": "°C"}}, {"temperature": -18}),
    "freezer-2": ({"name": "Freezer 2", "area": "Kitchen", "units": {"temperature": "°C"}}, {"temperature": -17}),
    "cold-room-1": ({"name": "Dairy cold room 1", "area": "Store", "units": {"temperature": "°C"}}, {"temperature": 3}),
    "pump-02": ({"name": "Cooling water pump 2", "area": "Hall", "units": {"vibration": "mm/s"}}, {"vibration": 9}),
    "pump-03": ({"name": "Feed pump 3", "area": "Hall", "units": {"vibration": "mm/s"}}, {"vibration": 8}),
    "window": ({"name": "Bedroom window", "classes": {"open": "window"}}, {"open": False}),
    "door": ({"name": "Front door", "classes": {"open": "door"}}, {"open": True}),
    "lamp": ({"name": "Hall lamp"}, {"power": 900}),
    "washer": ({"name": "Washing machine", "units": {"power": "W"}}, {"power": 418}),
    "old": ({"name": "Shed sensor"}, {"illuminance": 5}),
}  # fmt: skip
NEWEST = {"pump-03": 20, "pump-02": 5, "old": 40}
"""Minutes since the only reading; 1 for the others."""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path, rules=RULES, real_ai=True) as running:
        now = now_ms()
        sent = [
            RawMessage(f"devices/{name}/info", json.dumps(info).encode(), now - 60 * MINUTE, qos=1)
            for name, (info, _) in DEVICES.items()
        ]
        for name, (_, values) in DEVICES.items():
            at = now - NEWEST.get(name, 1) * MINUTE
            sent.append(RawMessage(f"devices/{name}/telemetry", json.dumps({"ts": at, **values}).encode(), at, qos=1))
        sent.append(RawMessage("devices/gw-1/status", b"offline", now - 50 * MINUTE, qos=1))
        sent.append(RawMessage("devices/gw-1/status", b"online", now - 45 * MINUTE, qos=1))
        for message in sorted(sent, key=lambda each: each.received):
            running.services.messages.take([message])
            await running.services.ingest_queue.submit(Tick(message.received, 0))
        yield running


QUESTIONS = [
    ("Which freezer is the warmest?", ["Highest: Freezer 2", "Compared: 2 devices"]),
    ("Which rules fire the most?", ["Last 7 d: 2 alerts", "Vibration high: 2"]),
    ("Welche Regeln lösen am häufigsten aus?", ["Vibration high: 2"]),
    ("Is the hub healthy?", ["problem", "13 devices", "2 open alerts"]),
    ("How much disk space does the hub have left?", ["on the Settings page", "Not used in this answer: “disk space”"]),
    ("When did the gateway go down and for how long?", ["no data from", "(5 min)"]),
    ("Was the front door offline in the last 30 seconds?", ["Front door: not stale or offline"]),
    ("Which devices are behind the basement gateway?", ["2 devices are connected through Basement gateway", "Cellar sensor a (Basement)", "Cellar sensor b"]),
    ("Which devices are connected through gw-1?", ["2 devices", "Cellar sensor b"]),
    ("Welche Geräte hängen am Basement gateway?", ["2 Geräte sind über Basement gateway verbunden"]),
    ("¿Qué dispositivos están conectados a través de gw-1?", ["2 dispositivos"]),
    ("Which devices are behind Feed pump 3?", ["No device is connected through Feed pump 3"]),
    ("Is anything in the basement too humid?", ["No rule and no device limit", "Cellar sensor b, humidity: 60 %"]),
    ("Since when is feed pump 3 vibrating?", ["Feed pump 3, vibration 8 mm/s, above 7 mm/s", "open for 20 min"]),
    ("How long has feed pump 3 been above its limit?", ["open for 20 min"]),
    ("Since when is the freezer 1 too warm?", ["No alert of Freezer 1"]),
    ("Which alert has been open the longest?", ["Feed pump 3", "open for 20 min"]),
    ("Is the vibration of feed pump 2 normal?", ["called “feed pump 2”"]),
    ("Which devices have not sent data for more than 30 minutes?", ["1 of 13", "Shed sensor"]),
    ("Who changed the rules last?", ["audit log"]),
    ("Are all windows closed?", ["Yes. Bedroom window"]),
    ("Are all doors closed?", ["No: Front door"]),
    ("What's using the most power?", ["Highest: Washing machine, power: 418 W", "Left out, in other units"]),
    ("When was the last temperature alert of Feed pump 3?", ["Feed pump 3 has no metric “temperature”"]),
    ("How many temperature alerts are open?", ["0 open alerts"]),
    ("When was the last vibration alert?", ["vibration 9 mm/s"]),
    ("When did the hub start?", ["Not used in this answer: “start”, “When”"]),
    ("¿Qué alerta lleva más tiempo abierta?", ["Feed pump 3"]),
    ("Are all devices working?", ["13 devices", "2 open alerts"]),
    ("Was the cellar sensor a above 10 degrees for more than 10 minutes in the last hour?", ["Cellar sensor a, temperature", "Not used"]),
    ("Is the temperature of freezer 1 rising faster than an hour ago?", ["Not used in this answer"]),
    ("How much illuminance is at the shed sensor?", ["illuminance: 5"]),
    ("¿Cuál es la temperatura media de las cámaras frías?", ["Dairy cold room 1, temperature: media 3 °C"]),
    ("Which rooms are above 2 °C?", ["Not used in this answer: “rooms”"]),
]  # fmt: skip


async def test_question_about_the_site_is_answered(hub: ApiHub) -> None:
    wrong = []
    for number, (question, parts) in enumerate(QUESTIONS):
        text, _ = await ask(hub, question, f"talk-{number:04d}")
        missing = [part for part in parts if part not in text]
        wrong += [f"{question}\n  lacks {missing}\n  {text}"] if missing else []
    assert not wrong, "\n".join(wrong)


async def test_why_after_an_answer_without_devices_explains_nothing_else(hub: ApiHub) -> None:
    text, _ = await ask(hub, "Which batteries are low?", "talk-why-1")
    assert "battery" in text
    await ask(hub, "Are there any critical alerts?", "talk-why-2")
    text, _ = await ask(hub, "Why?", "talk-why-2")
    assert "nothing to explain" in text


async def test_number_of_many_devices_comes_without_their_names(hub: ApiHub) -> None:
    text, _ = await ask(hub, "How many devices are online?", "talk-many")
    assert ("of 13" in text, "Freezer 1" in text) == (True, False), text
