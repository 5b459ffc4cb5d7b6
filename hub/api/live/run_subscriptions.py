"""Pages that follow a diagnosis while it is written: subscriptions to ``run/<id>`` on ``/api/live``.

A run is one such diagnosis in progress; it consists of steps. Every step is sent. Steps share the page's queue with the
alerts; if the queue overflows, the page gets a new snapshot.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from hub.api.schemas import serializers
from hub.api.schemas.live import LiveRun
from hub.model import RunStep
from hub.runtime.progress import ProgressStreams

MAX_TOPICS = 32
"""Maximum number of runs that a page may follow at the same time. Further subscriptions are ignored."""
_PREFIX = "run/"


class Viewer(Protocol):
    """A page that follows runs. ``queue_alert`` queues an encoded message for the page that must not be dropped."""

    def queue_alert(self, text: str) -> None: ...


class RunSubscriptions:
    """The dashboard's pages that follow runs. A run is a task in progress, such as a diagnosis that is being written.

    Each step of a run is encoded once, for all pages that follow the run.
    """

    def __init__(self, runs: ProgressStreams) -> None:
        self._runs = runs
        self._by_run: dict[str, set[Viewer]] = {}  # by run, the pages that follow it
        runs.subscribe(self._tell)

    def handle(self, viewer: Viewer, kind: str, topic: str) -> None:
        """Handle a ``subscribe`` or ``unsubscribe`` message. Every ``subscribe`` sends all steps so far again."""
        if kind not in ("subscribe", "unsubscribe") or not topic.startswith(_PREFIX):
            return
        run = topic.removeprefix(_PREFIX)
        if kind == "unsubscribe":
            self._unsubscribe(viewer, run)
        elif sum(viewer in viewers for viewers in self._by_run.values()) < MAX_TOPICS:
            # Subscribed before the snapshot is sent; both happen without a pause, so no step is missed or sent twice.
            self._by_run.setdefault(run, set()).add(viewer)
            for step in self._runs.snapshot(run):
                viewer.queue_alert(_encoded(step))

    def remove(self, viewer: Viewer) -> None:
        """Remove all subscriptions of a page."""
        for run in [run for run, viewers in self._by_run.items() if viewer in viewers]:
            self._unsubscribe(viewer, run)

    def _unsubscribe(self, viewer: Viewer, run: str) -> None:
        viewers = self._by_run.get(run, set())
        viewers.discard(viewer)
        if not viewers:
            self._by_run.pop(run, None)

    def _tell(self, step: RunStep) -> None:
        viewers = self._by_run.get(step.run)
        if viewers:
            text = _encoded(step)
            for viewer in viewers:
                viewer.queue_alert(text)


def _encoded(step: RunStep) -> str:
    fields = msgspec.structs.asdict(serializers.run_step(step))
    return msgspec.json.encode(LiveRun(type="run", id=step.run, **fields)).decode()
