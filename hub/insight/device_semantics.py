"""Determine what the metrics of a device measure, and what kind of machine the device is.

A person may correct what the hub has determined. Only this module decides which of both applies. It takes the first of
these sources that says what a metric measures::

    correction of this device
      else the correction that most devices of the same model have
        else unit, name and class of the metric; words and metrics of the device
          else the words of the metric's title
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
"""A person's correction of a metric: its quantity, places and role. Each is None if the person did not correct it."""


class DeviceSemantics(msgspec.Struct, frozen=True):
    """The interpretation of a device.

    ``metrics`` says what each metric measures. ``kinds`` are the kinds of machine that the device may be, and
    ``kinds_source`` is what decided them.
    """

    metrics: Mapping[str, MetricSemantics]
    kinds: frozenset[str]
    kinds_source: KindSource


def device_semantics(device: Device, corrected: Collection[Device] = ()) -> DeviceSemantics:
    """Return what each metric of a device measures, and which kinds of machine the device may be.

    Args:
        device: The device.
        corrected: Other devices of the same model that have corrections by a person. They are used for metrics that
            nobody has corrected on ``device`` itself.
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
    """Return the quantity that a metric measures.

    Return None if the quantity is unknown, or if the metric is a set point, command, limit or statistic.
    """
    found = _metric(device, name, corrected)
    return found.quantity if found.role in ("measured", "status") else None


def _metric(device: Device, name: str, corrected: Collection[Device]) -> MetricSemantics:
    """Return what a metric measures: as corrected by a person, or else by the hub's own interpretation."""
    found = _by_hub(device, name)
    if (own := _correction(device.metric_edits.get(name))) is not None:
        return _with(found, own, "person")
    others = (_correction(other.metric_edits.get(name)) for other in corrected)
    taught = _agreed(each for each in others if each is not None)
    return found if taught is None else _with(found, taught, "model")


def _by_hub(device: Device, name: str) -> MetricSemantics:
    """Return the hub's own interpretation of a metric. The title is read only if nothing else tells the quantity."""
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
    """Return the most frequent correction. None if there is no correction, or if two are equally frequent."""
    most = Counter(corrections).most_common(2)
    return most[0][0] if most and (len(most) == 1 or most[0][1] > most[1][1]) else None
