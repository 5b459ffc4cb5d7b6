"""Decode what devices publish, one file or package a dialect; the first that owns a topic decodes it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec

from hub.dialects.base import (
    Action,
    CommandReply,
    Dialect,
    DialectState,
    Publish,
    Result,
    Subscribe,
    Unsubscribe,
    View,
    is_plain,
)
from hub.dialects.homeassistant import HomeAssistantDialect, fill
from hub.dialects.homie import HomieDialect
from hub.dialects.mapping import MappingDialect, Trial, parse_mappings, parse_usable_mappings, try_out
from hub.dialects.native import NativeDialect
from hub.dialects.payload import MAX_BYTES, rejection
from hub.dialects.payload_schema import PayloadSchema
from hub.dialects.shelly import ShellyDialect
from hub.dialects.sparkplug import SparkplugDialect
from hub.dialects.tasmota import TasmotaDialect
from hub.dialects.times import is_timely
from hub.dialects.zigbee2mqtt import Zigbee2MqttDialect
from hub.model import Mapping


class Roots(msgspec.Struct, frozen=True):
    """Where each dialect begins on this broker."""

    native: str = "devices"
    zigbee2mqtt: str = "zigbee2mqtt"
    tasmota: str = "tasmota/discovery"
    sparkplug: str = "spBv1.0"
    shelly: str = "shellies"
    homie: str = "homie"
    homeassistant: str = "homeassistant"
    mappings: tuple[Mapping, ...] = ()
    """What a person has mapped: not a root, but what lies outside of all."""

    def others(self, name: str) -> tuple[str, ...]:
        """Where everybody but ``name`` begins: a device that names its own topics gets none there."""
        roots = msgspec.structs.asdict(self).items()
        return tuple(root for other, root in roots if other not in (name, "mappings"))


DIALECTS: dict[str, Callable[[Roots], Dialect]] = {
    "native": lambda roots: NativeDialect(roots.native),
    "zigbee2mqtt": lambda roots: Zigbee2MqttDialect(roots.zigbee2mqtt),
    "tasmota": lambda roots: TasmotaDialect(roots.tasmota, roots.others("tasmota")),
    "sparkplug": lambda roots: SparkplugDialect(roots.sparkplug),
    "shelly": lambda roots: ShellyDialect(roots.shelly, reserved=roots.others("shelly")),
    "homie": lambda roots: HomieDialect(roots.homie),
    "homeassistant": lambda roots: HomeAssistantDialect(roots.homeassistant, *_taken("homeassistant", roots)),
    "mapping": lambda roots: MappingDialect(roots.mappings),
}
"""Name -> how to make it, in order of ownership: native beats discovery, and both beat a mapping."""


def _taken(name: str, roots: Roots) -> tuple[Callable[[str], bool], list[str]]:
    """Return what tells the topics that every dialect before ``name`` reads by itself, and the filters of these."""
    before = [DIALECTS[each](roots) for each in itertools.takewhile(lambda each: each != name, DIALECTS)]
    filters = [
        each
        for dialect in before
        for each in (dialect.topics if isinstance(dialect, NativeDialect) else dialect.filters)
    ]
    return lambda topic: any(dialect.owns(topic) for dialect in before), filters


def reserved(roots: Roots) -> list[str]:
    """The filters that the dialects subscribe to by themselves; a mapping stays out of them."""
    return [wanted for name, make in DIALECTS.items() if name != "mapping" for wanted in make(roots).filters]


def birth_messages(roots: Roots) -> list[Publish]:
    """What devices wait for before they speak up, to be sent at every connection: Home Assistant's birth message."""
    return [Publish(f"{roots.homeassistant}/status", b"online", qos=0)]


__all__ = [
    "DIALECTS",
    "MAX_BYTES",
    "Action",
    "CommandReply",
    "Dialect",
    "DialectState",
    "HomeAssistantDialect",
    "HomieDialect",
    "MappingDialect",
    "NativeDialect",
    "PayloadSchema",
    "Publish",
    "Result",
    "Roots",
    "ShellyDialect",
    "SparkplugDialect",
    "Subscribe",
    "TasmotaDialect",
    "Trial",
    "Unsubscribe",
    "View",
    "Zigbee2MqttDialect",
    "birth_messages",
    "fill",
    "is_plain",
    "is_timely",
    "parse_mappings",
    "parse_usable_mappings",
    "rejection",
    "reserved",
    "try_out",
]
