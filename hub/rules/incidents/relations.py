"""Which alerts share a cause: keys by which an alert finds the incident of an earlier one.

An alert joins the first incident that it shares a key with, if the last alert of that incident was raised recently:

- the same rule on the same metric of the same device: it was raised again
- the same device; or the device and the one that it is connected through (``via``)
- in a storm, the same rule on devices in the same area, or with the same label
"""

from __future__ import annotations

from hub.model import Alert, Device

MAX_LABELS = 8


def is_silence(alert: Alert) -> bool:
    """Return whether the alert says that no data arrives."""
    return alert.message_key == "no_data"


def device_is_silent(alert: Alert) -> bool:
    """Return whether the alert says that nothing arrives from its device."""
    return is_silence(alert) and alert.metric is None


def series_key(alert: Alert) -> str:
    """Return the key of the incident in which the same rule raised an alert on the same metric of the device."""
    return _key("series", alert.rule, alert.device, alert.metric or "")


def gateway_key(gateway: str) -> str:
    """Return the key of the incident about a gateway that is down."""
    return _key("gateway", gateway)


def device_key(device: str) -> str:
    """Return the key of the incident with an alert of the device."""
    return _key("device", device)


def machine_keys(device: Device) -> list[str]:
    """Return the keys of incidents with an alert of this device's gateway, or of a device behind this device."""
    above = [device_key(device.info.via)] if device.info.via else []
    return [*above, _key("below", device.id)]


def rule_keys(alert: Alert, device: Device) -> list[str]:
    """Return the keys that the alert shares with alerts of the same rule on other devices."""
    area = _area(device)
    of_area = [_key("area", alert.rule, area)] if area else []
    return of_area + [_key("label", alert.rule, label) for label in sorted(device.display_labels)[:MAX_LABELS]]


def own_keys(alert: Alert, device: Device) -> list[str]:
    """Return the keys by which later alerts find the incident of this one."""
    below = [_key("below", device.info.via)] if device.info.via else []
    return [series_key(alert), device_key(device.id), *below, *rule_keys(alert, device)]


def _area(device: Device) -> str | None:
    return device.area_id or device.display_area


def _key(*parts: str) -> str:
    return "\n".join(parts)
