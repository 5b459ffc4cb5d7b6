"""Explain why readings cannot clear an open alert at present, although its condition may be over."""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

from hub import text_format as fmt
from hub.model import Alert, Device, Latest

UNREPORTED_MS = 3_600_000
"""A metric counts as no longer reported if its value is this much older than the device's last message, in ms."""

OpenReasonKey = Literal[
    "never_reported", "not_reported", "value_unknown", "value_is_text", "device_offline", "device_stale"
]
OPEN_REASON_KEYS: tuple[OpenReasonKey, ...] = get_args(OpenReasonKey)


class OpenReason(msgspec.Struct, frozen=True):
    """Why an alert stays open, as English text, and as the key and parameters of a translated text."""

    key: OpenReasonKey
    text: str
    params: dict[str, Any]


def open_reason(alert: Alert, device: Device, latest: Latest | None) -> OpenReason | None:
    """Return why readings cannot clear this open alert at present; None if the next reading can.

    ``latest`` is the latest value of the alert's metric.
    """
    if alert.metric is None:
        return None
    name, title = device.display_name, device.describe(alert.metric).title
    metric, params = fmt.in_sentence(title), {"name": name, "metric": title}
    if alert.message_key in ("all", "any", "not"):  # a metric that the alert does not show may clear it
        return _presence_reason(device, metric, params)
    if latest is None:
        text = f"{name} does not report {metric}. The alert stays open until it does."
        return OpenReason("never_reported", text, params)
    if (age := (device.last_seen or 0) - latest.ts) > UNREPORTED_MS:
        age_ms = age // 60_000 * 60_000
        text = f"{name} has not reported {metric} for {fmt.duration(age_ms)}. The alert stays open until it does."
        return OpenReason("not_reported", text, {**params, "age_ms": age_ms})
    if latest.quality == "unknown":
        text = f"The value of {metric} is unknown. The alert stays open until it is reported."
        return OpenReason("value_unknown", text, params)
    if isinstance(latest.value, str) and not isinstance(alert.value, str | None):
        value = latest.value[:40]
        text = f"{title} is {value!r}, which is not a number. The alert stays open until it is a number again."
        return OpenReason("value_is_text", text, {**params, "value": value})
    return _presence_reason(device, metric, params)


def _presence_reason(device: Device, metric: str, params: dict[str, Any]) -> OpenReason | None:
    name = device.display_name
    if device.presence == "offline":
        text = f"{name} is offline. The alert stays open until it reports {metric} again."
        return OpenReason("device_offline", text, params)
    if device.presence != "online":
        text = f"{name} has stopped reporting. The alert stays open until it reports {metric} again."
        return OpenReason("device_stale", text, params)
    return None
