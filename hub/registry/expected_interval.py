"""Learn how often a device reports, and derive how long it may be silent before it counts as stale.

An interval is the time between two readings of the *same* metric, so a report that is split into ten messages counts
once, and so does a list of many readings. A backlog that is delivered at once is ignored, whether the device sends it
with time stamps or the broker has queued it for the hub (:func:`is_backlog`). Three figures are learned from the
intervals of a device (:class:`LearnedInterval`)::

    interval --+-- as expected         -->  regularity + 1
               |   shorter or longer   -->  regularity - SETBACK
               |        either way the expected interval moves towards it
               +-- a pause (is_pause)  -->  regularity - SETBACK, longest_pause unless the device is regular

- A door sensor sends four messages within seconds and then nothing for hours: that is not an outage. Its silence is
  compared with its longest pause. A regular device has no longest pause.
- A device that reports rarely by design is given more time (:class:`IntervalTerms`). If the device announces how long
  it may be silent, the announced time counts. If its protocol reports lost devices, silence means nothing until the
  device has become regular.

Each formula exists once. It takes numbers on the slow path (``xp`` is :mod:`hub.registry.scalars`) and columns with one
entry per device on the fast path (``xp`` is numpy).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hub.model import Device, FleetLimits
from hub.registry import scalars
from hub.registry.event_devices import is_tracker
from hub.registry.scalars import Number
from hub.rules.last_heard import silent_together

REGULAR = 20
"""The highest regularity."""
SETBACK = 4
TRUSTED = 3
"""From this regularity on, silence is compared with the expected interval."""
SETTLED = 8
"""A regularity that a burst of messages cannot reach.

From it on, a long silence is a failure, even of a device that reports rarely.
"""
LEARNING = 5
"""Below this regularity, an interval is learned as it is, even if it is far shorter than the expected interval."""
WEIGHT = 0.2
"""Weight of a new interval in the geometric moving average, once many intervals are known."""
MAX_RATIO = 4.0
"""A new interval is limited to between 1 / MAX_RATIO and MAX_RATIO times the expected interval."""
FADING = 0.9
"""The longest pause is multiplied by this when a shorter pause follows."""
FACTOR_RESTING = 3.0
BACKLOG_MS = 10_000
"""Time after connecting in which a broker delivers queued messages."""

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
CHECK_IN = 5 * _MINUTE
"""A device that reports events is not trusted to be regular if its expected interval (ms) is shorter than this."""
FLOOR_RESTING = 15 * _MINUTE
PASSIVE = 25 * _HOUR
"""Silence allowed for devices that only report events. Most of them check in once a day (Zigbee2MQTT: 25 h)."""
MAX_PAUSE = 7 * 24 * _HOUR
NEVER = 10 * 365 * 24 * _HOUR


class IntervalTerms(NamedTuple):
    """The parameters by which :func:`stale_after` decides after how much silence a device counts as stale.

    Each field is a number if the parameters are those of one device. If they are those of many devices, each field is a
    column (an array with one entry per device).
    """

    floor: Number  # ms of silence always allowed
    doubt: Number  # ms of silence allowed while the device's interval is not trusted
    trusted: Number  # regularity from which the interval is trusted
    factor: Number  # silence allowed, as a multiple of the expected interval
    fastest: Number = 0.0  # an expected interval below this (ms) is not trusted


class LearnedInterval(NamedTuple):
    """How often a device reports, learned from the intervals between its readings.

    Each field is a number for one device, or a column with one entry per device.
    """

    expected: Number  # the usual interval in ms, 0 while unknown
    regularity: Number  # 0 to REGULAR
    longest_pause: Number  # in ms, 0 for a regular device


def learned(device: Device) -> LearnedInterval:
    """Return what was learned about how often the device reports."""
    return LearnedInterval(device.expected_interval, device.regularity, device.longest_pause)


def interval_terms(device: Device, limits: FleetLimits) -> IntervalTerms:
    """Return what :func:`stale_after` needs to know about a device besides its intervals.

    This is how the device reports, as it announces it, and what it measures.
    """
    info = device.info
    if info.max_silence is not None:
        announced = max(limits.stale_minimum_ms, min(1000 * info.max_silence, NEVER))
        return IntervalTerms(announced, announced, TRUSTED, 0.0)
    reports = "events" if info.reports is None and is_tracker(device) else info.reports
    if reports is None and not device.discrete:
        doubt = NEVER if device.announces_offline else limits.stale_unknown_ms
        return IntervalTerms(limits.stale_minimum_ms, doubt, TRUSTED, limits.stale_factor)
    doubt = NEVER if device.announces_offline else PASSIVE
    if reports == "changes":
        return IntervalTerms(limits.stale_minimum_ms, doubt, SETTLED, limits.stale_factor)
    if reports == "events":
        return IntervalTerms(FLOOR_RESTING, doubt, SETTLED, FACTOR_RESTING, CHECK_IN)
    if reports == "rarely":
        return IntervalTerms(FLOOR_RESTING, doubt, SETTLED, FACTOR_RESTING)
    return IntervalTerms(limits.stale_minimum_ms, doubt, REGULAR, limits.stale_factor)


def interval_between(ts: Number, received: Number, previous: Number, last_reading: Number, xp: Any = scalars) -> Number:
    """Return the interval in ms between two readings of the same metric; 0 or less if it should be ignored.

    Args:
        ts: When the new reading was measured.
        received: When it arrived.
        previous: When the previous reading of the same metric was measured.
        last_reading: When the device's previous reading of any metric arrived.
        xp: The module for the calculation: :mod:`hub.registry.scalars` for numbers, numpy for columns.
    """
    measured, arrived = ts - previous, received - last_reading
    # Readings of the same message, or of a backlog with time stamps.
    ignored = (arrived == 0) | ((received - ts > measured) & (measured > 2 * arrived))
    return xp.where(ignored, 0, xp.maximum(measured, xp.minimum(arrived, received - previous)))


def is_backlog(interval: Number, expected: Number, since_connected: Number) -> Number:
    """Return True for a message that the broker queued while the hub was disconnected.

    Such a message comes much earlier than expected, and shortly after the hub has connected. The arguments may also be
    columns of numbers; then the result is a mask.

    Args:
        interval: The time in ms since the previous reading of the same metric.
        expected: The usual length of this interval in ms.
        since_connected: The time in ms since the hub connected.
    """
    return (since_connected < BACKLOG_MS) & (MAX_RATIO * interval < expected)


def is_pause(interval: Number, expected: Number, limits: FleetLimits, xp: Any = scalars) -> Number:
    """Return True if the interval is so long that the device would have become stale before its end."""
    return (expected > 0) & (interval > xp.maximum(limits.stale_minimum_ms, limits.stale_factor * expected))


def learn(known: LearnedInterval, interval: Number, limits: FleetLimits, xp: Any = scalars) -> LearnedInterval:
    """Return the learned interval of a device, updated with one more ``interval``.

    Args:
        known: What was learned before.
        interval: The new interval in ms, more than 0; or a column with one entry per device.
        limits: The limits of the hub.
        xp: The module for the calculation: :mod:`hub.registry.scalars` for numbers, numpy for columns.
    """
    expected, regularity, longest_pause = known
    unknown = expected == 0
    pause = is_pause(interval, expected, limits, xp)
    begins = unknown | (pause & (regularity == 0))  # a second pause in a row is the interval
    ratio = interval / xp.where(unknown, interval, expected)
    regular = (ratio >= 0.5) & (ratio <= 2.0)
    # One unusual interval must not change the expected interval much. While little is known, a shorter one may.
    ratio = xp.minimum(ratio, MAX_RATIO)
    ratio = xp.where(regularity >= LEARNING, xp.maximum(ratio, 1 / MAX_RATIO), ratio)
    average = expected * ratio ** xp.maximum(WEIGHT, 1 / (regularity + 2))
    lowered = xp.maximum(0, regularity - SETBACK)
    changed = xp.where(pause, lowered, xp.where(regular, xp.minimum(REGULAR, regularity + 1), lowered))
    changed = xp.where(begins, 1, changed)
    # A pause of a regular device was an outage and does not count as its longest pause.
    longest_pause = xp.where(
        pause & (regularity < SETTLED),
        xp.minimum(xp.maximum(interval, FADING * longest_pause), MAX_PAUSE),
        xp.where(changed >= SETTLED, 0.0, longest_pause),
    )
    return LearnedInterval(xp.where(begins, interval, xp.where(pause, expected, average)), changed, longest_pause)


def learn_reading(
    device: Device, ts: int, received: int, previous: int, since_connected: int, limits: FleetLimits
) -> bool:
    """Learn from one more reading of a device. Return False if its interval is ignored.

    Args:
        device: The device, before the reading is applied.
        ts: When the reading was measured.
        received: When it arrived.
        previous: When the previous reading of the same metric was measured.
        since_connected: Time from the hub's connection to ``received``, in ms.
        limits: The limits of the registry.
    """
    last = device.last_reading
    interval = ts - previous if last is None else interval_between(ts, received, previous, last)
    if interval <= 0 or is_backlog(interval, device.expected_interval, since_connected):
        return False
    learn_interval(device, interval, limits)
    return True


def learn_interval(device: Device, interval: int, limits: FleetLimits) -> None:
    """Learn from one interval of a device (ms, more than 0)."""
    expected, device.regularity, longest_pause = learn(learned(device), interval, limits)
    device.expected_interval, device.longest_pause = float(expected), float(longest_pause)


def stale_after(known: LearnedInterval, terms: IntervalTerms, xp: Any = scalars) -> Number:
    """Return how many ms a device may be silent before it counts as stale.

    Args:
        known: What was learned from the intervals of the device.
        terms: The parameters for the device, such as the silence that is always allowed.
        xp: The module for the calculation: :mod:`hub.registry.scalars` for numbers, numpy for columns.
    """
    silence = xp.maximum(terms.floor, terms.factor * known.expected)
    silence = xp.maximum(silence, FACTOR_RESTING * known.longest_pause)
    doubted = (known.regularity < terms.trusted) | (known.expected < terms.fastest)
    return xp.minimum(xp.where(doubted, xp.maximum(silence, terms.doubt), silence), NEVER)


def device_stale_after(device: Device, limits: FleetLimits) -> int:
    """Return how many ms the device may be silent before it counts as stale."""
    return int(stale_after(learned(device), interval_terms(device, limits)))


def tolerated_silence(device: Device, limits: FleetLimits, silence_ms: int, gateway: Device | None = None) -> int:
    """Return the silence in ms after which a silence rule holds for the device.

    Usually this is ``silence_ms``, the silence that the rule names. If the device is usually silent for longer, it is
    the silence after which the device counts as stale. A device that was reported offline gets no extra time. If the
    device fell silent together with its ``gateway``, the time is longer, so that the rule holds for the gateway first.
    """
    own = _own_tolerated_silence(device, limits, silence_ms)
    later = None if gateway is None else silent_together(device, gateway)
    return own if later is None else own + later + 1


def _own_tolerated_silence(device: Device, limits: FleetLimits, silence_ms: int) -> int:
    if device.presence == "offline":
        return silence_ms
    own = device_stale_after(device, limits)
    info = device.info
    rests = info.max_silence is not None or info.reports is not None or device.discrete or is_tracker(device)
    usual = 1.5 * max(device.expected_interval, device.longest_pause)
    if not rests and own < NEVER and usual <= silence_ms:
        return silence_ms
    # The rule's own limit still counts as a minimum.
    return max(silence_ms, own)
