"""Decode the messages of devices. Each dialect is a file or package; the first dialect that owns a topic decodes it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec

from hub.dialects import (
    homeassistant,
    homie,
    mapping,
    meshtastic,
    native,
    shelly,
    sparkplug,
    tasmota,
    thingsboard,
    zigbee2mqtt,
)
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
from hub.dialects.meshtastic import MeshtasticDialect
from hub.dialects.native import NativeDialect, NativeSettings
from hub.dialects.payload import MAX_BYTES, rejection
from hub.dialects.payload_schema import PayloadSchema
from hub.dialects.registration import BaseTopic, DialectContext, DialectSettings, DialectType
from hub.dialects.shelly import ShellyDialect
from hub.dialects.sparkplug import SparkplugDialect
from hub.dialects.tasmota import TasmotaDialect
from hub.dialects.thingsboard import ThingsBoardDialect
from hub.dialects.times import is_timely
from hub.dialects.zigbee2mqtt import Zigbee2MqttDialect
from hub.model import Mapping

DIALECTS: dict[str, DialectType[Any]] = {
    "native": native.DIALECT,
    "zigbee2mqtt": zigbee2mqtt.DIALECT,
    "tasmota": tasmota.DIALECT,
    "sparkplug": sparkplug.DIALECT,
    "shelly": shelly.DIALECT,
    "homie": homie.DIALECT,
    "thingsboard": thingsboard.DIALECT,
    "meshtastic": meshtastic.DIALECT,
    "homeassistant": homeassistant.DIALECT,
    "mapping": mapping.DIALECT,
}
"""Dialects by name, in the order in which they are asked whether they own a topic.

The native dialect comes before discovery, and both come before mappings.
"""


def _default_settings() -> dict[str, DialectSettings]:
    return {name: dialect.settings() for name, dialect in DIALECTS.items()}


class DialectConfig(msgspec.Struct, frozen=True):
    """The settings of all dialects, by the dialect's name, and the user's mappings."""

    settings: dict[str, DialectSettings] = msgspec.field(default_factory=_default_settings)
    mappings: tuple[Mapping, ...] = ()

    @property
    def root(self) -> str:
        """The beginning of the hub's own topics, such as ``devices``. It may have several levels."""
        return next(each.prefix for each in self.settings.values() if isinstance(each, NativeSettings))

    @property
    def enabled(self) -> list[str]:
        """Return the names of the enabled dialects, in the order of :data:`DIALECTS`."""
        return [name for name in DIALECTS if self.settings[name].enabled]


def make_dialects(config: DialectConfig) -> list[Dialect]:
    """Return the enabled dialects. A message is decoded by the first dialect in this order that owns its topic."""
    return [make_dialect(name, config) for name in config.enabled]


def make_dialect(name: str, config: DialectConfig) -> Dialect:
    """Return a new dialect, made from its settings in ``config``. It has no state yet."""
    others = [(DIALECTS[other], config.settings[other]) for other in config.enabled if other != name]
    context = DialectContext(
        other_roots=tuple(root for dialect, settings in others for root in dialect.roots(settings)),
        earlier=lambda: [
            make_dialect(each, config) for each in itertools.takewhile(lambda each: each != name, config.enabled)
        ],
        mappings=config.mappings,
    )
    return DIALECTS[name].make(config.settings[name], context)


def reserved(config: DialectConfig) -> list[str]:
    """Return the topic filters of the enabled dialects except mappings. A mapping must not overlap them."""
    return [each for name, filters in filters_of(config).items() if name != "mapping" for each in filters]


def filters_of(config: DialectConfig) -> dict[str, Sequence[str]]:
    """Return the topic filters that each enabled dialect subscribes to at start, by the dialect's name."""
    return {dialect.name: dialect.filters for dialect in make_dialects(config)}


def disabled_dialects(config: DialectConfig) -> list[Dialect]:
    """Return the disabled dialects, in their initial state."""
    return [make_dialect(name, config) for name in DIALECTS if name not in config.enabled]


def switched_off(config: DialectConfig) -> list[str]:
    """Return the topic filters that only disabled dialects use."""
    needed = {each for filters in filters_of(config).values() for each in filters}
    return [each for dialect in disabled_dialects(config) for each in dialect.filters if each not in needed]


def birth_messages(config: DialectConfig) -> list[Publish]:
    """Return the messages that the hub publishes after each connection, because some devices wait for them."""
    return [each for name in config.enabled for each in DIALECTS[name].birth_messages(config.settings[name])]


__all__ = [
    "DIALECTS",
    "MAX_BYTES",
    "Action",
    "BaseTopic",
    "CommandReply",
    "Dialect",
    "DialectConfig",
    "DialectContext",
    "DialectSettings",
    "DialectState",
    "DialectType",
    "HomeAssistantDialect",
    "HomieDialect",
    "MappingDialect",
    "MeshtasticDialect",
    "NativeDialect",
    "PayloadSchema",
    "Publish",
    "Result",
    "ShellyDialect",
    "SparkplugDialect",
    "Subscribe",
    "TasmotaDialect",
    "ThingsBoardDialect",
    "Trial",
    "Unsubscribe",
    "View",
    "Zigbee2MqttDialect",
    "birth_messages",
    "disabled_dialects",
    "fill",
    "filters_of",
    "is_plain",
    "is_timely",
    "make_dialect",
    "make_dialects",
    "parse_mappings",
    "parse_usable_mappings",
    "rejection",
    "reserved",
    "switched_off",
    "try_out",
]
