# ruff: noqa: E501 (one sentence with its rule on a line)
"""No sentence becomes a rule that means something else: it is right, refused, or reports the words that it does not use."""

from __future__ import annotations

from collections import Counter

import pytest
import tomlkit

from hub.assistant.rule_words import rule_from_words
from hub.rules import parse
from sentence_judge import Sentence, devices, judge, sentences


@pytest.mark.parametrize("sentence", sentences(), ids=[each.text for each in sentences()])
def test_sentence_is_no_rule_that_means_something_else(sentence: Sentence):
    verdict, draft = judge(sentence)
    assert verdict != "wrong", draft


def test_nearly_all_sentences_are_understood():
    found = Counter(judge(each)[0] for each in sentences())
    assert found["right"] >= 74, found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tell me when room 1 is above 25 °C for less than 5 minutes", "less than 5 minutes"),
        ("tell me when the door of freezer 1 opens fewer than 3 times in an hour", "fewer than"),
        ("tell me when no feed pump is running", "no"),
        ("tell me when room 1 is above 25 °C every second day", "every second day"),
        ("tell me when the pressure of feed pump 1 is unusual and low", "and low"),
        ("tell me when room 1 rises above 25 °C within 5 minutes", "within 5 minutes"),
        ("tell me when any room is above 25 °C except room 2", "except"),
        ("warn me when temperature and humidity in room 1 are above 50", "and humidity"),
        ("tell me when room 1 is above 25 °C in the shade", "shade"),
        ("tell bob when room 1 is above 25 °C", "tell bob"),
        ("tell me when room 9 is above 25 °C", "room 9"),
        ("tell me when room 1 was above 25 °C yesterday", "yesterday"),
        ("Sag mir, wenn keine Feed pump läuft", "keine"),
        ("Melde, wenn die Temperatur in Room 1 weniger als 5 Minuten über 25 Grad ist", "weniger als 5 Minuten"),
    ],
)
def test_word_that_the_rule_does_not_express_is_reported(text: str, words: str):
    found = rule_from_words(text, devices())
    assert (found.unknown, found.refused) == ((words,), None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("don't tell me when room 1 is above 25 °C", "negation"),
        ("tell me when room 1 is above 25 °C, then below 20 °C", "“20 °C” is for was not understood"),
        ("tell me when freezer 1 and freezer 2 are above -10 °C", "each device separately"),
        ("tell me when all feed pumps are off", "each device separately"),
        ("tell me when a fridge is above 8 °C", "No device is called “fridge”"),
        ("tell me when the temperature of the boiler is above 80 kPa", "measured in °C"),
        ("tell me when room 1 changes by more than 2 degrees in 5 minutes", "one direction"),
        ("tell me when the pressure of feed pump 1 is above the flow of feed pump 2", "different units: bar, l/min"),
        ("tell me when feed pump 1 is hotter than buffer tank 1", "Name one device with the same metric"),
        ("tell me when the flow of feed pump 1 doubles", "factor"),
        ("tell me when the pressure of feed pump 1 is not unusual", "negation"),
        ("tell me when a freezer is 5 degrees warmer than the other freezers", "not with “freezers” alone"),
        ("tell me when co2 in room 1 is above 900 or temperature above 26 °C and humidity above 60 %", "not by both"),
        ("Melde nicht, wenn Room 1 über 25 Grad ist", "Verneinung"),
        ("Avísame cuando todas las bombas estén apagadas", "cada dispositivo por separado"),
    ],
)
def test_sentence_that_no_rule_means_is_refused(text: str, reason: str):
    found = rule_from_words(text, devices())
    assert reason in (found.refused or ""), found


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("the pressure of feed pump 1 must be above 2 bar", {"kind": "not", "conditions": [{"kind": "threshold", "metric": "pressure", "above": 2.0}]}),
        ("tell me when the level of buffer tank 1 is 5 % or less", {"kind": "not", "conditions": [{"kind": "threshold", "metric": "level", "above": 5.0}]}),
        ("tell me when room 1 is colder than room 2 by more than 9 °F", {"kind": "compare", "metric": "temperature", "with_device": "room-2", "below": -5.0}),
        ("tell me when the bearing temperature of feed pump 1 is more than 10 degrees above the bearing temperature of feed pump 2", {"kind": "compare", "metric": "bearing_temperature", "with_device": "feed-pump-2", "above": 10.0}),
        ("tell me when the pressure of feed pump 1 is unusual for 10 minutes", {"kind": "anomaly", "metric": "pressure", "for": "10m"}),
        ("tell me when the pressure of feed pump 1 is very unusual", {"kind": "anomaly", "metric": "pressure", "sensitivity": "low"}),
        ("tell me when the temperature of freezer 1 is slightly abnormal", {"kind": "anomaly", "metric": "temperature", "sensitivity": "high"}),
        ("tell me when the flow of the boiler is not as usual", {"kind": "anomaly", "metric": "flow"}),
        ("Melde, wenn der Druck von Feed pump 1 ungewöhnlich ist", {"kind": "anomaly", "metric": "pressure"}),
        ("Melde, wenn die Temperatur von Freezer 1 nicht wie sonst ist", {"kind": "anomaly", "metric": "temperature"}),
        ("Avísame cuando la presión de feed pump 1 sea muy anormal", {"kind": "anomaly", "metric": "pressure", "sensitivity": "low"}),
        ("tell me when freezer 1 is more than 3 °C warmer than the others", {"kind": "compare", "metric": "temperature", "with_area": "median", "above": 3.0}),
        ("tell me when room 1 is colder than the others by more than 2 degrees", {"kind": "compare", "metric": "temperature", "with_area": "median", "below": -2.0}),
        ("tell me when the bearing temperature of feed pump 1 is 10 degrees above its neighbours", {"kind": "compare", "metric": "bearing_temperature", "with_area": "median", "above": 10.0}),
        ("Melde, wenn Freezer 1 um 5 Grad wärmer als die anderen Geräte ist", {"kind": "compare", "metric": "temperature", "with_area": "median", "above": 5.0}),
        ("Avísame cuando freezer 1 esté 5 grados más caliente que los demás", {"kind": "compare", "metric": "temperature", "with_area": "median", "above": 5.0}),
        ("tell me when freezer 1 is offline and its door is open", {"kind": "all", "conditions": [{"kind": "no_data", "silence": "10m"}, {"kind": "equals", "metric": "door", "value": True}]}),
        ("tell me when room 1 is 3 degrees warmer than room 2 and the humidity in room 1 is above 60 %", {"kind": "all", "conditions": [{"kind": "compare", "metric": "temperature", "with_device": "room-2", "above": 3.0}, {"kind": "threshold", "metric": "humidity", "above": 60.0}]}),
        ("tell me when the temperature is above 1,000", {"quantity": "temperature", "above": 1000.0}),
        ("Melde, wenn der Füllstand von Buffer tank 1 unter 1,5 % liegt", {"metric": "level", "below": 1.5}),
        ("Avísame los fines de semana si room 1 supera 25 grados", {"metric": "temperature", "above": 25.0, "schedule": ["sat,sun 00:00-24:00"]}),
        ("Melde, wenn die Temperatur in Room 1 höchstens 18 Grad beträgt", {"kind": "not", "conditions": [{"kind": "threshold", "metric": "temperature", "above": 18.0}]}),
        ("send me a message every time room 1 is above 25 °C on fri, sat, sun", {"metric": "temperature", "above": 25.0, "schedule": ["fri-sun 00:00-24:00"]}),
        ("tell me when power of freezer 1 is over 2kW mon-fri", {"metric": "power", "above": 2000.0, "schedule": ["mon-fri 00:00-24:00"]}),
        ("tell me when freezer 1's temperature is above -15 or its door is open for 5 minutes", {"kind": "any", "conditions": [{"kind": "threshold", "metric": "temperature", "above": -15.0}, {"kind": "equals", "metric": "door", "value": True, "for": "5m"}]}),
    ],
)  # fmt: skip
def test_meaning_of_negation_units_and_joined_conditions(text: str, keys: dict[str, object]):
    found = rule_from_words(text, devices())
    assert (found.missing, found.unknown, found.refused) == ((), (), None)
    assert {
        key: value for key, value in found.keys.items() if key not in ("id", "name", "devices", "time_zone")
    } == keys
    assert len(parse(tomlkit.dumps({"rule": [found.keys]}))) == 1
