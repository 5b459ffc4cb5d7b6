"""Meshtastic: the JSON that a gateway publishes for the nodes that it hears.

The topic is ``msh/EU_868/2/json/CHANNEL/!GATEWAY``. The field ``from`` of a message is the number of its node, which
Meshtastic writes as ``!7efeee00``. Encrypted packets (``/e/``) and packets for the map (``/map/``) are not JSON, and
the hub does not subscribe to them.

Source: the Meshtastic documentation, "MQTT", and ``MeshPacketSerializer.cpp``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.dialects.base import Action, DialectState, Result, View, expired_values
from hub.dialects.payload import is_unknown, metric_name, scalar, telemetry_object
from hub.dialects.registration import BaseTopic, DialectSettings, DialectType
from hub.dialects.rejections import Fault, reject_all, rejections
from hub.dialects.times import when
from hub.errors import Rejected
from hub.model import Identity, Info, Quality, RawMessage, Record, Value

_UNITS = {
    "battery_level": "%",
    "voltage": "V",
    "channel_utilization": "%",
    "air_util_tx": "%",
    "uptime_seconds": "s",
    "temperature": "°C",
    "relative_humidity": "%",
    "barometric_pressure": "hPa",
    "gas_resistance": "MΩ",
    "lux": "lx",
    "wind_speed": "m/s",
    "wind_direction": "°",
    "location.latitude": "°",
    "location.longitude": "°",
    "location.altitude": "m",
    "rssi": "dBm",
    "snr": "dB",
}
_POSITION: dict[str, tuple[str, Callable[[float], float]]] = {
    "latitude_i": ("location.latitude", lambda value: round(value / 1e7, 7)),
    "longitude_i": ("location.longitude", lambda value: round(value / 1e7, 7)),
    "altitude": ("location.altitude", float),
}
"""For each key of a position: the metric, and the function that converts the transmitted integer to its value."""
_READINGS = ("telemetry", "text", "detection", "remotehardware", "paxcounter")


class MeshtasticDialect:
    """Dialect of Meshtastic. ``root`` is Meshtastic's root topic, without the region."""

    name = "meshtastic"

    def __init__(self, root: str = "msh") -> None:
        self._root = f"{root}/"
        # The region and the channel are one level each; a root topic may have its own levels before them.
        self.filters: Sequence[str] = (f"{root}/+/2/json/+/+", f"{root}/2/json/+/+")

    def owns(self, topic: str) -> bool:
        return topic.startswith(self._root) and topic.split("/")[-4:-2] == ["2", "json"]

    def decode(self, message: RawMessage, view: View) -> Result:
        if not message.payload:
            return Result()  # a retained message was deleted
        body = telemetry_object(message.payload, "A packet of Meshtastic")
        sender, kind, content = body.get("from"), body.get("type"), body.get("payload")
        if isinstance(sender, bool) or not isinstance(sender, int) or not 0 < sender < 2**32:
            raise Rejected("no_device", 'A packet of Meshtastic must have the number of its node in "from".')
        native_id = f"!{sender:08x}"
        device = f"meshtastic:{native_id[1:]}"
        content = content if isinstance(content, dict) else {}
        if kind == "nodeinfo":
            return Result(identities=(self._identity(device, native_id, content),), heard=(device,))
        values: dict[str, Value] = {}
        unknown: list[str] = []
        faults: list[Fault] = []
        for name, value in _readings(str(kind), content).items():
            try:
                if value is None or is_unknown(value):
                    unknown.append(metric_name(name))
                elif kind == "position":
                    metric, convert = _POSITION[name]
                    values[metric] = convert(float(scalar(name, value)))
                else:
                    values[metric_name(name)] = scalar(name, value)
            except Rejected as error:
                faults.append((name, value, error))
        if not values and not unknown:
            heard = (device,) if view.known(device) and not faults else ()
            return Result(rejections=reject_all(message, faults), heard=heard)
        ts, quality = _time(body.get("timestamp"), message, faults)
        record = Record(device, ts, message.received, values, quality)
        return Result(
            records=(record,) if values else (),
            identities=() if view.known(device) else (self._identity(device, native_id, {}),),
            expirations=expired_values(record, unknown, view),
            rejections=rejections(message, faults),
        )

    def _identity(self, device: str, native_id: str, node: Mapping[str, Any]) -> Identity:
        name = node.get("longname")
        name = name[:200] if isinstance(name, str) and name else f"Meshtastic {native_id}"
        # A node saves the battery and the radio channel: it reports when it moves, or about twice an hour.
        info = Info(name=name, manufacturer="Meshtastic", units=_UNITS, reports="events")
        return Identity(device, native_id, self.name, info)

    def apply(self, change: DialectState) -> Sequence[Action]:
        return ()

    def tick(self, view: View, now: int) -> Result:
        return Result()


def _time(sent: Any, message: RawMessage, faults: list[Fault]) -> tuple[int, Quality]:
    """Return the time of a packet in ms and its quality. An invalid time is added to ``faults``."""
    try:
        return when(sent, message.received, retained=message.retained)
    except Rejected as error:
        faults.append(("timestamp", sent, error))
        return message.received, "retained" if message.retained else "clock"


def _readings(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a packet by metric. ``kind`` is the type of the packet, ``content`` its payload."""
    if kind == "position":
        found = {key: content.get(key) for key in _POSITION}
        return {key: value for key, value in found.items() if type(value) in (int, float)}
    if kind in _READINGS:
        return {name: value for name, value in content.items() if not isinstance(value, dict | list)}
    return {}


class MeshtasticSettings(DialectSettings, frozen=True):
    prefix: BaseTopic = "msh"
    """Meshtastic's root topic, without the region."""


DIALECT = DialectType(
    settings=MeshtasticSettings,
    make=lambda settings, context: MeshtasticDialect(settings.prefix),
    roots=lambda settings: (settings.prefix,),
)
