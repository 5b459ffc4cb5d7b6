"""What people ask of devices: find, look at, rename, relabel, delete.

Reading goes straight to the fleet; changing goes through the pipeline's queue, like everything that changes state.
It knows no HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Literal, get_args

import msgspec

from hub.errors import Invalid
from hub.model import DeleteDevice, Device, EditDevice, Input, MetricOverride, Presence, Severity
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine

Submit = Callable[[Input], Awaitable[Any]]


class DeviceFilter(msgspec.Struct, frozen=True):
    """Every given part must fit. ``q`` is looked for, whatever its case, in id, native id, name, area, model and
    labels; the others must be equal."""

    q: str = ""
    area: str | None = None
    label: str | None = None
    severity: Severity | None = None
    presence: Presence | None = None


class Bound(msgspec.Struct, frozen=True):
    """A limit that a rule watches on one metric of a device."""

    metric: str
    side: Literal["above", "below"]
    value: float
    severity: Severity
    rule: str
    rule_name: str


class Devices:
    """Raises NotFound for a device that is not there, Conflict when the hub is too busy to take a change."""

    def __init__(self, *, registry: DeviceRegistry, engine: Engine, submit: Submit, now: Callable[[], int]) -> None:
        self._registry = registry
        self._engine = engine
        self._submit = submit
        self._now = now

    def find(self, wanted: DeviceFilter, *, after: str | None, limit: int) -> tuple[list[Device], bool]:
        """At most ``limit`` devices by rising id, those after the id ``after``; and whether there are more."""
        fits = self._test(wanted)
        found = sorted(
            (d for d in self._registry.devices() if (after is None or d.id > after) and fits(d)), key=lambda d: d.id
        )
        return [self._registry.require(device.id) for device in found[:limit]], len(found) > limit

    def _test(self, wanted: DeviceFilter) -> Callable[[Device], bool]:
        text = wanted.q.strip().casefold()

        def fits(device: Device) -> bool:
            return (
                (wanted.presence is None or device.presence == wanted.presence)
                and (wanted.area is None or device.display_area == wanted.area)
                and (wanted.label is None or wanted.label in device.display_labels)
                and (wanted.severity is None or self._engine.severity(device.id) == wanted.severity)
                and (not text or text in _searchable(device))
            )

        return fits

    def get(self, device_id: str) -> Device:
        return self._registry.require(device_id)

    def severity(self, device: Device) -> Severity:
        return self._engine.severity(device.id)

    def bounds(self, device: Device) -> list[Bound]:
        """Return the bounds of all rules that watch this device."""
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
        """How many devices are in each presence, zeros included."""
        counts = Counter(device.presence for device in self._registry.devices())
        return {presence: counts[presence] for presence in get_args(Presence)}

    async def edit(
        self,
        device_id: str,
        *,
        name: str | msgspec.UnsetType | None = msgspec.UNSET,
        area: str | msgspec.UnsetType | None = msgspec.UNSET,
        labels: tuple[str, ...] | msgspec.UnsetType | None = msgspec.UNSET,
        metrics: dict[str, MetricOverride | None] | None = None,
    ) -> Device:
        """Change what a person sets of a device. UNSET leaves a field; None gives it back to the device.

        ``metrics`` replaces the edits of those metrics. Raises Invalid for a metric that the device does not have.
        """
        edits = _checked(self._registry.require(device_id), metrics or {})
        device: Device = await self._submit(EditDevice(device_id, self._now(), name, area, labels, edits))
        return device

    async def delete(self, device_id: str) -> None:
        """Its history goes with it. It comes back by itself if it speaks again."""
        await self._submit(DeleteDevice(device_id, self._now()))


def _checked(device: Device, edits: dict[str, MetricOverride | None]) -> dict[str, MetricOverride | None]:
    """Return the edits, with None for one that sets nothing."""
    for metric in edits:
        if metric not in device.metrics and metric not in device.metric_edits:
            known = ", ".join(list(device.metrics)[:10])
            raise Invalid(f"{device.display_name} has no metric {metric[:64]!r}.", f"It has: {known}.")
    return {metric: None if edit == MetricOverride() else edit for metric, edit in edits.items()}


def _searchable(device: Device) -> str:
    parts = (
        device.id,
        device.native_id,
        device.display_name,
        device.display_area or "",
        device.info.model or "",
        *device.display_labels,
    )
    # A line feed between, so that no match runs from one field into the next.
    return "\n".join(parts).casefold()
