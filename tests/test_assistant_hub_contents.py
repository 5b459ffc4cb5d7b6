"""Questions about silenced alerts, people and parts of the hub, about "the pump", and with both "and" and "or"."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, running_hub
from assistant_site import RULES, fill_site
from test_assistant_questions import ask

PUMPS = "Feed pump 1, Circulation pump 2, Feed pump 3"
PAGES = [
    ("are reactions off", "The Reactions page shows each one"),
    ("what did the reactions do today", "The Reactions page shows each one"),
    ("is the reaction for the tank on", "The Reactions page shows each one"),
    ("are notifications on?", "Settings → Notifications"),
    ("who is on call", "Settings → Notifications"),
    ("was anna notified?", "Settings → Notifications"),
    ("how many users are there", "I cannot read accounts"),
    ("which dashboards do i have", "Dashboards page"),
    ("when was the last backup", "hub backup"),
    ("sind die Reaktionen aus?", "Die Seite Reaktionen"),
    ("¿están activas las reacciones?", "La página Reacciones"),
]
WHICH = [
    ("how is the pump", PUMPS),
    ("is the pump ok?", PUMPS),
    ("what is the pump's vibration", PUMPS),
    ("turn off the pump", PUMPS),
    ("why is the cold room warm?", "Dairy cold room 1, Meat cold room 2, Dispatch cold room 3"),
    ("wie geht es der Pumpe?", PUMPS),
    ("¿cómo está la bomba?", PUMPS),
    ("¿cómo está la bomba?", "«pump» puede"),
]
CLEAR = [
    ("how is the tank", "Buffer tank 1 (TK-30, Utilities) is online"),
    ("how are the pumps", "Feed pump 3 (CP-80, Pump hall)"),
    ("Wie warm sind die Kühlräume?", "Dispatch cold room 3"),
    ("temperature of the boiler and the greenhouse", "Tomato house 1, temperature: 28 °C"),
    ("which devices are offline and are in the offices", "Room sensor 1"),
]
MIXED = [
    "which devices are offline or have an alert and are in the pump hall",
    "which cold rooms are above 5 °C or have an open door and an alert",
    "temperature above 25 and humidity below 70 or co2 above 700",
]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path, rules=RULES, real_ai=True) as running:
        await fill_site(running)
        yield running


async def test_question_about_a_part_of_the_hub_names_its_page(hub: ApiHub) -> None:
    wrong = []
    for number, (question, expected) in enumerate(PAGES):
        text, _ = await ask(hub, question, f"talk-{number:04d}")
        if expected not in text or "Not used" in text:
            wrong.append(f"{question}: {text}")
    assert wrong == []


async def test_one_of_several_devices_is_asked_for(hub: ApiHub) -> None:
    wrong = []
    for number, (question, names) in enumerate(WHICH):
        text, _ = await ask(hub, question, f"talk-{number:04d}")
        if names not in text or "online" in text:
            wrong.append(f"{question}: {text}")
    assert wrong == []


async def test_clear_devices_are_not_asked_for(hub: ApiHub) -> None:
    wrong = []
    for number, (question, expected) in enumerate(CLEAR):
        text, _ = await ask(hub, question, f"talk-{number:04d}")
        if expected not in text:
            wrong.append(f"{question}: {text}")
    assert wrong == []


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("Feed pump 3", ["Feed pump 3, vibration: 8 mm/s"]),
        ("the second one", ["Circulation pump 2, vibration: 1.5 mm/s"]),
        ("all of them", ["Feed pump 1, vibration: 2 mm/s", "Feed pump 3, vibration: 8 mm/s"]),
    ],
)
async def test_choice_of_a_device_answers_the_question_before(hub: ApiHub, choice: str, expected: list[str]) -> None:
    await ask(hub, "what is the vibration of the pump?")
    text, _ = await ask(hub, choice)
    assert [each for each in expected if each not in text] == []


async def test_and_mixed_with_or_is_refused(hub: ApiHub) -> None:
    wrong = []
    for number, question in enumerate(MIXED):
        text, _ = await ask(hub, question, f"talk-{number:04d}")
        if not text.startswith("I cannot combine “and” with “or”"):
            wrong.append(f"{question}: {text}")
    assert wrong == []


async def test_silenced_and_assigned_alerts_are_listed(hub: ApiHub) -> None:
    text, _ = await ask(hub, "which alerts are silenced?", "talk-0001")
    assert text.startswith("0 of 4 open alerts are silenced or muted (all 15 devices).")
    alerts = (await hub.http.get("/api/alerts?state=open")).json()["items"]
    muted = next(alert for alert in alerts if alert["device_id"] == "cold-room-03")
    assert (await hub.http.post(f"/api/alerts/{muted['id']}/mute", json={})).is_success
    text, _ = await ask(hub, "are any alerts muted?", "talk-0002")
    assert text.startswith("1 of 4 open alerts are silenced or muted")
    assert "Dispatch cold room 3: temperature 9.5 °C, above 8 °C for 5 s (muted by operator)" in text
    text, _ = await ask(hub, "which alerts are not silenced?", "talk-0003")
    assert text.startswith("3 of 4 open alerts are neither silenced nor muted")
    assert "Dispatch cold room 3" not in text


async def test_wish_for_an_alarm_is_a_draft_of_a_rule(hub: ApiHub) -> None:
    text, extras = await ask(hub, "i want an alarm when the tank is below 20 percent")
    assert "level below 20; devices: tank-01" in text
    assert [each["words"] for each in extras if each["type"] == "rule"] == [
        "i want an alarm when the tank is below 20 percent"
    ]


async def test_request_to_silence_an_alert_is_declined(hub: ApiHub) -> None:
    text, _ = await ask(hub, "silence the alert of feed pump 3")
    assert text.startswith("I can't send commands.")
    assert "alerts are handled on their page" in text


async def test_actions_of_a_person_come_from_the_activity_log(hub: ApiHub) -> None:
    text, _ = await ask(hub, "what did anna do today?", "talk-0001")
    assert "nothing done by “anna”" in text
    assert "audit log" in text
    alerts = (await hub.http.get("/api/alerts?state=open")).json()["items"]
    acknowledged = next(alert for alert in alerts if alert["device_id"] == "cold-room-03")
    assert (await hub.http.post(f"/api/alerts/{acknowledged['id']}/acknowledge", json={})).is_success
    for number, question in enumerate(("what did Operator change?", "did operator acknowledge the alert?")):
        text, _ = await ask(hub, question, f"talk-100{number}")
        assert "operator acknowledged Dispatch cold room 3" in text.casefold().replace("dispatch", "Dispatch"), text


async def test_metric_named_like_a_part_of_the_hub_is_read(hub: ApiHub) -> None:
    await hub.telemetry("router", users=7.0)
    text, _ = await ask(hub, "how many users does the router have")
    assert "users: 7" in text or "1 of" in text
    text, _ = await ask(hub, "users of the router")
    assert "users: 7" in text
