"""Check the scenes; called by ``python -m benchmarks.independent scenes [ID …]``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.independent.machine import DAY_S
from benchmarks.independent.scenes import SCENES
from benchmarks.independent.scenes.scene import Scene, alarming

MAX_READINGS = 60_000
FASTEST_S, SLOWEST_S = 1.0, 3_600.0


def report(wanted: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield a line and the problems of each scene in ``wanted``; of all scenes if it is empty."""
    ids = Counter(scene.id for scene in SCENES)
    yield from ((unknown, ["no such scene"]) for unknown in wanted if unknown not in ids)
    for scene, maker in zip(SCENES, SCENES.makers, strict=True):
        if wanted and scene.id not in wanted:
            continue
        wrong = list(problems(scene, maker()))
        if ids[scene.id] > 1:
            wrong.append("another scene has the same id")
        alarms = [alarming(scene.times, scene.values[limit.metric], limit) for limit in scene.limits]
        raised = sum(int((np.diff(alarm, prepend=0.0) > 0).sum()) for alarm in alarms)
        kind = "something is wrong" if scene.right else "nothing is broken"
        yield f"{scene.id}: {kind}; {len(scene.times)} readings, {raised} alerts", wrong


def problems(scene: Scene, again: Scene) -> Iterator[str]:
    """Yield each problem of a scene as a sentence. ``again`` is a second simulation of it, which must be equal."""
    times = scene.times
    if any(not np.array_equal(each, other) for each, other in zip(_courses(scene), _courses(again), strict=True)):
        yield "does not repeat itself"
    if scene.metrics.keys() != scene.values.keys() or any(len(each) != len(times) for each in scene.values.values()):
        yield "metrics, values and times do not belong together"
        return
    if len({name.casefold() for name in scene.metrics}) != len(scene.metrics):
        yield "two metrics differ by case only"
    gaps = np.diff(times)
    if not (gaps > 0).all() or times[0] < 0:
        yield "times do not ascend from 0"
    elif not FASTEST_S <= np.median(gaps) <= SLOWEST_S:
        yield f"reports every {np.median(gaps):g} s"
    if len(times) > MAX_READINGS or times[-1] - times[0] < DAY_S:
        yield f"has {len(times)} readings in {times[-1] / DAY_S:.1f} days"
    if times[-1] < scene.at or (times >= scene.at).sum() > 1:
        yield "does not end at the moment at which a person asks"
    yield from _problems_of_values(scene)
    yield from _problems_of_patterns(scene)


def _problems_of_values(scene: Scene) -> Iterator[str]:
    for name, metric in scene.metrics.items():
        values, top = scene.values[name], 1 if metric.kind == "switch" else len(metric.words) - 1
        if not np.isfinite(values).all():
            yield f"{name} is not finite"
        elif metric.kind != "number" and not np.isin(values, range(top + 1)).all():
            yield f"{name} is not one of its states"
    asked = scene.times <= scene.at
    for limit in scene.limits:
        if limit.metric not in scene.metrics:
            yield f"a limit names {limit.metric}"
            return
    if scene.limits and not any(
        alarming(scene.times[asked], scene.values[limit.metric][asked], limit)[-1] for limit in scene.limits
    ):
        yield "no limit is crossed when a person asks"


def _problems_of_patterns(scene: Scene) -> Iterator[str]:
    if not scene.acceptable + scene.right or not scene.absurd:
        yield "does not say which causes are right, acceptable or absurd"
    for pattern in scene.right + scene.acceptable + scene.absurd:
        try:
            re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            yield f"{pattern!r} is no regular expression: {error}"
            return
    if not scene.right and not any(re.search(words, "Normal operation", re.IGNORECASE) for words in scene.acceptable):
        yield "does not accept 'Normal operation' although nothing is broken"
    words_of_its_own = [words for name, metric in scene.metrics.items() for words in (name, *metric.words)]
    for words in words_of_its_own:
        if any(re.search(pattern, words.replace("_", " "), re.IGNORECASE) for pattern in scene.absurd):
            yield f"calls {words} absurd, although it is one of its own metrics or states"


def _courses(scene: Scene) -> list[np.ndarray]:
    return [np.array([scene.at]), scene.times, *scene.values.values()]
