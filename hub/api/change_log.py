"""Write users' changes of settings and devices to the activity log."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import msgspec

from hub.errors import HubError
from hub.model import Device, Input, LogChange, Mapping, MetricOverride, Rule

log = logging.getLogger(__name__)

WHO = "operator"
"""Name of the user in the activity log. There are no accounts yet."""
MAX_TEXT = 300
MAX_NAMED = 5


class ChangeLog:
    """Writes entries. A failure is only logged, because the change itself has been made already."""

    def __init__(self, submit: Callable[[Input], Awaitable[Any]], now: Callable[[], int]) -> None:
        self._submit = submit
        self._now = now

    async def write(self, text: str, device: str | None = None) -> None:
        """Write an entry whose subject is the user, such as ``renamed pump to Pump 1``."""
        try:
            await self._submit(LogChange(f"{WHO} {text}"[:MAX_TEXT], self._now(), device))
        except HubError as error:
            log.warning("A change was made but could not be logged as activity: %s (%s).", text[:100], error.message)


class DeviceBefore(msgspec.Struct, frozen=True):
    """The fields of a device that users can edit, before an edit."""

    name: str
    area: str | None
    labels: tuple[str, ...]
    metrics: dict[str, MetricOverride]

    @classmethod
    def of(cls, device: Device) -> DeviceBefore:
        """Return the present fields of the device."""
        return cls(device.display_name, device.display_area, device.display_labels, dict(device.metric_edits))


def device_changes(before: DeviceBefore, device: Device) -> str | None:
    """Return a sentence about what was changed in a device, or None."""
    after, name = DeviceBefore.of(device), device.display_name
    parts = []
    if after.area != before.area:
        parts.append(f"set the area of {name} to {after.area}" if after.area else f"removed the area of {name}")
    if after.labels != before.labels:
        labels = ", ".join(after.labels)
        parts.append(f"set the labels of {name} to {labels}" if labels else f"removed the labels of {name}")
    for metric in dict.fromkeys((*before.metrics, *after.metrics)):
        was, now = before.metrics.get(metric, MetricOverride()), after.metrics.get(metric, MetricOverride())
        if was != now:
            parts.append(f"{_metric_change(was, now, device.describe(metric).title)} of {name}")
    if after.name != before.name:
        parts.insert(0, f"renamed {before.name} to {after.name}")
    return _joined(parts)


def _metric_change(was: MetricOverride, now: MetricOverride, title: str) -> str:
    if now == MetricOverride():
        return f"reset the metric {title}"
    if now.hidden != was.hidden:
        return f"{'hid' if now.hidden else 'showed'} the metric {title}"
    if now.title != was.title:
        return f"renamed a metric to {title}"
    return f"set the unit of {title} to {now.unit}" if now.unit else f"reset the unit of {title}"


def rule_changes(before: Sequence[Rule], after: Sequence[Rule]) -> str:
    """Return a sentence about which rules were added, changed and removed."""
    old, new = ({rule.id: rule for rule in rules} for rules in (before, after))
    changed = [rule.name for rule in after if rule.id in old and old[rule.id] != rule]
    added = [rule.name for rule in after if rule.id not in old]
    removed = [rule.name for rule in before if rule.id not in new]
    return _summary("rule", added, removed, changed) or "edited rules.toml, no rule changed"


def mapping_changes(before: Sequence[Mapping], after: Sequence[Mapping]) -> str:
    """Return a sentence about which mappings were added, changed and removed."""
    old, new = ({mapping.topic: mapping for mapping in mappings} for mappings in (before, after))
    changed = [topic for topic, mapping in new.items() if topic in old and old[topic] != mapping]
    added, removed = [topic for topic in new if topic not in old], [topic for topic in old if topic not in new]
    return _summary("mapping of", added, removed, changed) or "edited mappings.toml, no mapping changed"


def _summary(what: str, added: list[str], removed: list[str], changed: list[str]) -> str | None:
    groups = (("added", added), ("changed", changed), ("removed", removed))
    return _joined(f"{verb} the {what} {_names(names)}" for verb, names in groups if names)


def _names(names: list[str]) -> str:
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _joined(parts: Iterable[str]) -> str | None:
    return "; ".join(parts) or None
