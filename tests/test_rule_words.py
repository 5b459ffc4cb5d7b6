# ruff: noqa: E501 (one sentence with its rule on a line)
"""Sentences in three languages become drafts of rules, which the parser of rules.toml accepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit

from api_hub import RULES, running_hub
from hub.assistant.rule_drafts import SYSTEM, RuleDrafts
from hub.assistant.rule_words import rule_from_words
from hub.model import Device, Identity, Info, Record
from hub.registry.registry import DeviceRegistry
from hub.rules import KINDS, parse
from rule_plant import T0
from scripted_provider import Scripted, chain


def fleet() -> list[Device]:
    return list(fleet_registry().devices())


def fleet_registry() -> DeviceRegistry:
    registry = DeviceRegistry()
    machines = {
        "freezer-1": ("Freezer 1", {"temperature": -18.0, "door": False}, {"temperature": "°C"}),
        "freezer-2": ("Freezer 2", {"temperature": -19.0, "door": False}, {"temperature": "°C"}),
        "pump-1": (
            "Feed pump 1",
            {"pressure": 4.0, "bearing_temperature": 50.0},
            {"pressure": "bar", "bearing_temperature": "°C"},
        ),
        "shed": ("Greenhouse", {"humidity": 60.0, "temperature": 20.0}, {"humidity": "%", "temperature": "°C"}),
    }
    for name, (title, values, units) in machines.items():
        registry.identify(Identity(name, name, "native", Info(name=title, units=units)), T0)
        registry.observe(Record(name, T0, T0, values))
    return registry


FREEZERS = {"devices": ["freezer-1", "freezer-2"]}
AT_NIGHT = {"schedule": ["daily 22:00-06:00"], "time_zone": "Europe/Berlin"}
FREEZER = {"metric": "temperature", "above": -15.0, "for": "10m", **AT_NIGHT, **FREEZERS}
SENTENCES: list[tuple[str, dict[str, Any]]] = [
    ("Tell me when a freezer stays above −15 °C for ten minutes at night", FREEZER),
    ("Sag mir Bescheid, wenn ein Gefrierschrank nachts länger als zehn Minuten über -15 °C ist", FREEZER),
    ("Avísame cuando un congelador esté por encima de -15 °C durante diez minutos por la noche", FREEZER),
    ("alert me if the pressure of feed pump 1 is below 2.5 bar", {"metric": "pressure", "below": 2.5, "devices": ["pump-1"]}),
    (
        "warn me when the bearing temperature of feed pump 1 is above 80 degrees for 30 s, critical",
        {"metric": "bearing_temperature", "above": 80.0, "for": "30s", "severity": "critical", "devices": ["pump-1"]},
    ),
    (
        "notify me when the humidity in the greenhouse is outside between 40 and 80 %",
        {"kind": "range", "metric": "humidity", "outside": [40.0, 80.0], "devices": ["shed"]},
    ),
    ("let me know when feed pump 1 sends nothing for 5 minutes", {"kind": "no_data", "silence": "5m", "devices": ["pump-1"]}),
    ("warne mich, wenn Feed pump 1 eine Stunde lang keine Daten sendet", {"kind": "no_data", "silence": "1h", "devices": ["pump-1"]}),
    (
        "tell me when the door of freezer 1 is open for more than 2 minutes on weekdays",
        {"kind": "equals", "metric": "door", "value": True, "for": "2m", "devices": ["freezer-1"], "schedule": ["mon-fri 00:00-24:00"], "time_zone": "Europe/Berlin"},
    ),
    (
        "tell me when the greenhouse is warmer than 30 °C between 8:00 and 18:30",
        {"metric": "temperature", "above": 30.0, "devices": ["shed"], "schedule": ["daily 08:00-18:30"], "time_zone": "Europe/Berlin"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "expected"), SENTENCES, ids=[text for text, _ in SENTENCES])
def test_sentence_is_a_valid_rule(sentence: str, expected: dict[str, Any]):
    found = rule_from_words(sentence, fleet(), zone="Europe/Berlin")
    assert {key: value for key, value in found.keys.items() if key not in ("id", "name")} == expected
    assert (found.missing, found.unknown) == ((), ())
    assert parse(tomlkit.dumps({"rule": [found.keys]}))[0].id == found.keys["id"]


def test_missing_parts_of_a_sentence_are_named_and_not_guessed():
    found = rule_from_words("tell me when a freezer is too blorg", fleet())
    assert found.missing == ("metric", "above")
    assert found.unknown == ("too blorg",)
    assert "above" not in found.keys


def test_metric_that_no_device_has_is_reported_as_not_understood():
    for sentence in ("tell me when the voltage is above 50", "tell me when the voltage is stuck for 10 minutes"):
        found = rule_from_words(sentence, fleet())
        assert (found.missing, found.unknown) == (("metric",), ("voltage",)), sentence


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("tell me when the humidity of freezer 1 is above 50", "Freezer 1 has no metric for “humidity”."),
        ("tell me when the pressure of feed pump 1 is above 5 for -5 minutes", "(“-5 minutes”)"),
        ("tell me when the pressure of feed pump 1 is above 5 more than −3 times in an hour", "(“-3 times”)"),
        ("sag mir, wenn der Druck von Feed pump 1 -5 Minuten lang über 5 bar ist", "(„-5 Minuten“)"),
    ],
)
def test_sentence_that_no_device_or_time_fits_is_refused(sentence: str, reason: str):
    refused = rule_from_words(sentence, fleet()).refused
    assert refused is not None
    assert reason in refused


async def test_sentence_is_drafted_over_http_and_not_saved(tmp_path: Path):
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path, real_ai=True) as hub:
        hub.publish("devices/freezer-1/info", {"name": "Freezer 1", "units": {"temperature": "°C"}})
        await hub.telemetry("freezer-1", temperature=-18)
        body = {
            "text": "Tell me when a freezer stays above -15 °C for ten minutes at night",
            "time_zone": "Europe/Berlin",
        }
        found = (await hub.http.post("/api/rules/from-words", json=body)).json()
        assert (found["problem"], found["missing"], found["unknown"], found["model"]) == (None, [], [], None)
        assert found["rule"]["condition"]["above"] == -15
        assert (found["rule"]["for_ms"], found["rule"]["scope"]["devices"]) == (600_000, ["freezer-1"])
        assert 'schedule = ["daily 22:00-06:00"]' in found["text"]
        lacking = (await hub.http.post("/api/rules/from-words", json={"text": "tell me when it is too blorg"})).json()
        assert lacking["rule"] is None
        assert "metric" in lacking["problem"]
        assert [rule["id"] for rule in (await hub.http.get("/api/rules")).json()["items"]] == ["hot"]

        conversation = (await hub.http.post("/ask", json={"question": body["text"]})).json()
        assert "Rules" in conversation["answer"]
        wrong = await hub.http.post("/api/rules/from-words", json={**body, "time_zone": "Nowhere"})
        assert (wrong.status_code, "time zone 'Nowhere'" in wrong.text) == (422, True)


AVERAGE = "tell me when the average temperature of freezer 1 is above -15 °C"


async def test_sentence_that_no_rule_means_is_refused_with_the_reason(tmp_path: Path):
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path, real_ai=True) as hub:
        hub.publish("devices/freezer-1/info", {"name": "Freezer 1", "units": {"temperature": "°C"}})
        await hub.telemetry("freezer-1", temperature=-18)
        refused = await hub.http.post("/api/rules/from-words", json={"text": AVERAGE})
        assert (refused.status_code, "calculated metric" in refused.text) == (422, True)
        zone = {"text": SENTENCES[0][0], "time_zone": "localtime"}
        warm = {"text": "tell me when freezer 1 is above 14 degrees", "temperature_unit": "°F"}
        answer = await hub.http.post("/api/rules/from-words", json=warm)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["rule"]["condition"]["above"] == -10
        local = await hub.http.post("/api/rules/from-words", json=zone)
        assert (local.status_code, "time zone 'localtime'" in local.text) == (422, True)
        answer = (await hub.http.post("/ask", json={"question": AVERAGE})).json()["answer"]
        assert "not at an average" in answer
        counted = "tell me when freezer 1 rises by more than 9 °F in 10 minutes"
        answer = (await hub.http.post("/ask", json={"question": counted})).json()["answer"]
        assert "temperature rises more than 5 in 10 min; devices: freezer-1" in answer


async def test_model_completes_a_sentence_that_the_grammar_does_not_understand():
    registry = fleet_registry()
    good = '{"id": "x", "metric": "temperature", "above": -12, "devices": ["freezer-1"]}'
    sentence = "tell me when freezer 1 is too blorg"
    drafts = RuleDrafts(registry, chain(Scripted("cloud", f"```json\n{good}\n```")))
    first, last = await drafts.candidates(sentence, "en", "UTC")
    assert (first.model, first.draft.keys["above"]) == ("cloud-model", -12)
    assert last.model is None
    broken = RuleDrafts(registry, chain(Scripted("cloud", "I cannot do that")))
    assert [each.model for each in await broken.candidates(sentence, "en", "UTC")] == [None]
    unasked = Scripted("cloud", good)
    known = RuleDrafts(registry, chain(unasked))
    assert [each.model for each in await known.candidates(SENTENCES[0][0], "en", "UTC")] == [None]
    assert unasked.asked == 0


def test_prompt_for_models_names_every_kind_of_rule():
    for name in KINDS:
        assert f'"{name}"' in SYSTEM
    for key in ("sensitivity", "with_device", "with_area", "conditions", "times", "falling"):
        assert key in SYSTEM
