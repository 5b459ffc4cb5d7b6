"""Objects of conversations with the assistant that the API returns."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict


class ConversationItem(TypedDict):
    """A conversation. `title` is its first question, `turns` the number of questions."""

    id: str
    title: str
    created_at: int
    updated_at: int
    turns: int


class ConversationList(TypedDict):
    items: list[ConversationItem]


class StepShape(TypedDict):
    """A look-up: the tool, a short text on the request, and one on the result."""

    type: Literal["step"]
    tool: str
    about: str
    found: str
    ok: bool


class ChartShape(TypedDict):
    """The history of a metric. `points` are `[ts, min, mean, max, count]`."""

    type: Literal["chart"]
    device: str
    name: str
    metric: str
    unit: str | None
    start: int
    end: int
    points: list[tuple[int, float, float, float, int]]


class ProposalShape(TypedDict):
    """A proposed command, which has not been sent. The user may send it to `/api/devices/{device}/commands`."""

    type: Literal["proposal"]
    device: str
    name: str
    command: str
    title: str | None
    value: Any
    unit: str | None


class SourceShape(TypedDict):
    """Data that an answer is based on."""

    type: Literal["source"]
    device: str
    name: str
    metric: str | None
    start: int
    end: int


class UnsupportedShape(TypedDict):
    """A sentence of the answer with a number or a time that is not supported by the data."""

    type: Literal["unsupported"]
    sentence: str


class TurnWriter(TypedDict):
    provider: str
    model: str
    generative: bool


class TurnShape(TypedDict):
    """A question with its answer. `stopped`: the user stopped it before the end."""

    question: str
    answer: str
    at: int
    writer: TurnWriter
    tokens: int
    stopped: bool
    extras: list[StepShape | ChartShape | ProposalShape | SourceShape | UnsupportedShape]


class ConversationShape(TypedDict):
    id: str
    turns: list[TurnShape]
