"""What an investigation starts from: one device's recent series and what is known around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.insight.track import Track
from hub.model import Alert, Limit, Presence


@dataclass(frozen=True, slots=True)
class Peer:
    """Another device of the same model (or with the same metric in the same area) and its series by metric."""

    device: str
    tracks: Mapping[str, Track]


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another device behind the same gateway: whether it is there too tells a dead device from a dead gateway."""

    device: str
    presence: Presence
    last_seen: int | None


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier alert of the same rule and metric, with the cause its diagnosis named and the note a person left."""

    alert: Alert
    cause: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """``tracks`` by metric cover the time up to ``now`` (usually two hours); ``limits`` by metric join the device's own
    with those of its rules. ``alert`` is None when somebody just asks. ``last_seen`` and ``rhythm`` in ms."""

    device: str
    now: int
    tracks: Mapping[str, Track]
    alert: Alert | None = None
    limits: Mapping[str, Limit] = field(default_factory=dict)
    peers: tuple[Peer, ...] = ()
    past: tuple[Past, ...] = ()
    presence: Presence = "online"
    last_seen: int | None = None
    rhythm: float | None = None
    gateway: str | None = None
    siblings: tuple[Sibling, ...] = ()
    clock: tuple[str, ...] = ()
    """Metrics whose newest reading came with a device time more than a day off."""

    def limit(self, metric: str) -> Limit | None:
        """The limit in force: what the alert's rule says wins over what the device says. A limit that is no finite number
        is none."""
        limit = self.limits.get(metric, Limit())
        low, high = limit.min, limit.max
        alert = self.alert
        if (
            alert is not None
            and alert.metric == metric
            and alert.threshold is not None
            and isinstance(alert.value, float)
        ):
            high = alert.threshold if alert.value > alert.threshold else high
            low = alert.threshold if alert.value < alert.threshold else low
        found = Limit(min=_finite(low), max=_finite(high))
        return None if found == Limit() else found


def _finite(bound: float | None) -> float | None:
    return bound if bound is not None and abs(bound) <= 1e15 else None
