"""The JSON of what a device's page asks for besides the device itself, as ``shapes.py`` holds the rest."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from hub.api.schemas.api_object import ApiObject
from hub.model import Category, Quality, Value


class MetricFacts(ApiObject):
    """How a metric is shown. ``device_class`` is one of Home Assistant's or of the hub's own (``contact``, ``locked``,
    ``charge``, ``switch``); of a device's metrics the one with the least ``rank`` stands for it."""

    title: str
    device_class: str | None
    category: Category
    rank: int
    hidden: bool


class MetricShape(MetricFacts):
    value: Value
    unit: str | None
    ts: int
    quality: Quality


class MetricEditShape(ApiObject):
    """What a person set for a metric; null is the device's own."""

    title: str | None
    unit: str | None
    hidden: bool


class DeviceHintShape(ApiObject):
    """What should be known of how a device reports: a number that comes as a text, an ``id`` that is in every message.
    ``metric`` is null where it is about its messages as a whole."""

    metric: str | None
    text: str


class ExpectedBand(ApiObject):
    """``points`` are ``[ts, low, high]``; ``learnt_from``, ``learnt_to`` and ``readings`` say what they rest on."""

    metric: str
    unit: str | None
    learnt_from: int | None
    learnt_to: int | None
    readings: int
    points: list[tuple[int, float, float]]


class MessageShape(ApiObject):
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
