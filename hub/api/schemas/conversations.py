"""The JSON of conversations with the assistant."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict


class ConversationItem(TypedDict):
    """``title`` is its first question, ``turns`` how many there are."""

    id: str
    title: str
    created_at: int
    updated_at: int
    turns: int


class ConversationList(TypedDict):
    items: list[ConversationItem]


class StepShape(TypedDict):
    """Something was looked up: the tool, what it was asked and what it found, in a few words."""

    type: Literal["step"]
    tool: str
    about: str
    found: str
    ok: bool


class ChartShape(TypedDict):
    """``points`` are ``[ts, min, mean, max, count]``."""

    type: Literal["chart"]
    device: str
    name: str
    metric: str
    unit: str | None
    start: int
    end: int
    points: list[tuple[int, float, float, float, int]]


class ProposalShape(TypedDict):
    """A command that a person may send to ``/api/devices/{device}/commands``. It has been sent to nobody."""

    type: Literal["proposal"]
    device: str
    name: str
    command: str
    title: str | None
    value: Any
    unit: str | None


class SourceShape(TypedDict):
    type: Literal["source"]
    device: str
    name: str
    metric: str | None
    start: int
    end: int


class UnsupportedShape(TypedDict):
    """A sentence with a number or a time that nothing that was looked up bears out."""

    type: Literal["unsupported"]
    sentence: str


class TurnWriter(TypedDict):
    provider: str
    model: str
    generative: bool


class TurnShape(TypedDict):
    """``stopped``: the person did not wait for the end."""

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
