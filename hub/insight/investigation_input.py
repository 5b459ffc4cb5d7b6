"""The input for the evidence on one device: its readings, its alert, similar devices, its gateway and past alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub import text_format as fmt
from hub.insight.device_semantics import DeviceSemantics
from hub.insight.machine_kinds import machine_kinds
from hub.insight.metric_semantics import MetricSemantics, metric_semantics
from hub.insight.series import MetricSeries
from hub.model import Alert, ConfirmedCause, Limit, Presence


@dataclass(frozen=True, slots=True)
class Peer:
    """A similar device to compare with: it has the same model, or is in the same area and has the same metric.

    ``device`` is its id. ``tracks`` has the recent series of its metrics, by the name of the metric.
    """

    device: str
    tracks: Mapping[str, MetricSeries]


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another device behind the same gateway.

    If the siblings are silent as well, the gateway may have failed and not the device.
    """

    device: str
    presence: Presence
    last_seen: int | None


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier alert of the same rule on the same metric, and what was found out about it.

    Attributes:
        alert: the alert.
        cause: the cause that the diagnosis of the alert names.
        note: the note that a person wrote about the alert.
        confirmed: the cause that a person confirmed; it counts instead of ``cause``.
    """

    alert: Alert
    cause: str | None = None
    note: str | None = None
    confirmed: ConfirmedCause | None = None


@dataclass(frozen=True, slots=True)
class OtherAlert:
    """Another open alert of the same incident. ``name`` is the display name of its device."""

    alert: Alert
    name: str


@dataclass(frozen=True, slots=True)
class InvestigationInput:
    """The data from which evidence is computed. Times are in epoch ms.

    Attributes:
        tracks: Readings of the last hours up to ``now``, by metric.
        week: Means of the last seven days up to ``now``, by metric. May be empty, or the same as ``tracks``.
        weeks: Means of the last five weeks up to ``now``, by metric. May be empty.
        limits: Limits by metric: those of the device and those of its rules.
        alert: The alert to explain; None if a user asks about a device.
        expected_interval: The usual interval between messages in ms; None if it is not known.
        gateway: The gateway through which the device is connected; the device itself if it is a gateway.
        siblings: The other devices that are connected through the gateway.
        together: The other open alerts of the alert's incident, sorted by when their conditions began.
    """

    device: str
    now: int
    tracks: Mapping[str, MetricSeries]
    alert: Alert | None = None
    week: Mapping[str, MetricSeries] = field(default_factory=dict)
    weeks: Mapping[str, MetricSeries] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    peers: tuple[Peer, ...] = ()
    past: tuple[Past, ...] = ()
    presence: Presence = "online"
    last_seen: int | None = None
    expected_interval: float | None = None
    gateway: str | None = None
    siblings: tuple[Sibling, ...] = ()
    together: tuple[OtherAlert, ...] = ()
    clock: tuple[str, ...] = ()
    """Metrics whose newest reading had a timestamp of the device that was wrong by more than a day."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """The title of each metric on the dashboard."""
    classes: Mapping[str, str] = field(default_factory=dict)
    """The device class that each metric announces."""

    texts: tuple[str, ...] = ()
    """Name, model and labels of the device."""
    calculated: frozenset[str] = frozenset()
    """Metrics that the hub calculates from other metrics, and that are therefore no independent evidence."""
    read_as: DeviceSemantics | None = None
    """What the metrics measure and what kind of machine the device is, including corrections by people.

    If it is None, this is inferred from the names, units and classes of the metrics.
    """

    @property
    def kinds(self) -> frozenset[str]:
        """Return the kinds of machine that the device may be."""
        if self.read_as is not None:
            return self.read_as.kinds
        return machine_kinds(self.texts, self.semantics.items())

    @property
    def semantics(self) -> dict[str, MetricSemantics]:
        """Return what each metric measures."""
        known = self.read_as.metrics if self.read_as is not None else {}
        return {
            name: known.get(name) or metric_semantics(name, track.unit, self.classes.get(name))
            for name, track in self.tracks.items()
        }

    def name(self, metric: str) -> str:
        """Return the name of a metric for use in a sentence."""
        return fmt.in_sentence(self.titles.get(metric) or fmt.spoken(metric))

    def limit(self, metric: str) -> Limit | None:
        """Return the limit in force for a metric; None if it has no finite limit.

        The threshold of the alert overrides :attr:`limits`.
        """
        limit = self.limits.get(metric, Limit())
        low, high = limit.min, limit.max
        broken = self.alert.threshold if self.alert is not None and self.alert.metric == metric else None
        value = self.alert.value if self.alert is not None else None
        if broken is not None and isinstance(value, float):
            high = broken if value > broken else high
            low = broken if value < broken else low
        found = Limit(min=_finite(low), max=_finite(high))
        return None if found == Limit() else found

    @property
    def calm(self) -> bool:
        """Return whether no alert is being explained and no metric is beyond its limit."""
        return self.alert is None and not self.troubled

    @property
    def troubled(self) -> frozenset[str]:
        """Return the metric of the alert, and all metrics that are beyond their limit."""
        alarming = {self.alert.metric} if self.alert is not None and self.alert.metric else set()
        return frozenset(alarming | {name for name, track in self.tracks.items() if self._beyond(track)})

    def _beyond(self, track: MetricSeries) -> bool:
        limit = self.limit(track.metric)
        if limit is None or track.kind != "number" or not len(track):
            return False
        value = float(track.values[-1])
        return (limit.max is not None and value > limit.max) or (limit.min is not None and value < limit.min)


def _finite(bound: float | None) -> float | None:
    return bound if bound is not None and abs(bound) <= 1e15 else None
