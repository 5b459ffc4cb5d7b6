"""Golden test: in 50 diagnoses with three true and two false claims, exactly the false ones are marked."""

from __future__ import annotations

import json
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.ai.base import CompletionRequest
from hub.model import Diagnosis, Evidence, Identity, Info, Record, Writer
from hub.store.sqlite import SqliteStore
from worn_pump import Site, Writes

HERE = Path(__file__).parent / "golden"
T = 1_795_384_800_000  # 2026-11-22 22:00:00 UTC
SCENES = {scene["name"]: scene for scene in tomllib.loads((HERE / "scenes.toml").read_text("utf-8"))["scene"]}
CASES = tomllib.loads((HERE / "claims.toml").read_text("utf-8"))["case"]


def evidence(finding: dict[str, Any]) -> Evidence:
    start, end = (T + round(finding[name] * 1000) for name in ("from", "to"))
    value = float(v) if isinstance(v := finding.get("value"), int) and not isinstance(v, bool) else v
    return Evidence(
        finding["id"], finding["kind"], "unit", finding["metric"], finding["finding"], value, finding.get("unit"),
        start, end, 0.8,
    )  # fmt: skip


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(SqliteStore.open(tmp_path))
    yield site
    await site.store.close()


def test_golden_set_has_50_cases_with_three_true_and_two_false_claims() -> None:
    assert len(CASES) == 50
    assert {(len(case["true"]), len(case["false"])) for case in CASES} == {(3, 2)}
    assert len({claim for case in CASES for claim in case["true"] + case["false"]}) > 240


@pytest.mark.parametrize("case", CASES, ids=[f"{case['scene']}: {case['about']}" for case in CASES])
async def test_exactly_the_false_claims_are_marked_unsupported(site: Site, case: dict[str, Any]) -> None:
    # Mixed, so that a verdict cannot come from the position in the list.
    lines = [case["true"][0], case["false"][0], case["true"][1], case["true"][2], case["false"][1]]
    claims_with_evidence = [(text.strip(), ids.split()) for text, _, ids in (line.rpartition("|") for line in lines)]

    def answer(_: CompletionRequest) -> str:
        claims = [{"text": text, "evidence": ids} for text, ids in claims_with_evidence]
        summary = " ".join(text for text, _ in claims_with_evidence)
        return json.dumps({"summary": summary, "cause": None, "claims": claims, "actions": [], "confirm_by": []})

    scene = SCENES[case["scene"]]
    site.registry.identify(Identity("unit", "unit", "native", Info()), T)
    site.registry.observe(Record("unit", T, T, dict.fromkeys(scene["metrics"], 1.0)))
    findings = tuple(evidence(finding) for finding in scene["findings"])
    writer = Writer("builtin", "builtin-analyst", generative=False)
    past = Diagnosis("d-1", None, "unit", "", None, None, 0.0, findings, (), (), (), (), (), writer, 0, T)
    await site.commit(diagnoses=[past])

    diagnosis = await site.diagnostician(Writes(answer)).repeat("d-1", "scripted")
    expected = (True, False, True, True, False)
    verdicts = [(claim.text, claim.supported) for claim in diagnosis.claims[:5]]
    assert verdicts == [(text, true) for (text, _), true in zip(claims_with_evidence, expected, strict=True)]
