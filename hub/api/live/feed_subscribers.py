"""Bounded, conflated queue of one client of the public feeds (``/events/devices``, ``/ws``).

For a device, the queue only stores the fact that the device changed. The device's state is read when it is sent, at
most once a second. Alerts are queued in order. If too many are queued, all are dropped and the client gets a ``gap``.
"""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from hub.accounts.scope import current_scope
from hub.model import AlertEntry, Diagnosis, IncidentStep
from hub.registry.reader import DeviceReader
from hub.rules.other_devices import hide
from hub.services.alerts import ExplainedAlert, narrowed_alert
from hub.services.visible_diagnosis import narrowed
from hub.services.visible_incidents import NamedIncident

INTERVAL_S = 1.0
"""Minimum time between two updates of one device, in seconds."""
COALESCE_S = 0.05
NOTICES = 1_000


class AlertNotice(msgspec.Struct, frozen=True):
    """A notice about an alert: the ``change``, such as a comment, or without one that its diagnosis is ready."""

    explained: ExplainedAlert
    change: AlertEntry | None = None

    @property
    def raised(self) -> bool:
        """Whether this notice says that the alert was raised."""
        return self.change is not None and self.change.kind == "raised"


class RequestedDiagnosis(msgspec.Struct, frozen=True):
    """A notice that a requested diagnosis is ready.

    A client requested it on ``/ws``. ``explained`` is the open alert that the diagnosis explains, None if there is
    none.
    """

    diagnosis: Diagnosis
    explained: ExplainedAlert | None


class IncidentNotice(msgspec.Struct, frozen=True):
    """A notice that an incident was opened, changed, reopened or resolved."""

    found: NamedIncident
    step: IncidentStep
    at: int


Notice = AlertNotice | RequestedDiagnosis | IncidentNotice


def device_of(notice: Notice) -> str:
    """Return the id of the device that a notice is about; for an incident, of the device that changed first."""
    match notice:
        case AlertNotice():
            return notice.explained.alert.device
        case IncidentNotice():
            return notice.found.incident.first.device
        case RequestedDiagnosis():
            return notice.diagnosis.device


def as_seen(devices: DeviceReader, notice: Notice) -> Notice | None:
    """Return the notice without the parts that the current connection may not see.

    Return None if the connection may not see the device at all. A notice of an incident is returned unchanged: use
    :meth:`VisibleIncidents.as_seen` for it.
    """
    if current_scope().whole:
        return notice
    if not devices.known(device_of(notice)):  # out of scope, or deleted
        return None
    match notice:
        case AlertNotice(change=change):
            change = change and hide(change, devices.known)
            return AlertNotice(narrowed_alert(notice.explained, devices), change)
        case RequestedDiagnosis(explained=explained):
            shown = explained and narrowed_alert(explained, devices)
            return RequestedDiagnosis(narrowed(notice.diagnosis), shown)
        case _:
            return notice


class Delivery(msgspec.Struct, frozen=True):
    """What to send now: ids of changed devices, ids of deleted devices, and notices.

    ``gap`` is True if notices were lost before these ones.
    """

    devices: list[str]
    deleted: list[str]
    notices: list[Notice]
    gap: bool


class Listener:
    """What is still to be sent to one client: changed and deleted devices, and notices of alerts and diagnoses.

    If ``readings_only`` is true, a device is queued only when it has sent readings. Its other changes are not sent.
    """

    def __init__(self, *, readings_only: bool) -> None:
        self._readings_only = readings_only
        self._waiting: dict[str, None] = {}  # changed devices, in order
        self._sent: dict[str, float] = {}  # by device, when it was sent, within the last INTERVAL_S
        self._deleted: dict[str, None] = {}  # deleted devices, in order
        self._notices: deque[Notice] = deque()  # alerts and diagnoses, in order
        self._gap = False  # notices were lost
        self._wake = asyncio.Event()  # there may be something to send
        self._closed = False  # the hub is stopping

    # -- for the broadcaster ----------------------------------------------------------------------------------

    def updated(self, read: dict[str, None], changed: dict[str, None]) -> None:
        """Queue the devices that sent readings (``read``) and the devices that changed otherwise (``changed``)."""
        self._waiting.update(read)
        if not self._readings_only:
            self._waiting.update(changed)
        if self._waiting:
            self._wake.set()

    def deleted(self, device_id: str) -> None:
        """Queue the deletion of a device."""
        # The state of a deleted device can no longer be read.
        self._waiting.pop(device_id, None)
        self._deleted[device_id] = None
        self._wake.set()

    def notice(self, notice: Notice) -> None:
        """Queue a notice. If the queue is full, first drop all queued notices and report a gap."""
        # All are dropped, because after a gap the client has to read all alerts again.
        if len(self._notices) >= NOTICES:
            self.lost()
        self._notices.append(notice)
        self._wake.set()

    def lost(self) -> None:
        """Drop all queued notices. The next delivery tells the client that notices are missing (``gap``)."""
        self._notices.clear()
        self._gap = True
        self._wake.set()

    def catch_up(self, earlier: Listener) -> None:
        """Add the changed and deleted devices that are queued in ``earlier`` to this queue, too."""
        self._waiting.update(earlier._waiting)
        self._deleted.update(earlier._deleted)
        if self._waiting or self._deleted:
            self._wake.set()

    @property
    def lagged(self) -> bool:
        """True if notices were dropped and the client does not know this yet."""
        return self._gap

    def close(self) -> None:
        """End the feed: the hub is stopping."""
        self._closed = True
        self._wake.set()

    # -- for the connection -----------------------------------------------------------------------------------

    async def next(self) -> Delivery | None:
        """Wait for something to send to this client, and return it: updates, deletions, alerts or a notice of a gap.

        The call removes what it returns from the queue. It returns None if the connection is to be closed because the
        hub is stopping.
        """
        loop = asyncio.get_running_loop()
        while not self._closed:
            self._wake.clear()
            due, wait = self._due(loop.time())
            if due or self._deleted or self._notices or self._gap:
                return self._take(due)
            # wait is None unless a device waits for the end of its interval.
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue
            # Wait a moment so that devices of one batch are sent together; alerts are not delayed.
            if not self._notices:
                await asyncio.sleep(COALESCE_S)
        return None

    def _due(self, now: float) -> tuple[list[str], float | None]:
        """Remove and return the devices that may be sent now, and the seconds until the next device may be sent.

        The seconds are None if no further device is queued.
        """
        sent = self._sent
        # Entries are in order of time, so the outdated ones come first.
        while sent and now - sent[first := next(iter(sent))] >= INTERVAL_S:
            del sent[first]
        due = [device for device in self._waiting if device not in sent]
        for device in due:
            del self._waiting[device]
            sent[device] = now
        if not self._waiting:
            return due, None
        return due, max(0.0, min(sent[device] for device in self._waiting) + INTERVAL_S - now)

    def _take(self, due: list[str]) -> Delivery:
        delivery = Delivery(due, list(self._deleted), list(self._notices), self._gap)
        self._deleted.clear()
        self._notices.clear()
        self._gap = False
        return delivery
