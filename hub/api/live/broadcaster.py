"""Fan-out of events from the bus to all live clients, with a single subscription.

The broadcaster records what changed for the dashboards (``dashboard_socket.py``), and passes the changes to the
listeners of the public feeds. It reads the diagnoses of a batch of alerts with one query. Nothing here waits for a
client.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import msgspec

from hub import events as ev
from hub.api.live import sockets
from hub.api.live.dashboard_socket import Live
from hub.api.live.dashboard_stats import DashboardStats
from hub.api.live.feed_subscribers import AlertNotice, IncidentNotice, Listener, Notice, RequestedDiagnosis
from hub.api.live.throughput import Throughput
from hub.api.schemas import incidents as incident_shapes
from hub.api.schemas import serializers
from hub.api.schemas.commands import CommandShape
from hub.errors import Conflict, StoreError
from hub.model import Diagnosis
from hub.rules.alert_entries import entry_of
from hub.runtime.bus import Bus, Closed, Lagged
from hub.services.alerts import Alerts
from hub.services.visible_incidents import NamedIncident, VisibleIncidents

log = logging.getLogger(__name__)

BATCHES_BEHIND = 256


class Broadcaster:
    """Sends the events of the hub's event bus, such as new alerts, to all connected clients.

    Attributes:
        live: The dashboards on ``/api/live``.
        incidents: Returns incidents, limited to what a client may see of them.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        alerts: Alerts,
        incidents: VisibleIncidents,
        live: Live,
        stats: DashboardStats,
        throughput: Throughput,
        shutdown: asyncio.Event,
        max_listeners: int = 128,
    ) -> None:
        self.live = live
        self.incidents = incidents
        self._bus = bus
        self._alerts = alerts
        self._stats = stats
        self._throughput = throughput
        self._shutdown = shutdown
        self._max_listeners = max_listeners
        # Clients count towards the limit; recorders are internal and short-lived.
        self._listeners: set[Listener] = set()
        self._recorders: set[Listener] = set()  # see record()

    @property
    def listeners(self) -> int:
        """Number of clients of ``/events/devices`` and ``/ws``."""
        return len(self._listeners)

    async def run(self) -> None:
        """Send events to all connections, and changes of devices (frames) and statistics to dashboards.

        Return when the bus closes or the hub shuts down.
        """
        try:
            await sockets.until_first(
                broadcast_events=self._take_events(),
                broadcast_frames=self.live.run_frames(),
                broadcast_stats=self.live.run_stats(),
                broadcast_rate=self._throughput.run(),
                broadcast_trend=self._stats.run(),
                broadcast_end=self._shut_down(),
            )
        finally:
            for listener in self._listeners:
                listener.close()

    @contextmanager
    def listen(self, *, readings_only: bool) -> Iterator[Listener]:
        """Register a listener of ``/events/devices`` or ``/ws`` in the block. Raises Conflict if there are too many."""
        if len(self._listeners) >= self._max_listeners:
            raise Conflict("Too many clients are connected.", "Close one, or try again later.")
        listener = Listener(readings_only=readings_only)
        self._listeners.add(listener)
        # A client that connects while the hub stops would otherwise wait for an event that never comes.
        if self._shutdown.is_set():
            listener.close()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    @contextmanager
    def record(self) -> Iterator[Listener]:
        """Register a listener for the hub's own use for the duration of a ``with`` block, and yield it.

        The listener queues the devices that change or are deleted meanwhile. It does not count towards the limit on
        clients.
        """
        listener = Listener(readings_only=False)
        self._recorders.add(listener)
        try:
            yield listener
        finally:
            self._recorders.discard(listener)

    def notify(self, notice: Notice) -> None:
        """Queue a notice (about an alert, a diagnosis or an incident) for each listener."""
        for listener in self._listeners:
            listener.notice(notice)

    async def notify_requested(self, diagnosis: Diagnosis) -> None:
        """Notify all listeners of a diagnosis that a client requested on ``/ws``."""
        self.notify(RequestedDiagnosis(diagnosis, await self._alerts.explained_by(diagnosis)))

    # -- events -----------------------------------------------------------------------------------------------

    async def _shut_down(self) -> None:
        await self._shutdown.wait()

    async def _take_events(self) -> None:
        with self._bus.subscribe(BATCHES_BEHIND) as subscription:
            while True:
                try:
                    batch = await subscription.get()
                except Closed:
                    return
                self._mark(batch)
                if self._listeners or self.live.clients:
                    # The columns are already marked, so the next frame has the device's severity with this alert.
                    await self._tell_alerts(batch)
                    self._tell_incidents(batch)
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
                    log.warning("Live clients missed %d batches of events. They get a new snapshot.", event.dropped)
                    self.live.lost("The hub was too busy to send all changes.")
                    for listener in self._listeners | self._recorders:
                        listener.lost()
        if read or changed:
            for listener in self._listeners | self._recorders:
                listener.updated(read, changed)

    async def _tell_alerts(self, batch: Sequence[ev.Event | Lagged]) -> None:
        changes = [event for event in batch if isinstance(event, ev.AlertEvent)]
        # The alerts are sent in the order of the store. So a replay after the client's last alert misses none.
        changes.sort(key=lambda event: (event.alert.raised_at, event.alert.id))
        explained = await self._alerts.explain_if_readable([event.alert for event in changes])
        for event, found in zip(changes, explained, strict=True):
            self._announce(AlertNotice(found, entry_of(event)))
        for ready in (event for event in batch if isinstance(event, ev.DiagnosisReady)):
            await self._tell_diagnosis(ready.diagnosis)

    def _tell_incidents(self, batch: Sequence[ev.Event | Lagged]) -> None:
        for event in batch:
            if isinstance(event, ev.IncidentChanged):
                found = self.incidents.named(event.incident)
                self.notify(IncidentNotice(found, event.step, event.at))
                self.live.announce(event.incident.first.device, partial(self._incident_message, found))

    def _incident_message(self, found: NamedIncident) -> str:
        shown = incident_shapes.shape(self.incidents.as_seen(found))
        return _json({"type": "incident", "incident": shown})

    def _tell_commands(self, batch: Sequence[ev.Event | Lagged]) -> None:
        for event in batch:
            if isinstance(event, ev.CommandChanged):
                command = CommandShape.of(event.command)
                self.live.announce(event.command.device, partial(_json, {"type": "command", "command": command}))

    async def _tell_diagnosis(self, diagnosis: Diagnosis) -> None:
        if diagnosis.alert is None:
            self.notify(RequestedDiagnosis(diagnosis, None))
            return
        try:
            explained = await self._alerts.explained_by(diagnosis)
        except StoreError:
            log.warning(
                "Cannot read alert %s of diagnosis %s. Live clients are not notified of the diagnosis.",
                *(diagnosis.alert, diagnosis.id),
                exc_info=True,
            )
            return
        if explained is not None:
            self._announce(AlertNotice(explained))

    def _announce(self, news: AlertNotice) -> None:
        self.notify(news)
        if self.live.clients:
            found = news.explained
            self.live.announce(
                found.alert.device,
                lambda: _json({"type": "alert", "alert": serializers.alert(self._alerts.as_seen(found))}),
            )


def _json(message: object) -> str:
    return msgspec.json.encode(message).decode()
