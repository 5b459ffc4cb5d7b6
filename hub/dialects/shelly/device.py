"""State of a Shelly device: its topics, description, metrics and commands.

Source: the Shelly technical documentation, Gen2+, "RPC Protocol", "Switch", "Cover", "Light", "RGBW", "CCT" and
"Virtual Components"; Gen1, "MQTT".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.dialects.repair import UNREADABLE
from hub.dialects.shelly import names
from hub.model import Info, Reporting
from hub.topics import slug

MAX_TEXT = 200
MAX_METRICS = 256
MAX_SLEEP = 31_536_000
"""The longest wake-up period that is accepted: one year, in seconds."""
REPORTS_MISSED = 3
"""A sleeping device becomes stale after a silence of this many wake-up periods."""
_EVENTS = ("shellydw", "shellyflood-", "shellysmoke-", "shellybutton1-", "shellymotion", "shellyplussmoke-")
"""Beginnings of the ids of battery devices that report only when something happens."""
_ON: dict[str, Any] = {"type": "boolean"}
PERCENT: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 100, "step": 1, "unit": "%"}
_LAMP = {"output": ("Set", "on", _ON), "brightness": ("Set", "brightness", PERCENT)}
_CONTROLS: dict[str, tuple[str, Mapping[str, tuple[str, str, dict[str, Any]]]]] = {
    "switch": ("Switch", {"output": ("Set", "on", _ON)}),
    "light": ("Light", _LAMP),
    "rgb": ("RGB", _LAMP),
    "rgbw": ("RGBW", {**_LAMP, "white": ("Set", "white", {"type": "number", "minimum": 0, "maximum": 255, "step": 1})}),
    "cct": ("CCT", {**_LAMP, "ct": ("Set", "ct", {"type": "number", "unit": "K"})}),
    "cover": ("Cover", {"current_pos": ("GoToPosition", "pos", PERCENT)}),
    "boolean": ("Boolean", {"value": ("Set", "value", _ON)}),
    "number": ("Number", {"value": ("Set", "value", {"type": "number"})}),
    "text": ("Text", {"value": ("Set", "value", {"type": "text"})}),
    "enum": ("Enum", {"value": ("Set", "value", {"type": "text"})}),
}
"""What can be set, by kind of component.

Each entry has the component's name in methods and, for each metric, (method, parameter, allowed values).
"""
_MOVES = ("Open", "Close", "Stop")


class ShellyDevice(msgspec.Struct, frozen=True, omit_defaults=True):
    """State of one device."""

    prefix: str  # the beginning of its topics
    native_id: str
    gen1: bool = False
    name: str | None = None
    model: str | None = None
    firmware: str | None = None
    online: bool = True
    sleeps: bool = False  # it goes offline between its messages
    wakes: int = 0  # the seconds after which it reports at the latest
    units: dict[str, str] = {}
    controls: frozenset[str] = frozenset()  # metrics that can be set
    metrics: frozenset[str] = frozenset()  # those that it has reported
    counts: dict[str, int] = {}  # Gen1: number of the last event by input, since events are repeated
    tripped: frozenset[str] = frozenset()  # Gen1: relays that were switched off because of too much power

    @property
    def id(self) -> str:
        return slug(self.native_id)

    def info(self, commands: dict[str, dict[str, Any]]) -> Info:
        return Info(
            name=self.name,
            manufacturer="Shelly",
            model=self.model,
            firmware=self.firmware,
            units=self.units,
            commands=commands,
            titles=names.titles(self.metrics),
            classes=names.classes(self.metrics),
            categories=names.categories(self.metrics),
            max_silence=REPORTS_MISSED * self.wakes if self.sleeps and self.wakes else None,
            reports=self._reports(),
        )

    def _reports(self) -> Reporting | None:
        """Return when the device sends messages: ``changes``, ``events`` or ``rarely``; None for regular intervals.

        Devices of the first generation report every 30 s, later ones when a value changes. A device that sleeps reports
        rarely or on events.
        """
        if not self.sleeps:
            return None if self.gen1 else "changes"
        return "events" if self.native_id.lower().startswith(_EVENTS) else "rarely"


def with_sleep(known: ShellyDevice, sys: Any) -> ShellyDevice:
    """Return the device with the wake-up period in ``sys``, the status of the device's component ``sys``."""
    if not isinstance(sys, dict):
        return known
    period = sys.get("wakeup_period")
    if isinstance(period, int) and 0 < period <= MAX_SLEEP:
        return known if known.sleeps and known.wakes == period else replace(known, sleeps=True, wakes=period)
    return replace(known, sleeps=True) if "wakeup_reason" in sys and not known.sleeps else known


def with_metrics(
    known: ShellyDevice, metrics: Collection[str], units: Mapping[str, str], controls: Collection[str]
) -> ShellyDevice:
    """Return the device with the metrics, units and controls of a message added. A control is a metric that can be set.

    Return the same object if nothing is new, or if the device would have too many metrics.
    """
    if (
        known.metrics.issuperset(metrics)
        and units.items() <= known.units.items()
        and known.controls.issuperset(controls)
    ):
        return known
    all_units, all_metrics = {**known.units, **units}, known.metrics.union(metrics)
    all_controls = known.controls.union(controls)
    if len(all_units) > MAX_METRICS or len(all_controls) > MAX_METRICS or len(all_metrics) > MAX_METRICS:
        return known
    return replace(known, metrics=all_metrics, units=all_units, controls=all_controls)


def with_description(known: ShellyDevice, body: Mapping[str, Any]) -> ShellyDevice:
    """Return the device with the name, model and firmware in ``body``, a reply to GetDeviceInfo or an announcement."""
    return replace(
        known,
        name=_text(body, "name") or known.name,
        model=_text(body, "model") or known.model,
        firmware=_text(body, "ver", "fw_ver", "fw_id") or known.firmware,
    )


def controls(values: Collection[str]) -> list[str]:
    """Return those metrics in ``values`` that can be set."""
    return [metric for metric in values if _can_be_set(metric)]


@lru_cache(20_000)
def _can_be_set(metric: str) -> bool:
    component, _, part = metric.partition(".")
    space, parts = _CONTROLS.get(component.partition(":")[0], ("", {}))
    return part in parts or (space == "Cover" and part == "state")


def commands(known: ShellyDevice, source: str) -> dict[str, dict[str, Any]]:
    """Return the descriptions of the device's commands, which are remote procedure calls.

    The device sends its replies to the topic ``source``/rpc.
    """
    found: dict[str, dict[str, Any]] = {}
    for metric in sorted(known.controls):
        component, _, part = metric.partition(".")
        kind, _, number = component.partition(":")
        space, parts = _CONTROLS[kind]
        call = {"topic": f"{known.prefix}/rpc", "encoding": "json-rpc", "replies": True}
        fixed = {"src": source, "params": {"id": int(number or 0)}}
        if part in parts:
            method, parameter, schema = parts[part]
            options = {**fixed, "method": f"{space}.{method}"}
            found[metric] = {**call, "property": parameter, "confirm_by": metric, "options": options, **schema}
        else:
            for move in _MOVES:
                options = {**fixed, "method": f"{space}.{move}"}
                found[f"{component}.{move.lower()}"] = {**call, "type": "none", "options": options}
    return found


def _text(body: Mapping[str, Any], *keys: str) -> str | None:
    """Return the first text in ``body`` that one of ``keys`` has, in the order of the keys; None if there is none."""
    values = (body.get(key) for key in keys)
    return next((text[:MAX_TEXT] for text in values if isinstance(text, str) and text not in ("", UNREADABLE)), None)
