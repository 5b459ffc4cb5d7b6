"""The meaning of a device's metrics, and its kind of machine.

This is the only place that decides between the hub's own interpretation and people's corrections::

    correction of this device
      else the correction that most devices of the same model have
        else unit, name and class of the metric; words and metrics of the device
          else, for a metric that these leave open, the words of its title
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

import msgspec

from hub.insight.machine_kinds import KindSource, find_kinds
from hub.insight.metric_semantics import MetricSemantics, Source, metric_semantics
from hub.model import Device, MetricOverride

T = TypeVar("T")
Correction = tuple[str | None, tuple[str, ...] | None, str | None]
"""Quantity, places and role; None for what stays as the hub reads it."""


class DeviceSemantics(msgspec.Struct, frozen=True):
    """The interpretation of a device: its metrics by name, its kinds of machine, and what decided the kinds."""

    metrics: Mapping[str, MetricSemantics]
    kinds: frozenset[str]
    kinds_source: KindSource


def device_semantics(device: Device, corrected: Collection[Device] = ()) -> DeviceSemantics:
    """Return the interpretation of a device.

    Args:
        device: The device, up to date.
        corrected: Other devices of its model that a person has corrected.
    """
    metrics = {name: _metric(device, name, corrected) for name in device.metrics}
    if device.kinds is not None:
        return DeviceSemantics(metrics, frozenset(device.kinds), "person")
    taught = _agreed(other.kinds for other in corrected if other.kinds is not None)
    if taught is not None:
        return DeviceSemantics(metrics, frozenset(taught), "model")
    texts = (device.display_name, device.info.model, *device.display_labels)
    return DeviceSemantics(metrics, *find_kinds(filter(None, texts), metrics.items()))


def measured_quantity(device: Device, name: str, corrected: Collection[Device] = ()) -> str | None:
    """Return what a metric of a device measures. None if that is not known, or it is a set point, command or limit."""
    found = _metric(device, name, corrected)
    return found.quantity if found.role in ("measured", "status") else None


def _metric(device: Device, name: str, corrected: Collection[Device]) -> MetricSemantics:
    """Return what one metric measures, with people's corrections."""
    found = _by_hub(device, name)
    if (own := _correction(device.metric_edits.get(name))) is not None:
        return _with(found, own, "person")
    others = (_correction(other.metric_edits.get(name)) for other in corrected)
    taught = _agreed(each for each in others if each is not None)
    return found if taught is None else _with(found, taught, "model")


def _by_hub(device: Device, name: str) -> MetricSemantics:
    """Return the hub's own interpretation; the title counts if everything else leaves the quantity open."""
    unit, device_class = device.unit(name), device.info.classes.get(name)
    found = metric_semantics(name, unit, device_class)
    edit = device.metric_edits.get(name)
    title = (edit.title if edit else None) or device.info.titles.get(name)
    if found.quantity is not None or title is None:
        return found
    by_title = metric_semantics(title, unit, device_class)
    return found if by_title.quantity is None else msgspec.structs.replace(by_title, source="title")


def _correction(edit: MetricOverride | None) -> Correction | None:
    return (edit.quantity, edit.places, edit.role) if edit is not None and edit.corrects_semantics else None


def _with(found: MetricSemantics, correction: Correction, source: Source) -> MetricSemantics:
    quantity, places, role = correction
    return msgspec.structs.replace(
        found,
        quantity=found.quantity if quantity is None else quantity,
        places=found.places if places is None else frozenset(places),
        role=role or found.role,
        source=source,
    )


def _agreed(corrections: Iterable[T]) -> T | None:
    """Return the correction that most devices have; None if there is none, or a tie."""
    most = Counter(corrections).most_common(2)
    return most[0][0] if most and (len(most) == 1 or most[0][1] > most[1][1]) else None
