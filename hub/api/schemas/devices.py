"""Objects of a device that the API returns: metrics, hints, expected ranges and raw messages."""

from __future__ import annotations

from typing import Any, Literal

from hub.api.schemas.api_object import ApiObject
from hub.model import Category, Quality, Value


class MetricFacts(ApiObject):
    """How to show a metric.

    `device_class` is a device class of Home Assistant, or one of the hub's own (`contact`, `locked`, `charge`,
    `switch`). The metric with the lowest `rank` represents the device.
    """

    title: str
    device_class: str | None
    category: Category
    rank: int
    hidden: bool


class MetricShape(MetricFacts):
    """A metric with its latest value. `calculated` is the id of a calculated metric in `calculated.toml`, else null."""

    value: Value
    unit: str | None
    ts: int
    quality: Quality
    calculated: str | None


class MetricEditShape(ApiObject):
    """A user's override of a metric. Null means the device's own value."""

    title: str | None
    unit: str | None
    hidden: bool
    quantity: str | None
    places: list[str] | None
    role: str | None


class SemanticsShape(ApiObject):
    """What a metric measures, as the hub understands it.

    `quantity` is null if the hub does not know it; `likely` then lists quantities to choose from. `source` says where
    the hub knows it from: the `unit`; words in the `name` or `title`; the device class (`class`); a `person` who
    corrected this metric; or a person who corrected the metric on another device of the same `model`.
    """

    quantity: str | None
    places: list[str]
    role: str
    source: Literal["unit", "name", "title", "class", "person", "model", "unknown"]
    likely: list[str]


class KindsShape(ApiObject):
    """The kinds of machine that a device may be.

    `source` says how the hub knows them: from words in the device's `name`, model or labels; from its `metrics`; from a
    `person` who chose them for this device; or from a person's choice for another device of the same `model`. It is
    `unknown` if the hub does not know the kinds.
    """

    ids: list[str]
    source: Literal["name", "metrics", "person", "model", "unknown"]


class TermShape(ApiObject):
    id: str
    title: str


class Terms(ApiObject):
    """Quantities, places, roles and kinds of machine that metrics and devices can have, with English titles."""

    quantities: list[TermShape]
    places: list[TermShape]
    roles: list[TermShape]
    kinds: list[TermShape]


class DeviceHintShape(ApiObject):
    """A hint on a mistake in how a device reports, such as a number sent as text or an `id` that never changes.

    `metric` is null if the hint is about the device as a whole. `message_key` identifies the sentence in `text`, and
    `message_params` are the values in it.
    """

    metric: str | None
    text: str
    message_key: str
    message_params: dict[str, Any]


class ExpectedBand(ApiObject):
    """The expected range of a metric over time.

    `points` are `[ts, low, high]`. The range was learned from `readings` readings between `learnt_from` and
    `learnt_to`.
    """

    metric: str
    unit: str | None
    learnt_from: int | None
    learnt_to: int | None
    readings: int
    points: list[tuple[int, float, float]]


class MessageShape(ApiObject):
    """An MQTT message. `payload` is text, or hexadecimal digits if the payload is not UTF-8.

    `cut` is true if `payload` is only the beginning.
    """

    received_at: int
    topic: str
    qos: int
    retained: bool
    bytes: int
    payload: str
    encoding: Literal["utf-8", "hex"]
    cut: bool


class MessageList(ApiObject):
    items: list[MessageShape]
