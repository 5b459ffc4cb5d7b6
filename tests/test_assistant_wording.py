"""Questions as people word them: misspelt, several in one, with exceptions, in another language than the names."""

# Tables have one row per line.
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, running_hub
from assistant_site import RULES, fill_site
from hub.assistant.question_splitter import split_questions
from test_assistant_questions import ask


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path, rules=RULES, real_ai=True) as running:
        await fill_site(running)
        yield running


SPELLING = [
    ("whats the vibraton of Feed pump 3", ["Feed pump 3, vibration: 8 mm/s", "Read “vibraton” as “vibration”"]),
    ("Is the wasching mashine using power?", ["Washing machine", "Read “mashine” as “machine”"]),
    ("diffrence between motor and bearing temprature on Feed pump 3", ["motor temperature: 63 °C", "bearing temperature: 90 °C", "Difference, bearing temperature: 27 °C"]),
    ("temperature of the sauna", ["nothing_like_it", "“sauna”"]),
]  # fmt: skip

EXCEPTIONS = [
    ("humidity everywhere except in the greenhouse", ["mean 82 %, from 81 % to 83 %, 3 devices", "Dairy cold room 1"]),
    ("Which pumps have never had an alert?", ["2 of 3 without an alert, all stored alerts", "Feed pump 1", "Circulation pump 2"]),
    ("How many pumps have no alert?", ["2 of 3 without an alert, now"]),
    ("Welche Pumpen hatten nie einen Alarm?", ["2 von 3 ohne Alarm", "Feed pump 1"]),
    ("¿Qué bombas nunca tuvieron una alerta?", ["2 de 3 sin alerta", "Feed pump 1"]),
    ("Which cold rooms never went above 5 °C in the last 2 hours?", ["Dairy cold room 1, temperature: not once", "Meat cold room 2"]),
    ("Average flow of the pumps except Feed pump 3", ["2 devices", "Feed pump 1, flow", "Circulation pump 2, flow"]),
]  # fmt: skip

SEVERAL = [
    ("Is the level of tank 1 below 60 % and is the front door open?", ["Buffer tank 1: level 40 %", "Yes. Front door, contact: open"]),
    ("How many alerts did we have today and how many are still open?", ["(UTC):", "Now: "]),
    ("Wie warm ist es im Tomato house 1 und wie viele Pumpen sind online?", ["Tomato house 1, temperature: 28 °C", "3 von 3"]),
]  # fmt: skip

EVERYDAY = [
    ("What needs my attention?", ["open alerts:"]),
    ("how wet is the soil in the greenhouse", ["Tomato house 1, soil moisture: 40 %"]),
    ("Is the cold store colder than the loading dock?", ["Yes.", "cold store (2): mean 2.5 °C (2 to 3 °C)", "loading dock (1): mean 9.5 °C"]),
    ("Which room is warmest?", ["Greenhouse (1): mean 28 °C", "Boiler 1 (1): mean 30 °C"]),
    ("Is there a correlation between current and bearing temperature on feed pump 3?", ["r = 1, strong"]),
    ("Did the temperature of Dairy cold room 1 ever exceed 4 °C in the last 2 hours?", ["Last 2 h: Dairy cold room 1, temperature: not once"]),
    ("How many m³ went through Buffer tank 1 in the last two hours?", ["inflow: 9.96 m³", "outflow: 13.9 m³"]),
    ("give me the last three readings of boiler-1", ["3 readings:", "Boiler 1, temperature: 30 °C"]),
    ("which batteries need changing soon", ["1 of 3 batteries are low", "Front door: 9 %"]),
    ("Summarise the day", ["Handover", "Alerts:"]),
    ("how long would Server UPS 1 last in a power cut?", ["cannot take “cut” into account"]),
]  # fmt: skip

OTHER_LANGUAGES = [
    ("Ist die Haustür offen?", ["Ja. Front door"]),
    ("¿Está abierta la puerta principal?", ["Sí. Front door"]),
    ("Wie warm ist es im Badezimmer?", ["Bathroom radiator, temperature"]),
    ("Wie viel Energie hat die Waschmaschine in der letzten Stunde verbraucht?", ["Washing machine", "kWh"]),
    ("Temperatur der Kühlräume", ["Dairy cold room 1", "Dispatch cold room 3"]),
    ("temperatura de las cámaras frías", ["Dairy cold room 1", "Dispatch cold room 3"]),
    ("Is the lavadora drawing power?", ["Washing machine"]),
    ("War die Temperatur in Dairy cold room 1 heute jemals über 4 Grad?", ["kein einziges Mal"]),
    ("¿La temperatura de Dispatch cold room 3 superó los 8 grados en la última hora?", ["una vez"]),
]  # fmt: skip


WRITTEN_IN_ITS_LANGUAGE = [
    ("Ist die Haustür offen?", ["Ja. Front door, contact: offen, vor"]),
    ("¿Está abierta la puerta principal?", ["Sí. Front door, contact: abierto, hace"]),
    ("Is the front door open?", ["contact: open"]),
    ("Welche Türen sind geschlossen?", ["Dairy cold room 1, door: geschlossen"]),
    ("Wie warm ist es in Dispatch cold room 3?", ["9,5 °C", "Grenzwert von 8 °C"]),
    ("¿Qué temperatura tiene Dispatch cold room 3?", ["9,5 °C"]),
    ("Ist der Kitchen plug an?", ["Nein: Kitchen plug, switch: aus"]),
    ("Welche Alarme gibt es in der Pump hall?", ["Vibration 8 mm/s, über 7,1 mm/s für mindestens 5 s"]),
    ("¿Qué alertas hay en Pump hall?", ["Vibration 8 mm/s, por encima de 7,1 mm/s durante al menos 5 s"]),
    ("Wie ist der Zustand von Feed pump 3?", ["Offen: kritisch, "]),
    ("Welche Pumpe hat die höchste vibration in der letzten Stunde?", ["Feed pump 3, vibration: 8 mm/s"]),
    ("Fällt demnächst etwas aus?", ["Alarm"]),
    ("¿Qué dispositivos requieren atención y por qué?", ["alertas abiertas"]),
    ("¿Hay algo a punto de fallar?", ["alerta"]),
    ("Average vibration of feed pumps 1 to 3", ["Feed pump 1", "Feed pump 3"]),
]  # fmt: skip


@pytest.mark.parametrize(
    "table",
    [SPELLING, EXCEPTIONS, SEVERAL, EVERYDAY, OTHER_LANGUAGES, WRITTEN_IN_ITS_LANGUAGE],
    ids=["spelling", "exceptions", "several", "everyday", "languages", "written in its language"],
)
async def test_question_in_peoples_words_is_answered(hub: ApiHub, table: list[tuple[str, list[str]]]) -> None:
    wrong = []
    for number, (question, parts) in enumerate(table):
        text, _ = await ask(hub, question, f"talk-{number:04d}")
        missing = [part for part in parts if part not in text and part != "nothing_like_it"]
        wrong += [f"{question}\n  lacks {missing}\n  {text}"] if missing else []
        assert not ("nothing_like_it" in parts and "Read “" in text), text
    assert not wrong, "\n".join(wrong)


TALKS = [
    [("Which pump has the highest vibration?", ["Highest: Feed pump 3"]), ("since when is it like that", ["It has been that for at least the last 6 h", "Feed pump 3"])],
    [("Which cold rooms were above 5 °C in the last 2 hours?", ["Dispatch cold room 3"]), ("which ones didn't?", ["Dairy cold room 1, temperature: not once", "Meat cold room 2"])],
    [("is the front door shut", ["No: Front door, contact: open"]), ("since when?", ["open since"])],
    [("Wie viele Alarme gab es in den letzten 24 Stunden?", ["Alarme"]), ("Welche davon sind noch offen?", ["offene Alarme:", "Feed pump 3"])],
    [("why is feed pump 3 vibrating", ["vibration"]), ("Soll ich sie abschalten?", ["Feed pump 3", "Vibration 8 mm/s"])],
]  # fmt: skip


async def test_second_question_of_a_text_is_about_the_same_device(hub: ApiHub) -> None:
    text, _ = await ask(hub, "What is the state of Tomato house 1, and is anything unusual?")
    assert "Tomato house 1 (GH-8, Greenhouse) is online" in text
    assert "no alert is open for Tomato house 1" in text
    assert "Feed pump 3" not in text


@pytest.mark.parametrize("turns", TALKS, ids=[talk[1][0] for talk in TALKS])
async def test_follow_up_in_peoples_words(hub: ApiHub, turns: list[tuple[str, list[str]]]) -> None:
    for question, parts in turns:
        text, _ = await ask(hub, question)
        assert not [part for part in parts if part not in text], f"{question}\n{text}"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Is A open? Which batteries are low?", ["Is A open", "Which batteries are low?"]),
        ("Which pump is hottest and since when?", ["Which pump is hottest and since when?"]),
        ("What is alarming, and why?", ["What is alarming, and why?"]),
        ("Compare freezer 1 and freezer 2", ["Compare freezer 1 and freezer 2"]),
        ("Welche Geräte sind offline und wie viele Alarme gibt es?", ["Welche Geräte sind offline", "wie viele Alarme gibt es?"]),
        ("temperature of boiler-1 vs. freezer 1", ["temperature of boiler-1 vs. freezer 1"]),
    ],
)  # fmt: skip
def test_text_is_split_only_where_a_question_begins(text: str, parts: list[str]) -> None:
    assert split_questions(text) == parts


WISHES = [
    "I want to get notified when the tank is below 20 percent",
    "I'd like to be notified when the tank is below 20 percent",
    "I want a notification when the tank is below 20 percent",
    "Ich möchte benachrichtigt werden, wenn der Tank unter 20 Prozent ist",
    "Benachrichtigen Sie mich, wenn der Tank unter 20 Prozent ist",
    "Ich möchte eine Benachrichtigung, wenn der Tank unter 20 Prozent ist",
    "Quiero recibir una notificación cuando el tanque esté por debajo de 20 por ciento",
    "Quiero que me notifiquen cuando el tanque esté por debajo de 20 por ciento",
    "Avíseme cuando el tanque esté por debajo de 20 por ciento",
]


async def test_wish_for_a_notification_is_a_draft_of_a_rule(hub: ApiHub) -> None:
    wrong = []
    for number, question in enumerate(WISHES):
        text, extras = await ask(hub, question, f"talk-{number:04d}")
        drafts = [each["words"] for each in extras if each["type"] == "rule"]
        expected = len(drafts) == 1 and "level below 20" in text and "tank-01" in text
        if not expected or any(each in text for each in ("Not used", "nicht verwendet", "No usado")):
            wrong.append(f"{question}: {text}")
    assert wrong == []
