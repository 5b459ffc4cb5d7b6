"""Decode events of a Shelly device (second generation and later), such as button presses: ``NotifyEvent``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.dialects.payload import MAX_TEXT, metric_name
from hub.dialects.rejections import Fault
from hub.dialects.shelly.device import ShellyDevice
from hub.dialects.times import when
from hub.errors import Rejected
from hub.model import Quality, RawMessage, Record

MAX_EVENTS = 32
_SETTINGS = frozenset(("config_changed", "data", "ota_progress"))
"""Events that are not readings. (A meter sends the records of ``data`` events in its status, too.)"""


def events(message: RawMessage, known: ShellyDevice, params: dict[str, Any], faults: list[Fault]) -> Iterator[Record]:
    """Yield a record for each event, such as a button press, at the event's own time.

    Events with an invalid name are added to ``faults``.
    """
    listed = params.get("events")
    for event in listed[:MAX_EVENTS] if isinstance(listed, list) else ():
        if not isinstance(event, dict):
            continue
        component, what = event.get("component"), event.get("event")
        if not isinstance(component, str) or not isinstance(what, str) or what in _SETTINGS:
            continue
        ts, quality = time_of(event.get("ts", params.get("ts")), message)
        try:
            metric = metric_name(f"{component}.event")
        except Rejected as error:
            faults.append((component[:MAX_TEXT], what[:MAX_TEXT], error))
            continue
        yield Record(known.id, ts, message.received, {metric: what[:MAX_TEXT]}, quality)


def time_of(ts: Any, message: RawMessage) -> tuple[int, Quality]:
    """Return time (epoch ms) and quality of a value with the time ``ts``.

    If ``ts`` is invalid, use the time of receipt.
    """
    try:
        return when(ts, message.received, retained=message.retained)
    except Rejected:
        return when(None, message.received, retained=message.retained)
