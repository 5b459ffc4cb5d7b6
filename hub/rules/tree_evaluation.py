"""Evaluate one tree of conditions at one time: which of its parts hold, and when that may change without a reading.

The times of the device's values, and the times since which conditions hold (``PartState.since``), are by the device's
clock. The times of silence, and of the values of other devices, are by the hub's clock. The device's clock is
``behind`` ms behind the hub's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import cast

import msgspec

from hub.model import Device, Latest, PartState, Tick
from hub.rules.current_values import CURRENT, is_silent
from hub.rules.kinds import Joined, MetricCondition, Part, SilenceCondition
from hub.rules.last_heard import is_up_to_date, last_heard
from hub.rules.plan import measured
from hub.rules.published_values import PublishedValues
from hub.rules.silence import RECHECK_MS
from hub.rules.truth import Truth

Tolerated = Callable[[Device, int], int]
"""Takes a device and the silence in ms that a rule names. Returns the silence in ms after which the rule is met."""


class TreeEvaluation:
    """One evaluation of a tree of conditions on a device.

    Attributes:
        again: The time, by the hub's clock, at which the result may change although no reading arrives; None if it
            cannot change without one.
        changed: True if the state of a condition on silence has changed. Such a state has to be stored, because a
            replay of the readings after a restart does not restore it.
    """

    def __init__(
        self,
        device: Device,
        published: PublishedValues,
        tolerated: Tolerated,
        states: dict[int, PartState],
        at: int,
        behind: int,
        tick: Tick | None = None,
        *,
        current_only: bool = False,
    ) -> None:
        """Create an evaluation.

        Args:
            device: The device that the rule watches.
            published: The values of other devices.
            tolerated: See :data:`Tolerated`.
            states: The states of those conditions of the tree that join no others (the leaves), by the number of the
                leaf. The evaluation changes them.
            at: The time of the evaluation in ms, by the device's clock.
            behind: How far the device's clock is behind the hub's, in ms.
            tick: The message with the hub's time that caused the evaluation; None if a reading caused it. Without a
                tick, no silence counts as long enough.
            current_only: Whether values that may be out of date (late, retained) count as unknown.
        """
        self._device = device
        self._published = published
        self._tolerated = tolerated
        self._states = states
        self._at = at
        self._behind = behind
        self._tick = tick
        self._current_only = current_only
        self._numbers = count()
        self.again: int | None = None
        self.changed = False

    def truth(self, tree: Joined) -> Truth:
        """Return True if the joined condition ``tree`` is met, False if it is not, and None if that is unknown."""
        return tree.truth([self._part(part) for part in tree.conditions])

    def _part(self, part: Part) -> Truth:
        condition = part.condition
        if isinstance(condition, Joined):
            return self.truth(condition)
        number = next(self._numbers)
        state = self._states.get(number) or PartState()
        if isinstance(condition, SilenceCondition):
            holds = self._silence(part, condition, state)
        elif (latest := self._latest(part)) is None:
            holds = None
            if state.since is not None and self._at < state.since + part.for_ms:
                state.since = None  # the duration counts from the next value on
        else:
            holds = self._leaf(part, cast(MetricCondition, condition), state, latest)
        kept = part.remembers and (state.since is not None or state.points)
        if kept or state.heard is not None:
            self._states[number] = state
        else:
            self._states.pop(number, None)
        return holds

    def _latest(self, part: Part) -> Latest | None:
        """Return the latest value of the metric that the condition ``part`` reads, on this or on another device.

        Return None if the value is unknown: it was never reported, has expired, or is out of date.
        """
        if part.device is not None and (source := part.source) is not None:
            value = self._published.latest(source, self._at + self._behind)
            return None if value is None else Latest(value.value, value.at - self._behind, "good")
        latest = self._device.metrics.get(part.metric)
        if latest is None or latest.quality == "unknown" or not is_up_to_date(self._device, part.metric):
            return None
        if self._current_only and latest.quality not in CURRENT:
            return None
        lasting = isinstance(part.condition, MetricCondition) and part.condition.lasting
        return None if lasting and is_silent(self._device) else latest

    def _leaf(self, part: Part, condition: MetricCondition, state: PartState, latest: Latest) -> Truth:
        amount = self._amount(part, condition, state, latest)
        if amount is None:
            return None
        if condition.lapses:
            amount = condition.remaining(state.points, self._at)
        holds = condition.exceeded(amount, raised=state.since is not None)
        if not holds and not condition.lasting:
            state.since = None
            return False
        if state.since is None or not holds or state.since > latest.ts:
            state.since = latest.ts
        if self._at < state.since + part.for_ms:
            self._look_again(state.since + part.for_ms + self._behind)
            return False
        if (end := condition.lapse(state.points)) is not None:
            self._look_again(end + self._behind)
        return True

    def _amount(self, part: Part, condition: MetricCondition, state: PartState, latest: Latest) -> float | None:
        if (source := condition.source) is None:
            metrics = {} if part.device else self._device.metrics
            return measured(condition, metrics, state.points, latest.value, latest.ts)
        other = self._published.read(source, self._device, self._at + self._behind)
        if other is None:
            return None
        return condition.measure(state.points, condition.combine(latest.value, [other]), latest.ts)

    def _silence(self, part: Part, condition: SilenceCondition, state: PartState) -> Truth:
        """Return whether the device, or one of its metrics, was silent for long enough while the hub was connected.

        Returns None if the device or the metric has never been heard, or the device's announcement was withdrawn.
        """
        device, metric, before = self._device, part.metric or None, (state.heard, state.since, state.met)
        heard_at = last_heard(device, metric)
        if heard_at is None or device.withdrawn or part.quantity is not None:  # no metric of the device measures it
            state.heard = state.since = state.met = None
            self.changed |= before != (None, None, None)
            self._look_again(self._at + self._behind + RECHECK_MS)  # without a timer, every message is evaluated
            return None
        newest = device.last_seen if metric is None else device.metrics[metric].ts
        if state.heard != newest:
            state.heard = state.since = state.met = None
        if state.met is not None:
            return state.met <= self._at + self._behind
        silence_ms = condition.silence(device.expected_interval)
        silence_ms = silence_ms if metric else self._tolerated(device, silence_ms)
        counted = max(heard_at, state.since or 0)
        if self._tick is not None:
            now, listening_since = self._tick.now, self._tick.listening_since
            counted = min(now, max(counted, now if listening_since is None else listening_since))
            state.met = counted + silence_ms if counted + silence_ms <= now else None
        if counted > heard_at or state.met is not None:
            state.heard, state.since = newest, counted
        self.changed |= before != (state.heard, state.since, state.met)
        if state.met is not None:
            return state.met <= self._at + self._behind
        due = counted + silence_ms
        # The silence that a device is allowed can change.
        self._look_again(due if metric else min(due, self._at + self._behind + RECHECK_MS))
        return False

    def _look_again(self, at: int) -> None:
        self.again = at if self.again is None else min(self.again, at)


def copied(states: dict[int, PartState]) -> dict[int, PartState]:
    """Return copies of the states of a rule's conditions, so that a trial evaluation does not change the originals."""
    return {number: msgspec.structs.replace(state, points=list(state.points)) for number, state in states.items()}
