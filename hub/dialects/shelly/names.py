"""Derive titles, device classes and categories of a Shelly device's metrics from the names of its components."""

from __future__ import annotations

import re
from collections.abc import Collection

from hub.dialects.titles import distinct
from hub.model import Category
from hub.model.metric_names import capitalized, spoken_words

_COMPONENTS = {
    "em": "energy meter",
    "em1": "energy meter",
    "emdata": "energy meter",
    "em1data": "energy meter",
    "pm1": "power meter",
    "devicepower": "power supply",
    "emeter": "energy meter",
    "emeter_n": "neutral",
    "relay": "switch",
    "roller": "cover",
    "sys": "device",
    "wifi": "Wi-Fi",
    "cct": "light",
    "rgb": "light",
    "rgbw": "light",
    "white": "light",
    "color": "light",
    "ext_temperature": "probe",
    "ext_humidity": "probe",
    "adc": "analog input",
}
_PARTS = {
    "apower": "power",
    "act_power": "power",
    "aprt_power": "apparent power",
    "aprtpower": "apparent power",
    "freq": "frequency",
    "pf": "power factor",
    "aenergy.total": "energy",
    "ret_aenergy.total": "returned energy",
    "total_act_energy": "energy",
    "total_act_ret_energy": "returned energy",
    "total_act": "total energy",
    "total_act_ret": "total returned energy",
    "total_act_power": "total power",
    "total_aprt_power": "total apparent power",
    "total_current": "total current",
    "total": "energy",
    "total_returned": "returned energy",
    "returned_energy": "returned energy",
    "tC": "temperature",
    "rh": "humidity",
    "lux": "illuminance",
    "current_C": "temperature",
    "target_C": "target temperature",
    "current_pos": "position",
    "target_pos": "target position",
    "pos": "position",
    "temperature.tC": "device temperature",
    "temperature": "device temperature",
    "battery.percent": "battery",
    "battery.V": "battery voltage",
    "external.present": "external power",
    "rssi": "Wi-Fi signal",
    "uptime": "uptime",
    "ram_free": "free memory",
    "fs_free": "free storage",
    "ct": "color temperature",
    "ison": "on",
    "event": "event",
}
_SENSORS = {"state": "door", "lux": "illuminance", "temperature": "temperature"}
_OWN_WORD = frozenset(("output", "state", "ison", "value", ""))
"""Paths of a component's main value. The metric then gets the name of the component."""
_PHASE = re.compile(r"\A([abcn])_(.+)\Z")
_CLASSES = {"flood": "moisture", "smoke": "smoke", "motion": "motion", "vibration": "vibration", "state": "door"}
_ALARMS = {"smoke": "smoke", "flood": "moisture", "presence": "occupancy", "motion": "motion", "window": "door"}


def titles(metrics: Collection[str]) -> dict[str, str]:
    """Return the titles of a device's metrics: ``Power`` if it has one switch, ``Switch 1 power`` if it has several."""
    return distinct({metric: _names(metric) for metric in metrics})


def classes(metrics: Collection[str]) -> dict[str, str]:
    """Return the device classes of metrics whose class cannot be derived from the metric's name."""
    return {metric: found for metric in metrics if (found := _class(metric))}


def categories(metrics: Collection[str]) -> dict[str, Category]:
    """Return the category of each metric that is about the device itself (``diagnostic``)."""
    return {metric: "diagnostic" for metric in metrics if _diagnostic(metric)}


def _split(metric: str) -> tuple[str, str, str]:
    """Return a metric's component kind, the component's number (or an empty text), and the value's path in it.

    This works for the metrics of all generations.
    """
    component, _, path = metric.partition(".")
    kind, colon, number = component.partition(":")
    first, _, rest = path.partition(".")
    if not colon and first.isdigit():
        return component, first, rest
    return kind, number, path


def _names(metric: str) -> tuple[str, str]:
    """Return the short and the long name of a metric."""
    kind, number, path = _split(metric)
    if kind == "sensor":
        title = capitalized(_SENSORS.get(path) or _part(path))
        return title, title
    if kind in ("temperature", "humidity", "illuminance", "voltage") and path in ("", "tC", "rh", "lux", "voltage"):
        # A number means a separate sensor; without one (first generation) the sensor is built into the device.
        title = kind if number else f"device {kind}"
        return capitalized(title), capitalized(f"{title} {number}")
    within = " ".join(word for word in (_COMPONENTS.get(kind) or spoken_words(kind), number) if word)
    if path in _OWN_WORD:
        return capitalized(within.rpartition(" ")[0] if number else within), capitalized(within)
    return capitalized(_part(path)), capitalized(f"{within} {_part(path)}")


def _part(path: str) -> str:
    if path in _PARTS:
        return _PARTS[path]
    phase = _PHASE.match(path)
    if phase is not None:
        return f"phase {phase[1].upper()} {_part(phase[2])}"
    return spoken_words(path)


def _class(metric: str) -> str | None:
    kind, _, path = _split(metric)
    if kind == "sensor":
        return _CLASSES.get(path)
    if path == "alarm" or (kind in ("presence", "motion", "window") and path in ("state", "open", "motion")):
        return _ALARMS.get(kind)
    if path == "battery.percent":
        return "battery"
    if path in ("output", "ison") or (kind in ("relay", "light") and not path):
        return "switch"
    return None


def _diagnostic(metric: str) -> bool:
    kind, _, path = _split(metric)
    return (
        kind in ("sys", "wifi", "devicepower")
        or (kind == "temperature" and ":" not in metric)
        or path in ("temperature.tC", "errors")
        or (kind not in ("thermostat", "temperature") and path.endswith("temperature.tC"))
    )
