"""A conversation with the assistant: questions and answers, with the look-ups, charts and proposals in the answers."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.model.diagnosis import Writer


class Step(msgspec.Struct, frozen=True, tag="step"):
    """A look-up that the assistant made: the tool, and short texts on the request and the result."""

    tool: str
    about: str  # the arguments, in a few words
    found: str  # the result, in a few words
    ok: bool


class Chart(msgspec.Struct, frozen=True, tag="chart"):
    """The history of a metric. `points` are `[ts, min, mean, max, count]`."""

    device: str
    name: str
    metric: str
    unit: str | None
    start: int
    end: int
    points: tuple[tuple[int, float, float, float, int], ...]


class Proposal(msgspec.Struct, frozen=True, tag="proposal"):
    """A command that the assistant proposes, not yet sent. The user may send it to `/api/devices/{device}/commands`."""

    device: str
    name: str
    command: str
    title: str | None
    value: Any
    unit: str | None


class RuleProposal(msgspec.Struct, frozen=True, tag="rule"):
    """A rule that the question asks for, in words. `/rules?new=1&words=…` opens it as a draft; a person saves it."""

    words: str


class Source(msgspec.Struct, frozen=True, tag="source"):
    """Data that an answer is based on: a device, optionally one metric, and a time range."""

    device: str
    name: str
    metric: str | None
    start: int
    end: int


class Unsupported(msgspec.Struct, frozen=True, tag="unsupported"):
    """A sentence of the answer with a number or a time that the data do not support."""

    sentence: str


Extra = Step | Chart | Proposal | RuleProposal | Source | Unsupported
"""A part of an answer besides its text: a look-up, chart, proposal or source, or a sentence that is not supported."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One question and its answer."""

    question: str
    answer: str
    at: int
    writer: Writer
    tokens: int = 0
    stopped: bool = False  # the person stopped the answer before its end
    extras: tuple[Extra, ...] = ()


class Conversation(msgspec.Struct, frozen=True):
    """A conversation with the assistant. `title` is its first question, and `turns` is the number of questions."""

    id: str
    title: str  # the first question
    created_at: int
    updated_at: int
    turns: int  # how many
