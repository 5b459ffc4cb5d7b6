"""A topic mapping: how messages on the topics that match a pattern are decoded to devices, metrics and units."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.model.device import Reporting

Form = Literal["auto", "plain", "json", "collectd", "senml"]
"""The payload's format. ``auto``: JSON if it begins like JSON, else one plain value."""

Kind = Literal["number", "boolean", "text"]


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How to read one metric from a JSON message."""

    path: str  # keys and list indexes separated by dots, ``outdoor.temps.0``; a dot in a key is written ``\\.``
    unit: str | None = None
    kind: Kind | None = None  # converts a text to a number, or 1 and "on" to true


class PresenceWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Payloads that say whether a device is online: the whole payload, or the value at ``path`` in the JSON.

    With a ``path``, a message with any other value there is decoded as a normal message.
    """

    path: str | None = None
    online: tuple[str, ...] = ("online",)
    offline: tuple[str, ...] = ("offline",)


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A topic pattern, and how messages on the matching topics are decoded.

    In ``topic``, such as ``home/{room}/{metric}``, a level in braces has a name. ``+`` is a level without a name, and
    ``{rest...}`` at the end stands for one or more levels.

    ``device``, ``metric``, ``name``, ``manufacturer``, ``model``, ``area`` and ``via`` are templates. In a template,
    ``{room}`` is replaced by the topic's level of that name, and ``{payload.model}`` by a field of the JSON. If a
    message lacks that field, the part of the template between two slashes that contains it is left out.
    """

    topic: str
    device: str = "{device}"
    metric: str | None = None
    form: Form = "auto"
    metrics: dict[str, Pick | str] = {}  # what to read by metric; empty: every value of the JSON is a metric
    values: str | None = None  # path of the object whose values are metrics, beside those in ``metrics``
    ignore: tuple[str, ...] = ()  # patterns of metrics that are not wanted
    units: dict[str, str] = {}  # by pattern of a metric's name (``temp*``), like kinds
    kinds: dict[str, Kind] = {}
    time: str | None = None  # path of the message's own time
    zone: str | None = None  # time zone (IANA name) of a time there that has none
    name: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    area: str | None = None
    via: str | None = None
    presence: PresenceWords | None = None
    reports: Reporting | None = None  # how the devices report; None: regularly, or learned from what they measure
