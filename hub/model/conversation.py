"""A conversation with the assistant: questions, answers, and the lookups, charts and proposals that belong to them."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.model.diagnosis import Writer


class Step(msgspec.Struct, frozen=True, tag="step"):
    """Call of a tool."""

    tool: str
    about: str  # the arguments, in a few words
    found: str  # the result, in a few words
    ok: bool


class Chart(msgspec.Struct, frozen=True, tag="chart"):
    """Metric over a time range. ``points`` are ``(ts, min, mean, max, count)``."""

    device: str
    name: str
    metric: str
    unit: str | None
    start: int
    end: int
    points: tuple[tuple[int, float, float, float, int], ...]


class Proposal(msgspec.Struct, frozen=True, tag="proposal"):
    """Command that a person may send with one click. The assistant itself sends none."""

    device: str
    name: str
    command: str
    title: str | None
    value: Any
    unit: str | None


class Source(msgspec.Struct, frozen=True, tag="source"):
    """Device, and maybe metric, that an answer is about, with the time range to look at."""

    device: str
    name: str
    metric: str | None
    start: int
    end: int


class Unsupported(msgspec.Struct, frozen=True, tag="unsupported"):
    """Sentence of the answer with a number or a time that the results of the tools do not contain."""

    sentence: str


Extra = Step | Chart | Proposal | Source | Unsupported
"""What an answer has beside its text."""


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
    """Entry in the list of conversations."""

    id: str
    title: str  # the first question
    created_at: int
    updated_at: int
    turns: int  # how many
