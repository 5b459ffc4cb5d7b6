"""What is being written at this moment, and what has been told of it so far. It knows no socket and no writer.

A run is kept while it goes on, so that who comes late reads it from its beginning; its end is told and it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from hub.model import RunStep

MOST_STEPS = 2_000
"""Steps kept of one run. Words that follow one another are one step; beyond this, only those who follow already are
told (``Runs.untold`` counts what a late comer misses)."""


class ProgressStream:
    """What a writer holds to tell what it does."""

    def __init__(self, run_id: str, tell: Callable[[RunStep], None]) -> None:
        self.id = run_id
        self._tell = tell

    def emit(self, op: Any, text: str = "", **more: Any) -> None:
        """One step; ``more`` are the other fields of :class:`~hub.model.progress.RunStep`."""
        self._tell(RunStep(self.id, op, text, **more))


class ProgressStreams:
    """All runs that go on.

    Attributes:
        untold: Steps that were not kept for those who come late.
    """

    def __init__(self) -> None:
        self.untold = 0
        self._listeners: list[Callable[[RunStep], None]] = []
        self._told: dict[str, list[RunStep]] = {}

    def subscribe(self, listener: Callable[[RunStep], None]) -> None:
        """Call ``listener`` with every step of every run from now on."""
        self._listeners.append(listener)

    @contextmanager
    def open(self, run_id: str) -> Iterator[ProgressStream]:
        """A run for as long as the block lasts. A second one of the same name takes its place."""
        told = self._told[run_id] = []
        try:
            yield ProgressStream(run_id, lambda step: self._take(told, step))
        finally:
            if self._told.get(run_id) is told:
                del self._told[run_id]

    def snapshot(self, run_id: str) -> list[RunStep]:
        """What has been told of a run; nothing if it does not go on."""
        return list(self._told.get(run_id, ()))

    def _take(self, told: list[RunStep], step: RunStep) -> None:
        if step.op == "start":  # what an earlier writer wrote is void, what was looked up and what failed is not
            told[:] = [kept for kept in told if kept.op in ("tool", "error")]
        last = told[-1] if told else None
        if last is not None and last.op == step.op == "text":
            told[-1] = msgspec.structs.replace(last, text=last.text + step.text)
        elif len(told) < MOST_STEPS:
            told.append(step)
        else:
            self.untold += 1
        for listener in self._listeners:
            listener(step)
