"""Keys by which an alert finds the incident of earlier alerts that may share its cause.

An alert joins the first incident that it shares a key with, if the last alert of that incident was raised recently. Two
alerts share a key if they are of

- the same rule on the same metric of the same device: the alert was raised again
- the same device
- a device and the gateway that it is connected through (``via``)
- the same rule, in a storm, on devices in the same area or with the same label
"""

from __future__ import annotations

from hub.model import Alert, Device

MAX_LABELS = 8


def is_silence(alert: Alert) -> bool:
    """Return whether this is a no-data alert: the device, or one of its metrics, sends nothing."""
    return alert.message_key == "no_data"


def device_is_silent(alert: Alert) -> bool:
    """Return whether this is a no-data alert about the whole device."""
    return is_silence(alert) and alert.metric is None


def series_key(alert: Alert) -> str:
    """Return the key that all alerts of the same rule on the same metric of the same device share."""
    return _key("series", alert.rule, alert.device, alert.metric or "")


def gateway_key(gateway: str) -> str:
    """Return the key of incidents about the outage of this gateway."""
    return _key("gateway", gateway)


def device_key(device: str) -> str:
    """Return the key by which alerts of this device, given by its id, are grouped into one incident."""
    return _key("device", device)


def machine_keys(device: Device) -> list[str]:
    """Return the keys that ``device`` shares with its gateway, and with the devices that are connected through it."""
    above = [device_key(device.info.via)] if device.info.via else []
    return [*above, _key("below", device.id)]


def rule_keys(alert: Alert, device: Device) -> list[str]:
    """Return the keys that the alert shares with alerts of the same rule on other devices.

    There is one key for the area of the device, and one for each of its first :data:`MAX_LABELS` labels.
    """
    area = _area(device)
    of_area = [_key("area", alert.rule, area)] if area else []
    return of_area + [_key("label", alert.rule, label) for label in sorted(device.display_labels)[:MAX_LABELS]]


def own_keys(alert: Alert, device: Device) -> list[str]:
    """Return the keys under which the incident of an alert is registered, so that later alerts find it.

    They match later alerts of the same rule on the same metric, of the same device, of its gateway, of the devices
    connected through it, and of the same rule on other devices of the area or with the same label.
    """
    below = [_key("below", device.info.via)] if device.info.via else []
    return [series_key(alert), device_key(device.id), *below, *rule_keys(alert, device)]


def _area(device: Device) -> str | None:
    return device.area_id or device.display_area


def _key(*parts: str) -> str:
    return "\n".join(parts)
