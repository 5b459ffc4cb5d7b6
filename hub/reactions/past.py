"""Reconstruct the past for a trial of a reaction: the steps of alerts, and the values of devices at a given time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from hub.model import Alert, AlertEntry, AlertEntryKind, Device, Latest, Quality, SilencedBy, Value
from hub.model.reaction import AlertStep, AlertStepTaken

Points = Sequence[tuple[int, Value, Quality]]
"""Readings of one metric in the order of time: (epoch ms, value, quality)."""

_STEPS: dict[AlertEntryKind, AlertStep] = {
    "raised": "raised",
    "acknowledged": "acknowledged",
    "cleared": "cleared",
    "closed": "cleared",
}
_ENDS = frozenset(("cleared", "closed", "withdrawn"))
_UNACKNOWLEDGED = frozenset(("unacknowledged", "acknowledgement_expired", *_ENDS))


class PastAlerts:
    """Alerts of the past, each with the entries of its history in order of time."""

    def __init__(self, alerts: Sequence[tuple[Alert, Sequence[AlertEntry]]]) -> None:
        self._alerts = alerts
        self._entries = {alert.id: entries for alert, entries in alerts}

    def steps(self) -> Iterator[AlertStepTaken]:
        """Yield the steps of all alerts, such as raised or cleared, that can start a reaction.

        Each step has the alert of that time: its severity, and whether it was silenced or suppressed.
        """
        for alert, entries in self._alerts:
            silenced = suppressed = False
            for number, entry in enumerate(entries):
                # An alert that is raised in a silence gets its entry after the one of the raise.
                together = (each.kind for each in entries[number + 1 :] if each.at == entry.at)
                kinds = {entry.kind, *(together if entry.kind == "raised" else ())}
                silenced = (silenced or "silenced" in kinds) and entry.kind != "unsilenced"
                suppressed = suppressed or "suppressed" in kinds
                if (step := _STEPS.get(entry.kind)) is not None:
                    then = replace(
                        alert,
                        severity=entry.severity,
                        silenced_by=(SilencedBy("", ""),) if silenced else (),
                        suppressed_by=(alert.suppressed_by or alert.device) if suppressed else None,
                    )
                    yield AlertStepTaken(step, then, entry.at)

    def holds(self, taken: AlertStepTaken, now: int) -> bool:
        """Return whether an alert is at ``now`` (epoch ms) still in the state that the step ``taken`` has led to.

        This state is: raised and not cleared, acknowledged, or cleared and not raised again.
        """
        alert = taken.alert
        if taken.step == "cleared":
            about = (alert.rule, alert.device, alert.metric)
            same = (each for each, _ in self._alerts if (each.rule, each.device, each.metric) == about)
            return not any(self._open_at(each, now) for each in same)
        ends = _ENDS if taken.step == "raised" else _UNACKNOWLEDGED
        return not any(each.kind in ends and taken.at < each.at <= now for each in self._entries[alert.id])

    def _open_at(self, alert: Alert, now: int) -> bool:
        began = alert.raised_at <= now
        return began and not any(each.kind in _ENDS and each.at <= now for each in self._entries[alert.id])


class PastDevice:
    """A device as it appeared in the past, computed from its stored readings.

    Args:
        device: The device.
        silence_ms: The device counts as online for this time after each reading.
        readings: The readings of the metrics whose values are needed, by metric.
        heard: The times (epoch ms) of readings of other metrics, which show that the device was online.
    """

    def __init__(self, device: Device, silence_ms: int, readings: Mapping[str, Points], heard: Sequence[int]) -> None:
        self._device = device
        self._silence_ms = silence_ms
        self._readings = {metric: ([ts for ts, _, _ in points], points) for metric, points in readings.items()}
        self._heard = sorted({*heard, *(ts for times, _ in self._readings.values() for ts in times)})

    def at(self, now: int) -> Device:
        """Return the device with its values and its presence at the time ``now`` (epoch ms)."""
        metrics = {}
        for metric, (times, points) in self._readings.items():
            if place := bisect_right(times, now):
                ts, value, _ = points[place - 1]
                metrics[metric] = Latest(value, ts, "good")
        last = bisect_right(self._heard, now)
        online = bool(last) and now - self._heard[last - 1] <= self._silence_ms
        return replace(self._device, metrics=metrics, presence="online" if online else "stale")
