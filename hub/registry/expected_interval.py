"""How long a device may be silent before it counts as stale, learnt from the intervals between its readings.

An interval lies between two messages with readings of the *same* metric, so that a report which comes as ten messages
counts once, and so does a list of many readings. A backlog that is delivered at once tells nothing: neither one with
times in it, nor one that a broker has kept for the hub (:func:`is_backlog`). Three figures of a device are kept:

- ``rhythm``: the usual interval in ms, a geometric moving average (one odd interval changes it little);
- ``run``: how regular it is, 0 to :data:`REGULAR`: one more for each interval near the rhythm, :data:`SETBACK` less for
  any other;
- ``rest``: the longest pause of a device that is not regular. A door sensor sends four messages within seconds and then
  rests for hours: that is its way, not an outage. A new pause replaces it, if it is longer or nearly as long; a device
  that has become regular has none.

A device that reports rarely by intent is given more time (:class:`IntervalTerms`): where it announces how long it may
rest, that counts; where its protocol reports by itself when a device is gone, silence proves nothing until a rhythm is
broken.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from hub.model import Bools, Device, FleetLimits, Floats, Ints, Value

REGULAR = 20
SETBACK = 4
TRUSTED = 3
"""Regular intervals after which silence is measured by the rhythm."""
SETTLED = 8
"""Regular intervals that are no mere burst: what is silent after them has failed, and a device that rests by intent has
a rhythm."""
LEARNING = 5
"""While fewer intervals were regular, the rhythm falls as far as it has to."""
WEIGHT = 0.2
MOST_RATIO = 4.0
"""An interval counts as at most so many rhythms, and as at least the same part of one."""
FADING = 0.9
"""What remains of a rest when a shorter one follows."""
FACTOR_RESTING = 3.0
BACKLOG = 10_000
"""ms after a connection in which a broker delivers what it has kept."""
EXACT = 8
"""So many readings of a device at once are learnt one by one; more of them by their mean."""

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
CHECK_IN = 5 * _MINUTE
"""Events that follow each other faster are no regular report that could fail to come."""
FLOOR_RESTING = 15 * _MINUTE
PASSIVE = 25 * _HOUR
"""For devices that say nothing unless something happens; most of them report once a day. (So does Zigbee2MQTT.)"""
LONGEST_REST = 7 * 24 * _HOUR
NEVER = 10 * 365 * 24 * _HOUR
_EVENTS = re.compile(
    r"(?:.*[._])?(?:contact|door|window|open|motion|pir|occupancy|presence|water_?leak|leak|flood|smoke|vibration|tamper"
    r"|button|alarm)",
    re.IGNORECASE,
)
"""Metrics that are states also where they are written as 0 and 1."""
_DIAGNOSTIC = re.compile(r"(?:.*[._])?(?:batt\w*|link_?quality|lqi|rssi|snr)", re.IGNORECASE)
_ASIDE = ("battery", "signal_strength")


class IntervalTerms(NamedTuple):
    """How a device is measured. It is silent after ``factor`` rhythms or :data:`FACTOR_RESTING` rests, but not within
    ``floor`` ms; nor within ``doubt`` ms while fewer than ``trusted`` intervals were regular or the rhythm is faster
    than ``slowest`` ms."""

    floor: float
    doubt: float
    trusted: int
    factor: float
    slowest: float = 0.0


def interval_terms(device: Device, limits: FleetLimits) -> IntervalTerms:
    info = device.info
    if info.max_silence is not None:
        announced = max(limits.stale_minimum_ms, min(1000 * info.max_silence, NEVER))
        return IntervalTerms(announced, announced, TRUSTED, 0.0)
    if info.reports is None and not device.discrete:
        doubt = NEVER if device.backed else limits.stale_unknown_ms
        return IntervalTerms(limits.stale_minimum_ms, doubt, TRUSTED, limits.stale_factor)
    doubt = NEVER if device.backed else PASSIVE
    if info.reports == "changes":
        return IntervalTerms(limits.stale_minimum_ms, doubt, SETTLED, limits.stale_factor)
    if info.reports == "events":
        return IntervalTerms(FLOOR_RESTING, doubt, SETTLED, FACTOR_RESTING, CHECK_IN)
    if info.reports == "rarely":
        return IntervalTerms(FLOOR_RESTING, doubt, SETTLED, FACTOR_RESTING)
    return IntervalTerms(limits.stale_minimum_ms, doubt, REGULAR, limits.stale_factor)


def stale_after(device: Device, limits: FleetLimits) -> int:
    """Return for how many ms the device may be silent before it counts as stale."""
    own, rhythm = interval_terms(device, limits), device.rhythm
    silent = max(own.floor, own.factor * (rhythm or 0.0), FACTOR_RESTING * (device.rest or 0.0))
    if rhythm is None or device.run < own.trusted or rhythm < own.slowest:
        silent = max(silent, own.doubt)
    return int(min(silent, NEVER))


def tolerated_silence(device: Device, limits: FleetLimits, silence_ms: int) -> int:
    """Return after how many ms a rule that asks for ``silence_ms`` finds the device silent.

    That is what the rule says, unless the device rests for longer as a matter of course: then it is what its presence
    goes by. A device that was reported offline is not resting.
    """
    if device.presence == "offline":
        return silence_ms
    own = stale_after(device, limits)
    rests = device.info.max_silence is not None or device.info.reports is not None or device.discrete
    usual = 1.5 * max(device.rhythm or 0.0, device.rest or 0.0)
    if not rests and own < NEVER and usual <= silence_ms:
        return silence_ms
    return max(silence_ms, own)


def is_discrete(device: Device) -> bool:
    """Return True for a device that reports states and events only, besides what it says of itself (its battery)."""
    aside = device.info.categories.keys() | {name for name, kind in device.info.classes.items() if kind in _ASIDE}
    named = (item for item in device.metrics.items() if item[0] not in aside and not _DIAGNOSTIC.fullmatch(item[0]))
    found = [type(latest.value) is not float or _is_event(name, latest.value) for name, latest in named]
    return bool(found) and all(found)


def _is_event(name: str, value: Value) -> bool:
    return value in (0.0, 1.0) and _EVENTS.fullmatch(name) is not None


def interval(ts: int, received: int, before: int, last_reading: int | None) -> int:
    """Return the interval in ms to the reading of the same metric at ``before``; 0 or less where there is none.

    ``ts`` and ``received`` are those of the reading that has come, ``last_reading`` is when any came before it.
    """
    if last_reading is None:
        return ts - before
    measured, pace = ts - before, received - last_reading
    if pace == 0 or (received - ts > measured > 2 * pace):  # of the same message, or of a backlog
        return 0
    return max(measured, min(pace, received - before))


def interval_many(ts: Ints, received: Ints, before: Ints, last_reading: Ints) -> Ints:
    """Return what :func:`interval` would; of these devices it is always known when they reported."""
    measured, pace = ts - before, received - last_reading
    nothing = (pace == 0) | ((received - ts > measured) & (measured > 2 * pace))
    return np.asarray(np.where(nothing, 0, np.maximum(measured, np.minimum(pace, received - before))))


def is_backlog(apart: int, rhythm: float | None, since_connected: int) -> bool:
    """Return True for a message that the broker has kept while the hub was away: it comes much faster than usual, just
    after the hub has connected (``since_connected`` in ms)."""
    return rhythm is not None and since_connected < BACKLOG and MOST_RATIO * apart < rhythm


def is_backlog_many(apart: Ints, rhythm: Floats, since_connected: Ints) -> Bools:
    """Return what :func:`is_backlog` would."""
    return (since_connected < BACKLOG) & (MOST_RATIO * apart < rhythm)


def longest_stale_after(rhythm: float, limits: FleetLimits) -> float:
    """Return the longest interval in ms that is still part of the rhythm."""
    return max(limits.stale_minimum_ms, limits.stale_factor * rhythm)


def learn_interval(device: Device, apart: int, limits: FleetLimits) -> None:
    """Learn from one interval (ms, more than 0) between two readings of the same metric."""
    rhythm, run = device.rhythm, device.run
    if rhythm is None:
        device.rhythm, device.run = float(apart), 1
        return
    if apart > longest_stale_after(rhythm, limits):
        if run < SETTLED:  # else it is an outage of a regular device
            device.rest = min(max(float(apart), FADING * (device.rest or 0.0)), LONGEST_REST)
        if run == 0:  # two pauses and nothing regular between them: they are the rhythm
            device.rhythm, device.run = float(apart), 1
        else:
            device.run = max(0, run - SETBACK)
        return
    ratio = apart / rhythm
    device.run = min(REGULAR, run + 1) if 0.5 <= ratio <= 2.0 else max(0, run - SETBACK)
    ratio = min(ratio, MOST_RATIO)
    if run >= LEARNING:
        ratio = max(ratio, 1 / MOST_RATIO)
    device.rhythm = rhythm * ratio ** max(WEIGHT, 1 / (run + 2))
    if device.run >= SETTLED:
        device.rest = None


class LearnedIntervals(NamedTuple):
    """The same figures of many devices, NaN where a rhythm or a rest is not known."""

    rhythm: Floats
    run: Ints
    rest: Floats


def learn_intervals(before: LearnedIntervals, intervals: Ints, starts: Ints, counts: Ints) -> LearnedIntervals:
    """Return what :func:`follow` would have learnt: of device ``k`` the ``counts[k]`` intervals from ``starts[k]`` on,
    none of them longer than :func:`longest`; those that are 0 tell nothing."""
    rhythm, run, rest = before.rhythm.copy(), before.run.copy(), before.rest.copy()
    for step in range(min(int(counts.max(initial=0)), EXACT)):
        some = np.flatnonzero((counts > step) & (counts <= EXACT))
        interval = intervals[starts[some] + step]
        some, interval = some[interval > 0], interval[interval > 0]
        _follow_one_each(rhythm, run, some, interval)
    for each in np.flatnonzero(counts > EXACT).tolist():
        found = intervals[starts[each] : starts[each] + counts[each]]
        if len(found := found[found > 0]):
            _follow_mean(rhythm, run, each, found)
    rest[run >= SETTLED] = np.nan
    return LearnedIntervals(rhythm, run, rest)


def _follow_one_each(rhythm: Floats, run: Ints, some: Ints, interval: Ints) -> None:
    before, steady = rhythm[some], run[some]
    new = np.isnan(before)
    ratio = interval / np.where(new, interval, before)
    near = (ratio >= 0.5) & (ratio <= 2.0)
    run[some] = np.where(new, 1, np.where(near, np.minimum(REGULAR, steady + 1), np.maximum(0, steady - SETBACK)))
    ratio = np.minimum(ratio, MOST_RATIO)
    ratio = np.where(steady >= LEARNING, np.maximum(ratio, 1 / MOST_RATIO), ratio)
    rhythm[some] = np.where(new, interval, before * ratio ** np.maximum(WEIGHT, 1 / (steady + 2)))


def _follow_mean(rhythm: Floats, run: Ints, each: int, found: Ints) -> None:
    mean = float(np.exp(np.log(found).mean()))
    before = mean if np.isnan(rhythm[each]) else float(rhythm[each])
    rhythm[each] = before * (mean / before) ** (1 - (1 - WEIGHT) ** len(found))
    near = int(((found >= 0.5 * mean) & (found <= 2 * mean)).sum())
    run[each] = min(REGULAR, max(0, int(run[each]) + near - SETBACK * (len(found) - near)))


def stale_after_many(learnt: LearnedIntervals, own: Floats) -> Floats:
    """Return what :func:`stale_after` would, for devices whose :class:`IntervalTerms` are the rows of ``own``."""
    floor, doubt, trusted, factor, slowest = own.T
    rhythm, rest = np.nan_to_num(learnt.rhythm), np.nan_to_num(learnt.rest)
    silent = np.maximum(np.maximum(floor, factor * rhythm), FACTOR_RESTING * rest)
    doubted = np.isnan(learnt.rhythm) | (learnt.run < trusted) | (rhythm < slowest)
    return np.asarray(np.minimum(np.where(doubted, np.maximum(silent, doubt), silent), NEVER))
