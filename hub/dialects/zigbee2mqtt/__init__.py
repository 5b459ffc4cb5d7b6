"""Zigbee2MQTT: what its devices are (``exposes``) and what they say (``dialect``)."""

from hub.dialects.zigbee2mqtt.dialect import Zigbee2MqttDialect

__all__ = ["Zigbee2MqttDialect"]
