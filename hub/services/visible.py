"""Views of the registry and the rule engine that show only the devices in the current request's scope.

The scope is :func:`hub.accounts.scope.current_scope`: for the hub's own tasks, the whole hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from hub.accounts.scope import DeviceScope, current_scope
from hub.errors import NotFound
from hub.model import Alert, Device, Limit, Rule, Severity
from hub.model.rule import Scope
from hub.registry.corrected_devices import CorrectedDevices
from hub.registry.reader import DeviceReader
from hub.rules.other_devices import hide
from hub.rules.reader import AlertReader


class VisibleDevices:
    """The devices in scope. Devices out of scope appear not to exist."""

    def __init__(self, registry: DeviceReader) -> None:
        self._registry = registry

    @property
    def corrected(self) -> CorrectedDevices:
        """The devices whose kind of machine or metrics people have corrected, also devices out of scope.

        Callers may read only the corrections.
        """
        return self._registry.corrected

    def known(self, device_id: str) -> bool:
        """Return whether the device exists and is in scope."""
        return self._registry.known(device_id) if current_scope().whole else self.get(device_id) is not None

    def get(self, device_id: str) -> Device | None:
        """Return a device with its latest values; None if it does not exist or the present request may not see it."""
        device, scope = self._registry.get(device_id), current_scope()
        if device is None or scope.whole:
            return device
        return self._shown(device, scope) if scope.includes(device) else None

    def require(self, device_id: str) -> Device:
        """Return a device with its latest values. Raises NotFound."""
        if (device := self.get(device_id)) is None:
            raise NotFound(f"There is no device {device_id[:128]!r}.", "GET /api/devices lists them.")
        return device

    def devices(self) -> Iterable[Device]:
        """Return all devices in scope. Their latest values may be out of date."""
        return self._in_scope(self._registry.devices())

    def with_latest_values(self) -> Iterable[Device]:
        """Return all devices in scope with their latest values."""
        return self._in_scope(self._registry.with_latest_values())

    def _in_scope(self, devices: Iterable[Device]) -> Iterable[Device]:
        scope = current_scope()
        return devices if scope.whole else [self._shown(each, scope) for each in devices if scope.includes(each)]

    def _shown(self, device: Device, scope: DeviceScope) -> Device:
        """Return the device without the id of a gateway that is out of scope."""
        if device.info.via is None:
            return device
        gateway = self._registry.get(device.info.via)
        if gateway is not None and scope.includes(gateway):
            return device
        return msgspec.structs.replace(device, info=msgspec.structs.replace(device.info, via=None))


class VisibleAlerts:
    """The open alerts of the devices in scope, and the rules that watch these devices.

    For an account that does not see the whole hub, names of other devices are removed from the rules.
    """

    def __init__(self, engine: AlertReader, devices: DeviceReader) -> None:
        self._engine = engine
        self._devices = devices

    @property
    def open(self) -> Mapping[str, Alert]:
        """The open alerts by id."""
        alerts = self._engine.open
        if current_scope().whole:
            return alerts
        seen = (alert for alert in alerts.values() if self._devices.known(alert.device))
        return {alert.id: hide(alert, self._devices.known) for alert in seen}

    @property
    def rules(self) -> list[Rule]:
        """The rules that watch at least one of the devices that the present request may see."""
        if current_scope().whole:
            return self._engine.rules
        found = {rule.id: rule for device in self._devices.devices() for rule in self.rules_for(device)}
        return [found[rule.id] for rule in self._engine.rules if rule.id in found]

    @property
    def rule_names(self) -> Mapping[str, str]:
        """The names of all rules by id, also of rules that watch no device in scope."""
        return self._engine.rule_names

    def together(self, alert: Alert) -> list[Alert]:
        """Return the other open alerts that belong to the same incident as ``alert``."""
        found = [each for each in self._engine.together(alert) if self._devices.known(each.device)]
        return found if current_scope().whole else [hide(each, self._devices.known) for each in found]

    def explaining(self, alert: Alert) -> tuple[str, ...]:
        """Return the ids of the alerts whose diagnoses explain ``alert``, the best diagnosis first."""
        return self._engine.explaining(alert)

    def severity(self, device_id: str) -> Severity:
        """Return the highest severity among the device's open alerts, ``ok`` if it has none or is out of scope."""
        return self._engine.severity(device_id) if self._devices.known(device_id) else "ok"

    def rules_for(self, device: Device) -> list[Rule]:
        """Return the rules that watch this device."""
        return self._without_others(self._engine.rules_for(device))

    def rules_on(self, device: Device) -> list[Rule]:
        """Return the rules that watch a metric of this device.

        A rule for several metrics is returned once for each of them, with the metric's name in place of its pattern.
        """
        return self._without_others(self._engine.rules_on(device))

    def limits(self, device: Device) -> dict[str, Limit]:
        """Return the limits of the device's metrics, by metric.

        They are the limits that the device announces. For a metric with rules, the bounds of the rules replace them.
        """
        return self._engine.limits(device)

    def _without_others(self, rules: list[Rule]) -> list[Rule]:
        """Return the rules without their scopes and without the names of devices that the request may not see.

        A person who sees the whole hub gets the rules unchanged.
        """
        if current_scope().whole:
            return rules
        return [hide(msgspec.structs.replace(each, scope=Scope()), self._devices.known) for each in rules]
