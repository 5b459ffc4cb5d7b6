"""Titles, device classes and categories of the metrics of Tasmota devices."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from hub.dialects.titles import distinct
from hub.model import Category
from hub.model.metric_names import capitalized, spoken_words

_WHOLE = {
    "Wifi.RSSI": "Wi-Fi quality",
    "Wifi.Signal": "Wi-Fi signal",
    "UptimeSec": "uptime",
    "Vcc": "supply voltage",
    "Heap": "free memory",
    "Sleep": "sleep time",
    "LoadAvg": "CPU load",
    "MqttCount": "MQTT connections",
    "Dimmer": "brightness",
    "CT": "color temperature",
    "HSBColor": "color (HSB)",
    "ENERGY.Total": "energy",
    "ENERGY.Today": "energy today",
    "ENERGY.Yesterday": "energy yesterday",
    "ENERGY.Factor": "power factor",
    "ENERGY.TotalStartTime": "energy counted since",
    "ESP32.Temperature": "device temperature",
}
_PARTS = {"CarbonDioxide": "CO₂", "eCO2": "eCO₂", "DewPoint": "dew point", "CCT": "color temperature"}
_DIAGNOSTIC = frozenset(("Wifi.RSSI", "Wifi.Signal", "UptimeSec", "Vcc", "Heap", "Sleep", "LoadAvg", "MqttCount"))
_ALSO = ("ESP32.", "ENERGY.TotalStartTime", "ZbInfo.")
_IDS = (".Id", ".ModelId")  # a sensor's serial number is no reading
_NUMBERED = re.compile(r"(POWER|Switch|Button|Dimmer|Shutter|Channel|Counter)(\d*)\Z")
_NAMED = {"POWER": "switch", "Switch": "input", "Dimmer": "brightness"}


def titles(metrics: Collection[str], relays: Sequence[str]) -> dict[str, str]:
    """Return the titles of a device's metrics. ``relays`` are the names that a person gave its relays."""
    return distinct({metric: _names(metric, relays) for metric in metrics})


def classes(metrics: Collection[str]) -> dict[str, str]:
    """Return the device class ``switch`` for the metric of each relay.

    Other metrics are left out: the hub derives their classes from their names.
    """
    return {metric: "switch" for metric in metrics if metric.startswith("POWER")}


def categories(metrics: Collection[str]) -> dict[str, Category]:
    """Return the category ``diagnostic`` for each metric about the device itself, such as the Wi-Fi signal."""
    return {
        metric: "diagnostic"
        for metric in metrics
        if metric in _DIAGNOSTIC or metric.startswith(_ALSO) or metric.endswith(_IDS)
    }


def _names(metric: str, relays: Sequence[str]) -> tuple[str, str]:
    """Return the short and the long name of a metric."""
    if metric in _WHOLE:
        return capitalized(_WHOLE[metric]), capitalized(_WHOLE[metric])
    sensor, _, path = metric.partition(".")
    numbered = _NUMBERED.fullmatch(sensor)
    if numbered is not None:
        kind, number = numbered.groups()
        if kind == "POWER" and (name := _relay_name(relays, int(number or 1))):
            return name, f"{name} ({metric})"
        title = " ".join(word for word in (_NAMED.get(kind, kind.lower()), number, spoken_words(path)) if word)
        return capitalized(title), capitalized(title)
    part = _PARTS.get(path) or spoken_words(path or sensor)
    if sensor == "ENERGY":
        return capitalized(part), capitalized(f"energy meter {part}")
    return capitalized(part), f"{sensor} {part}" if path else capitalized(part)


def _relay_name(relays: Sequence[str], number: int) -> str:
    return relays[number - 1] if number <= len(relays) else ""
