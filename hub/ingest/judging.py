"""Evaluate rules on many devices after a change of rules, areas or gateways, in small steps between messages."""

from __future__ import annotations

from collections.abc import Iterable

from hub.events import Event
from hub.model import ReplaceAreas, ReplaceRules
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine

DEVICES_PER_STEP = 500
"""Number of devices on which one step evaluates the rules. It limits how long a step blocks the event loop (5 ms)."""


class Judging:
    """Evaluates the rules again on devices that a change affects, a portion of the devices in each step.

    ``pending`` is True while devices are left. The pipeline then requests the next step with the input JudgeDevices.
    """

    def __init__(self, registry: DeviceRegistry, engine: Engine) -> None:
        self._registry, self._engine = registry, engine
        self.pending = False

    def replace(self, change: ReplaceRules | ReplaceAreas) -> list[Event]:
        """Replace the rules or the areas, and begin to evaluate all devices that the change may affect."""
        devices = [device.id for device in self._registry.devices()]
        if isinstance(change, ReplaceRules):
            self._registry.fast_path.demote_all()
            self._engine.replace(change.rules, devices, change.at)
            return self.step(change.at)
        return self.start(devices, change.at) if self._engine.replace_areas(change.around) else []

    def follow_schedules(self, now: int) -> list[Event]:
        """Evaluate all devices that are watched by a rule whose schedule has begun or ended since the last call.

        The first of these devices are evaluated at once, and the events of their rules are returned. The others are
        queued for later steps.
        """
        turned = self._engine.take_turned(self._registry.devices)
        return self.start(turned, now) if turned else []

    def start(self, devices: Iterable[str], now: int) -> list[Event]:
        """Evaluate the rules on these devices: the first portion at once, the others in later steps."""
        devices = list(devices)
        for name in devices:
            self._registry.fast_path.demote(
                name
            )  # the change may have changed the bounds in which no rule changes state
        self._engine.judge_later(devices)
        return self.step(now)

    def step(self, now: int) -> list[Event]:
        """Evaluate the rules on the next portion of devices. Return the resulting events."""
        events = self._engine.judge_next(DEVICES_PER_STEP, self._registry.get, now)
        self.pending = self._engine.unjudged > 0
        return events
