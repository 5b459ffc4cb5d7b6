"""``GET /events/devices``: a live feed for any page with an ``EventSource``.

There are five named events:

- ``update``: a device sent readings; the newest values, at most one event a second for each device
- ``alert``: an alert was raised. It has an id: a client that reconnects with ``Last-Event-ID`` gets all alerts raised
  since then from the history, even after a restart of the hub
- ``alert_update``: an alert was acknowledged, assigned, muted, commented, changed or cleared; ``change`` says what
- ``incident``: alerts that share a cause; ``step`` says whether it was opened, changed, reopened or resolved
- ``gap``: events were lost; read ``/api/alerts``

``temperature`` is the metric of that name, converted to degrees Fahrenheit if the device names its unit (°F, °C, K). A
value without a unit is sent unchanged. ``timestamp`` is in epoch milliseconds; ``metrics`` are the latest values as
the device sent them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from hub import text_format as fmt
from hub.api.live.broadcaster import Broadcaster
from hub.api.live.feed_subscribers import AlertNotice, IncidentNotice, Listener, as_seen
from hub.api.schemas.alert_handling import AlertEntryShape
from hub.errors import StoreError
from hub.model import Alert, Device, IncidentStep, Value
from hub.registry.reader import DeviceReader
from hub.services.visible_incidents import NamedIncident, VisibleIncidents
from hub.store.reader import HistoryReader

METRIC = "temperature"
REPLAYED = 1_000
"""Maximum number of alerts in a replay. Older ones are reported as a gap."""
PAGE = 200

_TO_FAHRENHEIT: dict[str, Callable[[float], float]] = {
    "°F": lambda value: value,
    "°C": lambda value: value * 9 / 5 + 32,
    "K": lambda value: (value - 273.15) * 9 / 5 + 32,
}


def fahrenheit(value: Value | None, unit: str | None) -> float | None:
    """Return the temperature ``value``, which is in ``unit``, in °F. A number without a unit is returned unchanged.

    Return None if the value is not a number or ``unit`` is not a unit of temperature.
    """
    if value is None or isinstance(value, bool | str):
        return None
    if unit is None:
        return value
    convert = _TO_FAHRENHEIT.get(unit)
    return round(convert(value), 2) if convert else None


def temperature(device: Device) -> float | None:
    """Return the device's temperature in °F, None if the device has none."""
    latest = device.metrics.get(METRIC)
    return fahrenheit(latest.value, device.unit(METRIC)) if latest else None


def update(device: Device) -> dict[str, Any]:
    """Return the data of an ``update`` event."""
    degrees = temperature(device)
    # Only with the device's unit: a plain number may be in any unit.
    unit = "" if device.unit(METRIC) is None else " °F"
    reading = "" if degrees is None else f": {fmt.number(degrees)}{unit}"
    return {
        "device_id": device.id,
        "temperature": degrees,
        "metrics": {name: latest.value for name, latest in device.metrics.items()},
        "message": f"{device.display_name}{reading}",
        "timestamp": max((latest.ts for latest in device.metrics.values()), default=device.last_ts),
    }


def alarm(alert: Alert, device: Device | None) -> dict[str, Any]:
    """Return the data of an ``alert`` event: the keys of an ``update`` event and the fields of the alert."""
    measured = fahrenheit(alert.value, alert.unit) if alert.metric == METRIC else None
    return {
        "device_id": alert.device,
        "temperature": measured if measured is not None else temperature(device) if device else None,
        "metrics": {name: latest.value for name, latest in device.metrics.items()} if device else {},
        "message": f"{device.display_name if device else alert.device}: {alert.message}",
        "timestamp": alert.raised_at,
        "began_at": alert.since,
        "alert_id": alert.id,
        "severity": alert.severity,
        "state": alert.state,
        "metric": alert.metric,
        "value": alert.value,
        "unit": alert.unit,
        "threshold": alert.threshold,
        "rule_id": alert.rule,
        "incident_id": alert.incident,
        "suppressed": alert.suppressed_by is not None,
    }


def incident_data(found: NamedIncident, step: IncidentStep, at: int) -> dict[str, Any]:
    """Return the data of an ``incident`` event. ``at`` is its ``timestamp``, in epoch milliseconds."""
    incident = found.incident
    return {
        "incident_id": incident.id,
        "step": step,
        "device_id": incident.first.device,
        "message": incident.title,
        "severity": incident.severity,
        "state": incident.state,
        "alerts": incident.alerts,
        "open": incident.open,
        "suppressed": incident.suppressed,
        "timestamp": at,
    }


class Feed:
    """The events of one connection. Updates of devices without a temperature are sent only with ``everything``."""

    def __init__(
        self,
        registry: DeviceReader,
        store: HistoryReader,
        incidents: VisibleIncidents,
        listener: Listener,
        *,
        everything: bool,
    ) -> None:
        self._registry = registry
        self._incidents = incidents
        self._store = store
        self._listener = listener
        self._everything = everything

    async def events(self, last_id: str | None) -> AsyncIterator[ServerSentEvent]:
        """Yield the alerts since the event ``last_id``, then live events until the hub is stopping."""
        # The listener is registered already, so nothing is lost between the replay and the live events.
        replayed: set[str] = set()
        if last_id:
            async for event, alert_id in self._replay(last_id):
                replayed.add(alert_id)
                yield event
        while (delivery := await self._listener.next()) is not None:
            if delivery.gap:
                yield _gap("This client was too slow; alerts may be missing.")
            for waiting in delivery.notices:
                notice = as_seen(self._registry, waiting)
                if isinstance(notice, IncidentNotice):
                    found = self._incidents.as_seen(notice.found)
                    yield _event("incident", incident_data(found, notice.step, notice.at))
                if not isinstance(notice, AlertNotice) or notice.change is None:
                    continue
                alert = notice.explained.alert
                if not notice.raised:
                    change = AlertEntryShape.of(notice.change)
                    yield _event("alert_update", {**alarm(alert, self._registry.get(alert.device)), "change": change})
                # An alert that was raised while the client connected may be both in the history and in the queue.
                elif alert.id not in replayed:
                    yield self._alert(alert)
            for device_id in delivery.devices:
                device = self._registry.get(device_id)
                if device is None:
                    continue
                data = update(device)
                if self._everything or data["temperature"] is not None:
                    yield _event("update", data)

    async def _replay(self, last_id: str) -> AsyncIterator[tuple[ServerSentEvent, str]]:
        last = _position(last_id)
        if last is None:
            yield _gap("The Last-Event-ID is not valid; alerts may be missing."), ""
            return
        try:
            missed, whole = await self._since(last)
        except StoreError:
            yield _gap("The history cannot be read; alerts may be missing."), ""
            return
        if not whole:
            yield _gap(f"More than {REPLAYED} alerts were raised in the meantime; the oldest are missing."), ""
        for alert in missed:
            yield self._alert(alert), alert.id

    async def _since(self, last: tuple[int, str]) -> tuple[list[Alert], bool]:
        """Return the alerts raised after ``last``, oldest first, and whether the list is complete.

        ``last`` is the time (epoch ms) and the id of an alert. If too many alerts follow, the oldest are missing, and
        the list is not complete. Alerts from readings that arrived late, when the alert was already over, are left out.
        """
        found: list[Alert] = []
        before: tuple[int, str] | None = None
        while len(found) < REPLAYED:
            page = await self._store.alerts(limit=PAGE, before=before)
            newer = [alert for alert in page if (alert.raised_at, alert.id) > last]
            # Late alerts were over when their readings arrived, and are not sent as alerts.
            found += [alert for alert in newer if not alert.late]
            # If the page reaches back to the last alert, no alert is missing.
            if len(newer) < PAGE:
                return found[::-1], True
            before = (page[-1].raised_at, page[-1].id)
        return found[::-1], False

    def _alert(self, alert: Alert) -> ServerSentEvent:
        data = alarm(alert, self._registry.get(alert.device))
        return _event("alert", data, f"{alert.raised_at}-{alert.id}")


def _event(name: str, data: dict[str, Any], event_id: str | None = None) -> ServerSentEvent:
    return ServerSentEvent(event=name, raw_data=msgspec.json.encode(data).decode(), id=event_id)


def _gap(message: str) -> ServerSentEvent:
    return _event("gap", {"message": message})


def _position(event_id: str) -> tuple[int, str] | None:
    at, separator, alert_id = event_id.partition("-")
    return (int(at), alert_id) if separator and at.isascii() and at.isdigit() and len(at) < 16 else None


def routes(broadcaster: Broadcaster, registry: DeviceReader, store: HistoryReader) -> APIRouter:
    router = APIRouter(tags=["streams"])

    async def register() -> AsyncIterator[Listener]:
        with broadcaster.listen(readings_only=True) as listener:
            yield listener

    @router.get("/events/devices", response_class=EventSourceResponse, responses={409: {}})
    async def events(
        listener: Listener = Depends(register),  # noqa: B008 - an annotation cannot name a function of this scope
        everything: Annotated[bool, Query(alias="all", description="Include devices without a temperature.")] = False,
        last_event_id: Annotated[
            str | None, Header(description="Id of the last alert received; later ones are sent first.")
        ] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Stream readings and alerts as Server-Sent Events.

        `update`: a device sent readings. At most one event a second for each device, with the newest values. Data:
        `device_id`, `temperature` (in °F, or as the device sent it if it names no unit; null if the device has no
        temperature), `metrics` (the latest values), `message`, `timestamp` (epoch ms).

        `alert`: an alert was raised. Data: the keys of `update`, and `alert_id`, `severity`, `state`, `metric`,
        `value`, `unit`, `threshold`, `rule_id`, `incident_id`, `suppressed` (its gateway is down), `began_at` (epoch
        ms, by the device's clock). The event has an id: a client that reconnects with `Last-Event-ID` gets the alerts
        that it missed.

        `alert_update`: an alert was acknowledged, assigned, muted, commented, changed or cleared. Data: the keys of
        `alert`, and `change` (an entry of the alert's history). The event has no id, and is not sent again after a
        reconnect.

        `incident`: alerts that share a cause. Data: `incident_id`, `step` (`opened`, `changed`, `reopened` or
        `resolved`), `device_id` (the device that changed first), `message`, `severity`, `state`, `timestamp`, and three
        numbers of alerts: `alerts` (all), `open` and `suppressed`.

        `gap`: alerts were lost. Data: `message`. Read `/api/alerts` then.
        """
        feed = Feed(registry, store, broadcaster.incidents, listener, everything=everything)
        async for event in feed.events(last_event_id):
            yield event

    return router
