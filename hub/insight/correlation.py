"""Find metrics that move together, differences from similar devices, silent devices, and data of poor quality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hub import text_format as fmt
from hub.insight.detected_change import DetectedChange
from hub.insight.findings import finding
from hub.insight.investigation_input import InvestigationInput
from hub.insight.series import Floats, MetricSeries
from hub.insight.statistics import median, min_spread, spread, strength
from hub.model import Evidence

_GRID = 256
_LEAST_PEERS = 3


def moved_with(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield a finding for each changed metric that correlates with the alert's metric.

    The alert's metric must have changed as well. Trends are removed first, because any two ramps correlate at 0.99.
    """
    leading = next(
        (m for m in moves if case.alert and m.metric == case.alert.metric and m.doing in ("rises", "falls")), None
    )
    if leading is None:
        return
    start = min((m.onset for m in moves if m.onset is not None), default=case.now) - 120_000
    base = _detrended(_covering(case, leading.track, start), start, case.now)
    for m in moves:
        if m is leading or m.doing not in ("rises", "falls") or base is None:
            continue
        other = _detrended(_covering(case, m.track, start), start, case.now)
        if other is None:
            continue
        r, lag = _best_lag(base, other)
        seconds = lag * (case.now - start) / 1000 / _GRID
        if abs(r) < 0.6:
            continue
        when = (
            f", {fmt.duration(abs(seconds) * 1000)} {'later' if seconds > 0 else 'earlier'}"
            if abs(seconds) >= 1
            else ""
        )
        sentence = (
            f"{case.name(m.metric)} moved {'with' if r > 0 else 'against'} {case.name(leading.metric)} "
            f"(correlation {fmt.number(round(r, 2))} with trends taken out{when})"
        )
        yield finding(
            case,
            "moved_with",
            m.metric,
            sentence,
            value=round(r, 2),
            unit=None,
            start=start,
            end=case.now,
            weight=abs(r) * 0.8,
            other=case.name(leading.metric),
            later_ms=round(seconds * 1000),
        )


def _covering(case: InvestigationInput, track: MetricSeries, start: int) -> MetricSeries:
    """Return the readings of a metric from ``start`` (epoch ms) on.

    If the readings in ``track`` begin after ``start``, return the means of the metric's last week instead, if there
    are any.
    """
    week = case.week.get(track.metric)
    return (week if week is not None and len(track) and track.at(0) > start else track).since(start)


def _detrended(track: MetricSeries, start: int, end: int) -> Floats | None:
    """Return the series, interpolated at ``_GRID`` points from ``start`` to ``end`` (ms) and without its linear trend.

    Return None if there are too few readings.
    """
    if len(track) < 20:
        return None
    times = np.linspace(track.seconds(start), track.seconds(end), _GRID)
    values = np.interp(times, track.times, track.values)
    line = np.linspace(-1.0, 1.0, _GRID)
    return np.asarray(values - values.mean() - line * float(np.dot(line, values) / np.dot(line, line)))


def _best_lag(first: Floats, second: Floats) -> tuple[float, int]:
    """Return the strongest correlation (Pearson's r) of two series over all lags, and its lag.

    The lag is a number of samples, and at most a fifth of the length of the series. It is positive if ``second``
    follows ``first``.
    """
    norm = float(np.linalg.norm(first) * np.linalg.norm(second))
    if norm <= 1e-12:
        return 0.0, 0
    size = 2 * _GRID
    products = np.fft.irfft(np.conj(np.fft.rfft(first, size)) * np.fft.rfft(second, size), size) / norm
    lags = np.arange(-_GRID // 5, _GRID // 5 + 1)
    # A slight preference for short lags keeps noise from suggesting a lag.
    lag = int(lags[int(np.argmax(np.abs(products[lags]) - 1e-3 * np.abs(lags)))])
    return float(np.clip(products[lag], -1.0, 1.0)), lag


def peers(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield a finding that compares one metric of the device with the same metric of its peers (similar devices).

    It is the metric of the alert or, without an alert on a metric, the metric that changed most.
    """
    chosen = next((m for m in moves if case.alert and m.metric == case.alert.metric), None)
    if chosen is None:
        chosen = max((m for m in moves if m.moved), key=lambda m: abs(m.deviation), default=None)
    if chosen is None or chosen.track.kind != "number" or not case.peers:
        return
    metric, start = chosen.metric, case.now - 600_000
    recent = [track.since(start) for peer in case.peers if (track := peer.tracks.get(metric)) is not None]
    levels = np.array([median(track.values) for track in recent if len(track) and track.kind == "number"])
    if len(levels) < _LEAST_PEERS:
        return
    middle, width = median(levels), max(spread(levels), float(np.ptp(levels)) / 4, min_spread(levels) * 2)
    z = float(np.clip((chosen.level - middle) / width, -99, 99))
    unit = chosen.track.unit
    told = (
        f"{len(levels)} peers read {fmt.number(float(levels.min()), unit)} to {fmt.quantity(float(levels.max()), unit)}"
    )
    if abs(z) >= 3:
        sentence = (
            f"{case.name(metric)} at its {told} (median {fmt.quantity(middle, unit)}); this device stands alone, "
            f"{fmt.number(round(abs(z), 1))} deviations {'above' if z > 0 else 'below'} them"
        )
    else:
        sentence = f"{case.name(metric)} at its {told}, so this device is not unusual among them"
    yield finding(
        case,
        "peers",
        metric,
        sentence,
        value=round(z, 2),
        unit="σ",
        start=start,
        end=case.now,
        weight=strength(z) if abs(z) >= 3 else 0.4,
        peers=len(levels),
        low=float(levels.min()),
        high=float(levels.max()),
        median=middle,
        metric_unit=unit,
        is_alone=abs(z) >= 3,
    )


def silence(case: InvestigationInput) -> Iterator[Evidence]:
    """Yield a finding if the device is silent, and another on whether the other devices on its gateway are silent."""
    if case.last_seen is None:
        return
    quiet = (case.now - case.last_seen) / 1000
    expected = (case.expected_interval or 60_000) / 1000
    alarmed = case.alert is not None and case.alert.metric is None
    # A device that is online counts as silent only if a no-data rule has raised an alert.
    if case.presence == "online" and (not alarmed or quiet < max(5 * expected, 30.0)):
        return
    word = "is offline, by its own message or its will" if case.presence == "offline" else "has been silent"
    sentence = (
        f"the device {word}; its last message came at {fmt.clock(case.last_seen)}, {fmt.duration(quiet * 1000)} ago"
    )
    if case.expected_interval:
        usual = "several a second" if expected < 1 else f"one every {fmt.duration(expected * 1000)}"
        sentence += f" (usually {usual})"
    yield finding(
        case,
        "silent",
        None,
        sentence,
        value=quiet,
        unit="s",
        start=case.last_seen,
        end=case.now,
        weight=0.9,
        is_offline=case.presence == "offline",
        usual_ms=case.expected_interval,
    )
    if not case.gateway or not case.siblings:
        return
    gone = [s for s in case.siblings if s.presence != "online"]
    with_it = [s for s in gone if s.last_seen is not None and abs(s.last_seen - case.last_seen) < 90_000]
    total = len(case.siblings)
    if len(with_it) >= max(1, round(0.6 * total)):
        sentence = f"{len(with_it)} of {total} other devices behind {case.gateway} fell silent within 90 s of it"
        yield finding(
            case,
            "gateway",
            None,
            sentence,
            value=len(with_it) / total,
            unit=None,
            start=case.last_seen,
            end=case.now,
            weight=min(0.5 + 0.15 * len(with_it), 0.95),
            gateway=case.gateway,
            silent=len(with_it),
            others=total,
        )
    else:
        sentence = f"{total - len(gone)} of {total} other devices behind {case.gateway} still send"
        yield finding(
            case,
            "alone",
            None,
            sentence,
            value=float(total - len(gone)),
            unit=None,
            start=case.last_seen,
            end=case.now,
            weight=0.7,
            gateway=case.gateway,
            others=total,
        )


def quality(case: InvestigationInput, moves: Sequence[DetectedChange]) -> Iterator[Evidence]:
    """Yield findings about the quality of the data, which make all other findings less reliable.

    One finding is an unusually long gap between readings in the last hour; only the first metric in ``moves`` is
    searched for it. The other one is a wrong clock of the device.
    """
    for m in moves[:1]:
        recent = m.track.since(case.now - 3_600_000)
        if len(recent) < 20:
            continue
        gaps = np.diff(recent.times)
        usual = median(gaps)
        at = int(np.argmax(gaps))
        # A history that is coarser than the live readings is not a gap: a gap is longer than the longest usual step.
        if gaps[at] > max(5 * float(np.percentile(gaps, 95)), 10 * usual, 60.0):
            sentence = (
                f"no readings came between {fmt.clock(recent.at(at))} and {fmt.clock(recent.at(at + 1))} "
                f"({fmt.duration(float(gaps[at]) * 1000)})"
            )
            yield finding(
                case,
                "gap",
                None,
                sentence,
                value=float(gaps[at]),
                unit="s",
                start=recent.at(at),
                end=recent.at(at + 1),
                weight=0.4,
            )
    if case.clock:
        clocked = fmt.join([case.name(metric) for metric in case.clock[:3]])
        sentence = f"the device's clock is more than a day off, so its readings ({clocked}) "
        yield finding(
            case,
            "clock",
            None,
            sentence + "have the time at which the hub received them",
            value=None,
            unit=None,
            start=case.now,
            end=case.now,
            weight=0.4,
            metrics=[case.name(metric) for metric in case.clock[:3]],
        )
