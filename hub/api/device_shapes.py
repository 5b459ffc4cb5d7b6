"""The JSON of what a device's page asks for besides the device itself, as ``shapes.py`` holds the rest."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class ExpectedBand(TypedDict):
    """``points`` are ``[ts, low, high]``; ``learnt_from``, ``learnt_to`` and ``readings`` say what they rest on."""

    metric: str
    unit: str | None
    learnt_from: int | None
    learnt_to: int | None
    readings: int
    points: list[tuple[int, float, float]]


class MessageShape(TypedDict):
    """``payload`` is text, or hexadecimal where it is no UTF-8; ``cut`` says that only its beginning is here."""

    received_at: int
    topic: str
    qos: int
    retained: bool
    bytes: int
    payload: str
    encoding: Literal["utf-8", "hex"]
    cut: bool


class MessageList(TypedDict):
    items: list[MessageShape]
