"""Local models: the analyst's diagnosis is stored at once, and the model's replaces it when it arrives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.ai.base import AiSettings, ChatMessage, CompletionRequest
from hub.ai.factory import create_provider
from hub.ai.providers import ProviderChain
from hub.ai.server_config import ModelServer
from hub.diagnosis import DiagnosisService
from hub.diagnosis.partial_json import PartialStatements
from hub.diagnosis.prompt import statement_schema
from hub.errors import AiError
from hub.events import AlertRaised
from hub.model import Writer
from hub.store.sqlite import SqliteStore
from llm_server import KEY, MODEL, Servers, running
from scripted_provider import plain
from worn_pump import NOW, Site, Writes

BUILTIN = Writer("builtin", "builtin-analyst", generative=False)
LOCAL = Writer("openai", "scripted", generative=True)
ANSWER = {"statements": [{"text": "Vibration {direction}.", "evidence": ["e2"]}], "cause": None, "cause_evidence": []}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    store = SqliteStore.open(tmp_path)
    made = Site(store)
    await made.fill()
    yield made
    await store.close()


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with running() as addresses:
        yield addresses


def server(name: str, address: str | None) -> ModelServer:
    return ModelServer(name=name, kind="openai", model="scripted", base_url=address, api_key="k")


@asynccontextmanager
async def service(site: Site, *models: object, local_s: float = 20.0) -> AsyncIterator[DiagnosisService]:
    """Run the service with models, of which the one named openai runs on this machine."""
    settings = AiSettings(
        servers=(server("openai", "http://127.0.0.1:8080/v1"),),
        diagnosis_timeout_s=0.6,
        local_diagnosis_timeout_s=local_s,
    )
    made = DiagnosisService(
        registry=site.registry,
        engine=site.engine,
        store=site.store,
        bus=site.bus,
        submit=site.submit,
        providers=ProviderChain(ordered=models, settings=settings),  # type: ignore[arg-type]  # scripted providers
        now=lambda: NOW,
    )
    task = asyncio.create_task(made.run())
    await asyncio.sleep(0)
    yield made
    site.bus.close()
    await task


async def stored(site: Site, count: int) -> None:
    async with asyncio.timeout(30):
        while len(site.written) < count:
            site.stored.clear()
            await site.stored.wait()


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://localhost:8080/v1", True),
        ("http://10.0.0.7/v1", True),
        ("http://gpu-box:8080/v1", True),
        ("http://models.lan/v1", True),
        ("https://api.example.com/v1", False),
        ("https://8.8.8.8/v1", False),
        (None, False),
    ],
)
def test_address_decides_whether_server_is_local(address: str | None, local: bool) -> None:
    assert server("lab", address).local is local


async def test_analyst_is_stored_first_and_local_model_replaces_it(site: Site) -> None:
    model = Writes(lambda _: json.dumps(ANSWER), hang_s=1.5)  # longer than remote models may take
    async with service(site, model):
        site.bus.publish([AlertRaised(site.alert(), NOW)])
        await stored(site, 2)
    first, second = site.written
    assert (first.generated_by, first.awaits) == (BUILTIN, LOCAL)
    assert first.awaits_until == NOW + 20_000
    assert (second.generated_by, second.awaits) == (LOCAL, None)
    assert second.summary == "Vibration rose."
    assert (second.id, second.alert, second.created_at) == (first.id, first.alert, first.created_at)
    assert (await site.store.diagnoses(["a-1"]))["a-1"] == second
    assert [opinion.cause for opinion in second.opinions] == ["bearing_wear", None]


def fails(_: CompletionRequest) -> str:
    raise AiError("It is down.", "Start it.")


@pytest.mark.parametrize("model", [Writes(fails), Writes(lambda _: "{}"), Writes(lambda _: "", hang_s=60)])
async def test_analyst_stays_if_local_model_fails(site: Site, model: Writes) -> None:
    async with service(site, model, local_s=0.5):
        site.bus.publish([AlertRaised(site.alert(), NOW)])
        await stored(site, 2)
    first, second = site.written
    assert second.id == first.id
    assert (second.generated_by, second.awaits, second.instead_of) == (BUILTIN, None, LOCAL)
    assert second.claims == first.claims


async def test_local_model_is_not_asked_about_cleared_alert(site: Site) -> None:
    model = Writes(lambda _: json.dumps(ANSWER), hang_s=0.2)
    async with service(site, model):
        alerts = [site.alert(1), site.alert(2)]
        site.bus.publish([AlertRaised(alert, NOW) for alert in alerts])
        await stored(site, 2)  # both by the analyst
        site.engine.open.clear()
        await stored(site, 4)
    assert len(model.asked) <= 1
    assert all(found.awaits is None for found in site.written[2:])


async def test_diagnosis_on_request_is_answered_by_analyst_and_revised(site: Site) -> None:
    site.alert()
    async with service(site, Writes(lambda _: json.dumps(ANSWER))) as desk:
        first = await desk.diagnose_device("pump-00")
        assert (first.generated_by, first.awaits) == (BUILTIN, LOCAL)
        await stored(site, 3)  # the open alert is diagnosed, too
        assert LOCAL in [found.generated_by for found in site.written]


@pytest.mark.timeout(120)
async def test_llama_cpp_server_writes_statements_without_digits(servers: Servers) -> None:
    """The model is too small to write sense, but the server holds it to the form."""
    lab = ModelServer(name="lab", kind="openai", model=MODEL, base_url=servers.openai, api_key=KEY)
    provider = create_provider(lab, 100.0, 4096)
    data = {"findings": [{"id": "e1", "finding": "vibration has been above its limit of 7.1 mm/s for 17 s"}]}
    messages = (ChatMessage("user", f"Write statements with numbers about: {json.dumps(data)}"),)
    asked = CompletionRequest(
        messages, plain, schema=statement_schema(["e1"]), max_tokens=700
    )  # enough for one of the longest statements
    reading, said = PartialStatements(), list[dict[str, Any]]()
    async for piece in provider.stream(asked):
        if isinstance(piece, str):
            said += reading.feed(piece)
        if said:
            break
    await provider.close()
    assert said
    for statement in said:
        assert not any(char.isdecimal() for char in statement["text"]), statement  # CO₂ is permitted
        assert set(statement["evidence"]) == {"e1"}
        assert statement["kind"] in ("observation", "inference", "advice")
