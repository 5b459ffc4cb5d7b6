"""Metrics and units in Tasmota's JSON.

A metric is named by the path of its value (``ENERGY.Power``, ``ENERGY.Total.0``, ``DS18B20-1.Temperature``). Its unit
is derived from its name. For temperature, pressure and speed, the message itself has the unit, under the keys
``TempUnit``, ``PressureUnit`` and ``SpeedUnit``.

Source: the Tasmota documentation, "Commands", "Lights" and the pages of its sensors; its driver sources.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from hub.dialects.payload import MAX_TEXT, metric_name, scalar
from hub.dialects.rejections import Fault
from hub.dialects.units import spell
from hub.errors import Rejected
from hub.model import Value

SCALES = ("TempUnit", "PressureUnit", "SpeedUnit")
"""Keys of a message that declare a unit for all its sensors."""
MAX_DEPTH = 6
_NOT_SENSORS = frozenset(("Time", "Epoch", *SCALES))
_UNITS = {
    "Temperature": "TempUnit",
    "DewPoint": "TempUnit",
    "FeelsLike": "TempUnit",
    "Pressure": "PressureUnit",
    "SeaPressure": "PressureUnit",
    "Speed": "SpeedUnit",
    "Humidity": "%",
    "Moisture": "%",
    "Battery": "%",
    "BatteryPercentage": "%",
    "Illuminance": "lx",
    "Ambient": "lx",
    "CCT": "K",
    "CarbonDioxide": "ppm",
    "eCO2": "ppm",
    "TVOC": "ppb",
    "PM1": "µg/m³",
    "PM2.5": "µg/m³",
    "PM10": "µg/m³",
    "CF1": "µg/m³",
    "CF2.5": "µg/m³",
    "CF10": "µg/m³",
    "Distance": "cm",
    "Weight": "kg",
    "Power": "W",
    "ActivePower": "W",
    "ApparentPower": "VA",
    "ReactivePower": "VAr",
    "Voltage": "V",
    "Current": "A",
    "CurrentNeutral": "A",
    "Frequency": "Hz",
    "PhaseAngle": "°",
    "RSSI": "dBm",
}
_ENERGY = {
    **dict.fromkeys(("Total", "Today", "Yesterday", "TotalTariff", "Energy", "ExportActive", "ExportTariff"), "kWh"),
    **dict.fromkeys(("ImportActive", "TodaySumImport", "TodaySumExport"), "kWh"),
    **dict.fromkeys(("ImportReactive", "ExportReactive"), "kVArh"),
}
"""Names that mean energy only if they are in the readings of an energy meter.

In the readings of a radar, ``Energy`` is a signal strength.
"""
_STATE = {
    "UptimeSec": "s",
    "Vcc": "V",
    "Heap": "kB",
    "Sleep": "ms",
    "LoadAvg": "%",
    "MqttCount": "",
    "Speed": "",
    "FanSpeed": "",
    "Scheme": "",
    "Dimmer": "%",
    "White": "%",
    "Channel": "%",
    "CT": "mired",
    "Color": "",
    "HSBColor": "",
}
_WIFI = {"RSSI": "%", "Signal": "dBm"}
_SHUTTER = {"Position": "%", "Target": "%", "Tilt": "°", "Direction": ""}
_RESULTS = ("POWER", "Dimmer", "White", "Channel", "CT", "Color", "HSBColor", "Scheme", "Speed", "FanSpeed")
RECEIVED = ("RfReceived", "IrReceived", "SerialReceived", "HdmiReceived", "ZbReceived", "LwReceived", "RC522", "PN532")
"""Keys in RESULT whose values are readings, since the device received something. Other keys are replies to commands."""
_DIGITS = re.compile(r"\d+\Z")

Found = list[tuple[str, Any, str]]
"""A list of (metric, raw value, unit). The unit is an empty text if the metric has no unit.

If the name of a metric is invalid, the raw value is the error (Rejected).
"""


def sensors(body: Mapping[str, Any], scales: Mapping[str, str]) -> Found:
    """Return all values of a SENSOR message. ``scales`` has the unit for each key of :data:`SCALES`."""
    found: Found = []
    for name, value in body.items():
        if name not in _NOT_SENSORS:
            _add(found, "", name, value, name, "", scales, 0)
    return found


def _add(
    found: Found, within: str, name: str, value: Any, sensor: str, unit: str, scales: Mapping[str, str], depth: int
) -> None:
    """Add a value of a message to ``found``; for an object or a list, add each value in it, recursively.

    A value without a unit of its own has the ``unit`` of the enclosing object, such as ``Speed`` for ``Speed.Act``.
    """
    try:
        metric, own = _metric_and_unit(within, sensor, name)
    except Rejected as error:
        found.append((name, error, ""))
        return
    resolved = (scales.get(own, "") if own in SCALES else own) or unit
    kind = type(value)
    if kind is dict:
        if depth < MAX_DEPTH:
            for part, inner in value.items():
                _add(found, metric, part, inner, sensor, resolved, scales, depth + 1)
    elif kind is list:
        if depth < MAX_DEPTH:
            for index, inner in enumerate(value):
                _add(found, metric, str(index), inner, "", resolved, scales, depth + 1)
    else:
        found.append((metric, value, resolved))


@lru_cache(20_000)
def _metric_and_unit(within: str, sensor: str, name: str) -> tuple[str, str]:
    """Return the metric's name and unit for the field ``name`` of a sensor. Raises Rejected (``bad_name``)."""
    return metric_name(f"{within}.{name}" if within else name), _unit(sensor, name)


def _unit(sensor: str, name: str) -> str:
    """Return the unit of the value ``name`` of the sensor ``sensor``; an empty text if it has no unit.

    A device declares some units in its messages. For these, return the key of :data:`SCALES` that declares the unit.
    """
    if not sensor or (sensor.startswith("Zb") and name == "Power"):
        return ""  # an item of a list has the list's unit; Zigbee's Power is on or off
    if sensor.startswith("Lw") and name == "Battery":
        return "V"
    if sensor.startswith("AS3935") and name == "Distance":
        return "km"
    for known in (name, _bare(name)):
        if known in _UNITS:
            return _UNITS[known]
        if known in _ENERGY and sensor.startswith(("ENERGY", "ANALOG")):
            return _ENERGY[known]
    return ""


@lru_cache(10_000)
def _bare(name: str) -> str:
    """Return the name without digits at its end."""
    return _DIGITS.sub("", name)


def state(body: Mapping[str, Any]) -> Found:
    """Return the readings in the body of a STATE message. Fields about settings or networks are left out."""
    found: Found = []
    for name, value in body.items():
        bare = _bare(name)
        if bare == "POWER" or bare in _STATE:
            _add(found, "", name, value, "", _STATE.get(bare, ""), {}, MAX_DEPTH - 1)
        elif bare == "Shutter":
            _add_parts(found, name, value, _SHUTTER)
        elif name == "Wifi":
            _add_parts(found, name, value, _WIFI)
    return found


def result(body: Mapping[str, Any], scales: Mapping[str, str]) -> Found:
    """Return the readings in a RESULT message. Most replies to commands are settings, which are left out."""
    found: Found = []
    for name, value in body.items():
        bare = _bare(name)
        if bare in _RESULTS:
            _add(found, "", name, value, "", _STATE.get(bare, ""), {}, MAX_DEPTH - 1)
        elif bare == "Shutter":
            _add_parts(found, name, value, _SHUTTER)
        elif bare in ("Switch", "Button") and isinstance(value, dict):
            action = value.get("Action")
            if bare == "Switch" and action in ("ON", "OFF"):
                _add(found, "", name, action, "", "", {}, 0)  # the same metric as in SENSOR
            elif isinstance(action, str):
                _add(found, name, "Action", action, "", "", {}, 0)
        elif name in RECEIVED:
            _add(found, "", name, value, name, "", scales, 0)
    return found


def _add_parts(found: Found, name: str, value: Any, units: Mapping[str, str]) -> None:
    """Add to ``found`` those fields of the object ``value`` that are keys of ``units``, each with its unit."""
    if isinstance(value, dict):
        for part, unit in units.items():
            if part in value:
                _add(found, name, part, value[part], "", unit, {}, MAX_DEPTH)


class TasmotaReadings:
    """Converted values of a message.

    Args:
        found: The raw values.
        numbers: Metrics that were announced as numbers. A text value of such a metric is converted to a number.
        states: The device's texts for off and on.

    Attributes:
        values: The valid values by metric.
        units: The units of numeric values, by metric.
        unknown: Metrics without a value (null), such as the metrics of a sensor that does not answer.
        faults: The invalid values.
    """

    __slots__ = ("faults", "units", "unknown", "values")

    def __init__(self, found: Found, numbers: Collection[str], states: tuple[str, ...]) -> None:
        self.values: dict[str, Value] = {}
        self.units: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.unknown: list[str] = []
        for metric, raw, unit in found:
            try:
                if isinstance(raw, Rejected):
                    raise raw
                value = _value(metric, raw, unit, numbers, states)
            except Rejected as error:
                self.faults.append((metric, None if raw is error else raw, error))
                continue
            if value is None:
                self.unknown.append(metric)
            else:
                self.values[metric] = value
                if unit and type(value) is float:
                    self.units[metric] = unit


def _value(metric: str, raw: Any, unit: str, numbers: Collection[str], states: tuple[str, ...]) -> Value | None:
    if raw is None:
        return None
    return _text(metric, raw, unit, numbers, states) if isinstance(raw, str) else scalar(metric, raw)


def _text(metric: str, raw: str, unit: str, numbers: Collection[str], states: tuple[str, ...]) -> Value | None:
    if metric.startswith(("POWER", "Switch")):
        return parse_switch(raw, states)
    if raw in ("ON", "OFF"):
        return raw == "ON"
    if unit or metric in numbers:
        return _number(raw)
    return scalar(metric, raw[:MAX_TEXT])


def parse_switch(text: str, states: tuple[str, ...]) -> Value:
    """Return True if the text means on, False if it means off, and any other text (``TOGGLE``) unchanged.

    ``states`` has the device's own texts for off and on.
    """
    if len(states) > 1 and text in states[:2]:
        return text == states[1]
    word = text.upper()
    if word in ("ON", "OFF", "1", "0", "TRUE", "FALSE"):
        return word in ("ON", "1", "TRUE")
    return text[:MAX_TEXT]


def _number(text: str) -> Value | None:
    """Return a text as a number, or the text itself if it is not a number. None if it is empty or not finite."""
    try:
        value = float(text)
    except ValueError:
        return text[:MAX_TEXT] or None
    return value if math.isfinite(value) else None


def scales_of(body: Mapping[str, Any], before: dict[str, str]) -> dict[str, str]:
    """Return ``before``, updated with the units (``TempUnit`` and others in :data:`SCALES`) that ``body`` has."""
    found = {key: spell(body[key][:32]) for key in SCALES if isinstance(body.get(key), str)}
    return {**before, **found} if found else before
