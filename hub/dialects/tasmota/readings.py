"""Tasmota's JSON into metrics and their units. Knows no topic and no device.

A metric is the path of its value (``ENERGY.Power``, ``ENERGY.Total.0``, ``DS18B20-1.Temperature``). Units follow from
the names that Tasmota uses everywhere; temperature, pressure and speed come with ``TempUnit`` and its siblings.

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
"""Keys beside the sensors that name a unit for all of them."""
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
"""These names mean energy only where a meter says them (a radar's Energy is a strength)."""
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
_RECEIVED = ("RfReceived", "IrReceived", "SerialReceived", "HdmiReceived", "ZbReceived", "LwReceived", "RC522", "PN532")
"""What comes as an answer and yet is a reading: something was received."""
_DIGITS = re.compile(r"\d+\Z")

Found = list[tuple[str, Any, str]]
"""Metric, raw value, unit (empty for none). A Rejected stands for a value whose name does not fit."""


def sensors(body: Mapping[str, Any], scales: Mapping[str, str]) -> Found:
    """All of a SENSOR message, as ``scales`` (``TempUnit`` …) say."""
    found: Found = []
    for name, value in body.items():
        if name not in _NOT_SENSORS:
            _add(found, "", name, value, name, "", scales, 0)
    return found


def _add(
    found: Found, within: str, name: str, value: Any, sensor: str, unit: str, scales: Mapping[str, str], depth: int
) -> None:
    """``unit`` is the enclosing name's: it holds for the parts of a value (``Speed.Act``, ``Total.0``)."""
    try:
        metric, own = _named(within, sensor, name)
    except Rejected as error:
        found.append((name, error, ""))
        return
    of = (scales.get(own, "") if own in SCALES else own) or unit
    kind = type(value)
    if kind is dict:
        if depth < MAX_DEPTH:
            for part, inner in value.items():
                _add(found, metric, part, inner, sensor, of, scales, depth + 1)
    elif kind is list:
        if depth < MAX_DEPTH:
            for index, inner in enumerate(value):
                _add(found, metric, str(index), inner, "", of, scales, depth + 1)
    else:
        found.append((metric, value, of))


@lru_cache(20_000)
def _named(within: str, sensor: str, name: str) -> tuple[str, str]:
    """The metric, and its own unit (or the key of ``scales`` that gives it). Raises Rejected (``bad_name``)."""
    return metric_name(f"{within}.{name}" if within else name), _unit(sensor, name)


def _unit(sensor: str, name: str) -> str:
    """The unit of ``name`` within ``sensor``, or the key of ``scales`` that gives it; empty for none."""
    if not sensor or (sensor.startswith("Zb") and name == "Power"):
        return ""  # given by the place it stands at; Zigbee's Power is on and off
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
    """Without the index at its end."""
    return _DIGITS.sub("", name)


def state(body: Mapping[str, Any]) -> Found:
    """Of a STATE message what can be measured or switched; the names of networks and settings are left."""
    found: Found = []
    for name, value in body.items():
        bare = _bare(name)
        if bare == "POWER" or bare in _STATE:
            _add(found, "", name, value, "", _STATE.get(bare, ""), {}, MAX_DEPTH - 1)
        elif bare == "Shutter":
            _add_chosen(found, name, value, _SHUTTER)
        elif name == "Wifi":
            _add_chosen(found, name, value, _WIFI)
    return found


def result(body: Mapping[str, Any], scales: Mapping[str, str]) -> Found:
    """Of a command's answer, or of what happened, what is a reading: most answers are settings and no readings."""
    found: Found = []
    for name, value in body.items():
        bare = _bare(name)
        if bare in _RESULTS:
            _add(found, "", name, value, "", _STATE.get(bare, ""), {}, MAX_DEPTH - 1)
        elif bare == "Shutter":
            _add_chosen(found, name, value, _SHUTTER)
        elif bare in ("Switch", "Button") and isinstance(value, dict):
            action = value.get("Action")
            if bare == "Switch" and action in ("ON", "OFF"):
                _add(found, "", name, action, "", "", {}, 0)  # the same as it says in SENSOR
            elif isinstance(action, str):
                _add(found, name, "Action", action, "", "", {}, 0)
        elif name in _RECEIVED:
            _add(found, "", name, value, name, "", scales, 0)
    return found


def _add_chosen(found: Found, name: str, value: Any, units: Mapping[str, str]) -> None:
    if isinstance(value, dict):
        for part, unit in units.items():
            if part in value:
                _add(found, name, part, value[part], "", unit, {}, MAX_DEPTH)


class TasmotaReadings:
    """The metrics of a message as the hub keeps them: ``values``, ``units`` of those that are numbers, those that are
    ``unknown`` (null, as of a sensor that does not answer), and ``faults``, which cost themselves only.

    ``numbers`` are the metrics announced as numbers: they may come as texts. ``states`` are the device's own texts
    for off and on.
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
        return switched(raw, states)
    if raw in ("ON", "OFF"):
        return raw == "ON"
    if unit or metric in numbers:
        return _number(raw)
    return scalar(metric, raw[:MAX_TEXT])


def switched(text: str, states: tuple[str, ...]) -> Value:
    """A relay's text as true or false; any other text (``TOGGLE``) stays one."""
    if len(states) > 1 and text in states[:2]:
        return text == states[1]
    word = text.upper()
    if word in ("ON", "OFF", "1", "0", "TRUE", "FALSE"):
        return word in ("ON", "1", "TRUE")
    return text[:MAX_TEXT]


def _number(text: str) -> Value | None:
    """A number that came as a text; the text itself where it is none; nothing for what was not measured."""
    try:
        value = float(text)
    except ValueError:
        return text[:MAX_TEXT] or None
    return value if math.isfinite(value) else None


def scales_of(body: Mapping[str, Any], before: dict[str, str]) -> dict[str, str]:
    """``TempUnit`` and its siblings as this message says, else as they were known ``before``."""
    said = {key: spell(body[key][:32]) for key in SCALES if isinstance(body.get(key), str)}
    return {**before, **said} if said else before
