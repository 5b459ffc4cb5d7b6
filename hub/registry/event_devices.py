"""Recognize, by what they measure, devices that report only when something happens."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hub.model import Device, Latest, Value
from hub.model.metric_names import class_of

_EVENTS = re.compile(
    r"(?:.*[._])?(?:contact|reed|door|window|open(?:ed)?|closed?|motion|pir|occupancy|presence|water_?leak|leak|flood"
    r"|smoke|vibration|tamper|sabotage|panic|button\d*|alarm|(?:door_?)?bell|ring|press(?:ed)?|click|trigger(?:ed)?)"
    r"(?:[._]?(?:state|status|detected|alarm|open))?",
    re.IGNORECASE,
)
"""Names of metrics whose values are states, even if they are sent as the numbers 0 and 1."""
_CODES = re.compile(
    r"(?!.*(?:error|fault|alarm|status)_?code)(?:.*[._])?(?:cmd|command|code|key_?code|key|button(?:_?(?:id|code))?|event|action|gesture|scene|tristate)",
    re.IGNORECASE,
)
"""Names of metrics whose numbers are codes, such as the key of a remote control that was pressed."""
_PARTS_OF_CODES = re.compile(r"(?:unit|group|channel|dim|data|state|status|repeat|learn|misc|exception)", re.IGNORECASE)
"""Names of numbers that belong to a code if there is nothing but codes, states and events beside them."""
_POSITIONS = tuple(
    f"{prefix}{name}" for prefix in ("", "location.", "position.", "gps.", "gps_") for name in ("latitude", "lat")
)
_OF_POSITION = re.compile(
    r"(?:(?:location|position|gps)[._])?(?:lat|latitude|lon|lng|longitude|alt|altitude|elevation|speed|velocity|heading"
    r"|course|bearing|accuracy|acc|vac|[hpv]dop|sat\w*|fix|geohash)",
    re.IGNORECASE,
)
"""Names of metrics that are sent with a position."""
_DIAGNOSTIC = re.compile(r"(?:.*[._])?(?:batt\w*|link_?quality|lqi|rssi|snr)", re.IGNORECASE)
_BATTERY = re.compile(r"(?:.*[._])?batt\w*", re.IGNORECASE)
_DIAGNOSTIC_CLASSES = ("battery", "signal_strength")


def is_tracker(device: Device) -> bool:
    """Return True for a device with a battery that measures only its position, such as a phone or a tag of a pet.

    It reports when it has moved. A vehicle that measures other things, too, is expected to report them regularly.
    """
    metrics, kinds = device.metrics, device.info.classes
    if not any(name in metrics for name in _POSITIONS):
        return False
    aside = {name for name, kind in kinds.items() if kind in _DIAGNOSTIC_CLASSES} | device.info.categories.keys()
    known = (name in aside or _OF_POSITION.fullmatch(name) or _DIAGNOSTIC.fullmatch(name) for name in metrics)
    return all(known) and any(_BATTERY.fullmatch(name) or kinds.get(name) == "battery" for name in metrics)


def is_discrete(device: Device) -> bool:
    """Return True for a device that reports only states and events, apart from diagnostics such as its battery.

    Numbers count as states or events if their names say so: 0 and 1 of a contact, and codes of a remote control.
    A device with a battery is discrete as soon as one of its metrics is an event: its other measurements, such as the
    brightness in a motion detector, are sent with its events.
    """
    kinds = device.info.classes
    aside = (
        device.info.categories.keys()
        | device.calculated.keys()
        | {name for name, kind in kinds.items() if kind in _DIAGNOSTIC_CLASSES}
    )
    named = [item for item in device.metrics.items() if item[0] not in aside and not _DIAGNOSTIC.fullmatch(item[0])]
    found = [type(latest.value) is not float or _is_event(name, latest.value) for name, latest in named]
    rest = [item for item, event in zip(named, found, strict=True) if not event]
    if all(_PARTS_OF_CODES.fullmatch(name) or _is_flag(device, name, latest.value, named) for name, latest in rest):
        return any(found)
    events = (name for (name, _), event in zip(named, found, strict=True) if event and _EVENTS.fullmatch(name))
    return any(events) and any(_BATTERY.fullmatch(name) or kinds.get(name) == "battery" for name in device.metrics)


def _is_event(name: str, value: Value) -> bool:
    return _CODES.fullmatch(name) is not None or (value in (0.0, 1.0) and _EVENTS.fullmatch(name) is not None)


def _is_flag(device: Device, name: str, value: Value, named: Sequence[tuple[str, Latest]]) -> bool:
    """Return True if the value is a 0 or 1 that says whether something happened, as of a contact.

    This is assumed if the metric has no unit and no device class, and one of the metrics ``named`` is an event by its
    name.
    """
    if value not in (0.0, 1.0) or class_of(name, device.info.units.get(name)) is not None:
        return False
    return name not in device.info.units and any(_is_event(other, latest.value) for other, latest in named)
