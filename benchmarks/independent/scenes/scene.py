"""The type of an everyday scene, and a sequence that simulates each scene when it is first used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import overload

import numpy as np

from benchmarks.independent.machine import Floats, Limit, Metric


@dataclass(frozen=True)
class Scene:
    """An everyday scene. ``times`` are seconds since a Monday's midnight; at ``at``, a person asks for a diagnosis.

    ``right``, ``acceptable`` and ``absurd`` are regular expressions for the title of the named cause. If ``right`` is
    empty, the right answer is to name no cause.
    """

    id: str
    what: str
    metrics: Mapping[str, Metric]
    times: Floats
    values: Mapping[str, Floats]
    at: float
    limits: tuple[Limit, ...] = ()
    right: tuple[str, ...] = ()
    acceptable: tuple[str, ...] = ()
    absurd: tuple[str, ...] = ()
    model: str | None = None
    labels: tuple[str, ...] = field(default=())


Maker = Callable[[], Scene]


class Scenes(Sequence[Scene]):
    """A sequence of scenes. Simulating all takes seconds, so each is simulated and cached when it is first used."""

    def __init__(self, makers: Sequence[Maker]) -> None:
        self.makers = tuple(makers)
        self._scenes = [cache(maker) for maker in makers]

    def __len__(self) -> int:
        return len(self._scenes)

    def __iter__(self) -> Iterator[Scene]:
        return (scene() for scene in self._scenes)

    @overload
    def __getitem__(self, index: int) -> Scene: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Scene, ...]: ...
    def __getitem__(self, index: int | slice) -> Scene | tuple[Scene, ...]:
        if isinstance(index, slice):
            return tuple(scene() for scene in self._scenes[index])
        return self._scenes[index]()


def beyond_since(times: Floats, values: Floats, limit: Limit) -> Floats:
    """Return for each time the time since which the value has been beyond the limit; infinity if it is within."""
    beyond = np.zeros(len(times), dtype=bool)
    if limit.high is not None:
        beyond |= values > limit.high
    if limit.low is not None:
        beyond |= values < limit.low
    begins = beyond & ~np.concatenate(([False], beyond[:-1]))
    since = np.maximum.accumulate(np.where(begins, times, -np.inf))
    return np.where(beyond, since, np.inf)


def alarming(times: Floats, values: Floats, limit: Limit) -> Floats:
    """Return 1 at each time at which the value has been beyond the limit for its hold time, else 0."""
    return np.asarray(times - beyond_since(times, values, limit) >= limit.hold_s, dtype=np.float64)
