"""A listener on the simple feeds (``/events/devices``, ``/ws``): what waits for it, bounded and conflated.

Of each device only the fact that it changed is kept, and it is handed out at most once a second; the newest state is
read when it is sent. Alerts are kept in order up to a bound, beyond which the listener is told of a gap.
"""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from hub.model import Diagnosis
from hub.services.alerts import ExplainedAlert

INTERVAL_S = 1.0
"""Between two updates of one device."""
COALESCE_S = 0.05
NOTICES = 1_000


class AlertNews(msgspec.Struct, frozen=True):
    """An alert is new (``raised``), or was acknowledged, cleared or explained."""

    raised: bool
    explained: ExplainedAlert


class Asked(msgspec.Struct, frozen=True):
    """Somebody asked for this diagnosis; ``explained`` is the open alert that it belongs to, if there is one."""

    diagnosis: Diagnosis
    explained: ExplainedAlert | None


Notice = AlertNews | Asked


class Parcel(msgspec.Struct, frozen=True):
    """What is due now. ``gap`` says that alerts were lost before these."""

    devices: list[str]
    deleted: list[str]
    notices: list[Notice]
    gap: bool


class Listener:
    """``readings_only`` leaves out devices that changed in another way than by a reading."""

    def __init__(self, *, readings_only: bool) -> None:
        self._readings_only = readings_only
        self._waiting: dict[str, None] = {}
        self._sent: dict[str, float] = {}
        self._deleted: dict[str, None] = {}
        self._notices: deque[Notice] = deque()
        self._gap = False
        self._wake = asyncio.Event()
        self._closed = False

    # -- what the broadcaster puts in -------------------------------------------------------------------------

    def updated(self, read: dict[str, None], changed: dict[str, None]) -> None:
        """Devices that sent readings, and devices that changed otherwise."""
        self._waiting.update(read)
        if not self._readings_only:
            self._waiting.update(changed)
        if self._waiting:
            self._wake.set()

    def deleted(self, device_id: str) -> None:
        self._waiting.pop(device_id, None)
        self._deleted[device_id] = None
        self._wake.set()

    def notice(self, notice: Notice) -> None:
        if len(self._notices) >= NOTICES:
            self.lost()
        self._notices.append(notice)
        self._wake.set()

    def lost(self) -> None:
        """Alerts were lost on the way."""
        self._notices.clear()
        self._gap = True
        self._wake.set()

    def catch_up(self, earlier: Listener) -> None:
        """Take over the changes of devices that ``earlier`` has been told and has not handed out."""
        self._waiting.update(earlier._waiting)
        self._deleted.update(earlier._deleted)
        if self._waiting or self._deleted:
            self._wake.set()

    @property
    def lagged(self) -> bool:
        """Something was lost that nobody has been told of yet."""
        return self._gap

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    # -- what a connection takes out --------------------------------------------------------------------------

    async def next(self) -> Parcel | None:
        """Wait until something is due; None when the hub is stopping."""
        loop = asyncio.get_running_loop()
        while not self._closed:
            self._wake.clear()
            due, wait = self._due(loop.time())
            if due or self._deleted or self._notices or self._gap:
                return self._take(due)
            # With a timeout only while a device waits for its second to be over.
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue
            if not self._notices:
                await asyncio.sleep(COALESCE_S)
        return None

    def _due(self, now: float) -> tuple[list[str], float | None]:
        """Devices whose second is over, and how long until the next one's is."""
        sent = self._sent
        # Entries are in order of time, so the outdated ones stand in front.
        while sent and now - sent[first := next(iter(sent))] >= INTERVAL_S:
            del sent[first]
        due = [device for device in self._waiting if device not in sent]
        for device in due:
            del self._waiting[device]
            sent[device] = now
        if not self._waiting:
            return due, None
        return due, max(0.0, min(sent[device] for device in self._waiting) + INTERVAL_S - now)

    def _take(self, due: list[str]) -> Parcel:
        parcel = Parcel(due, list(self._deleted), list(self._notices), self._gap)
        self._deleted.clear()
        self._notices.clear()
        self._gap = False
        return parcel
