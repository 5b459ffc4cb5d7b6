"""Answers that look back: since when something leads, what happened in a time, how a metric went."""

from __future__ import annotations

from typing import Literal

from hub import text_format as fmt
from hub.assistant.intent_parser import Intent
from hub.assistant.phrases import ago, listed, name_of, one_or_many
from hub.assistant.target_selection import TargetSelection
from hub.assistant.time_parser import TimeRange
from hub.model import SeriesQuery
from hub.tools import Queries
from hub.tools.views import Ranked, celsius

_LOOK_BACK_MS = 6 * 3_600_000
_STEPS = 360
_RIVALS = 12
_MOST, _PARTS = 200, 96
_THERMAL = ("°C", "°F", "K")


async def extreme(queries: Queries, question: Intent, scope: TargetSelection) -> str:
    """Which device has the highest or lowest of a metric, since when, and who follows."""
    if question.metric is None:
        return "Please name the metric: for example the highest vibration, or the lowest battery charge."
    order: Literal["highest", "lowest"] = "lowest" if question.lowest else "highest"
    if question.span is not None:
        return await _extreme_in(queries, question.metric, order, question.span, scope)
    online = [d for d in scope.devices if d.presence != "offline"] or scope.devices
    rows = queries.ranked(online, question.metric, order)
    if not rows:
        return f"None of {scope.the()} reports a metric like “{fmt.spoken(question.metric)}”."
    rows = [row for row in rows if _alike(row.unit, rows[0].unit)]
    best = rows[0]
    place = f" in {best.area}" if best.area else ""
    text = (
        f"{best.name}{place} has the {order} {fmt.spoken(best.metric)}: {fmt.quantity(best.value, best.unit)}, "
        f"read at {fmt.clock(best.ts)}"
    )
    since = await _leading_since(queries, rows[:_RIVALS], order)
    text += f"; it has been the {order} {since}. " if since else ". "
    if len(rows) > 1:
        followed = [f"{r.name} {fmt.quantity(r.value, r.unit)}" for r in rows[1:4]]
        text += f"Next: {listed(followed)}. Compared: {len(rows)} devices."
    return text


def _alike(unit: str | None, first: str | None) -> bool:
    """A fleet mixes rates and levels of the same name; only like units can be ranked together."""
    return unit == first or (unit in _THERMAL and first in _THERMAL)


async def _extreme_in(
    queries: Queries, part: str, order: Literal["highest", "lowest"], span: TimeRange, scope: TargetSelection
) -> str:
    """Which device had the highest or lowest of a metric within a time, and when."""
    rows = queries.ranked(scope.devices, part, order)
    rows = [row for row in rows if _alike(row.unit, rows[0].unit)][:_MOST]
    asked = [SeriesQuery(row.device, row.metric, span.start, span.end, buckets=_PARTS) for row in rows]
    found: list[tuple[float, int, Ranked]] = []
    sign = 1 if order == "highest" else -1
    for row, one in zip(rows, await queries.store.history(asked), strict=True):
        points = [point for point in one.points if len(point) == 5]
        if points:
            best = max(points, key=lambda point: sign * point[3 if sign > 0 else 1])
            found.append((best[3 if sign > 0 else 1], best[0], row))
    if not found:
        return f"There are no readings of such a metric of {scope.the()} {span.when}."
    found.sort(key=lambda each: (-sign * celsius(each[0], each[2].unit), each[2].device))
    value, at, row = found[0]
    place = f" in {row.area}" if row.area else ""
    text = (
        f"{_capital(span.when)}, {row.name}{place} had the {order} {fmt.spoken(row.metric)}: "
        f"{fmt.quantity(value, row.unit)}, about {fmt.date_time(at)}. "
    )
    if len(found) > 1:
        text += f"Next: {listed([f'{r.name} {fmt.quantity(v, r.unit)}' for v, _, r in found[1:4]])}. "
    return f"{text}Compared: {len(found)} {one_or_many(len(found), 'device', 'devices')}."


async def _leading_since(queries: Queries, rows: list[Ranked], order: str) -> str:
    """Since when the first row has led the others, by the history; empty where the history does not say."""
    end = queries.now()
    start = end - _LOOK_BACK_MS
    asked = [SeriesQuery(r.device, r.metric, start, end, buckets=_STEPS) for r in rows]
    series = await queries.store.history(asked)
    step = _LOOK_BACK_MS // _STEPS
    by_step: list[dict[int, float]] = []
    for row, one in zip(rows, series, strict=True):
        points = [p for p in one.points if len(p) == 5]
        by_step.append({(p[0] - start) // step: celsius(p[2], row.unit) for p in points})
    if not by_step[0]:
        return ""
    sign = 1 if order == "highest" else -1
    first = min(by_step[0])
    for at in sorted(by_step[0], reverse=True):
        rivals = [values[at] for values in by_step[1:] if at in values]
        if rivals and max(sign * value for value in rivals) > sign * by_step[0][at]:
            overtook = start + (at + 1) * step
            return f"since about {fmt.clock_minute(overtook)} ({ago(overtook, end)})"
    begun = start + first * step
    return f"for as long as the history goes back ({ago(begun, end).removesuffix(' ago')})"


async def happened(queries: Queries, question: Intent, scope: TargetSelection) -> str:
    """Alerts and the log of a time range, oldest first."""
    now = queries.now()
    span = question.span or TimeRange(now - 3_600_000, now, "the last hour")
    ids = None if scope.whole else [d.id for d in scope.devices]
    alerts = await queries.raised_between(span.start, span.end, ids)
    log = await queries.activity_between(span.start, span.end, ids, 200)
    where = "" if scope.whole else f" for {scope.the()}"
    text = f"{_capital(span.when)}{where}: "
    if alerts:
        text += f"{len(alerts)} {one_or_many(len(alerts), 'alert was', 'alerts were')} raised. "
        for view in reversed(await queries.explained(alerts[:6])):
            began, over = (view.began_at, view.ended_at) if view.late else (view.raised_at, view.cleared_at)
            end = f", cleared at {fmt.clock(over)}" if over else ", still open"
            end += ", reported late" if view.late else ""
            cause = f" Diagnosed: {fmt.spoken(view.cause)}." if view.cause else ""
            text += f"At {fmt.clock(began)} {view.severity}: {view.name}, {view.message}{end}.{cause} "
        if len(alerts) > 6:
            text += f"And {len(alerts) - 6} earlier ones. "
    elif await _heard(queries, scope, span):
        text += "no alert was raised. "
    else:
        return f"{text}the hub has no readings of that time, so it cannot say."
    others = [row for row in log if row.kind not in ("raised", "cleared", "diagnosed", "acknowledged")]
    found = [row for row in others if row.kind == "discovered"]
    if len(found) > 3:
        text += f"{len(found)} devices were discovered. "
        others = [row for row in others if row.kind != "discovered"]
    if others:
        lines = [f"{fmt.clock(row.ts)} {row.text.rstrip('.')}" for row in reversed(others[:6])]
        text += f"Also: {'; '.join(lines)}."
        text += f" And {len(others) - 6} more lines in the log." if len(others) > 6 else ""
    elif not found:
        text += "Nothing else is in the log."
    return text.strip()


async def _heard(queries: Queries, scope: TargetSelection, span: TimeRange) -> bool:
    """Whether any of the devices told anything in that time: without that, no alert means nothing."""
    asked = [
        SeriesQuery(device.id, metric, span.start, span.end, buckets=2)
        for device in scope.devices[:_MOST]
        for metric in sorted(device.metrics)[:1]
    ]
    return any(series.points for series in await queries.store.history(asked))


async def history(queries: Queries, question: Intent, scope: TargetSelection) -> str:
    """How a metric (or each metric) of one device, or of the first few of a group, went over a time."""
    now = queries.now()
    span = question.span or TimeRange(now - 2 * 3_600_000, now, "the last 2 hours")
    asked = [
        SeriesQuery(d.id, m, span.start, span.end, buckets=60)
        for d in scope.devices[: 1 if question.metric is None else 6]
        for m, latest in sorted(d.metrics.items())
        if (question.metric is None or question.metric in m.casefold()) and type(latest.value) is float
    ][:12]
    if not asked:
        return f"{scope.The()} {one_or_many(len(scope.devices), 'has', 'have')} no such metric."
    lines = []
    for one in await queries.store.history(asked):
        device = queries.registry.get(one.device)
        points = [p for p in one.points if len(p) == 5]
        if device is None or not points:
            continue
        unit = device.unit(one.metric)
        low, high = min(p[1] for p in points), max(p[3] for p in points)
        mean = sum(p[2] * p[4] for p in points) / sum(p[4] for p in points)
        change = points[-1][2] - points[0][2]
        went = "rose" if change > 0 else "fell"
        spread = f"{fmt.number(low, unit)} to {fmt.quantity(high, unit)}, mean {fmt.quantity(mean, unit)}"
        lines.append(
            f"{device.display_name} {name_of(device, one.metric)}: {spread}; "
            f"from first to last it {went} by {fmt.difference(abs(change), unit)}"
        )
    if not lines:
        return f"There are no readings of {scope.the()} {span.when}."
    return f"{_capital(span.when)}: {'; '.join(lines)}."


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
