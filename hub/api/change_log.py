"""Lines in the activity for what a person changes of settings and devices: who, what, to what."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import msgspec

from hub.errors import HubError
from hub.model import Device, Input, LogChange, Mapping, MetricOverride, Rule

log = logging.getLogger(__name__)

WHO = "operator"
"""Who changes and acknowledges, until there are accounts."""
MAX_TEXT = 300
MAX_NAMED = 5


class ChangeLog:
    """Writes the lines. A line that cannot be written costs no change: that is in force already."""

    def __init__(self, submit: Callable[[Input], Awaitable[Any]], now: Callable[[], int]) -> None:
        self._submit = submit
        self._now = now

    async def write(self, text: str, device: str | None = None) -> None:
        try:
            await self._submit(LogChange(f"{WHO} {text}"[:MAX_TEXT], self._now(), device))
        except HubError as error:
            log.warning("A change is in force but not in the activity: %s (%s).", text[:100], error.message)


class DeviceBefore(msgspec.Struct, frozen=True):
    """What a person may change of a device, as it was."""

    name: str
    area: str | None
    labels: tuple[str, ...]
    metrics: dict[str, MetricOverride]

    @classmethod
    def of(cls, device: Device) -> DeviceBefore:
        return cls(device.display_name, device.display_area, device.display_labels, dict(device.metric_edits))


def device_changes(before: DeviceBefore, device: Device) -> str | None:
    """Return what was changed of a device in words; None where nothing was."""
    after, name = DeviceBefore.of(device), device.display_name
    found = []
    if after.area != before.area:
        found.append(f"set the area of {name} to {after.area}" if after.area else f"removed the area of {name}")
    if after.labels != before.labels:
        found.append(f"labelled {name} {', '.join(after.labels) or 'with nothing'}")
    for metric in dict.fromkeys((*before.metrics, *after.metrics)):
        was, now = before.metrics.get(metric, MetricOverride()), after.metrics.get(metric, MetricOverride())
        if was != now:
            found.append(f"{_metric_change(was, now, device.describe(metric).title)} of {name}")
    if after.name != before.name:
        found.insert(0, f"renamed {before.name} to {after.name}")
    return _joined(found)


def _metric_change(was: MetricOverride, now: MetricOverride, title: str) -> str:
    if now == MetricOverride():
        return f"reset the metric {title}"
    if now.hidden != was.hidden:
        return f"{'hid' if now.hidden else 'showed'} the metric {title}"
    if now.title != was.title:
        return f"renamed a metric to {title}"
    return f"set the unit of {title} to {now.unit or 'its own'}"


def rule_changes(before: Sequence[Rule], after: Sequence[Rule]) -> str:
    """Return what was changed of the rules in words."""
    old, new = ({rule.id: rule for rule in rules} for rules in (before, after))
    changed = [rule.name for rule in after if rule.id in old and old[rule.id] != rule]
    added = [rule.name for rule in after if rule.id not in old]
    removed = [rule.name for rule in before if rule.id not in new]
    return _told("rule", added, removed, changed) or "edited rules.toml, no rule changed"


def mapping_changes(before: Sequence[Mapping], after: Sequence[Mapping]) -> str:
    """Return what was changed of the mappings in words."""
    old, new = ({mapping.topic: mapping for mapping in mappings} for mappings in (before, after))
    changed = [topic for topic, mapping in new.items() if topic in old and old[topic] != mapping]
    added, removed = [topic for topic in new if topic not in old], [topic for topic in old if topic not in new]
    return _told("mapping of", added, removed, changed) or "edited mappings.toml, no mapping changed"


def _told(what: str, added: list[str], removed: list[str], changed: list[str]) -> str | None:
    groups = (("added", added), ("changed", changed), ("removed", removed))
    return _joined(f"{verb} the {what} {_named(names)}" for verb, names in groups if names)


def _named(names: list[str]) -> str:
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _joined(found: Iterable[str]) -> str | None:
    return "; ".join(found) or None
