"""Queue diagnoses for local models, which may need minutes and write one diagnosis after another.

Until a model has finished, the built-in analyst's diagnosis is stored and shown. The model's diagnosis then replaces it
under the same id.
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
"""Maximum number of diagnoses that wait for a local model. Beyond it, the oldest one keeps the analyst's text."""


class PendingRevision(msgspec.Struct, frozen=True):
    """A stored diagnosis by the built-in analyst that a local model may replace."""

    diagnosis: Diagnosis
    subject: Subject


class LocalModelQueue:
    """A queue of diagnoses that local models rewrite, one at a time.

    ``revise`` is called for each diagnosis. It lets a model write the new text and stores the result.

    Attributes:
        dropped: Number of diagnoses that were dropped because the queue was full.
    """

    def __init__(self, revise: Callable[[PendingRevision], Awaitable[Any]]) -> None:
        self._revise = revise
        self._waiting: deque[PendingRevision] = deque()
        self._ready = asyncio.Event()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, revision: PendingRevision) -> PendingRevision | None:
        """Queue a diagnosis. If the queue was full, drop its oldest diagnosis and return it, else return None."""
        self._waiting.append(revision)
        self._ready.set()
        if len(self._waiting) <= _CAPACITY:
            return None
        self.dropped += 1
        return self._waiting.popleft()

    async def run(self) -> None:
        """Let models rewrite the queued diagnoses, one after another, until this task is cancelled."""
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
