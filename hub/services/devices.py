"""Find, describe, edit and delete devices.

Queries read the registry directly; changes go through the ingest queue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, get_args

import msgspec

from hub.errors import Invalid
from hub.insight.device_semantics import DeviceSemantics, device_semantics
from hub.insight.terms import Term, machine_kind_terms, places, quantities, roles
from hub.model import Area, DeleteDevice, Device, EditDevice, Input, MetricOverride, Presence, Severity
from hub.registry.reader import DeviceReader
from hub.rules.reader import AlertReader

Submit = Callable[[Input], Awaitable[Any]]


class DeviceFilter(msgspec.Struct, frozen=True):
    """Conditions on devices. A device has to meet all of them.

    ``q`` is searched in the id, native id, name, area, model and labels, ignoring case. The other fields have to be
    equal to the device's; ``area`` is a name or an id. An empty ``q`` and fields that are None are ignored.
    """

    q: str = ""
    area: str | None = None
    label: str | None = None
    severity: Severity | None = None
    presence: Presence | None = None


class Bound(msgspec.Struct, frozen=True):
    """A threshold of a rule on one metric of a device."""

    metric: str
    side: Literal["above", "below"]
    value: float
    severity: Severity
    rule: str
    rule_name: str


class Devices:
    """Finds, describes, edits and deletes devices.

    Methods raise NotFound for an unknown device, and Conflict if the ingest queue is full.
    """

    def __init__(self, *, registry: DeviceReader, engine: AlertReader, submit: Submit, now: Callable[[], int]) -> None:
        self._registry = registry
        self._engine = engine
        self._submit = submit
        self._now = now

    def find(self, where: DeviceFilter, *, after: str | None, limit: int) -> tuple[list[Device], bool]:
        """Return a page of devices in ascending order of their ids, and whether more devices follow.

        Args:
            where: Conditions on the devices.
            after: Return only devices with a greater id.
            limit: Maximum number of devices.
        """
        matches = self._predicate(where)
        found = sorted(
            (d for d in self._registry.devices() if (after is None or d.id > after) and matches(d)), key=lambda d: d.id
        )
        return [self._registry.require(device.id) for device in found[:limit]], len(found) > limit

    def _predicate(self, where: DeviceFilter) -> Callable[[Device], bool]:
        text = where.q.strip().casefold()

        def matches(device: Device) -> bool:
            return (
                (where.presence is None or device.presence == where.presence)
                and (where.area is None or where.area in (device.display_area, device.area_id))
                and (where.label is None or where.label in device.display_labels)
                and (where.severity is None or self._engine.severity(device.id) == where.severity)
                and (not text or text in _searchable(device))
            )

        return matches

    def get(self, device_id: str) -> Device:
        """Return a device. Raises NotFound."""
        return self._registry.require(device_id)

    def semantics(self, device: Device) -> DeviceSemantics:
        """Return the device's kinds of machine and the meaning of its metrics, with the corrections of people."""
        return device_semantics(device, self._registry.corrected.of_model(device))

    def severity(self, device: Device) -> Severity:
        """Return the highest severity of the device's open alerts."""
        return self._engine.severity(device.id)

    def bounds(self, device: Device) -> list[Bound]:
        """Return the limits (thresholds) of all rules on this device."""
        found = []
        for rule in self._engine.rules_on(device):
            bounds = rule.condition.bounds()
            if bounds is None or rule.metric is None:
                continue
            if bounds.max is not None:
                found.append(Bound(rule.metric, "above", bounds.max, rule.severity, rule.id, rule.name))
            if bounds.min is not None:
                found.append(Bound(rule.metric, "below", bounds.min, rule.severity, rule.id, rule.name))
        return found

    def by_presence(self) -> dict[str, int]:
        """Return the number of devices of each presence (``online``, ``stale`` …), zeros included."""
        counts = Counter(device.presence for device in self._registry.devices())
        return {presence: counts[presence] for presence in get_args(Presence)}

    async def edit(
        self,
        device_id: str,
        *,
        name: str | msgspec.UnsetType | None = msgspec.UNSET,
        area: Area | msgspec.UnsetType | None = msgspec.UNSET,
        labels: tuple[str, ...] | msgspec.UnsetType | None = msgspec.UNSET,
        metrics: dict[str, MetricOverride | None] | None = None,
        kinds: tuple[str, ...] | msgspec.UnsetType | None = msgspec.UNSET,
    ) -> Device:
        """Change a device's name, area, labels, metric overrides or kinds of machine, and return the device.

        UNSET leaves a field unchanged. None removes an earlier edit of the field, so that the device's own value is
        shown again. ``metrics`` replaces the overrides of those metrics only. Raises Invalid for a metric that the
        device does not have, and for an unknown quantity, place, role or kind.
        """
        edits = _checked(self._registry.require(device_id), metrics or {})
        _require_known("machine type", kinds or (), machine_kind_terms())
        device: Device = await self._submit(EditDevice(device_id, self._now(), name, area, labels, edits, kinds))
        return device

    async def delete(self, device_id: str, by: str) -> None:
        """Delete a device with its history. It is discovered again if it sends another message."""
        await self._submit(DeleteDevice(device_id, self._now(), by))


def _checked(device: Device, edits: dict[str, MetricOverride | None]) -> dict[str, MetricOverride | None]:
    """Check the edits of a person, and return them with None in place of empty overrides.

    Raises Invalid for a metric that the device does not have, and for an unknown quantity, place or role.
    """
    for metric, edit in edits.items():
        if metric not in device.metrics and metric not in device.metric_edits:
            known = ", ".join(list(device.metrics)[:10])
            raise Invalid(f"{device.display_name} has no metric {metric[:64]!r}.", f"It has: {known}.")
        if edit is not None:
            _require_known("quantity", filter(None, (edit.quantity,)), quantities())
            _require_known("place", edit.places or (), places())
            _require_known("role", filter(None, (edit.role,)), roles())
    return {metric: None if edit == MetricOverride() else edit for metric, edit in edits.items()}


def _require_known(what: str, given: Iterable[str], known: Iterable[Term]) -> None:
    """Raise Invalid if an id in ``given`` is not the id of a term in ``known``. ``what`` names it in the error."""
    ids = [term.id for term in known]
    for each in given:
        if each not in ids:
            raise Invalid(f"There is no {what} {each[:64]!r}.", f"Allowed: {', '.join(ids)}.")


def _searchable(device: Device) -> str:
    parts = (
        device.id,
        device.native_id,
        device.display_name,
        device.display_area or "",
        device.info.model or "",
        *device.display_labels,
    )
    # Line feeds keep a match within one field.
    return "\n".join(parts).casefold()
