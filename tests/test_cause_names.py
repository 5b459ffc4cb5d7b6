"""Names of causes in German and Spanish: complete, and used by the built-in analyst."""

from __future__ import annotations

from pathlib import Path

import pytest

from api_hub import running_hub
from assistant_site import RULES, fill_site
from hub.insight.signature import built_in
from hub.runtime.translations import LANGUAGES, cause_names
from test_assistant_questions import ask


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_built_in_cause_has_a_name(language: str) -> None:
    known = cause_names(language)
    assert known is not None
    assert set(known.titles) == {signature.title for signature in built_in()}
    assert set(known.components) == {signature.component for signature in built_in()}
    assert all(known.titles.values())
    assert all(known.components.values())


async def test_handover_names_causes_in_the_language_of_the_question(tmp_path: Path) -> None:
    async with running_hub(tmp_path, rules=RULES, real_ai=True) as hub:
        await fill_site(hub)
        found = {}
        for number, question in enumerate(("write a handover", "schreib eine Übergabe", "resumen del turno")):
            await ask(hub, "which alerts are open, and why?", f"talk-{number}-diagnose")
            text, _ = await ask(hub, question, f"talk-{number}-handover")
            found[question] = text
    english, german, spanish = found.values()
    assert "Diagnosed: lack of lubrication." in english
    assert "Diagnose: Schmiermangel." in german
    assert "Diagnóstico: Falta de lubricación." in spanish
