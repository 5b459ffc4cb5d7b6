"""From the bus to everyone who looks on: one subscription, whatever the number of viewers.

Marks what changed for the dashboards (``live.py``) and hands it to the listeners of the simple feeds. Alerts are
joined with their diagnosis by one look-up a batch. Nothing here waits for a viewer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from hub import events as ev
from hub.api.live import sockets
from hub.api.live.dashboard_socket import Live
from hub.api.live.device_columns import Columns
from hub.api.live.device_list import DeviceList
from hub.api.live.feed_subscribers import AlertNews, Asked, Listener, Notice
from hub.api.live.run_subscriptions import Followers
from hub.api.schemas import commands, serializers
from hub.api.services import Services
from hub.api.submit_timeout import in_time
from hub.api.trend import STEP_S, Trend
from hub.errors import Conflict, StoreError
from hub.model import Alert, Diagnosis
from hub.runtime.bus import Closed, Lagged
from hub.services.alerts import Alerts, ExplainedAlert
from hub.services.commands import Commands
from hub.services.devices import Devices

log = logging.getLogger(__name__)

SAMPLE_S = 2.0
BATCHES_BEHIND = 256


class Broadcaster:
    """Owned by the assembly, which runs :meth:`run` in its task group; it ends when the bus closes or at shutdown.

    ``live_clients`` bounds the dashboards on ``/api/live``, ``listeners`` those on ``/events/devices`` and ``/ws``.
    """

    def __init__(self, services: Services, *, live_clients: int = 64, listeners: int = 128) -> None:
        self._services = services
        self._most_listeners = listeners
        self._listeners: set[Listener] = set()
        self._recorders: set[Listener] = set()
        self.device_list = DeviceList(services.registry, services.engine, self.record)
        self._rate = 0.0
        self.trend = Trend()
        submit = in_time(services.ingest_queue.submit)
        self.devices = Devices(registry=services.registry, engine=services.engine, submit=submit, now=services.now)
        self.commands = Commands(registry=services.registry, store=services.store, submit=submit, now=services.now)
        self.alerts = Alerts(
            registry=services.registry,
            engine=services.engine,
            store=services.store,
            submit=submit,
            pending=services.diagnostician.pending,
            now=services.now,
        )
        self.live = Live(
            Columns(services.registry, services.engine),
            open_alerts=self._open_alerts,
            stats=self._stats,
            now=services.now,
            followers=Followers(services.diagnostician.runs),
            most=live_clients,
        )

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    @property
    def rate(self) -> float:
        """Messages a second, over the last seconds."""
        return self._rate

    async def run(self) -> None:
        try:
            await sockets.until_first(
                broadcast_events=self._take_events(),
                broadcast_frames=self.live.run_frames(),
                broadcast_stats=self.live.run_stats(),
                broadcast_rate=self._sample(),
                broadcast_trend=self._follow_trend(),
                broadcast_end=self._end(),
            )
        finally:
            for listener in self._listeners:
                listener.close()

    @contextmanager
    def listen(self, *, readings_only: bool) -> Iterator[Listener]:
        """A place among the listeners. Raises Conflict when all are taken."""
        if len(self._listeners) >= self._most_listeners:
            raise Conflict("Too many listeners are connected.", "Close one, or try again later.")
        listener = Listener(readings_only=readings_only)
        self._listeners.add(listener)
        if self._services.shutdown.is_set():
            listener.close()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    @contextmanager
    def record(self) -> Iterator[Listener]:
        """A listener of the hub's own, which takes nobody's place."""
        listener = Listener(readings_only=False)
        self._recorders.add(listener)
        try:
            yield listener
        finally:
            self._recorders.discard(listener)

    def tell(self, notice: Notice) -> None:
        """To all listeners."""
        for listener in self._listeners:
            listener.notice(notice)

    # -- events -----------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        await self._services.shutdown.wait()

    async def _take_events(self) -> None:
        with self._services.bus.subscribe(BATCHES_BEHIND) as subscription:
            while True:
                try:
                    batch = await subscription.get()
                except Closed:
                    return
                self._mark(batch)
                if self._listeners or self.live.clients:
                    await self._tell_alerts(batch)
                if self.live.clients:
                    self._tell_commands(batch)

    def _mark(self, batch: Sequence[ev.Event | Lagged]) -> None:
        columns = self.live.columns
        read: dict[str, None] = {}
        changed: dict[str, None] = {}
        for event in batch:
            match event:
                case ev.ReadingsStored():
                    columns.read(event.records)
                    read.update((record.device, None) for record in event.records)
                    for record_batch in event.record_batches:
                        devices = record_batch.devices()
                        columns.read_batch(devices, record_batch.names)
                        read.update(dict.fromkeys(devices))
                case ev.DeviceDiscovered() | ev.DeviceChanged():
                    columns.described(event.device)
                    changed[event.device] = None
                case ev.PresenceChanged():
                    columns.touched(event.device)
                    changed[event.device] = None
                case ev.DeviceDeleted():
                    columns.deleted(event.device)
                    changed.pop(event.device, None)
                    for listener in self._listeners | self._recorders:
                        listener.deleted(event.device)
                case ev.AlertRaised() | ev.AlertChanged() | ev.AlertCleared():
                    columns.touched(event.alert.device)
                    changed[event.alert.device] = None
                case Lagged():
                    log.warning("viewers are behind by %d batches and begin again", event.dropped)
                    self.live.lost("The hub could not keep up with telling what happened.")
                    for listener in self._listeners | self._recorders:
                        listener.lost()
        if read or changed:
            for listener in self._listeners | self._recorders:
                listener.updated(read, changed)

    async def _tell_alerts(self, batch: Sequence[ev.Event | Lagged]) -> None:
        kinds = (ev.AlertRaised, ev.AlertAcknowledged, ev.AlertChanged, ev.AlertCleared)
        moved = [event for event in batch if isinstance(event, kinds)]
        # In the order of the store, so that a replay after the last one that was seen misses none.
        moved.sort(key=lambda event: (event.alert.raised_at, event.alert.id))
        explained = await self._explain([event.alert for event in moved])
        for event, found in zip(moved, explained, strict=True):
            self._announce(AlertNews(isinstance(event, ev.AlertRaised), found))
        for ready in (event for event in batch if isinstance(event, ev.DiagnosisReady)):
            await self._tell_diagnosis(ready.diagnosis)

    def _tell_commands(self, batch: Sequence[ev.Event | Lagged]) -> None:
        for event in batch:
            if isinstance(event, ev.CommandChanged):
                self.live.alert(_json({"type": "command", "command": commands.shape(event.command)}))

    async def _explain(self, alerts: Sequence[Alert]) -> list[ExplainedAlert]:
        try:
            return await self.alerts.explain(alerts)
        except StoreError:
            log.warning("alerts are told without their diagnosis: the history cannot be read", exc_info=True)
            return [self.alerts.join(alert, None) for alert in alerts]

    async def _tell_diagnosis(self, diagnosis: Diagnosis) -> None:
        if diagnosis.alert is None:
            self.tell(Asked(diagnosis, None))
            return
        try:
            explained = await self.alerts.explained_by(diagnosis)
        except StoreError:
            log.warning("a diagnosis is not told: the history cannot be read", exc_info=True)
            return
        if explained is not None:
            self._announce(AlertNews(False, explained))

    def _announce(self, news: AlertNews) -> None:
        self.tell(news)
        if self.live.clients:
            self.live.alert(_json({"type": "alert", "alert": serializers.alert(news.explained)}))

    # -- what dashboards get besides frames -------------------------------------------------------------------

    async def _open_alerts(self) -> str:
        found = await self._explain(self.alerts.open_now())
        return _json({"type": "alerts", "items": [serializers.alert(one) for one in found]})

    async def _sample(self) -> None:
        ingest_queue, before, then = self._services.ingest_queue, self._services.ingest_queue.received, time.monotonic()
        while True:
            await asyncio.sleep(SAMPLE_S)
            now = time.monotonic()
            self._rate, before, then = (ingest_queue.received - before) / (now - then), ingest_queue.received, now

    async def _follow_trend(self) -> None:
        while True:
            await asyncio.sleep(STEP_S)
            presence, severity = self.devices.by_presence(), self.alerts.by_severity()
            self.trend.add(sum(severity.values()), presence["stale"], presence["offline"], self._rate)

    def _stats(self) -> str:
        services = self._services
        presence, severity = self.devices.by_presence(), self.alerts.by_severity()
        usage = services.usage()
        chat = services.providers.describe()
        state = services.link()
        return _json(
            {
                "type": "stats",
                "ts": services.now(),
                "devices": len(services.registry),
                **presence,
                "open_alerts": sum(severity.values()),
                "critical": severity["critical"],
                "received": services.ingest_queue.received,
                "stored": services.counters.stored,
                "rejected": services.counters.rejected,
                "shed": services.ingest_queue.shed,
                "rate": round(self._rate, 1),
                "cpu": usage.cpu,
                "rss": usage.rss,
                "ai": {"provider": chat[0].provider, "model": chat[0].model} if chat else None,
                "broker": {"connected": state.connected, "address": state.address},
            }
        )


def _json(message: object) -> str:
    return msgspec.json.encode(message).decode()
