"""Check statements that compare two metrics: which of them changed first, and which has the higher reading."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hub.insight.claims.facts import Motion
from hub.insight.claims.outcome import Outcome
from hub.insight.claims.text import Coder
from hub.insight.claims.units import convert

_SAME_MS = 1_000
"""Two onsets are simultaneous if they are at most this many ms apart."""
_FIRST = re.compile(r"\b(?:first|earliest|initially|led|leads|leading)\b", re.I)
_BEFORE = re.compile(r"\b(?:before|ahead of|preced\w+|followed by|earlier than|prior to|led to)\b", re.I)
_AFTER = re.compile(r"\b(?:after|follow(?:s|ed|ing)?(?! by)|later than|behind|lag(?:s|ged)?)\b", re.I)
_TOGETHER = re.compile(r"\b(?:at the same time|simultaneously|at once|in the same moment)\b", re.I)
_MORE = re.compile(
    r"\b(?:exceed(?:s|ed)?|(?:higher|greater|larger|more|warmer|hotter|faster|stronger|bigger) than|above)\b", re.I
)
_LESS = re.compile(r"\b(?:(?:lower|less|smaller|colder|cooler|slower|weaker) than|below)\b", re.I)
_EQUAL = re.compile(r"\b(?:equal|the same as|identical)\b", re.I)
_ALIKE = 0.05
"""Two readings count as equal if they differ by at most this fraction of the larger one."""
_NOT = re.compile(r"\b(?:not|never|no longer)\b|n['’]t\b", re.I)


def order(coded: str, coder: Coder, known: Mapping[str, Motion]) -> Iterator[Outcome]:
    """Check statements in a sentence about the order of changes, such as "A rose before B" and "A moved first".

    ``coded`` is a sentence from :meth:`Coder.code`, in which one character stands for each metric. ``known`` has the
    times at which the metrics began to change. Yield for each statement whether it agrees with these times.
    """
    onsets = {metric: motion.onset for metric, motion in known.items() if motion.onset is not None}
    for part in re.split(r"[;.]\s", coded):
        named = [(place, metric) for place, metric in coder.mentions(part) if metric in onsets]
        metrics = list(dict.fromkeys(metric for _, metric in named))
        if (first := _FIRST.search(part)) and named:
            subject = max((entry for entry in named if entry[0] < first.start()), default=named[0])[1]
            holds = known[subject].first or onsets[subject] <= min(onsets.values()) + _SAME_MS
            yield Outcome("first", subject, holds, "" if holds else "another metric changed earlier")
        if len(metrics) == 2 and _TOGETHER.search(part):
            holds = abs(onsets[metrics[0]] - onsets[metrics[1]]) <= _SAME_MS
            yield Outcome("together", None, holds, "" if holds else "they changed at different times")
        if len(named) != 2 or len(metrics) != 2:
            continue
        between = part[named[0][0] : named[1][0]]
        gap = onsets[metrics[1]] - onsets[metrics[0]]
        if _BEFORE.search(between):
            yield Outcome("before", metrics[0], gap >= 0, "" if gap >= 0 else "it changed later")
        elif _AFTER.search(between):
            yield Outcome("after", metrics[0], gap <= 0, "" if gap <= 0 else "it changed earlier")


def comparison(coded: str, coder: Coder, known: Mapping[str, Motion]) -> Iterator[Outcome]:
    """Check statements in a sentence that compare two metrics, such as "A is higher than B" and "A and B are equal".

    ``coded`` is a sentence from :meth:`Coder.code`. Yield for each statement whether it agrees with the newest readings
    of the metrics.
    """
    for part in re.split(r"[;.,]\s", coded):
        named = coder.mentions(part)
        if len(named) != 2 or named[0][1] == named[1][1]:
            continue
        (start, first), (end, second) = named
        readings = _readings(known.get(first), known.get(second))
        if readings is None:
            continue
        between, (one, other) = part[start:end], readings
        negated = bool(_NOT.search(between))
        if _EQUAL.search(part):
            holds = (abs(one - other) <= _ALIKE * max(abs(one), abs(other))) != bool(_NOT.search(part))
        elif _MORE.search(between):
            holds = (one > other) != negated
        elif _LESS.search(between):
            holds = (one < other) != negated
        else:
            continue
        yield Outcome("equals", None, holds, "" if holds else "the readings say otherwise")


def _readings(first: Motion | None, second: Motion | None) -> tuple[float, float] | None:
    """Return the newest readings of two metrics, both in the unit of the first. None if they cannot be compared."""
    if first is None or second is None or first.reading is None or second.reading is None:
        return None
    if first.unit == second.unit:
        return first.reading, second.reading
    if first.unit is None or second.unit is None:
        return None
    other = convert(second.reading, second.unit, first.unit, difference=False)
    return None if other is None else (first.reading, other)
