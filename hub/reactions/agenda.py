"""Occasions: the times at which reactions are due.

An occasion that the step of an alert causes waits in the :class:`Agenda` until it is due.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

import msgspec

from hub.model import Device, Scope
from hub.model.reaction import AlertStepTaken, AlertTrigger, Reaction

Selects = Callable[[Scope, Device], bool]


class Occasion(msgspec.Struct, frozen=True):
    """A time at which a reaction is due. ``taken`` is the step of an alert that caused it; None if the schedule did."""

    reaction: Reaction
    due_at: int
    taken: AlertStepTaken | None = None

    @property
    def key(self) -> str:
        """Idempotency key. It is the same each time this occasion is computed, also after a restart."""
        about = ["schedule", str(self.due_at)]
        if (taken := self.taken) is not None:
            about = [taken.alert.id, taken.step, str(taken.at)]
        text = "\n".join((self.reaction.id, *about))
        return f"r-{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def starts(reaction: Reaction, taken: AlertStepTaken, device: Device | None, selects: Selects) -> bool:
    """Return whether a step of an alert starts a reaction.

    Alerts that are silenced, suppressed by the outage of a gateway, or raised by late readings start no reaction.
    """
    alert, trigger = taken.alert, reaction.alert
    if not reaction.enabled or trigger is None or alert.late or alert.silenced_by or alert.suppressed_by:
        return False
    return concerns(trigger, taken) and device is not None and selects(trigger.scope, device)


def concerns(trigger: AlertTrigger, taken: AlertStepTaken) -> bool:
    """Return whether the step ``taken`` matches the trigger's step, rules and severities. The device is not checked."""
    alert = taken.alert
    return (
        trigger.step == taken.step
        and (not trigger.severities or alert.severity in trigger.severities)
        and (not trigger.rules or any(fnmatchcase(alert.rule, pattern) for pattern in trigger.rules))
    )


class Agenda:
    """A queue of the occasions that steps of alerts have caused, ordered by when they are due.

    A step is a change of an alert, such as ``raised``. Each occasion is kept with the row number of the stored step.
    """

    def __init__(self, find: Callable[[str], Device | None], selects: Selects) -> None:
        self._find = find
        self._selects = selects
        self._waiting: list[tuple[int, int, int, Occasion]] = []  # heap: (due, count, row number of the step, occasion)
        self._count = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def next_due(self) -> int | None:
        """Return when the next occasion is due, in epoch ms; None if no occasion waits."""
        return self._waiting[0][0] if self._waiting else None

    def take(self, number: int, taken: AlertStepTaken, reactions: Iterable[Reaction]) -> int:
        """Queue each of ``reactions`` that the step ``taken`` of an alert starts. Return how many were queued.

        A reaction becomes due when the time ``for`` of its trigger has passed since the step. ``number`` is the row
        number of the stored step.
        """
        device, before = self._find(taken.alert.device), len(self._waiting)
        for reaction in reactions:
            if reaction.alert is not None and starts(reaction, taken, device, self._selects):
                due = taken.at + reaction.alert.for_ms
                self._count += 1
                heapq.heappush(self._waiting, (due, self._count, number, Occasion(reaction, due, taken)))
        return len(self._waiting) - before

    def first(self, now: int) -> tuple[int, Occasion] | None:
        """Return the occasion that is due first, with the row number of the stored alert step that caused it.

        Return None if no occasion is due at ``now`` (epoch ms).
        """
        if not self._waiting or self._waiting[0][0] > now:
            return None
        _, _, number, occasion = self._waiting[0]
        return number, occasion

    def drop_first(self) -> None:
        """Remove the occasion that :meth:`first` has returned, because it was handled."""
        heapq.heappop(self._waiting)
