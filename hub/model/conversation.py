"""A conversation with the assistant: what was asked, what was said, and what was found and shown on the way."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.model.diagnosis import Writer


class Step(msgspec.Struct, frozen=True, tag="step"):
    """Something was looked up: the tool, what it was asked (``about``) and what it ``found``, in a few words."""

    tool: str
    about: str
    found: str
    ok: bool


class Chart(msgspec.Struct, frozen=True, tag="chart"):
    """A metric over a time, as it was looked up. ``points`` are ``(ts, min, mean, max, count)``, times epoch ms."""

    device: str
    name: str
    metric: str
    unit: str | None
    start: int
    end: int
    points: tuple[tuple[int, float, float, float, int], ...]


class Proposal(msgspec.Struct, frozen=True, tag="proposal"):
    """A command that a person may send: exactly this one, to exactly this device. It has been sent to nobody."""

    device: str
    name: str
    command: str
    title: str | None
    value: Any
    unit: str | None


class Source(msgspec.Struct, frozen=True, tag="source"):
    """A device (and metric, where one is meant) that an answer speaks of, and the time to look at."""

    device: str
    name: str
    metric: str | None
    start: int
    end: int


class Unsupported(msgspec.Struct, frozen=True, tag="unsupported"):
    """A sentence of the answer with a number or a time that nothing that was looked up bears out."""

    sentence: str


Extra = Step | Chart | Proposal | Source | Unsupported
"""What an answer has besides its words."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One question and its answer. ``stopped``: the person did not wait for the end. ``at`` in epoch ms."""

    question: str
    answer: str
    at: int
    writer: Writer
    tokens: int = 0
    stopped: bool = False
    extras: tuple[Extra, ...] = ()


class Conversation(msgspec.Struct, frozen=True):
    """``title`` is its first question."""

    id: str
    title: str
    created_at: int
    updated_at: int
    turns: int
