"""``GET /events/devices``: a live feed for any page that has an ``EventSource``.

Three named events. ``update``: a device sent readings (at most one a second a device, the newest). ``alert``: an
alert was raised; it carries an id, and a client that reconnects with ``Last-Event-ID`` gets every alert raised since,
from the history, so over a restart too. ``gap``: something was lost in between, read ``/api/alerts``.

``temperature`` is the metric named just ``temperature``: in degrees Fahrenheit where the device says its unit (°F, °C
or K); a value without a unit is passed on unchanged, and no unit is claimed for it. ``timestamp`` is in epoch
milliseconds; ``metrics`` are the latest values as the device sent them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from hub import text_format as fmt
from hub.api.live.broadcaster import Broadcaster
from hub.api.live.feed_subscribers import AlertNews, Listener
from hub.errors import StoreError
from hub.model import Alert, Device, Value
from hub.registry.registry import DeviceRegistry
from hub.store.base import Store

METRIC = "temperature"
REPLAYED = 1_000
"""Alerts replayed at most; older ones are told as a gap."""
PAGE = 200

_TO_FAHRENHEIT: dict[str, Callable[[float], float]] = {
    "°F": lambda value: value,
    "°C": lambda value: value * 9 / 5 + 32,
    "K": lambda value: (value - 273.15) * 9 / 5 + 32,
}


def fahrenheit(value: Value | None, unit: str | None) -> float | None:
    """None for what is no temperature: a text, a switch, a unit that is not one of temperature."""
    if value is None or isinstance(value, bool | str):
        return None
    if unit is None:
        return value
    convert = _TO_FAHRENHEIT.get(unit)
    return round(convert(value), 2) if convert else None


def temperature(device: Device) -> float | None:
    latest = device.metrics.get(METRIC)
    return fahrenheit(latest.value, device.unit(METRIC)) if latest else None


def update(device: Device) -> dict[str, Any]:
    """The data of an ``update``; keys are as documented, none more."""
    degrees = temperature(device)
    # The unit is named only where the device named one: a plain number may be anything.
    unit = "" if device.unit(METRIC) is None else " °F"
    said = "" if degrees is None else f": {fmt.number(degrees)}{unit}"
    return {
        "device_id": device.id,
        "temperature": degrees,
        "metrics": {name: latest.value for name, latest in device.metrics.items()},
        "message": f"{device.display_name}{said}",
        "timestamp": max((latest.ts for latest in device.metrics.values()), default=device.last_ts),
    }


def alarm(alert: Alert, device: Device | None) -> dict[str, Any]:
    """The data of an ``alert``: the keys of an ``update``, and what is the alert's own."""
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
    }


class Feed:
    """What one connection is sent."""

    def __init__(self, registry: DeviceRegistry, store: Store, listener: Listener, *, everything: bool) -> None:
        self._registry = registry
        self._store = store
        self._listener = listener
        self._everything = everything

    async def events(self, last_id: str | None) -> AsyncIterator[ServerSentEvent]:
        # The listener is in place already, so nothing is lost between the replay and the live events.
        replayed: set[str] = set()
        if last_id:
            async for event, alert_id in self._replay(last_id):
                replayed.add(alert_id)
                yield event
        while (parcel := await self._listener.next()) is not None:
            if parcel.gap:
                yield _gap("The hub could not keep up with this listener; alerts may be missing.")
            for notice in parcel.notices:
                if isinstance(notice, AlertNews) and notice.raised and notice.explained.alert.id not in replayed:
                    yield self._alert(notice.explained.alert)
            for device_id in parcel.devices:
                device = self._registry.get(device_id)
                if device is None:
                    continue
                data = update(device)
                if self._everything or data["temperature"] is not None:
                    yield _event("update", data)

    async def _replay(self, last_id: str) -> AsyncIterator[tuple[ServerSentEvent, str]]:
        last = _position(last_id)
        if last is None:
            yield _gap("This Last-Event-ID is none of this hub's; alerts may be missing."), ""
            return
        try:
            missed, whole = await self._since(last)
        except StoreError:
            yield _gap("The history cannot be read; alerts may be missing."), ""
            return
        if not whole:
            yield _gap(f"More than {REPLAYED} alerts were raised meanwhile; the oldest of them are left out."), ""
        for alert in missed:
            yield self._alert(alert), alert.id

    async def _since(self, last: tuple[int, str]) -> tuple[list[Alert], bool]:
        """The alerts raised after ``last``, oldest first, and whether these are all."""
        found: list[Alert] = []
        before: tuple[int, str] | None = None
        while len(found) < REPLAYED:
            page = await self._store.alerts(limit=PAGE, before=before)
            newer = [alert for alert in page if (alert.raised_at, alert.id) > last]
            # What arrived late was over before it was known, and is told to nobody as an alert.
            found += [alert for alert in newer if not alert.late]
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


def routes(broadcaster: Broadcaster, registry: DeviceRegistry, store: Store) -> APIRouter:
    router = APIRouter(tags=["streams"])

    async def place() -> AsyncIterator[Listener]:
        with broadcaster.listen(readings_only=True) as listener:
            yield listener

    @router.get("/events/devices", response_class=EventSourceResponse, responses={409: {}})
    async def events(
        listener: Listener = Depends(place),  # noqa: B008 - a name of this function cannot stand in an annotation
        everything: Annotated[bool, Query(alias="all", description="Devices without a temperature, too.")] = False,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Server-Sent Events.

        `update`: a device sent readings; at most one a second a device, the newest. Data `device_id`, `temperature`
        (°F; a value without a unit unchanged; null where there is none), `metrics` (the latest values), `message`,
        `timestamp` (epoch ms).

        `alert`: an alert was raised. The same keys and `alert_id`, `severity`, `state`, `metric`, `value`, `unit`,
        `threshold`, `rule_id`, `began_at` (epoch ms, by the device's clock). It has an id: a client that reconnects
        with Last-Event-ID gets what it missed.

        `gap`: alerts were lost on the way; data `message`. Read /api/alerts.
        """
        feed = Feed(registry, store, listener, everything=everything)
        async for event in feed.events(last_event_id):
            yield event

    return router
