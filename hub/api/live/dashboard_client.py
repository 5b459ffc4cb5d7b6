"""One page on the dashboard's socket: what waits to be sent to it, and whether it can take more."""

from __future__ import annotations

import asyncio
from collections import deque

IN_FLIGHT = 2
"""Unacknowledged frames a client."""
ALERTS_QUEUED = 1_000


class Client:
    """Queues and flow control of one page.

    Attributes:
        at: Number of the last frame that was queued.
        started: Whether the page has its snapshot, so that frames may follow.
        hidden: Whether the page is in the background and needs no frames.
        unacked: Numbers of frames that the page has not acknowledged.
        frames: Encoded frames to send.
        alerts: Encoded messages that must not be dropped.
        stats: Newest figures to send; older ones are replaced.
        pong: Answer to the newest ping.
        resume_from: Frame after which the page continues; None for a snapshot.
        resync: Reason for a new snapshot that the page has not received yet.
        restart: Whether the writer must send a snapshot or a resumption first.
        wake: Set when there is something to send.
    """

    def __init__(self) -> None:
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
        return self.started and not self.hidden and len(self.unacked) < IN_FLIGHT

    def give_frame(self, seq: int, text: str) -> None:
        self.at = seq
        self.unacked.append(seq)
        self.frames.append(text)
        self.wake.set()

    def give_alert(self, text: str) -> None:
        if len(self.alerts) >= ALERTS_QUEUED:
            self.begin_again("This page fell too far behind.")
            return
        self.alerts.append(text)
        self.wake.set()

    def give_stats(self, text: str) -> None:
        if self.started and not self.hidden:
            self.stats = text
            self.wake.set()

    def begin(self, since: int | None) -> None:
        """Start with a snapshot, or with what happened after the frame ``since``."""
        self.resume_from = since
        self.started = False
        self.restart = True
        self.frames.clear()
        self.alerts.clear()
        self.unacked.clear()
        self.wake.set()

    def begin_again(self, reason: str) -> None:
        self.resync = reason
        self.begin(None)

    def acknowledged(self, seq: int) -> None:
        while self.unacked and self.unacked[0] <= seq:
            self.unacked.popleft()
