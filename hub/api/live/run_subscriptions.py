"""Who looks on while something is written: pages that subscribed to ``run/<id>`` on ``/api/live``.

Steps are never conflated: they wait in the page's queue beside the alerts, whose overflow makes it begin again.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from hub.api.schemas import serializers
from hub.model import RunStep
from hub.runtime.progress import ProgressStreams

MOST_TOPICS = 32
"""Runs that one page may follow at a time; further ones are not followed."""
_PREFIX = "run/"


class Viewer(Protocol):
    """One page's queue. ``give_alert`` takes a message that must not be left out."""

    def give_alert(self, text: str) -> None: ...


class Followers:
    """Listens to all runs; each step is encoded once for all who follow its run."""

    def __init__(self, runs: ProgressStreams) -> None:
        self._runs = runs
        self._by_run: dict[str, set[Viewer]] = {}
        runs.subscribe(self._tell)

    def heard(self, viewer: Viewer, kind: str, topic: str) -> None:
        """``subscribe`` and ``unsubscribe``. Who subscribes gets what has been told so far; doing so again repeats it,
        as a page needs that was cut off."""
        if kind not in ("subscribe", "unsubscribe") or not topic.startswith(_PREFIX):
            return
        run = topic.removeprefix(_PREFIX)
        if kind == "unsubscribe":
            self._leave(viewer, run)
        elif sum(viewer in viewers for viewers in self._by_run.values()) < MOST_TOPICS:
            self._by_run.setdefault(run, set()).add(viewer)
            for step in self._runs.snapshot(run):
                viewer.give_alert(_encoded(step))

    def gone(self, viewer: Viewer) -> None:
        for run in [run for run, viewers in self._by_run.items() if viewer in viewers]:
            self._leave(viewer, run)

    def _leave(self, viewer: Viewer, run: str) -> None:
        viewers = self._by_run.get(run, set())
        viewers.discard(viewer)
        if not viewers:
            self._by_run.pop(run, None)

    def _tell(self, step: RunStep) -> None:
        viewers = self._by_run.get(step.run)
        if viewers:
            text = _encoded(step)
            for viewer in viewers:
                viewer.give_alert(text)


def _encoded(step: RunStep) -> str:
    message: dict[str, Any] = {"type": "run", "id": step.run, **serializers.run_step(step)}
    return msgspec.json.encode(message).decode()
