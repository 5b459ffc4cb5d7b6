"""Streams of progress: the steps of answers and diagnoses while they are being written.

A run is the writing of one answer or one diagnosis. Its steps are kept until it ends, so that a late subscriber can
read the run from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from hub.model import RunStep

MAX_STEPS = 2_000
"""Maximum steps that are kept of one run. Consecutive texts are one step. Further steps only go to the listeners."""


class ProgressStream:
    """Sends the steps of one run, which is the writing of one answer or one diagnosis, to the listeners.

    ``run_id`` is the id of the run, and ``send`` is called with each step.
    """

    def __init__(self, run_id: str, send: Callable[[RunStep], None]) -> None:
        self.id = run_id
        self._send = send

    def emit(self, op: Any, text: str = "", **more: Any) -> None:
        """Send one step of the run.

        ``op`` is the kind of the step, and ``more`` are the other fields of :class:`~hub.model.progress.RunStep`.
        """
        self._send(RunStep(self.id, op, text, **more))


class ProgressStreams:
    """The runs that are in progress, with their steps. A run is the writing of one answer or one diagnosis.

    The steps of each run so far are kept, and each new step is passed to the listeners.

    Attributes:
        dropped_steps: How many steps were not kept, because a run keeps at most ``MAX_STEPS``. Snapshots lack these
            steps.
    """

    def __init__(self) -> None:
        self.dropped_steps = 0
        self._listeners: list[Callable[[RunStep], None]] = []
        self._steps: dict[str, list[RunStep]] = {}  # by run

    def subscribe(self, listener: Callable[[RunStep], None]) -> None:
        """Call ``listener`` with every step of every run from now on."""
        self._listeners.append(listener)

    @contextmanager
    def open(self, run_id: str) -> Iterator[ProgressStream]:
        """Open a run, which is the writing of one answer or diagnosis, until the ``with`` block ends.

        The block sends the steps of the run to the yielded stream. A run with the same id is replaced.
        """
        steps = self._steps[run_id] = []
        try:
            yield ProgressStream(run_id, lambda step: self._add(steps, step))
        finally:
            if self._steps.get(run_id) is steps:
                del self._steps[run_id]

    def snapshot(self, run_id: str) -> list[RunStep]:
        """Return the steps of a run so far; an empty list if the run is not in progress."""
        return list(self._steps.get(run_id, ()))

    def _add(self, steps: list[RunStep], step: RunStep) -> None:
        if step.op == "start":  # another model starts over: its text replaces the earlier one, tools and errors stay
            steps[:] = [earlier for earlier in steps if earlier.op in ("tool", "error")]
        last = steps[-1] if steps else None
        if last is not None and last.op == step.op == "text":
            steps[-1] = msgspec.structs.replace(last, text=last.text + step.text)
        elif len(steps) < MAX_STEPS:
            steps.append(step)
        else:
            self.dropped_steps += 1
        for listener in self._listeners:
            listener(step)
