"""Replay the rule of one alert in an alert file and, if the replay does not raise the alert, say why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from hub import text_format as fmt
from hub.backtest import Firing, OtherInputs, Points, follows_presence, needs, replay
from hub.diagnosis.alert_file import AlertFile
from hub.model import Alert, Device, PublishedValue, Rule
from hub.rules import own_quantity
from hub.rules.kinds import MetricCondition
from hub.rules.source_readers import sources_of


def replay_alert(
    alert: Alert, device: Device, rules: Sequence[Rule], contents: AlertFile
) -> tuple[Firing | None, str | None]:
    """Replay the rule of an alert with the readings of an alert file.

    The rule is replayed from the first reading on. If this does not raise the alert, and if the alert says when the
    hub began to evaluate the rule (``evaluated_from``), the rule is replayed again from that time on.

    Args:
        alert: The alert of the file.
        device: The device whose readings the file has.
        rules: The rules of the file.
        contents: The contents of the file.

    Returns:
        A pair of which exactly one item is None: the alert that the replay raised for the same metric and the same
        start, and a sentence that says why it raised no such alert.
    """
    if alert.device != device.id:
        return None, "It is an alert of another device, whose readings are not in the file."
    rule = next((each for each in rules if each.id == alert.rule), None)
    if rule is None:
        return None, "Its rule is not in the file: it was removed, or did not watch the device any more."
    readings = {
        name: points
        for name, points in contents.readings[device.id].items()
        if follows_presence(rule) or needs(rule, name, own_quantity(device, name))
    }
    others = OtherInputs(sorted(_published(rule, alert, contents), key=lambda each: each.at))
    firings = replay(rule, device, readings, contents.start, contents.end, others=others)
    if (found := _same(alert, firings)) is None and alert.evaluated_from is not None:
        created_at = _created_at(alert.since, alert.evaluated_from, readings)
        firings = replay(rule, device, readings, contents.start, contents.end, others=others, created_at=created_at)
        found = _same(alert, firings)
    return found, None if found is not None else _reason(alert, rule, readings, firings)


def _published(rule: Rule, alert: Alert, contents: AlertFile) -> list[PublishedValue]:
    """Return the values of other devices that the rule uses, from the readings in the file."""
    return [
        PublishedValue(source.device, metric, value, None, ts)
        for source in sources_of(rule)
        if source.device is not None and (metric := source.metric or alert.metric or "")
        for ts, value, _ in contents.readings.get(source.device, {}).get(metric, ())
    ]


def _same(alert: Alert, firings: Sequence[Firing]) -> Firing | None:
    return next((each for each in firings if (each.metric, each.start) == (alert.metric, alert.since)), None)


def _created_at(since: int, evaluated_from: int, readings: Mapping[str, Points]) -> int:
    """Return when (epoch ms) a replay must create the rule so that its condition begins to hold at ``since``.

    In general, this is ``evaluated_from``, when the hub began to evaluate the rule. But this is a time of the hub's
    clock, while readings have times of the device's clock, which may be behind. So the result is at the latest 1 ms
    before the first reading after ``since``.
    """
    if evaluated_from < since:
        return evaluated_from
    following = (ts for points in readings.values() for ts, _, _ in points if ts > since)
    return min(evaluated_from, min(following, default=evaluated_from + 1) - 1)


def _reason(alert: Alert, rule: Rule, readings: Mapping[str, Points], firings: Sequence[Firing]) -> str:
    """Return a sentence that says why a replay of ``rule`` did not raise ``alert``.

    ``firings`` are the alerts that the replay raised instead.
    """
    first = min((points[0][0] for points in readings.values() if points), default=None)
    if first is None or alert.since < first:
        return "The condition began before the first reading in the file."
    before = alert.message_params.get("condition")
    if before is not None and alert.message_key == rule.condition.kind and _changed(before, rule):
        return "The rule was changed after the alert was raised: the file has the rule of the time of the export."
    near = min(
        (each for each in firings if each.metric == alert.metric),
        key=lambda each: abs(each.start - alert.since),
        default=None,
    )
    if near is None:
        return "By the readings in the file, the condition was never met for long enough."
    began = fmt.date_time(near.start)
    return f"By the readings in the file, the condition began at {began}. Was the rule created or changed after that?"


def _changed(before: Mapping[str, object], rule: Rule) -> bool:
    """Return True if the rule's condition has other settings than at the time of the alert (``before``)."""
    condition = rule.condition
    found = condition.found if isinstance(condition, MetricCondition) else ()
    present = msgspec.json.decode(msgspec.json.encode(condition))  # lists instead of tuples, as in the file
    return any(before.get(key) != value for key, value in present.items() if key not in found)
