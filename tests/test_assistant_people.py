"""Questions about alerts that people handle or nobody handles, and about actions of people, in each language."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, running_hub
from assistant_site import RULES, fill_site
from fake_ai import now_ms
from hub.model import Acknowledge, AssignAlert
from hub.model.alert import Assignee
from hub.tools import queries
from test_assistant_questions import ask

HANDLED, OTHER = "Dispatch cold room 3", "Feed pump 3"
UNASSIGNED = [
    "Which alerts are unassigned?",
    "which alerts are not assigned",
    "alerts without an assignee",
    "which alerts are assigned to nobody?",
    "Welche Alarme sind nicht zugewiesen?",
    "Zeige die nicht zugewiesenen Alarme",
    "Welche Alarme sind niemandem zugewiesen?",
    "¿Qué alertas están sin asignar?",
    "¿Qué alertas no están asignadas?",
    "alertas no asignadas",
]
UNACKNOWLEDGED = [
    "Which alerts are unacknowledged?",
    "which alerts are not acknowledged?",
    "Welche Alarme sind unquittiert?",
    "Welche Alarme sind nicht quittiert?",
    "Zeige die nicht quittierten Alarme",
    "¿Qué alertas están sin reconocer?",
    "¿Qué alertas no están reconocidas?",
    "¿Qué alertas están sin confirmar?",
]
UNMUTED = [
    "which alerts are not muted?",
    "which alerts are unmuted?",
    "which alerts are not silenced?",
    "Welche Alarme sind nicht stummgeschaltet?",
    "¿Qué alertas están sin silenciar?",
    "¿Qué alertas no están silenciadas?",
]
HANDLED_ONES = [
    "which alerts are assigned?",
    "which alerts are acknowledged?",
    "which alerts are muted?",
    "Welche Alarme sind zugewiesen?",
    "Welche Alarme sind quittiert?",
    "Welche Alarme sind stummgeschaltet?",
    "¿Qué alertas están asignadas?",
    "¿Qué alertas están reconocidas?",
    "¿Qué alertas están silenciadas?",
]
OF_ANNA = [
    ("Which alerts are assigned to Anna?", "1 of 4 open alerts are assigned to “Anna”"),
    ("which alerts are assigned to anna weber", "1 of 4 open alerts are assigned to “anna weber”"),
    ("what is assigned to Anna now?", "1 of 4 open alerts are assigned to “Anna”"),
    ("Welche Alarme sind Anna zugewiesen?", "1 von 4 offenen Alarmen sind „Anna“ zugewiesen"),
    ("Welche Alarme sind an Anna Weber zugewiesen?", "1 von 4 offenen Alarmen sind „Anna Weber“ zugewiesen"),
    ("¿Qué alertas están asignadas a Anna?", "1 de 4 alertas abiertas están asignadas a «Anna»"),
]
NOT_OF_ANNA = [
    "which alerts are not assigned to Anna?",
    "Welche Alarme sind nicht an Anna zugewiesen?",
    "¿Qué alertas no están asignadas a Anna?",
]
SEARCHED = [
    ("What did Anna do today?", "Entries before", "(UTC)"),
    ("Was hat Anna heute gemacht?", "Einträge vor", "(UTC)"),
    ("¿Qué hizo Anna hoy?", "Las entradas anteriores a", "(UTC)"),
]
OF_BEN = [
    ("which alerts are assigned to Ben?", "0 of 4 open alerts are assigned to “Ben”"),
    ("Welche Alarme sind Ben zugewiesen?", "0 von 4 offenen Alarmen sind „Ben“ zugewiesen"),
    ("¿Qué alertas están asignadas a Ben?", "0 de 4 alertas abiertas están asignadas a «Ben»"),
]
DID = [
    "What did Anna do today?",
    "what did Anna Weber do today?",
    "which alerts were acknowledged by Anna today?",
    "Was hat Anna heute gemacht?",
    "Was hat Anna Weber heute quittiert?",
    "Was machte Anna heute?",
    "¿Qué hizo Anna hoy?",
    "¿Qué hizo Anna Weber hoy?",
    "¿Qué alertas fueron reconocidas por Anna hoy?",
]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    """Start a hub with four open alerts. One is muted, acknowledged by Anna Weber and assigned to her."""
    async with running_hub(tmp_path, rules=RULES, real_ai=True) as running:
        await fill_site(running)
        alerts = (await running.http.get("/api/alerts?state=open")).json()["items"]
        alert = next(each["id"] for each in alerts if each["device_id"] == "cold-room-03")
        anna = Assignee("a1", "Anna Weber")
        await running.services.ingest_queue.submit(AssignAlert(alert, anna, "Ben", now_ms()))
        await running.services.ingest_queue.submit(Acknowledge(alert, anna.name, now_ms()))
        assert (await running.http.post(f"/api/alerts/{alert}/mute", json={})).is_success
        yield running


async def _answers(hub: ApiHub, questions: list[str]) -> list[tuple[str, str]]:
    return [(each, (await ask(hub, each, f"talk-{number:04d}"))[0]) for number, each in enumerate(questions)]


async def test_question_for_alerts_that_are_not_handled_lists_those(hub: ApiHub) -> None:
    answers = await _answers(hub, UNASSIGNED + UNACKNOWLEDGED + UNMUTED + NOT_OF_ANNA)
    assert [each for each in answers if OTHER not in each[1] or HANDLED in each[1]] == []


async def test_question_for_handled_alerts_lists_those(hub: ApiHub) -> None:
    answers = await _answers(hub, HANDLED_ONES)
    assert [each for each in answers if HANDLED not in each[1] or OTHER in each[1]] == []


async def test_alerts_of_an_assignee_are_listed(hub: ApiHub) -> None:
    answers = await _answers(hub, [question for question, _ in OF_ANNA])
    expected = dict(OF_ANNA)
    assert [each for each in answers if expected[each[0]] not in each[1] or HANDLED not in each[1]] == []
    assert [each for each in answers if OTHER in each[1]] == []
    answers = await _answers(hub, [question for question, _ in OF_BEN])
    expected = dict(OF_BEN)
    assert [each for each in answers if expected[each[0]] not in each[1] or HANDLED in each[1]] == []


async def test_name_of_a_person_ends_before_a_time(hub: ApiHub) -> None:
    answers = await _answers(hub, DID)
    assert [each for each in answers if "Anna Weber acknowledged Dispatch cold room 3" not in each[1]] == []
    assert [each for each in answers if "(UTC)" not in each[1].splitlines()[0]] == [], "the time is used"


async def test_answer_about_a_person_says_how_far_back_the_log_was_searched(
    hub: ApiHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        await hub.telemetry(f"new-{number}", temperature=20.0)
    monkeypatch.setattr(queries, "_PAGE", 2)
    monkeypatch.setattr(queries, "_PAGES", 2)
    for number, (question, said, whole_day) in enumerate(SEARCHED):
        text, _ = await ask(hub, question, f"talk-{number:04d}")
        assert said in text
        assert whole_day not in text.splitlines()[0], "of the whole day it knows nothing"
