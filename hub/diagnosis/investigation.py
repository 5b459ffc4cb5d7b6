"""Gathering what there is on a device and its alert: its last hours, its peers, its gateway's others, earlier
alerts."""

from __future__ import annotations

from hub.insight import InvestigationInput, MetricSeries, Past, Peer, Sibling
from hub.insight.device_semantics import DeviceSemantics, device_semantics
from hub.model import SEVERITIES, Alert, Device, SeriesQuery, Value
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.store.base import Store

WINDOW_MS = 2 * 3_600_000
_PEER_WINDOW_MS = 600_000
_MOST_PEERS, _MOST_PAST, _MOST_METRICS = 12, 20, 48
_POINTS = 8_000
"""At most this many readings of one metric: two hours at 1 Hz."""


class Investigation:
    """Reads; changes nothing."""

    def __init__(self, *, registry: DeviceRegistry, engine: Engine, store: Store) -> None:
        self._registry, self._engine, self._store = registry, engine, store

    def gravest(self, device_id: str) -> Alert | None:
        """The device's open alert of the highest severity, the oldest of these."""
        own = [alert for alert in self._engine.open.values() if alert.device == device_id]
        return min(own, key=lambda a: (-SEVERITIES.index(a.severity), a.raised_at), default=None)

    async def case(self, device: Device, alert: Alert | None, now: int) -> InvestigationInput:
        """Return all that :func:`hub.insight.evidence` asks for.

        The window ends now, for a silent device with its last message. A peer's series has the unit of the device's
        own, or is left out."""
        start = min(now, device.last_seen or now) - WINDOW_MS
        metrics = sorted(
            device.metrics, key=lambda name: (alert is None or name != alert.metric, -device.metrics[name].ts)
        )
        own = [SeriesQuery(device.id, name, start, now, limit=_POINTS) for name in metrics[:_MOST_METRICS]]
        peers = self._peers(device, alert)
        compared = [alert.metric] if alert and alert.metric else list(metrics[:8])
        theirs = [
            SeriesQuery(peer.id, name, now - _PEER_WINDOW_MS, now, limit=60)
            for peer in peers
            for name in compared
            if name in peer.metrics
            and not isinstance(peer.metrics[name].value, str)
            and peer.unit(name) == device.unit(name)  # 20 °C and 68 °F, or bar and an unknown unit, do not compare
        ]
        series = await self._store.history([*own, *theirs])
        tracks = {s.metric: MetricSeries.of(s.metric, device.unit(s.metric), s.points) for s in series[: len(own)]}
        by_peer: dict[str, dict[str, MetricSeries]] = {}
        for s in series[len(own) :]:
            by_peer.setdefault(s.device, {})[s.metric] = MetricSeries.of(s.metric, device.unit(s.metric), s.points)
        return InvestigationInput(
            device=device.id,
            now=now,
            tracks=tracks,
            alert=alert,
            limits=self._engine.limits(device),
            peers=tuple(Peer(name, found) for name, found in by_peer.items()),
            past=await self._past(device, alert) if alert else (),
            presence=device.presence,
            last_seen=device.last_seen,
            rhythm=device.expected_interval or None,
            gateway=device.info.via,
            siblings=self._siblings(device),
            titles=device.titles(),
            classes=device.info.classes,
            texts=tuple(filter(None, (device.display_name, device.info.model, *device.info.labels))),
            read_as=self._read(device),
            clock=tuple(name for name, latest in device.metrics.items() if latest.quality == "clock"),
        )

    def _peers(self, device: Device, alert: Alert | None) -> list[Device]:
        """Devices of the same model that are there; without a model, those of the same area with the same metric."""
        model, area = device.info.model, device.display_area
        metric = alert.metric if alert else None

        def alike(other: Device) -> bool:
            if model:
                return other.info.model == model
            return bool(area) and other.display_area == area and metric in other.metrics

        others = (d for d in self._registry.devices() if d.id != device.id and d.presence == "online" and alike(d))
        # Those of the same area share its weather and its load, so they come first.
        return sorted(others, key=lambda d: (d.display_area != area, d.id))[:_MOST_PEERS]

    def _siblings(self, device: Device) -> tuple[Sibling, ...]:
        via = device.info.via
        if not via:
            return ()
        ids = [d.id for d in self._registry.devices() if d.info.via == via and d.id != device.id]
        return tuple(Sibling(d.id, d.presence, d.last_seen) for d in map(self._registry.require, ids))

    async def _past(self, device: Device, alert: Alert) -> tuple[Past, ...]:
        """Return earlier alerts of the same rule, and of the same metric on like devices if their cause is confirmed.

        A confirmed cause counts only on a like device: of the same model or, where neither has one, of the same kind.
        """
        model = (device.info.manufacturer, device.info.model)
        of_model = [d.id for d in self._registry.devices() if model[1] and (d.info.manufacturer, d.info.model) == model]
        confirmed = await self._store.confirmed_alerts([device.id, *of_model], alert.metric, limit=_MOST_PAST)
        similar = await self._store.similar_alerts(alert, limit=_MOST_PAST)
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


def latest(device: Device) -> dict[str, Value]:
    """The newest value of each metric."""
    return {name: value.value for name, value in device.metrics.items()}
