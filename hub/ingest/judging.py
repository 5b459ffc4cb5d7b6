"""Evaluate rules on many devices after a change of rules, areas or gateways, in small steps between messages."""

from __future__ import annotations

from collections.abc import Iterable

from hub.events import Event
from hub.model import ReplaceAreas, ReplaceRules
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine

JUDGED_AT_ONCE = 500
"""Devices that are evaluated in one step; it bounds how long that blocks the event loop (about 5 ms)."""


class Judging:
    """Devices that wait for their evaluation. While devices are ``pending``, the pipeline sends JudgeDevices."""

    def __init__(self, registry: DeviceRegistry, engine: Engine) -> None:
        self._registry, self._engine = registry, engine
        self.pending = False

    def replace(self, change: ReplaceRules | ReplaceAreas) -> list[Event]:
        """Replace the rules or the areas, and begin to evaluate all devices that the change may affect."""
        devices = [device.id for device in self._registry.devices()]
        if isinstance(change, ReplaceRules):
            self._registry.fast_path.demote_all()
            self._engine.replace(change.rules, devices)
            return self.step(change.at)
        return self.start(devices, change.at) if self._engine.replace_areas(change.around) else []

    def follow_schedules(self, now: int) -> list[Event]:
        """Begin to evaluate the devices of rules whose schedule has begun or ended."""
        turned = self._engine.take_turned(self._registry.devices)
        return self.start(turned, now) if turned else []

    def start(self, devices: Iterable[str], now: int) -> list[Event]:
        """Begin to evaluate devices whose area or gateway has changed, or whose rules' schedules began or ended."""
        devices = list(devices)
        for name in devices:
            self._registry.fast_path.demote(name)  # other rules may have other bounds
        self._engine.judge_later(devices)
        return self.step(now)

    def step(self, now: int) -> list[Event]:
        """Evaluate the next devices."""
        events = self._engine.judge_next(JUDGED_AT_ONCE, self._registry.get, now)
        self.pending = self._engine.unjudged > 0
        return events
