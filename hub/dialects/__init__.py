"""The languages devices speak. Each is one file; the first in the table that owns a topic reads it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hub.dialects.base import Change, Dialect, Effect, Publish, Reply, Result, Subscribe, Unsubscribe, View
from hub.dialects.native import NativeDialect
from hub.dialects.payload import rejection
from hub.dialects.zigbee2mqtt import Zigbee2MqttDialect


class Roots(msgspec.Struct, frozen=True):
    """Where each dialect begins on this broker."""

    native: str = "devices"
    zigbee2mqtt: str = "zigbee2mqtt"


DIALECTS: dict[str, Callable[[Roots], Dialect]] = {
    "native": lambda roots: NativeDialect(roots.native),
    "zigbee2mqtt": lambda roots: Zigbee2MqttDialect(roots.zigbee2mqtt),
}
"""Name -> how to make it, in order of ownership: native beats discovery."""

__all__ = [
    "DIALECTS",
    "Change",
    "Dialect",
    "Effect",
    "NativeDialect",
    "Publish",
    "Reply",
    "Result",
    "Roots",
    "Subscribe",
    "Unsubscribe",
    "View",
    "Zigbee2MqttDialect",
    "rejection",
]
