"""How a person says what topics without a dialect mean: which device, which metrics, which units."""

from __future__ import annotations

from typing import Literal

import msgspec

Form = Literal["auto", "plain", "json", "collectd", "senml"]
"""``auto``: JSON where the payload begins like it, else one plain value."""

Kind = Literal["number", "boolean", "text"]


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One metric out of a JSON message: ``path`` is keys and list indexes with dots between (``outdoor.temps.0``; a
    dot within a key is written ``\\.``). ``kind`` reads a text as a number, or 1 and "on" as true."""

    path: str
    unit: str | None = None
    kind: Kind | None = None


class PresenceWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The words that say that a device is there or not: the whole payload, or what stands at ``path`` in the JSON.

    With a ``path`` a message that says neither is read as any other."""

    path: str | None = None
    online: tuple[str, ...] = ("online",)
    offline: tuple[str, ...] = ("offline",)


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One pattern of topics, and what messages there say.

    ``topic`` is a topic with named levels: ``home/{room}/{metric}``; ``+`` is a level nobody needs, ``{rest...}``
    (last) one or more levels. The texts below it are templates: ``{room}`` is a level of the topic,
    ``{payload.model}`` a field of the JSON; a part between slashes whose field is missing is left out. ``metrics``
    names what to pick; without it every value of the JSON tree is a metric, but for those that ``ignore`` matches.
    ``units`` and ``kinds`` go by the metric's name, ``*`` stands for anything. ``time`` is the path of the message's
    own time, ``zone`` the time zone (an IANA name) of a time there that names none. ``presence`` is for messages
    that say whether the device is there.
    """

    topic: str
    device: str = "{device}"
    metric: str | None = None
    form: Form = "auto"
    metrics: dict[str, Pick | str] = {}
    ignore: tuple[str, ...] = ()
    units: dict[str, str] = {}
    kinds: dict[str, Kind] = {}
    time: str | None = None
    zone: str | None = None
    name: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    area: str | None = None
    via: str | None = None
    presence: PresenceWords | None = None
