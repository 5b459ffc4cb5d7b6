"""Warn about names in a rule that do not exist: areas, devices, models, labels and gateways.

Such a rule is valid, because devices and areas may be added later. But it watches less than people expect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from hub.model import Device, Rule, Scope
from hub.rules.covering import is_pattern
from hub.rules.learned_metrics import LearnedMetrics
from hub.rules.source_readers import sources_of

MAX_NAMED = 20
"""Maximum number of areas that a warning lists."""
MIN_DEVICES = 3
"""Minimum number of devices in an area for a median of the area; see :mod:`hub.rules.published_values`."""

Areas = Mapping[str, Collection[str]]
"""For each area id, the ids and names of the area and of all areas that contain it."""


def rule_warnings(
    rule: Rule, devices: Sequence[Device], areas: Areas, applies: Callable[[Rule, Device], bool]
) -> Iterator[str]:
    """Yield a sentence for each name in the rule that does not exist.

    If the rule compares devices with the median of their area, also yield a sentence for devices that have no median.
    """
    yield from scope_warnings(rule.scope, devices, areas)
    for source in dict.fromkeys(sources_of(rule)):
        metric = source.metric or rule.metric or ""
        if source.device is None:
            yield from _median_warnings([each for each in devices if applies(rule, each)], devices, metric)
            continue
        other = next((each for each in devices if each.id == source.device), None)
        if other is None:
            yield f"There is no device {source.device!r}, which the rule reads."
        elif metric and not is_pattern(metric) and metric not in other.metrics:
            yield f"The device {other.id!r} has not reported {metric!r} yet."


def scope_warnings(scope: Scope, devices: Sequence[Device], areas: Areas) -> Iterator[str]:
    """Yield a sentence for each area, label, device, model and gateway in the scope that does not exist."""
    known = {name for around in areas.values() for name in around}
    for name in scope.areas:
        if name not in known:
            yield f"There is no area {name!r}. {_suggestion(devices, name)}{_list_of(known - areas.keys())}"
    labels = {label for each in devices for label in each.display_labels} if scope.labels else set()
    yield from (f"No device has the label {name!r}." for name in scope.labels if name not in labels)
    yield from _unmatched("There is no device", scope.devices, (each.id for each in devices))
    yield from _unmatched("No device has the model", scope.models, (each.info.model for each in devices))
    yield from _unmatched("No device is connected through", scope.via, (each.info.via for each in devices))


def _unmatched(what: str, patterns: Sequence[str], found: Iterable[str | None]) -> Iterator[str]:
    texts = {each for each in found if each} if patterns else set()
    for pattern in patterns:
        if pattern not in texts and not any(fnmatchcase(text, pattern) for text in texts):
            yield f"{what} {pattern!r}."


def _suggestion(devices: Iterable[Device], name: str) -> str:
    """Return advice for a rule that names an area ``name`` which does not exist.

    If devices announce this area and are assigned to no area, the advice says how many they are and how to create the
    area. Otherwise the advice is empty.
    """
    count = sum(each.area_id is None and each.info.area == name for each in devices)
    if not count:
        return ""
    subject = "1 device announces it, but is" if count == 1 else f"{count} devices announce it, but are"
    return f"{subject} not assigned to it: accept it under Settings → Areas. "


def _list_of(names: Collection[str]) -> str:
    if not names:
        return "No areas have been created yet."
    more = ", …" if len(names) > MAX_NAMED else ""
    return f"Areas: {', '.join(sorted(names)[:MAX_NAMED])}{more}."


def _median_warnings(watched: Sequence[Device], devices: Iterable[Device], metric: str) -> Iterator[str]:
    """Yield warnings for a rule that compares each device with the median of ``metric`` in the device's area.

    A warning says why some of the ``watched`` devices have no median: they are in no area, or too few devices of their
    area report the metric. ``devices`` are all devices.
    """
    nowhere = [each for each in watched if each.area_id is None]
    if nowhere:
        announced = sorted({each.info.area for each in nowhere if each.info.area})
        hint = (
            f" They announce {', '.join(announced[:MAX_NAMED])}, which counts once it is accepted." if announced else ""
        )
        yield (
            f"{len(nowhere)} of {len(watched)} devices are assigned to no area, so they have no median.{hint} "
            "Assign them under Settings → Areas."
        )
    sizes = Counter(each.area_id for each in devices if metric in each.metrics)
    small = {str(each.area) for each in watched if each.area_id is not None and sizes[each.area_id] < MIN_DEVICES}
    if small and metric and not is_pattern(metric):
        yield f"Fewer than {MIN_DEVICES} devices report {metric!r} in: {', '.join(sorted(small)[:MAX_NAMED])}."


def learning_warnings(rule: Rule, learned: LearnedMetrics) -> Iterator[str]:
    """Yield a sentence if some metrics of an ``anomaly`` rule are not watched, because there is too little memory."""
    if count := learned.not_watched(rule.id):
        metrics = "1 metric" if count == 1 else f"{count:,} metrics"
        yield (
            f"{metrics} of this rule cannot be watched: rules without a limit learn at most {learned.limit:,} metrics. "
            "Narrow the devices or metrics of the rule, or give the hub more memory."
        )
