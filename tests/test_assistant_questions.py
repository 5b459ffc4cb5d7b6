"""Questions to the built-in analyst through the API, over live data: each part is used, or named as not used."""

# Tables have one row per line.
# ruff: noqa: E501

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub
from assistant_site import RULES, fill_site
from hub.assistant.answers import changes


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path, rules=RULES, real_ai=True) as running:
        await fill_site(running)
        yield running


async def ask(hub: ApiHub, question: str, conversation: str = "talk-0001") -> tuple[str, list[dict[str, Any]]]:
    """Ask in a conversation. Return the text and the extras of the answer."""
    answer = await hub.http.post(f"/api/conversations/{conversation}/turns", json={"question": question})
    assert answer.status_code == 200, answer.text
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[-1]["type"] == "done", lines[-1]
    return "".join(line.get("text", "") for line in lines), [line for line in lines if line["type"] != "text"]


NOW = [
    ("What's the current reading of the bearing temperature on Feed pump 3?", ["Feed pump 3, bearing temperature: 90 °C", "above its limit of 85 °C"]),
    ("Show the temperature of the cold rooms", ["mean 4.8 °C, from 2 °C to 9.5 °C", "Meat cold room 2, temperature: 2 °C"]),
    ("How much power does the washing machine draw?", ["Washing machine, power: 418 W"]),
    ("co2 in the greenhouse", ["Tomato house 1, CO₂: 800 ppm"]),
    ("how warm is the tomato house?", ["28 °C"]),
    ("Is the front door open?", ["Yes.", "contact: open"]),
    ("Is the kitchen plug on?", ["No:", "switch: off"]),
    ("Are any doors open?", ["2 of 4", "Meat cold room 2, door: open", "Front door, contact: open"]),
    ("Which doors are closed?", ["2 of 4", "Dairy cold room 1", "Dispatch cold room 3"]),
    ("Is Server UPS 1 on battery?", ["No:", "mains"]),
    ("how many devices are above 28 °C", ["4 of 11", "Feed pump 3: bearing temperature 90 °C", "Boiler 1: temperature 30 °C"]),
    ("Which cold rooms are above 5 °C?", ["1 of 3", "Dispatch cold room 3: temperature 9.5 °C"]),
    ("how many pumps are online?", ["3 of 3"]),
    ("What is the bathroom radiator set to?", ["setpoint: 21 °C"]),
    ("Which batteries are low?", ["1 of 3", "Front door: 9 %"]),
    ("Which devices are offline or silent?", ["1 of 15", "Room sensor 1", "alert open"]),
    ("When was Room sensor 1 last seen?", ["Room sensor 1: last message at", "15 min"]),
    ("What firmware is Feed pump 1 running?", ["firmware 2.1.0"]),
    ("Which devices have firmware 2.0.4?", ["1 of 15", "Feed pump 3"]),
    ("Where is the Server UPS 1?", ["Server room"]),
    ("What model is Tomato house 1?", ["GH-8"]),
    ("Which rules watch Feed pump 3?", ["6 rules", "vibration above 7.1"]),
    ("What are the limits for the vibration of Feed pump 3?", ["at most 7.1 mm/s; now 8 mm/s"]),
    ("What does vibration mean?", ["Feed pump 3, vibration: allowed at most 7.1 mm/s"]),
    ("How do I add a new device?", ["appears with its first message", "hub device add"]),
    ("What does 10 mm/s mean for a pump?", ["10 mm/s is above the limit", "no textbook values"]),
    ("What is the normal range for the motor temperature of Feed pump 1?", ["at most 110 °C", "mostly 61 °C to 61 °C"]),
    ("Total power of the washing machine and the kitchen plug right now", ["418 W in total now (2)"]),
    ("how hot is the bearing of Feed pump 3?", ["Feed pump 3, bearing temperature: 90 °C"]),
    ("Feed pumps 1 and 3 bearing temperature", ["2 devices", "Feed pump 1, bearing temperature: 50 °C", "Feed pump 3, bearing temperature: 90 °C"]),
    ("is any tank below 60 percent?", ["1 of 1", "Buffer tank 1: level 40 %"]),
    ("what's the CO2 level", ["Tomato house 1, CO₂: 800 ppm"]),
    ("is 8 mm/s bad for Feed pump 1?", ["8 mm/s is above the limit"]),
    ("Which pump vibrates the most?", ["Highest: Feed pump 3, vibration: 8 mm/s"]),
    ("which fridge is warmest", ["Dispatch cold room 3", "Nothing here is called “fridge”; I take it for Dairy cold room 1"]),
    ("How many devices are not online?", ["1 of 15", "Room sensor 1"]),
    ("at which temperature does the cold room alarm trigger?", ["at most 8 °C"]),
    ("Can Feed pump 3 run until tomorrow?", ["cannot promise", "vibration"]),
]  # fmt: skip

TIMES = [
    ("temperature of boiler-1 last week", ["first 20 °C, last 30 °C (+10 °C)"]),
    ("temperature of boiler-1 an hour ago", ["20 °C, read at"]),
    ("temperature of boiler-1 in October", ["no readings of Boiler 1", "-10-01"]),
    ("what was the level of Buffer tank 1 half an hour ago?", ["45 %, read at"]),
    ("What was the temperature in the Dairy cold room twenty minutes ago?", ["3 °C, read at"]),
    ("Average humidity in the cold rooms, last hour", ["Dairy cold room 1, humidity: mean 81 %", "Over all 3: mean 82 %"]),
    ("median vibration of Feed pump 3 over the past 30 minutes", ["median 8 mm/s"]),
    ("Standard deviation of the flow of Feed pump 1 in the last hour", ["standard deviation 0.7 m³/h"]),
    ("Is there a correlation between bearing temperature and current of Feed pump 3?", ["r = 1, strong"]),
    ("How much did the level of Buffer tank 1 drop in the last hour?", ["fell by 9.92 %", "to 40 %"]),
    ("How much did the level of Buffer tank 1 rise in the last hour?", ["No: fell by 9.92 %"]),
    ("By how much has the Tomato house warmed up in the last 45 minutes?", ["rose by 4 °C, from 24 °C to 28 °C"]),
    ("Has the humidity of Meat cold room 2 changed in the last hour?", ["unchanged at 82 %"]),
    ("What changed since the alarm on Feed pump 3?", ["vibration"]),
    ("How fast is the level of the buffer tank falling?", ["falls by 0.167 %/min"]),
    ("When will Buffer tank 1 reach 25 %?", ["25 % in 1 h 30 min", "straight line"]),
    ("How long will Buffer tank 1 last at this rate?", ["its limit of 20 % in 2 h", "0 % in 4 h"]),
    ("first reading of the Boiler 1 temperature", ["20 °C, read at"]),
    ("What was the maximum bearing temperature of Feed pump 3 in the last 2 hours and when?", ["highest 90 °C, at"]),
    ("lowest temperature in the cold store in the last 2 hours", ["Meat cold room 2, temperature: 2 °C"]),
    ("When did the Dispatch cold room 3 go above 8 degrees?", ["once", "9 min 30 s until now"]),
    ("For how long was the door of the Dairy cold room open in the last 2 hours?", ["2 times, 12 min in total"]),
    ("How often was the dairy cold room door opened in the last 2 hours?", ["2 times"]),
    ("which doors have been opened in the last hour", ["Dairy cold room 1, door: once", "Dispatch cold room 3, door: not once"]),
    ("when will the bearing of feed pump 3 hit 100 degrees", ["rises by 1 °C/h", "100 °C in 10 h"]),
    ("how many minutes until Buffer tank 1 hits its low limit?", ["its limit of 20 % in 2 h"]),
    ("how much water has gone through Feed pump 1 in the last minute?", ["m³ (the integral of 61 m³/h"]),
    ("What changed in the last hour?", ["Feed pump 3, vibration: rose by 5.5 mm/s", "39 others are unchanged"]),
    ("Please write the handover for the next shift", ["Handover, last 8 h", "Open: critical: Feed pump 3"]),
    ("what's new since ten minutes ago", ["Last 10 min: 2 alerts"]),
    ("What was the average level of Buffer tank 1 between an hour ago and half an hour ago?", ["mean 47.5 %"]),
    ("Did the vibration of Feed pump 3 exceed 7 mm/s in the last 2 hours?", ["once, for 19 min 30 s"]),
    ("last 3 readings of the level of Buffer tank 1", ["3 readings", "40 %", "40.1 %"]),
    ("When did the front door last open?", ["Since", "4 min 30 s until now"]),
    ("How much energy did the washing machine use in the last 2 hours?", ["kWh, by its meter"]),
    ("how much water flowed out of Buffer tank 1 in the last hour: outflow", ["m³ (the integral"]),
]  # fmt: skip

CHOICES = [
    ("Which pump is hottest and since when?", ["Highest: Feed pump 3, bearing temperature: 90 °C", "It has been that since about"]),
    ("Top 2 pumps by vibration", ["2 of 3", "Feed pump 3, vibration: 8 mm/s", "Feed pump 1, vibration: 2 mm/s"]),
    ("Which is warmer, Dairy cold room 1 or Meat cold room 2?", ["Dairy cold room 1.", "1 °C, Dairy cold room 1 higher"]),
    ("Is the Tomato house warmer than the Bathroom radiator?", ["Tomato house 1, temperature: 28 °C", "Bathroom radiator, temperature: 20.5 °C", "7.5 °C, Tomato house 1 higher"]),
    ("Was it warmer in the Tomato house an hour ago than now?", ["No: Tomato house 1, temperature: 24 °C", "28 °C (now)"]),
    ("Compare vibration of Feed pump 3 and 1, last hour", ["Feed pump 3, vibration: mean 4.33 mm/s", "Feed pump 1, vibration: mean 2 mm/s", "Feed pump 3 higher"]),
    ("Difference in bearing temperature between Feed pump 3 and Feed pump 1", ["40 °C, Feed pump 3 higher"]),
    ("which area is the warmest?", ["Now, temperature", "Pump hall (6): mean 63.5 °C (50 to 90 °C)"]),
    ("Compare Feed pump 1 with its peers", ["Feed pump 1 and 2 other CP-80"]),
]  # fmt: skip

ALERTS = [
    ("Should I stop pump 3?", ["I cannot promise it for Feed pump 3", "vibration"]),
    ("Is it safe to keep Feed pump 1 running?", ["no alert is open and no metric is approaching a limit"]),
    ("Which cold rooms are too warm?", ["1 of 3 values with a limit are beyond it", "Dispatch cold room 3, temperature: at least −1 °C, at most 8 °C; now 9.5 °C"]),
    ("Is Feed pump 1 vibrating too much?", ["None: all 1 values with a limit are within it", "now 2"]),
    ("Which pump is closest to its limit?", ["beyond it", "Feed pump 3, vibration"]),
    ("How long has Feed pump 3 been vibrating too much?", ["Feed pump 3, vibration 8 mm/s"]),
    ("Which alerts has nobody acknowledged?", ["not acknowledged"]),
    ("What should I look at first?", ["Feed pump 3"]),
    ("Which devices need attention, and why?", ["4 open alerts", "• critical: Feed pump 3, vibration 8 mm/s", "Room sensor 1, no data"]),
    ("Why is the Dispatch cold room 3 warm?", ["1 open alert", "Dispatch cold room 3, temperature 9.5 °C"]),
    ("How many alerts in the last 24 hours, which device most?", ["5 alerts", "Feed pump 3: 2"]),
    ("Which area has the most alerts?", ["Pump hall: 2"]),
    ("When was the last alert of the Dairy cold room 1, and how long did it last?", ["door is open for 5 min", "for 5 min"]),
    ("Which alerts are not acknowledged?", ["4 open alerts are not acknowledged"]),
    ("Who acknowledged the cold room alert, what note?", ["No alert", "was acknowledged"]),
    ("Is anything about to fail?", ["Already alarming: Feed pump 3", "Buffer tank 1: level", "limit of 20 % in 2 h"]),
    ("Summary of the shift for the handover", ["15 devices", "5 raised, 1 cleared, 4 open now", "does not know your shifts"]),
    ("What happened in the cold store in the last 2 hours?", ["1 alert", "Dairy cold room 1, door is open"]),
]  # fmt: skip

REFUSALS = [
    ("temperature in the cellar", ["no device, area, kind or metric called “cellar”", "Areas:"]),
    ("temperature in the kitchen", ["Kitchen plug has no metric “temperature”"]),
    ("humidity of boiler-1", ["Boiler 1 has no metric “humidity”"]),
    ("What's the pH of Buffer tank 1?", ["Buffer tank 1 has no metric “ph”"]),
    ("how many devices are above 28", ["Which metric?"]),
    ("List the pumps in the Loading dock", ["No device is in all of these"]),
    ("Which pumps are running?", ["reports whether it is “running”"]),
    ("temperature of the radiator in Fahrenheit", ["20.5 °C", "Not used in this answer"]),
    ("which boiler is the hottest in the annexe?", ["“annexe”"]),
    ("temperature of pump 9", ["called “pump 9”"]),
    ("Feed pump 3 in the cold store", ["No device is in all of these"]),
    ("Average temperature of the cold rooms except the dispatch one", ["cold rooms (2) except Dispatch cold room 3: temperature: mean 2.5 °C"]),
    ("temperature of boiler-1 tomorrow", ["cannot know future values"]),
    ("wobble of Feed pump 3", ["do not know what “wobble” means", "It has: "]),
    ("Total temperature of the cold rooms now", ["has no meaning"]),
    ("turn off all pumps", ["one device at a time"]),
    ("Notify me when the cold store is above 6 degrees", ["can't create rules", "temperature above 6; devices: cold-room-01, cold-room-02"]),
    ("What does the manual say about grease?", ["name the device"]),
    ("Which rules watch Feed pump 3 since yesterday?", ["6 rules", "Not used in this answer"]),
]  # fmt: skip

LANGUAGES = [
    ("Soll ich Pumpe 3 abschalten?", ["Das kann ich für Feed pump 3 nicht versprechen"]),
    ("Welche Kühlräume sind zu warm?", ["Dispatch cold room 3, temperature", "jetzt 9,5 °C"]),
    ("Wie lange ist der Alarm von Pumpe 3 schon offen?", ["Feed pump 3"]),
    ("¿Hay algún dispositivo sin conexión?", ["1 de 15 sin datos recientes o sin conexión"]),
    ("¿Debo parar la bomba 3?", ["No puedo prometerlo para Feed pump 3"]),
    ("¿Qué cámara está demasiado caliente?", ["Dispatch cold room 3"]),
    ("Welche Pumpe ist am wärmsten?", ["Am höchsten: Feed pump 3", "90 °C"]),
    ("Wie hoch ist der Füllstand von Buffer tank 1?", ["Buffer tank 1, level: 40 %, gemessen um"]),
    ("Wie lange reicht Buffer tank 1 noch?", ["fällt um 0,167 %/min", "0 % in 4 h"]),
    ("Welche Geräte sind offline?", ["1 von 15", "Room sensor 1: überfällig"]),
    ("Wie war die durchschnittliche Feuchte in den Kühlräumen in der letzten Stunde?", ["Dairy cold room 1, humidity: Mittel 81 %"]),
    ("Ist die Front door offen?", ["Ja.", "contact: offen"]),
    ("Temperatur von Boiler 1 vor einer Stunde", ["20 °C, gemessen um"]),
    ("Wie viele Alarme gab es in den letzten 24 Stunden?", ["5 Alarme"]),
    ("Wie warm ist es in der Sauna?", ["kein Gerät", "Sauna"]),
    ("Wie warm ist es im Büro?", ["Room sensor 1, temperature: 68 °F"]),
    ("Gibt es offene Alarme?", ["4 offene Alarme"]),
    ("temperatura máxima de Dispatch cold room 3 hoy", ["máximo Dispatch cold room 3, temperature: 9,5 °C"]),
    ("Temperatur im Weinkeller", ["kein Gerät", "Weinkeller"]),
    ("¿Cuál es la temperatura de Tomato house 1?", ["Tomato house 1, temperature: 28 °C, leído a las"]),
    ("¿Qué bomba es la más caliente?", ["El más alto: Feed pump 3"]),
    ("¿Cuántas alertas hubo en las últimas 24 horas?", ["5 alertas"]),
    ("¿Está abierta la Front door?", ["Sí.", "contact: abierto"]),
    ("¿Cuál fue la temperatura media de Tomato house 1 en la última hora?", ["media"]),
    ("¿Qué dispositivos están desconectados?", ["1 de 15", "Room sensor 1"]),
]  # fmt: skip


@pytest.mark.parametrize(
    "table", [NOW, TIMES, CHOICES, ALERTS, REFUSALS, LANGUAGES], ids=["now", "times", "choices", "alerts", "refusals", "languages"]
)  # fmt: skip
async def test_question_is_answered_from_live_data(hub: ApiHub, table: list[tuple[str, list[str]]]) -> None:
    wrong = []
    for number, (question, parts) in enumerate(table):
        text, _ = await ask(hub, question, f"talk-{number:04d}")
        missing = [part for part in parts if part not in text]
        wrong += [f"{question}\n  lacks {missing}\n  {text}"] if missing else []
    assert not wrong, "\n".join(wrong)


CONVERSATIONS = [
    [("Which pump is hottest?", ["Feed pump 3"]), ("And its current?", ["Feed pump 3, current: 24.8 A"]), ("why?", ["Feed pump 3", "open alerts"]), ("and 1?", ["Feed pump 1"])],
    [("How warm is Dairy cold room 1?", ["3 °C"]), ("and Meat cold room 2?", ["Meat cold room 2, temperature: 2 °C"]), ("an hour ago?", ["Meat cold room 2, temperature: 2 °C", "read at"])],
    [("Which is warmer, Dairy cold room 1 or Meat cold room 2?", ["Dairy cold room 1."]), ("and the other one?", ["Meat cold room 2, temperature: 2 °C"])],
    [("How is pump-02 doing?", ["Circulation pump 2"]), ("its vibration?", ["1.5 mm/s"]), ("and of 3?", ["Feed pump 3, vibration: 8 mm/s"]), ("and 9?", ["called “feed pump 9”"])],
    [("Average humidity in the cold rooms, last hour", ["mean 82 %"]), ("and the temperature?", ["temperature", "mean"]), ("How many devices are there?", ["15 devices"])],
    [("Welche Pumpe ist am wärmsten?", ["Feed pump 3"]), ("Warum?", ["offene Alarme"])],
]  # fmt: skip


@pytest.mark.parametrize("turns", CONVERSATIONS, ids=[turns[-1][0] for turns in CONVERSATIONS])
async def test_follow_up_refers_to_what_was_answered(hub: ApiHub, turns: list[tuple[str, list[str]]]) -> None:
    for question, parts in turns:
        text, _ = await ask(hub, question)
        assert not [part for part in parts if part not in text], f"{question}\n{text}"


COMMANDS = [
    ("Turn off the kitchen plug", "kitchen-plug", "power", False),
    ("Please switch the kitchen plug on", "kitchen-plug", "power", True),
    ("Restart the kitchen plug", "kitchen-plug", "restart", None),
    ("Set the level of Buffer tank 1 to 50 %", "tank-01", "set_level", 50),
    ("Set the bathroom radiator to 23 degrees", "radiator", "set_temperature", 23),
    ("Kannst du den Kitchen plug einschalten?", "kitchen-plug", "power", True),
    ("Schalte den Kitchen plug aus", "kitchen-plug", "power", False),
    ("Apaga el Kitchen plug", "kitchen-plug", "power", False),
]  # fmt: skip


async def test_request_becomes_proposed_command(hub: ApiHub) -> None:
    for number, (request, device, command, value) in enumerate(COMMANDS):
        text, extras = await ask(hub, request, f"talk-{number:04d}")
        proposals = [(e["device"], e["command"], e["value"]) for e in extras if e["type"] == "proposal"]
        assert proposals == [(device, command, value)], f"{request}\n{text}"


async def test_answer_has_chart_of_its_metric(hub: ApiHub) -> None:
    _, extras = await ask(hub, "Temperature of Tomato house 1 in the last hour")
    (chart,) = [extra for extra in extras if extra["type"] == "chart"]
    assert (chart["device"], chart["metric"], chart["unit"]) == ("greenhouse-01", "temperature", "°C")


async def test_acknowledgement_is_answered_with_note(hub: ApiHub) -> None:
    items = (await hub.http.get("/api/alerts?state=raised")).json()["items"]
    alert = next(each for each in items if each["device_id"] == "cold-room-03")
    answer = await hub.http.post(f"/api/alerts/{alert['id']}/acknowledge", json={"note": "fan is on order"})
    assert answer.status_code in (200, 202), answer.text
    await hub.settled()
    text, _ = await ask(hub, "Who acknowledged the alert of the dispatch cold room, and with what note?")
    assert "acknowledged by" in text
    assert "“fan is on order”" in text


async def test_answer_over_too_many_metrics_says_how_many_it_compared(
    hub: ApiHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_MOST_COMPARED", 5)
    text, _ = await ask(hub, "What changed in the last hour?")
    assert "Compared: the first 5 of" in text


async def test_time_of_day_is_answered_with_its_reading(hub: ApiHub) -> None:
    text, _ = await ask(hub, "temperature of boiler-1 at 3 am")
    # Where the site has readings of that time, the nearest one is up to 15 s away.
    assert "03:00:" in text or "02:59:" in text or "no reading" in text
