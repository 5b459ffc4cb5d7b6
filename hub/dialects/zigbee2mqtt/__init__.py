"""Zigbee2MQTT: descriptions of its devices (``exposes``) and decoding of their messages (``dialect``)."""

from __future__ import annotations

from hub.dialects.registration import BaseTopic, DialectSettings, DialectType
from hub.dialects.zigbee2mqtt.dialect import Zigbee2MqttDialect


class Zigbee2MqttSettings(DialectSettings, frozen=True):
    prefix: BaseTopic = "zigbee2mqtt"
    """The ``mqtt.base_topic`` of Zigbee2MQTT."""


DIALECT = DialectType(
    settings=Zigbee2MqttSettings,
    make=lambda settings, context: Zigbee2MqttDialect(settings.prefix),
    roots=lambda settings: (settings.prefix,),
)

__all__ = ["DIALECT", "Zigbee2MqttDialect", "Zigbee2MqttSettings"]
