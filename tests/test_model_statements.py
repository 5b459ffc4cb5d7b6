"""Statements of a model as data: placeholders, kinds, the hub's own sentences in place of false ones, and prose."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.ai.base import CompletionRequest
from hub.model import Diagnosis
from hub.store.sqlite import SqliteStore
from worn_pump import Site, Writes


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    store = SqliteStore.open(tmp_path)
    made = Site(store)
    await made.fill()
    made.alert()
    yield made
    await store.close()


def ids(request: CompletionRequest) -> dict[str, str]:
    """Return the ids of the evidence by kind and metric."""
    text = request.messages[-1].text
    found = json.loads(re.search(r"\{.*\}", text, re.S)[0])["findings"]  # type: ignore[index]  # there is a match
    return {f"{each['kind']} {each['metric']}": each["id"] for each in found}


async def diagnosed(site: Site, *statements: tuple[str, str, str], **more: Any) -> Diagnosis:
    """Return the diagnosis by a model that writes statements ``(text, kind and metric of the evidence, kind)``."""

    def answer(request: CompletionRequest) -> str:
        known = ids(request)
        said = [{"text": t, "evidence": [known.get(about, about)], "kind": kind} for t, about, kind in statements]
        return json.dumps({"statements": said, "cause": None, "cause_evidence": [], **more})

    return await site.diagnostician(Writes(answer)).diagnose_device("pump-00")


async def test_placeholders_are_filled_from_cited_evidence(site: Site) -> None:
    found = await diagnosed(
        site,
        ("Vibration is {side} its limit of {limit}.", "over_limit vibration", "observation"),
        ("The current {direction} by {change} from {before}.", "onset current", "observation"),
        ("Flow is at {value}.", "steady flow", "observation"),
    )
    first, second, third = (claim.text for claim in found.claims)
    assert first == "Vibration is above its limit of 7.1 mm/s."
    assert re.fullmatch(r"The current rose by 2\.\d+ A from (19|20)(\.\d)? A\.", second)
    assert re.fullmatch(r"Flow is at (59|6\d)(\.\d)? m³/h\.", third)
    assert all(claim.supported for claim in found.claims)
    assert found.summary == f"{first} {second} {third}"


async def test_observation_has_its_data_from_the_evidence(site: Site) -> None:
    found = await diagnosed(site, ("Vibration {direction} by {change}.", "onset vibration", "inference"))
    (claim,) = found.claims
    onset = next(e for e in found.evidence if e.kind == "onset" and e.metric == "vibration")
    assert (claim.kind, claim.metric, claim.quantity) == ("observation", "vibration", "vibration")
    assert (claim.relation, claim.value, claim.unit) == ("rose", onset.value, "mm/s")
    assert (claim.start, claim.end) == (onset.start, onset.end)


async def test_placeholder_without_value_strikes_statement_and_hub_writes_it(site: Site) -> None:
    found = await diagnosed(site, ("Flow is limited to {limit}.", "steady flow", "observation"))
    struck, written = found.claims
    assert (struck.supported, written.supported, written.by_hub) == (False, True, True)
    assert written.text.startswith("Flow shows nothing unusual")
    assert found.summary == written.text


@pytest.mark.parametrize(
    ("text", "about", "said", "kind", "supported"),
    [
        ("The bearing is worn.", "onset vibration", "observation", "inference", True),
        ("The flow fell.", "steady flow", "inference", "observation", False),
        ("The flow fell.", "steady flow", "advice", "observation", False),
        ("Worn rollers may explain why vibration rises.", "onset vibration", "observation", "inference", True),
        ("The bearing may fail in 3 days.", "onset vibration", "inference", "inference", False),
        ("It is likely that the vibration fell.", "onset vibration", "inference", "inference", False),
        ("Check the bearing for play.", "onset vibration", "observation", "advice", True),
        ("Replace the bearing, because flow fell.", "steady flow", "advice", "advice", False),
    ],
)
async def test_hub_decides_kind_of_statement(
    site: Site, text: str, about: str, said: str, kind: str, supported: bool
) -> None:
    found = await diagnosed(site, (text, about, said))
    assert (found.claims[0].kind, found.claims[0].supported) == (kind, supported)


async def test_summary_holds_no_opinion(site: Site) -> None:
    found = await diagnosed(
        site,
        ("The bearing is worn.", "onset vibration", "observation"),
        ("Vibration rose.", "onset vibration", "observation"),
    )
    assert found.summary == "Vibration rose."


async def test_prose_is_checked_sentence_by_sentence(site: Site) -> None:
    prose = "Vibration is above its limit of 7.1 mm/s. Flow fell by half. The bearing may be worn."
    found = await site.diagnostician(Writes(lambda _: prose)).diagnose_device("pump-00")
    assert found.generated_by.provider == "openai"
    assert found.summary.startswith("Vibration is above its limit of 7.1 mm/s. Flow shows nothing unusual; it is ")
    assert [(c.kind, c.supported) for c in found.claims[:3]] == [
        ("observation", True),
        ("observation", False),
        ("inference", True),
    ]


async def test_schema_forbids_digits_in_statements(site: Site) -> None:
    model = Writes(lambda _: "{}")
    await site.diagnostician(model).diagnose_device("pump-00")
    schema = model.asked[0].schema
    assert schema is not None
    pattern = schema["properties"]["statements"]["items"]["properties"]["text"]["pattern"]
    assert re.search(pattern, "Vibration {direction} by {change}.")
    assert not re.search(pattern, "Vibration rose by 8 mm/s.")
    assert not re.search(pattern, 'Vibration "rose" by much.')
