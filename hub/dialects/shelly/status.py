"""Read metrics and units from the status of Shelly's components (second generation and later).

A metric is named by the path of its value (``switch:0.apower``, ``temperature:0.tC``). All numbers and booleans of a
component are read, so that components of future firmware work, too. Settings, revision counters and descriptive texts
are left out.

Source: the Shelly technical documentation, Gen2+, "Components and Services".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from hub.dialects.payload import MAX_TEXT, NOT_FINITE, metric_name, scalar
from hub.dialects.rejections import Fault
from hub.errors import Rejected
from hub.model import Value

_COMPONENT = re.compile(r"[a-z][a-z0-9_]{0,31}(:\d{1,5})?")
_ONLY = {
    "sys": frozenset(("uptime", "ram_free", "fs_free")),
    "wifi": frozenset(("rssi",)),
    **dict.fromkeys(("cloud", "mqtt", "ws", "ble", "eth", "ui", "matter", "knx", "modbus", "bthome"), frozenset[str]()),
    **dict.fromkeys(("script", "schedule", "ht_ui", "plugs_ui", "wd_ui", "pro_ui", "service"), frozenset[str]()),
}
"""Components of which only the listed keys are readings. With an empty list, the component has no readings."""
_NO_READINGS = frozenset(
    ("id", "tF", "current_F", "target_F", "source", "by_minute", "schedules", "packet_id", "flags")
)
_NO_READING_ENDS = ("_ts", "_at", "_rev", "_duration", "_timeout")
_TEXTS = frozenset(("state", "value", "mode", "last_direction", "errors", "rgb"))
"""Keys whose texts and lists are readings. Other texts and lists are left out."""
_UNITS = {
    "apower": "W",
    "act_power": "W",
    "aprt_power": "VA",
    "aprtpower": "VA",
    "voltage": "V",
    "V": "V",
    "current": "A",
    "freq": "Hz",
    "act": "Wh",
    "act_ret": "Wh",
    "act_energy": "Wh",
    "act_ret_energy": "Wh",
    "tC": "°C",
    "current_C": "°C",
    "target_C": "°C",
    "rh": "%",
    "current_humidity": "%",
    "target_humidity": "%",
    "lux": "lx",
    "brightness": "%",
    "ct": "K",
    "percent": "%",
    "current_pos": "%",
    "target_pos": "%",
    "pos": "%",
    "battery": "%",
    "rssi": "dBm",
    "uptime": "s",
    "ram_free": "B",
    "fs_free": "B",
}
_PHASE = re.compile(r"\A(?:[abcn]_)?(?:total_)?")
MAX_DEPTH = 3
MAX_LIST = 16


class Readings(msgspec.Struct):
    """The values of one or more components."""

    values: dict[str, Value] = {}
    units: dict[str, str] = {}
    unknown: list[str] = []  # metrics without a value (null)
    faults: list[Fault] = []  # invalid values

    def add(self, component: str, body: Mapping[str, Any], within: str = "", depth: int = 0) -> None:
        """Add the values of a component; recursive.

        ``body`` is the component's status, or an object in it whose path is ``within`` (with a dot at the end).
        """
        for key, raw in body.items():
            try:
                metric, unit = _metric_and_unit(component, within, key)
                value = _value(metric, key, raw, is_number=bool(unit)) if metric else None
            except Rejected as error:
                self.faults.append((f"{component}.{within}{key}", raw, error))
                continue
            if not metric:
                continue
            if type(raw) is dict:
                if depth < MAX_DEPTH:
                    self.add(component, raw, f"{within}{key}.", depth + 1)
            elif raw is None:
                self.unknown.append(metric)
            elif value is not None:
                self.values[metric] = value
                if unit and type(value) is float:
                    self.units[metric] = unit


def readings(status: Mapping[str, Any]) -> Readings:
    """Return the values of all components in ``status``, the content of NotifyStatus, NotifyFullStatus or GetStatus."""
    found = Readings()
    for component, body in status.items():
        if type(body) is dict:
            found.add(component, body)
    return found


def _value(metric: str, key: str, raw: Any, *, is_number: bool) -> Value | None:
    """Return the value ``raw`` that a component has under ``key``; None if it is not a reading.

    ``is_number`` is True if the metric must be a number. Raises Rejected if the value has the wrong type.
    """
    kind = type(raw)
    if raw is not None and kind is not dict and (is_number or key == "output"):
        return _measured(metric, raw) if is_number else _switched(metric, raw)
    if kind is float or kind is bool or kind is int or (kind is str and raw in NOT_FINITE):
        return scalar(metric, raw)
    return _text(raw) if key in _TEXTS and raw is not None and kind is not dict else None


def _measured(metric: str, raw: Any) -> Value:
    """Return ``raw`` as a number, even if it is written as a text. Raises Rejected if it is not a number."""
    if type(raw) is str and raw not in NOT_FINITE:
        try:
            return scalar(metric, float(raw))
        except ValueError:
            pass
    if type(raw) not in (int, float) and not (type(raw) is str and raw in NOT_FINITE):
        raise Rejected("bad_value", f"{metric[:60]} must be a number, not {str(raw)[:40]!r}.")
    return scalar(metric, raw)


def _switched(metric: str, raw: Any) -> Value:
    """Return the boolean that says whether an output is on. Raises Rejected for another type."""
    if type(raw) is not bool:
        raise Rejected("bad_value", f"{metric[:60]} must be true or false, not {str(raw)[:40]!r}.")
    return raw


@lru_cache(20_000)
def _metric_and_unit(component: str, within: str, key: str) -> tuple[str, str]:
    """Return the name of the metric and its unit for the field ``key`` of a component.

    The unit is empty if it is not known. Both are empty if the value is not a reading. Raises Rejected (``bad_name``).
    """
    kind = component.partition(":")[0]
    only = _ONLY.get(kind)
    skipped = key in _NO_READINGS or key.endswith(_NO_READING_ENDS) if only is None else key not in only
    if skipped or not _COMPONENT.fullmatch(component):
        return "", ""
    if key == "total" and within in ("aenergy.", "ret_aenergy."):
        return metric_name(f"{component}.{within}{key}"), "Wh"
    return metric_name(f"{component}.{within}{key}"), _UNITS.get(key) or _UNITS.get(_PHASE.sub("", key), "")


def _text(raw: Any) -> str:
    """Return a text, or the items of a list (errors, components of a colour) as a text with commas."""
    if isinstance(raw, list):
        raw = ",".join(str(item)[:32] for item in raw[:MAX_LIST] if isinstance(item, str | int | float))
    return str(raw)[:MAX_TEXT]
