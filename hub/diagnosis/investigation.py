"""Collect what is known about a device and its alert: readings, similar devices, its gateway, past alerts.

A metric is read on three horizons::

    weeks  ··hourly means of five weeks·················································|
    week     |··10 min means··························································|··2 min means··|
    tracks                                                                      |·····readings······|
             now − 7 d                                                   now − 8 h                  now

A track has the individual readings of the last hours. A metric that is reported rarely gets a longer track, so that
there are enough readings to compare with. If this track has all readings of the week, it replaces the week's means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.insight import InvestigationInput, MetricSeries, OtherAlert, Past, Peer, Sibling
from hub.insight.device_semantics import DeviceSemantics, device_semantics
from hub.model import SEVERITIES, Alert, Device, SeriesQuery, Value
from hub.registry.reader import DeviceReader
from hub.rules.reader import AlertReader
from hub.store.reader import HistoryReader

WEEK_MS = 7 * 86_400_000
_WEEKS_MS, _KNOWN_MS, _HOUR_MS = 35 * 86_400_000, 8 * 86_400_000, 3_600_000
_WINDOW_MS, _MIN_READINGS, _READINGS = 2 * 3_600_000, 300, 1_500
"""The usual length (ms) of a track.

A metric with fewer than ``_MIN_READINGS`` readings in that time gets a longer track: at most ``_READINGS`` readings of
the last week.
"""
_BUCKET_MS, _FINE_BUCKET_MS, _FINE_MS = 600_000, 120_000, 8 * 3_600_000
"""Widths (ms) of the coarse and the fine buckets of a week, and the length (ms) of the part with fine buckets.

The store computes them from its means per minute, so reading a metric at 1 Hz takes no longer than reading a metric
that is reported every minute.
"""
_PEER_WINDOW_MS = 600_000
_MAX_PEERS, _MAX_PAST, _MAX_METRICS = 12, 20, 48
_CHANGES = 1_000
"""Maximum number of changes that are read for a metric with text values, such as an operating mode."""
_MAX_POINTS = 8_000
"""Maximum number of readings of one metric in a track: two hours at 1 Hz."""


def peers_of(registry: DeviceReader, device: Device, alert: Alert | None) -> list[Device]:
    """Return at most ``_MAX_PEERS`` similar devices that are online, to compare a device with; the same area first.

    Similar devices have the same model. If the device has no model, they are in the same area and have the alert's
    metric.
    """
    model, area = device.info.model, device.display_area
    metric = alert.metric if alert else None

    def alike(other: Device) -> bool:
        if model:
            return other.info.model == model
        return bool(area) and other.display_area == area and metric in other.metrics

    others = (d for d in registry.devices() if d.id != device.id and d.presence == "online" and alike(d))
    # Devices in the same area have the same weather and a similar load, so they come first.
    return sorted(others, key=lambda d: (d.display_area != area, d.id))[:_MAX_PEERS]


class Investigation:
    """Collects the input for a diagnosis from the registry, the rule engine and the store, without changing them."""

    def __init__(self, *, registry: DeviceReader, engine: AlertReader, store: HistoryReader) -> None:
        self._registry, self._engine, self._store = registry, engine, store

    def most_severe(self, device_id: str) -> Alert | None:
        """Return the device's most severe open alert, of several the oldest; None if no alert is open."""
        own = [alert for alert in self._engine.open.values() if alert.device == device_id]
        return min(own, key=lambda a: (-SEVERITIES.index(a.severity), a.raised_at), default=None)

    async def case(self, device: Device, alert: Alert | None, now: int) -> InvestigationInput:
        """Return the readings and facts that may explain a device's state, as input for :func:`hub.insight.evidence`.

        Each metric is read on three horizons: the last hours, the last week and the last weeks. All three end at
        ``now`` (epoch ms) or, if it is earlier, at the device's last message. ``alert`` is the alert to explain, or
        None to explain the current state. A metric of a similar device is left out if its unit differs.
        """
        end = min(now, device.last_seen or now)
        # A calculated metric only repeats its inputs, so it is read only if the alert is about it.
        shown = [name for name in device.metrics if name not in device.calculated or (alert and alert.metric == name)]
        metrics = sorted(shown, key=lambda name: (alert is None or name != alert.metric, -device.metrics[name].ts))[
            :_MAX_METRICS
        ]
        own = [SeriesQuery(device.id, name, end - _WINDOW_MS, now, limit=_MAX_POINTS) for name in metrics]
        series = await self._store.history([*own, *self._peer_queries(device, alert, metrics, now)])
        tracks = {s.metric: MetricSeries.of(s.metric, device.unit(s.metric), s.points) for s in series[: len(own)]}
        rare = [name for name in metrics if len(tracks[name]) < _MIN_READINGS]
        longer = [SeriesQuery(device.id, name, end - WEEK_MS, now, limit=_READINGS) for name in rare]
        tracks |= {
            s.metric: MetricSeries.of(s.metric, device.unit(s.metric), s.points)
            for s in await self._store.history(longer)
        }
        by_peer: dict[str, dict[str, MetricSeries]] = {}
        for s in series[len(own) :]:
            by_peer.setdefault(s.device, {})[s.metric] = MetricSeries.of(s.metric, device.unit(s.metric), s.points)
        whole = [name for name in rare if len(tracks[name]) < _READINGS and tracks[name].kind == "number"]
        week = await self._week(device, [name for name in metrics if name not in whole], end)
        week |= await self._modes(device, [name for name in metrics if tracks[name].kind == "text"], end)
        siblings = self._siblings(device)
        return InvestigationInput(
            device=device.id,
            now=now,
            tracks=tracks,
            week=week | {name: tracks[name] for name in whole},
            weeks=await self._weeks(device, [name for name in metrics if tracks[name].kind == "number"], end),
            alert=alert,
            limits=self._engine.limits(device),
            peers=tuple(Peer(name, found) for name, found in by_peer.items()),
            past=await self._past(device, alert) if alert else (),
            presence=device.presence,
            last_seen=device.last_seen,
            expected_interval=device.expected_interval or None,
            gateway=device.info.via or (device.id if siblings else None),
            siblings=siblings,
            together=self._together(alert) if alert else (),
            titles=device.titles(),
            classes=device.info.classes,
            texts=tuple(filter(None, (device.display_name, device.info.model, *device.info.labels))),
            read_as=self._read(device),
            calculated=frozenset(device.calculated),
            clock=tuple(name for name, latest in device.metrics.items() if latest.quality == "clock"),
        )

    async def _week(self, device: Device, metrics: Sequence[str], end: int) -> dict[str, MetricSeries]:
        """Return the means of the last seven days up to ``end`` (epoch ms), by metric.

        The mean of a boolean metric is the fraction of time for which it was on.
        """
        fine = end - _FINE_MS
        coarse = [_buckets(device.id, name, end - WEEK_MS, fine, _BUCKET_MS) for name in metrics]
        recent = [_buckets(device.id, name, fine, end + 1, _FINE_BUCKET_MS) for name in metrics]
        series = await self._store.history([*coarse, *recent])
        found: dict[str, MetricSeries] = {}
        for before, after in zip(series[: len(metrics)], series[len(metrics) :], strict=True):
            parts = (before.points, _BUCKET_MS), (after.points, _FINE_BUCKET_MS)
            found[before.metric] = MetricSeries.of_means(before.metric, device.unit(before.metric), parts, end)
        return found

    async def _weeks(self, device: Device, metrics: Sequence[str], end: int) -> dict[str, MetricSeries]:
        """Return the hourly means of the last five weeks up to ``end`` (epoch ms), by metric.

        Only metrics whose history is longer than eight days are returned.
        """
        queries = [_buckets(device.id, name, end - _WEEKS_MS, end + 1, _HOUR_MS) for name in metrics]
        series = await self._store.history(queries) if queries else []
        return {
            s.metric: MetricSeries.of_means(s.metric, device.unit(s.metric), [(s.points, _HOUR_MS)], end)
            for s in series
            if s.points and end - s.points[0][0] > _KNOWN_MS
        }

    async def _modes(self, device: Device, metrics: Sequence[str], end: int) -> dict[str, MetricSeries]:
        """Return the changes of text metrics, such as an operating mode, in the last seven days, by metric."""
        queries = [SeriesQuery(device.id, name, end - WEEK_MS, end, _CHANGES, shape="states") for name in metrics]
        series = await self._store.history(queries) if queries else []
        return {s.metric: MetricSeries.of(s.metric, device.unit(s.metric), s.points) for s in series}

    def _peer_queries(
        self, device: Device, alert: Alert | None, metrics: Sequence[str], now: int
    ) -> Iterator[SeriesQuery]:
        compared = [alert.metric] if alert and alert.metric else list(metrics[:8])
        for peer in peers_of(self._registry, device, alert):
            start = now - max(_PEER_WINDOW_MS, round(3 * (peer.expected_interval or 0)))
            for name in compared:
                if name not in peer.metrics or isinstance(peer.metrics[name].value, str):
                    continue
                if peer.unit(name) == device.unit(name):  # values in different or unknown units cannot be compared
                    yield SeriesQuery(peer.id, name, start, now, limit=60)

    def _siblings(self, device: Device) -> tuple[Sibling, ...]:
        """Return the other devices behind the same gateway or, if the device is a gateway, the devices behind it."""
        via = device.info.via or device.id
        ids = [d.id for d in self._registry.devices() if d.info.via == via and d.id != device.id]
        return tuple(Sibling(d.id, d.presence, d.last_seen) for d in map(self._registry.require, ids))

    def _together(self, alert: Alert) -> tuple[OtherAlert, ...]:
        """Return the other open alerts of the alert's incident, ordered by the start of their conditions."""
        others = sorted(self._engine.together(alert), key=lambda each: (each.since, each.id))
        devices = [(each, self._registry.get(each.device)) for each in others]
        return tuple(OtherAlert(each, device.display_name if device else each.device) for each, device in devices)

    async def _past(self, device: Device, alert: Alert) -> tuple[Past, ...]:
        """Return earlier alerts of the same rule, and earlier alerts of the same metric whose cause was confirmed.

        A cause confirmed on another device counts only if both devices have the same model or, if neither has a model,
        are machines of the same kind.
        """
        model = (device.info.manufacturer, device.info.model)
        of_model = [d.id for d in self._registry.devices() if model[1] and (d.info.manufacturer, d.info.model) == model]
        confirmed = await self._store.confirmed_alerts([device.id, *of_model], alert.metric, limit=_MAX_PAST)
        similar = await self._store.similar_alerts(alert, limit=_MAX_PAST)
        earlier = {a.id: a for a in (*similar, *confirmed) if a.id != alert.id and a.raised_at <= alert.raised_at}
        known = await self._store.diagnoses(list(earlier)) if earlier else {}
        like = {device.id, *of_model}
        if not model[1]:
            like |= {name for name in {a.device for a in earlier.values()} if self._same_kind(device, name)}
        return tuple(
            Past(a, known[a.id].cause if a.id in known else None, a.note, a.confirmed if a.device in like else None)
            for a in earlier.values()
        )

    def _same_kind(self, device: Device, other_id: str) -> bool:
        other = self._registry.get(other_id)
        return other is not None and not other.info.model and bool(self._read(device).kinds & self._read(other).kinds)

    def _read(self, device: Device) -> DeviceSemantics:
        return device_semantics(device, self._registry.corrected.of_model(device))


def _buckets(device: str, metric: str, start: int, end: int, width: int) -> SeriesQuery:
    return SeriesQuery(device, metric, start, end, -(-(end - start) // width))


def latest(device: Device) -> dict[str, Value]:
    """Return the newest value of each of the device's metrics."""
    return {name: value.value for name, value in device.metrics.items()}
