"""Questions to the assistant: answers of the built-in analyst from data, and the tool loop of a model."""

# Tables have one row per line.
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistant_tools import build_tools
from hub.ai.base import AiSettings, Completion, CompletionRequest, Piece, ToolCall
from hub.ai.providers import ProviderChain
from hub.assistant import AssistantService
from hub.errors import AiError, AiUnavailable, UnknownModel
from hub.model import (
    Activity,
    Alert,
    Availability,
    CauseMatch,
    Diagnosis,
    Evidence,
    Identity,
    Info,
    Limit,
    Record,
    Rule,
    Writer,
)  # fmt: skip
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.rules.kinds import Threshold
from hub.store.base import Delta
from hub.store.sqlite import SqliteStore
from hub.tools import call, specs

NOW = 1_795_384_800_000  # 2026-11-22 22:00:00 UTC
BUILTIN = Writer("builtin", "builtin-analyst", generative=False)
COMMANDS: dict[str, dict[str, dict[str, Any]]] = {
    "pump-01": {"run": {"type": "boolean", "topic": "devices/pump-01/commands/run"},
                "set_speed": {"type": "number", "minimum": 0, "maximum": 100, "unit": "%", "title": "Speed",
                              "topic": "devices/pump-01/commands/set_speed"}},
    "tank-01": {"mode": {"type": "enum", "values": ("auto", "fill", "drain"), "topic": "t"},
                "valve": {"type": "boolean", "topic": "t"}, "flush": {"type": "none", "topic": "t"}},
}  # fmt: skip
CELSIUS = {"temperature": "°C", "bearing_temperature": "°C", "vibration": "mm/s", "level": "%"}


class Site:
    """Site with two pumps, of which one becomes the hotter, cold rooms, a tank that empties, and an offline sensor."""

    def __init__(self, store: SqliteStore) -> None:
        self.store, self.registry = store, DeviceRegistry()
        self.engine = Engine([Rule("hot", "Too hot", Threshold(above=8.0), "critical", metric="temperature")])
        self.tools = build_tools(self.registry, self.engine, store, lambda: NOW)

    async def fill(self) -> None:
        devices: dict[str, Any] = {
            "pump-01": ("Feed pump 1", "CP-80", "Pump hall", lambda t: {"bearing_temperature": 50.0, "vibration": 2.0}),
            "pump-02": ("Feed pump 2", "CP-80", "Pump hall",
                        lambda t: {"bearing_temperature": 60.0 if t > -1800 else 45.0, "vibration": 1.5}),
            "cold-room-01": ("Freezer 1", "CR-40", "Cold store", lambda t: {"temperature": 9.5 if t > -600 else 3.0}),
            "cold-room-02": ("Freezer 2", "CR-40", "Cold store", lambda t: {"temperature": 3.2}),
            "cold-room-03": ("Freezer 3", "CR-40", "Cold store", lambda t: {"temperature": 3.4}),
            "tank-01": ("Buffer tank 1", "TK-30", "Utilities", lambda t: {"level": 50.0 + min(0.0, -0.01 * (t + 1500))}),
            "sensor_1": ("Room sensor 1", "TS-1", "Offices", lambda t: {"temperature": 70.0}),
        }  # fmt: skip
        records = []
        for device, (name, model, area, at) in devices.items():
            units = {"temperature": "°F"} if device == "sensor_1" else CELSIUS
            limits = {"level": Limit(min=20.0)} if device == "tank-01" else {}
            commands = COMMANDS.get(device, {})
            info = Info(name=name, model=model, area=area, units=units, limits=limits, commands=commands)
            self.registry.identify(Identity(device, device, "native", info), NOW - 7_200_000)
            for t in range(-7200, 1, 30):
                records.append(Record(device, NOW + t * 1000, NOW + t * 1000, at(t)))
        for record in sorted(records, key=lambda r: r.ts):
            self.registry.observe(record)
        self.registry.available(Availability("sensor_1", online=False, retained=False, received=NOW))
        alert = Alert("a-1", "hot", "cold-room-01", "temperature", "critical", "raised", "Freezer 1: temperature 9.5 °C, above 8 °C",
                      9.5, 8.0, "°C", NOW - 570_000, NOW - 565_000)  # fmt: skip
        self.engine.open[alert.id] = alert
        evidence = Evidence("e1", "step", "cold-room-01", "temperature", "it rose", 6.5, "°C", NOW - 570_000, NOW, 0.9)
        cause = CauseMatch("door_left_open", "Door left open", "door", 0.9)
        diagnosis = Diagnosis("d-1", "a-1", "cold-room-01", "Freezer 1: the findings match door left open.", "door_left_open", "door",
                              0.9, (evidence,), (), (), ("Close the door.",), (), (cause,), BUILTIN, 0, NOW - 560_000)  # fmt: skip
        log = [Activity(NOW - 300_000, "presence", "sensor_1", "Room sensor 1 went offline")]
        records.sort(key=lambda r: r.ts)
        await self.store.commit(
            1, Delta(cursor=len(records), records=records, alerts=[alert], diagnoses=[diagnosis], activity=log)
        )

    def assistant(self, *models: Any, fallback: bool = True) -> AssistantService:
        providers = ProviderChain(ordered=models, settings=AiSettings(fallback=fallback))
        return AssistantService(tools=self.tools, providers=providers)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    store = SqliteStore.open(tmp_path)
    site = Site(store)
    await site.fill()
    yield site
    await store.close()


ANSWERS = [
    ("How many devices are online?", ["6 of 7"]),
    ("how many pumps are there", ["2 devices", "2 online"]),
    ("Which pump is hottest and since when?", ["Highest: Feed pump 2, bearing temperature: 60 °C", "since about 21:30", "Feed pump 1, bearing temperature: 50 °C"]),
    ("What is the status of fridge 2?", ["Freezer 2", "temperature: 3.2 °C"]),
    ("compare fridge-1 with its peers this week", ["Freezer 1 and 2 other CR-40", "2026-11-16"]),
    ("which device is the hottest", ["Highest: Feed pump 2", "60 °C", "Offline, so left out: Room sensor 1"]),
    ("Which freezer is the coldest?", ["Lowest: Freezer 2, temperature: 3.2 °C", "Freezer 3, temperature: 3.4 °C"]),
    ("what has the highest vibration?", ["Feed pump 1", "2 mm/s"]),
    ("What is the status of freezer 2?", ["Freezer 2", "online", "temperature: 3.2 °C", "No alert is open"]),
    ("cold-room-02", ["Freezer 2", "3.2 °C"]),
    ("What is alarming and why?", ["1 open alert", "Freezer 1", "match door left open"]),
    ("why is freezer 1 alarming?", ["door left open"]),
    ("Is everything okay?", ["1 open alert"]),
    ("any problems in the pump hall?", ["Nothing is alarming"]),
    ("what happened in the last hour?", ["1 alert", "21:50:35", "door left open", "Room sensor 1 went offline"]),
    ("What happened last night in the cold store?", ["2026-11-22 20:00", "1 alert", "Freezer 1"]),
    ("compare freezer 1 with its peers", ["2 other CR-40", "temperature", "3.3 °C", "unusual"]),
    ("Is anything about to fail?", ["Already alarming: Freezer 1", "Buffer tank 1", "level", "limit of 20 %"]),
    ("which devices are offline?", ["Room sensor 1", "offline"]),
    ("temperature history of freezer 1 over the last hour", ["Freezer 1, temperature: 3 °C", "to 9.5 °C", "+6.5 °C"]),
    ("average temperature in the cold store", ["temperature", "3 devices", "from 3.2 °C to 9.5 °C"]),
    ("Which freezer was the hottest in the last 90 minutes?", ["last 90 min, 3 devices", "Freezer 1, temperature: 9.5 °C at 21:50"]),
    ("which pump was hottest at 21:00?", ["Highest: Feed pump 1, bearing temperature: 50 °C (21:00 UTC)", "Feed pump 2, bearing temperature: 45 °C"]),
    ("what was the bearing temperature of pump-02 between 20:30 and 21:00", ["20:30 – 21:00 UTC", "45 °C"]),
    ("temperature of freezer 1 at 03:00", ["no reading of Freezer 1", "03:00"]),
    ("freezer 1 yesterday", ["no readings of Freezer 1", "2026-11-21"]),
    ("how often did freezer 1 alarm this week?", ["Freezer 1: 1 alert."]),
    ("when did freezer 2 last alarm", ["No alert of Freezer 2"]),
    ("any alarms on Monday?", ["2026-11-16 (UTC)", "no readings of that time"]),
    ("what happened on 2026-11-20?", ["2026-11-20 (UTC)", "no readings of that time"]),
    ("what happened in the pump hall yesterday", ["2026-11-21", "no readings of that time"]),
    ("which devices are in the cold store?", ["3 devices: 3 online", "• Freezer 1 (CR-40, Cold store)"]),
    ("what should I do about freezer 1?", ["door left open", "To do: Close the door."]),
    ("tank levels", ["level: 35 %"]),
    ("is anything unusual?", ["1 open alert"]),
    ("which boiler is the hottest?", ["no device, area, kind or metric called “boiler”"]),
    ("how is pump-09?", ["called “pump-09”", "Feed pump 1"]),
    ("is valve-7 open?", ["called “valve-7”"]),
    ("compare fridge 2 with its peers this week", ["Freezer 2 and 2 other CR-40"]),
    ("is the cold room 2 about to fail?", ["Freezer 2", "3 h"]),
    ("Please switch off pump-01", ["can't send commands", "Feed pump 1"]),
    ("acknowledge all alerts", ["can't send commands"]),
    ("write me a poem", ["“write”, “poem”", "I can answer"]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "parts"), ANSWERS)
async def test_builtin_analyst_answers_from_data(site: Site, question: str, parts: list[str]) -> None:
    reply = await site.assistant().answer(question)
    missing = [part for part in parts if part not in reply.text]
    assert not missing, reply.text
    assert (reply.provider, reply.model, reply.generative) == ("builtin", "builtin-analyst", False)


async def test_streamed_answer_equals_complete_answer(site: Site) -> None:
    assistant = site.assistant()
    pieces = [piece async for piece in assistant.stream("How many devices are online?")]
    assert len(pieces) > 3
    assert "".join(pieces) == (await assistant.answer("How many devices are online?")).text


async def test_device_is_compared_only_with_peers_of_same_unit(site: Site) -> None:
    info = Info(name="Freezer 2", model="CR-40", area="Cold store", units={"temperature": "°F"})
    site.registry.identify(Identity("cold-room-02", "cold-room-02", "native", info), NOW)
    (row,) = await site.tools.queries.comparison(site.registry.require("cold-room-01"), 1.0)
    assert (row.unit, row.peers, row.median) == ("°C", 1, 3.4)


async def test_alert_count_covers_all_pages(site: Site):
    """There are more alerts than one page of the store holds and than the answer lists."""
    alerts = [
        Alert(f"b-{n}", "hot", "cold-room-02", "temperature", "warning", "cleared", "Freezer 2: too hot", 9.0, 8.0, "°C",
              NOW - n * 1000, NOW - n * 1000, cleared_at=NOW)
        for n in range(1, 1_201)
    ]  # fmt: skip
    await site.store.commit(1, Delta(cursor=99_999, alerts=alerts))
    reply = await site.assistant().answer("how often did freezer 2 alarm this week?")
    assert "1200 alerts" in reply.text
    first = await site.assistant().answer("how often did freezer 1 alarm this week?")
    assert "1 alert." in first.text, "the alert is after the first pages"


async def test_hub_without_devices_says_so(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    reply = await Site(store).assistant().answer("which pump is hottest?")
    assert "No device has sent anything" in reply.text
    await store.close()


@pytest.mark.parametrize(
    "question", ["?" * 500, "💧" * 50, "why why why", "last 9999 days", "\x00", "compare", "0", "status of"]
)
async def test_unparsable_question_gets_answer(site: Site, question: str) -> None:
    assert (await site.assistant().answer(question)).text


async def test_unknown_model_is_refused(site: Site) -> None:
    with pytest.raises(UnknownModel, match="nonesuch"):
        await site.assistant().answer("how many devices?", model="nonesuch")
    assert (await site.assistant().answer("how many devices?", model="builtin")).provider == "builtin"


# -- a model with tools ------------------------------------------------------------------------------------------------


class Scripted:
    """Fake model that plays a script of answers: texts, lists of tool calls, or errors."""

    name, models = "openai", ("scripted",)

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.requests: list[CompletionRequest] = []

    def writer_for(self, request: CompletionRequest) -> Writer | None:
        return Writer("openai", "scripted", generative=True)

    async def chat(self, request: CompletionRequest) -> Completion:
        self.requests.append(request)
        step = self.script[min(len(self.requests), len(self.script)) - 1]
        if isinstance(step, AiError):
            raise step
        writer = Writer("openai", "scripted", generative=True)
        if isinstance(step, list):
            return Completion("", writer, tuple(step) if request.tools else (), tokens=5)
        return Completion(step, writer, tokens=5)

    async def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        answer = await self.chat(request)
        for word in answer.text.split(" "):
            yield word
            if word == "BREAK":
                raise AiError("It broke off.", "Try again.")
        yield answer

    async def check(self) -> str | None:
        return None

    async def close(self) -> None: ...


async def test_model_gets_summary_and_tool_results(site: Site) -> None:
    model = Scripted([ToolCall("c1", "device_state", {"device": "freezer 1"})], "Freezer 1 is at 9.5 °C.")
    reply = await site.assistant(model).answer("how is freezer 1?")
    assert (reply.text, reply.generative, reply.tokens_used) == ("Freezer 1 is at 9.5 °C.", True, 10)
    first, second = model.requests
    assert "<data" in first.messages[1].text
    assert '"devices":7' in first.messages[1].text
    assert {t.name for t in first.tools} >= {"find_devices", "history", "open_alerts", "approaching_limits"}
    result = second.messages[-1]
    assert (result.role, result.call_id) == ("tool", "c1")
    assert '"value":9.5' in result.text


async def test_tool_loop_is_limited_to_seven_requests(site: Site) -> None:
    looping = Scripted([ToolCall("c", "fleet_summary", {})])
    reply = await site.assistant(looping).answer("how many devices are there?")
    assert len(looping.requests) == 7
    assert not looping.requests[-1].tools
    assert reply.text == ""
    streamed = Scripted([ToolCall("c", "fleet_summary", {})])
    assert [p async for p in site.assistant(streamed).stream("how many devices are there?")] == []
    assert len(streamed.requests) == 7


async def test_invalid_tool_call_is_answered_with_error(site: Site) -> None:
    calls = [
        ToolCall("1", "delete_device", {"device": "pump-01"}),
        ToolCall("2", "history", {"device": "pump-01", "metric": "vibration", "hours": -3}),
        ToolCall("3", "device_state", {"device": "pump-09", "colour": "red"}),
        ToolCall("4", "device_state", "not json"),
        ToolCall("5", "fleet_summary", {}),
    ]
    model = Scripted(calls, "done")
    await site.assistant(model).answer("do something")
    results = [m.text for m in model.requests[1].messages if m.role == "tool"]
    assert len(results) == 5
    assert all('"error"' in text for text in results)
    assert "There is no tool 'delete_device'" in results[0]
    assert "Too many calls" in results[4]
    assert len(site.registry) == 7


async def test_tools_are_read_only(site: Site) -> None:
    names = {spec.name for spec in specs(site.tools)}
    assert names == {
        "activity", "alert_history", "approaching_limits", "commands_of", "compare_with_peers", "device_state", "diagnosis_of",
        "evidence", "find_devices", "fleet_summary", "history", "open_alerts", "propose_command", "rank_devices",
        "search_documents",
    }  # fmt: skip
    before = site.store.stats().commits
    arguments: dict[str, Any] = {"device": "pump-01", "metric": "vibration", "command": "run", "words": "bearing"}
    for spec in specs(site.tools):
        needed = {name: arguments[name] for name in spec.parameters["required"]}
        needed |= {"value": True} if spec.name == "propose_command" else {}
        needed |= {"model": "P-100"} if spec.name == "search_documents" else {}
        result = await call(site.tools, spec.name, needed)
        assert "error" not in result, (spec.name, result)
    assert site.store.stats().commits == before


async def test_evidence_tool_works_without_diagnosis(site: Site):
    found = await call(site.tools, "evidence", {"device": "freezer 1"})
    over = next(each for each in found["findings"] if each["kind"] == "over_limit")
    assert (over["device"], over["metric"], over["unit"]) == ("cold-room-01", "temperature", "°C")
    assert [each["id"] for each in found["findings"]][:2] == ["e1", "e2"]
    normal = await call(site.tools, "evidence", {"device": "freezer 2"})
    assert normal["resembles"] == []


async def test_interrupted_stream_ends_with_builtin_answer(site: Site) -> None:
    pieces = [p async for p in site.assistant(Scripted("There are BREAK")).stream("How many devices are online?")]
    text = " ".join(pieces)
    assert text.startswith("There are BREAK")
    assert "broke off" in text
    assert "6 of 7" in text
    with pytest.raises(AiError, match="broke off"):
        [p async for p in site.assistant(Scripted("a BREAK"), fallback=False).stream("How many devices?")]


async def test_builtin_analyst_answers_when_model_is_down(site: Site) -> None:
    down = Scripted(AiError("It is down.", "Start it."))
    reply = await site.assistant(down).answer("How many devices are online?")
    assert "6 of 7" in reply.text
    assert not reply.generative
    with pytest.raises(AiUnavailable):
        await site.assistant(down, fallback=False).answer("How many devices are online?")
