"""Parts of an answer beside its text: steps, charts, sources, command proposals and unsupported claims; and
conversations with follow-up questions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.ai.base import CompletionRequest, Piece, ToolCall
from hub.assistant import AssistantReply, AssistantService, ConversationMemory
from hub.errors import NotFound
from hub.model import Chart, Proposal, Source, Step, Turn, Unsupported, Writer
from hub.store import conversations
from hub.store.sqlite import SqliteStore
from test_assistant import NOW, Scripted, Site

WRITER = Writer("builtin", "builtin-analyst", generative=False)


class StreamingModel(Scripted):
    """Scripted model that streams its text word by word, with the spaces."""

    async def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        answer = await self.chat(request)
        for word in answer.text.split(" "):
            yield f"{word} "
        yield answer


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    store = SqliteStore.open(tmp_path)
    site = Site(store)
    await site.fill()
    yield site
    await store.close()


async def talk(assistant: AssistantService, question: str, *before: str) -> tuple[str, list[Any], AssistantReply]:
    """Ask ``question`` after the questions ``before``. Return the text, the extras in order, and the whole reply."""
    turns = [Turn(question=each, answer="…", at=NOW, writer=WRITER) for each in before]
    words, extras, reply = "", [], None
    async for piece in assistant.converse(question, turns):
        if isinstance(piece, str):
            words += piece
        elif isinstance(piece, AssistantReply):
            reply = piece
        else:
            extras.append(piece)
    assert reply is not None
    assert (reply.text, list(reply.extras)) == (words, extras)
    return words.strip(), extras, reply


def extras_of(kind: type, extras: list[Any]) -> list[Any]:
    return [extra for extra in extras if isinstance(extra, kind)]


async def test_answer_has_sources_and_chart_of_named_devices(site: Site):
    _, extras, _ = await talk(site.assistant(), "Which pump is hottest and since when?")
    named = [(s.device, s.metric) for s in extras_of(Source, extras)]
    assert named[0] == ("pump-02", "bearing_temperature")
    assert "pump-01" in [device for device, _ in named]
    chart = extras_of(Chart, extras)[0]
    assert (chart.device, chart.metric, chart.unit) == ("pump-02", "bearing_temperature", "°C")
    assert len(chart.points) > 10
    assert {p[2] for p in chart.points} >= {45.0, 60.0}


async def test_model_answer_has_steps_chart_and_sources(site: Site):
    calls = [
        ToolCall("1", "history", {"device": "freezer 1", "metric": "temperature", "hours": 1}),
        ToolCall("2", "find_devices", {"query": "freezer"}),
        ToolCall("3", "device_state", {"device": "freezer 9"}),
    ]
    words, extras, reply = await talk(
        site.assistant(StreamingModel(calls, "Freezer 1 temperature reached 9.5 °C.")), "freezer 1?"
    )
    steps = [(s.tool, s.about, s.ok) for s in extras_of(Step, extras)]
    assert steps == [
        ("history", "freezer 1, temperature, 1", True),
        ("find_devices", "freezer", True),
        ("device_state", "freezer 9", False),
    ]
    assert [s.found for s in extras_of(Step, extras)][1] == "3 found"
    assert (extras_of(Chart, extras)[0].metric, extras_of(Source, extras)[0].metric) == ("temperature", "temperature")
    assert (words, reply.generative, extras_of(Unsupported, extras)) == (
        "Freezer 1 temperature reached 9.5 °C.",
        True,
        [],
    )


async def test_metric_is_attributed_to_device_in_same_clause(site: Site):
    model = Scripted("Feed pump 1: vibration is at 2 mm/s; Freezer 2: temperature is at 3.2 °C.")
    named = [
        (s.device, s.metric) for s in extras_of(Source, list((await site.assistant(model).answer("status?")).extras))
    ]
    assert named == [("pump-01", "vibration"), ("cold-room-02", "temperature")]


async def test_unknown_device_is_answered_with_similar_names(site: Site):
    words, _, _ = await talk(site.assistant(), "compare freezer 7 with its peers this week")
    assert "called “freezer 7” here. Available: Freezer 3, Freezer 2, Freezer 1." in words


CLAIMS = [
    ("Freezer 1 is at 9.5 °C.", True),
    ("Freezer 1 is at 9.5 °C, above its limit of 8 °C.", True),
    ("Freezer 1 is at 12.5 °C.", False),
    ("It was raised at 21:50.", True),
    ("It was raised at 19:05.", False),
    ("There are 7 devices, 6 of them online.", True),
    ("There are 9 devices.", False),
    ("Freezer 2 and Freezer 3 are fine.", True),
    ("The pressure is 4 bar.", False),
    ("It will fail on 2027-01-01.", False),
    ("**Freezer 1** is `9.5 °C`.", True),
    ("Freezer 1 is hotter than Feed pump 2, at 60 °C.", True),
    ("Freezer 1 is at 60 °C.", False),
    ("Freezer 2 is at 9.5 °C.", False),
    ("Feed pump 2 alarmed at 21:50.", False),
    ("Freezer 1 alarmed at 21:50.", True),
    ("1. Look at the door.\n2. Close it.", True),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "true"), CLAIMS)
async def test_unsupported_claim_is_marked(site: Site, claim: str, true: bool):
    calls = [
        ToolCall("c", "device_state", {"device": "freezer 1"}),
        ToolCall("d", "rank_devices", {"metric": "temperature"}),
    ]
    model = StreamingModel(calls, f"All is known. {claim}")
    _, extras, _ = await talk(site.assistant(model), "how is freezer 1?")
    assert bool(extras_of(Unsupported, extras)) is not true, extras_of(Unsupported, extras)
    reply = await site.assistant(StreamingModel(f"All is known. {claim}")).answer("how is it?")
    if not true:
        assert "Not supported by the data" in reply.text
        assert "All is known" not in reply.text.partition("Not supported")[2]


COMMAND_REQUESTS = [
    ("set the speed of feed pump 1 to 40", "pump-01", "set_speed", 40),
    ("Please turn on pump-01", "pump-01", "run", True),
    ("stop pump-01", "pump-01", "run", False),
    ("set buffer tank 1 mode to drain", "tank-01", "mode", "drain"),
    ("open the valve of buffer tank 1", "tank-01", "valve", True),
    ("start flush on tank-01", "tank-01", "flush", None),
]


@pytest.mark.parametrize(("request_text", "device", "command", "value"), COMMAND_REQUESTS)
async def test_command_request_becomes_proposal_and_is_not_sent(
    site: Site, request_text: str, device: str, command: str, value: Any
):
    before = site.store.stats().commits
    words, extras, _ = await talk(site.assistant(), request_text)
    (proposal,) = extras_of(Proposal, extras)
    assert (proposal.device, proposal.command, proposal.value) == (device, command, value)
    assert "can't send commands" in words
    assert site.store.stats().commits == before


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ("set the speed of pump-01 to 400", "from 0 to 100"),
        ("set the speed of pump-01", "Name the number"),
        ("set buffer tank 1 mode to boil", "auto, fill, drain"),
        ("turn on freezer 1", "has not announced any"),
        ("set the colour of pump-01 to 3", "run, set_speed"),
        ("turn on everything", "can't send commands"),
    ],
)
async def test_invalid_command_request_is_answered_with_allowed_values(site: Site, request_text: str, expected: str):
    words, extras, _ = await talk(site.assistant(), request_text)
    assert expected in words, words
    assert extras_of(Proposal, extras) == []


async def test_model_can_propose_command_but_not_send_it(site: Site):
    calls = [
        ToolCall("1", "commands_of", {"device": "pump-01"}),
        ToolCall("2", "propose_command", {"device": "pump-01", "command": "set_speed", "value": 55}),
        ToolCall("3", "propose_command", {"device": "pump-01", "command": "set_speed", "value": 5_000}),
        ToolCall("4", "propose_command", {"device": "pump-01", "command": "format_disk", "value": 1}),
    ]
    model = StreamingModel(calls, "It is below.")
    _, extras, _ = await talk(site.assistant(model), "slow pump 1 down, please")
    (proposal,) = extras_of(Proposal, extras)
    assert (proposal.name, proposal.command, proposal.title, proposal.value, proposal.unit) == (
        "Feed pump 1",
        "set_speed",
        "Speed",
        55,
        "%",
    )
    assert [s.ok for s in extras_of(Step, extras)] == [True, True, False, False]
    results = [m.text for m in model.requests[1].messages if m.role == "tool"]
    assert '"minimum":0' in results[0]
    assert '"sent":false' in results[1]


FOLLOW_UPS = [
    (("Which pump is hottest?",), "and since when?", ["Feed pump 2, bearing temperature: 60 °C", "since about 21:30"]),
    (("What is the status of freezer 2?",), "and freezer 3?", ["Freezer 3", "3.4 °C"]),
    (
        ("temperature history of freezer 1 over the last hour",),
        "what about freezer 2",
        ["Last 1 h", "Freezer 2"],
    ),
    (("how is freezer 1?", "how many devices are online?"), "why is it alarming?", ["Freezer 1", "door left open"]),
    (("how is freezer 1?",), "how many devices are there?", ["7 devices"]),
]


@pytest.mark.parametrize(("before", "question", "parts"), FOLLOW_UPS)
async def test_follow_up_question_uses_earlier_question(
    site: Site, before: tuple[str, ...], question: str, parts: list[str]
):
    words, _, _ = await talk(site.assistant(), question, *before)
    assert [part for part in parts if part not in words] == [], words


async def test_conversation_history_for_model_is_limited_to_latest_turns(site: Site):
    model = StreamingModel("Yes.")
    long = [Turn(question=f"question {n}", answer="x" * 3_000, at=NOW, writer=WRITER) for n in range(10)]
    async for _ in site.assistant(model).converse("and now?", long):
        pass
    roles = [m.role for m in model.requests[0].messages]
    assert roles == ["system", *["user", "assistant"] * 3, "user"]
    assert model.requests[0].messages[1].text == "question 7", "the latest turns are kept"
    assert sum(len(m.text) for m in model.requests[0].messages[1:-1]) < 8_000


async def test_old_tool_results_are_shortened_to_fit_context(site: Site):
    long = [ToolCall(str(n), "history", {"device": "pump-01", "metric": "vibration", "buckets": 200}) for n in range(4)]
    model = StreamingModel(*[long] * 6, "Done.")
    await talk(site.assistant(model), "how did the vibration of pump 1 go?")
    last = model.requests[-1].messages
    results = [message.text for message in last if message.role == "tool"]
    assert (len(model.requests), len(results)) == (7, 24), "every call has a result"
    assert sum(map(len, results)) < 36_000
    assert all("Left out" in text for text in results[:16])
    assert all("[[1795" in text for text in results[-4:]), "the newest results are complete"


async def test_conversation_is_stored_listed_and_deleted(site: Site):
    memory = ConversationMemory(site.assistant(), site.store.conversations, lambda: NOW)
    for question in ("Which pump is hottest?", "and since when?"):
        pieces = [piece async for piece in memory.ask("talk-0001", question)]
        assert isinstance(pieces[-1], AssistantReply)
    first, second = await memory.turns("talk-0001")
    assert (first.question, second.question) == ("Which pump is hottest?", "and since when?")
    assert "since about 21:30" in second.answer
    assert extras_of(Chart, list(first.extras))
    (listed,) = await memory.conversations()
    assert (listed.id, listed.title, listed.turns) == ("talk-0001", "Which pump is hottest?", 2)
    await memory.forget("talk-0001")
    assert await memory.conversations() == []
    with pytest.raises(NotFound):
        await memory.turns("talk-0001")


async def test_partial_answer_is_stored_after_disconnect(site: Site):
    memory = ConversationMemory(site.assistant(), site.store.conversations, lambda: NOW)
    pieces = memory.ask("talk-0001", "How many devices are online?")
    first_piece = await anext(pieces)
    await pieces.aclose()
    (turn,) = await memory.turns("talk-0001")
    assert (turn.answer, turn.stopped) == (first_piece, True)


async def test_stored_conversations_and_turns_are_limited(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conversations, "MAX_CONVERSATIONS", 3)
    monkeypatch.setattr(conversations, "MAX_TURNS", 4)
    stored = site.store.conversations
    for number in range(5):
        for n in range(6):
            await stored.add(f"talk-{number}", Turn(question=f"q{n}", answer="a", at=NOW + number, writer=WRITER))
    assert [c.id for c in await stored.newest()] == ["talk-4", "talk-3", "talk-2"]
    assert [turn.question for turn in await stored.turns("talk-4")] == ["q2", "q3", "q4", "q5"]
    assert await stored.turns("talk-0") == []
