"""Queues and flow control of one page on the dashboard's socket.

States of a page::

    connected ──hello──▶ begin() ──snapshot or resumption sent──▶ started ──disconnect──▶ discarded
                           ▲                                        │
                           └──────── begin_again(reason) ◀──────────┘  alerts overflow, events were lost, limits changed

- Frames are flow-controlled: a page with ``IN_FLIGHT`` unacknowledged frames gets no further frame until it
  acknowledges one. The next frame then has the newest value of everything that has changed in the meantime
  (conflation). So a slow page skips states, and costs the hub at most ``IN_FLIGHT`` frames of memory.
- Alerts, commands and the steps of diagnoses in progress are queued in order and never skipped. If ``ALERTS_QUEUED`` of
  them wait, the page starts again: the snapshot and the list of open alerts contain their outcome.
- Statistics and pongs are not queued: a newer one replaces one that was not sent yet.
- ``begin`` drops everything that is queued, because the snapshot includes it.

The broadcaster fills the queues, without waiting. The connection's own task sends what is queued
(``dashboard_socket.py``).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from hub.accounts.scope import EVERYTHING, DeviceScope

IN_FLIGHT = 2
"""Maximum number of frames that were sent to one client and not yet acknowledged."""
ALERTS_QUEUED = 1_000


class Client:
    """One page that is connected to the dashboard's socket. A frame is a numbered message with changes of devices.

    Attributes:
        viewer: Returns the devices that the page may see now.
        scope: The devices that the page was allowed to see when its snapshot was made.
        shown: Handles of devices that were sent to the page; not used for a page that sees the whole hub.
        at: Number of the newest frame that was queued for the page.
        started: Whether the page has its snapshot, so that frames with changes may follow.
        hidden: Whether the page is in the background and needs no frames.
        unacked: Numbers of frames that the page has not acknowledged.
        frames: Encoded frames to send.
        alerts: Encoded messages to send that must not be dropped, such as alerts.
        stats: Newest statistics to send; None if there are none. They replace older ones.
        pong: Answer to the newest ping; None if there is no ping to answer.
        resume_from: Number of the frame after which the page continues; None if it needs a snapshot.
        resync: Why the page needs a new snapshot; this reason is sent before the snapshot. None if it needs none.
        restart: Whether the sending task has to send a snapshot or a resumption next.
        wake: Set if there is something to send.
    """

    def __init__(self, viewer: Callable[[], DeviceScope] = lambda: EVERYTHING) -> None:
        self.viewer = viewer
        self.scope = viewer()
        self.shown: set[int] = set()
        self.at = 0
        self.started = False
        self.hidden = False
        self.unacked: deque[int] = deque()
        self.frames: deque[str] = deque()
        self.alerts: deque[str] = deque()
        self.stats: str | None = None
        self.pong: str | None = None
        self.resume_from: int | None = None
        self.resync: str | None = None
        self.restart = False
        self.wake = asyncio.Event()

    @property
    def ready(self) -> bool:
        """True if the page can take another frame."""
        return self.started and not self.hidden and len(self.unacked) < IN_FLIGHT

    def queue_frame(self, seq: int, text: str) -> None:
        """Queue a frame, which is a message with the number ``seq``."""
        self.at = seq
        self.unacked.append(seq)
        self.frames.append(text)
        self.wake.set()

    def queue_alert(self, text: str) -> None:
        """Queue a message that must not be dropped. If the queue is full, the page gets a new snapshot instead."""
        if len(self.alerts) >= ALERTS_QUEUED:
            self.begin_again("This page fell too far behind.")
            return
        self.alerts.append(text)
        self.wake.set()

    def queue_stats(self, text: str) -> None:
        """Queue statistics of the hub. They replace statistics that are still queued."""
        # A hidden page catches up with one frame when it is visible again.
        if self.started and not self.hidden:
            self.stats = text
            self.wake.set()

    def begin(self, since: int | None) -> None:
        """Drop everything that is queued, and start again with a snapshot or with the changes after a frame.

        ``since`` is the number of the last frame that the page has received. If it is None, the page gets a snapshot.
        """
        self.resume_from = since
        self.started = False
        self.restart = True
        self.frames.clear()
        self.alerts.clear()
        # The page acknowledges only frames that are sent after the new start.
        self.unacked.clear()
        self.wake.set()

    def begin_again(self, reason: str) -> None:
        """Start the page again: send a ``resync`` message with this reason, then a snapshot."""
        self.resync = reason
        self.begin(None)

    def acknowledged(self, seq: int) -> None:
        """Record that the page has processed all frames up to ``seq``."""
        # An acknowledgement covers all earlier frames, so a lost one does not block the page.
        while self.unacked and self.unacked[0] <= seq:
            self.unacked.popleft()
