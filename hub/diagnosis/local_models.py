"""Diagnoses by local models, which may need minutes: written one after another, in place of the analyst's.

Until then the analyst's diagnosis is stored and shown. The model's diagnosis has the same id and replaces it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from hub.diagnosis.generator import Subject
from hub.errors import HubError
from hub.model import Diagnosis
from hub.runtime.fault_log import FaultLog

log = logging.getLogger(__name__)
faults = FaultLog(log)

_CAPACITY = 32
"""How many diagnoses wait for a model. If there are more, the oldest keeps the analyst's text."""


class PendingRevision(msgspec.Struct, frozen=True):
    """A stored diagnosis of the analyst that a local model may replace."""

    diagnosis: Diagnosis
    subject: Subject


class LocalModelQueue:
    """Revises one diagnosis at a time. ``revise`` writes the new text and stores it.

    Attributes:
        dropped: number of diagnoses dropped because the queue was full.
    """

    def __init__(self, revise: Callable[[PendingRevision], Awaitable[Any]]) -> None:
        self._revise = revise
        self._waiting: deque[PendingRevision] = deque()
        self._ready = asyncio.Event()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, revision: PendingRevision) -> PendingRevision | None:
        """Queue a diagnosis. If the queue is full, drop another one and return it."""
        self._waiting.append(revision)
        self._ready.set()
        if len(self._waiting) <= _CAPACITY:
            return None
        self.dropped += 1
        return self._waiting.popleft()

    async def run(self) -> None:
        """Revise the queued diagnoses until cancelled."""
        while True:
            while not self._waiting:
                self._ready.clear()
                await self._ready.wait()
            revision = self._waiting.popleft()
            try:
                await self._revise(revision)
            except HubError as error:
                log.warning("Diagnosis %s keeps the built-in analyst's text: %s", revision.diagnosis.id, error)
            except Exception as error:
                faults.unexpected(
                    "Diagnosis %s keeps the built-in analyst's text. Report this.", revision.diagnosis.id, cause=error
                )
