"""Answers about alerts: which are open and why, when they began, how many there were, and who acknowledged them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hub import text_format as fmt
from hub.assistant.answers.alert_message import alert_message, cause_name
from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context, Target
from hub.assistant.answers.meanings import meaning
from hub.assistant.time_parser import DAY, HOUR
from hub.assistant.time_range import TimeRange
from hub.insight.claims import sentences
from hub.model import Alert, SeriesQuery
from hub.tools.views import AlertView

_EXPLAINED = 6


async def open_alerts(context: Context) -> ComputedAnswer:
    """Answer with the open alerts and their causes, the most severe alerts first."""
    if context.question.time is not None:
        return await happened(context)
    alerts = await of_metric(context, context.queries.open_alerts(context.ids))
    if context.question.has("critical"):
        alerts = [alert for alert in alerts if alert.severity == "critical"]
    if not alerts:
        key = "no_critical" if context.question.has("critical") else "nothing_alarming"
        return ComputedAnswer(
            context.say(key, scope=context.scope_words),
            tuple((d.id, None) for d in context.devices[:1] if not context.question.scope.is_all),
        )
    views = await context.queries.explained(alerts[:_EXPLAINED])
    of_id = {alert.id: alert for alert in alerts}
    lines = [_line(context, view, of_id[view.id], 1 if len(views) > 1 else 4) for view in views]
    head = context.count("open_alerts", len(alerts))
    acknowledged = sum(alert.state == "acknowledged" for alert in alerts)
    head += f" ({context.say('acknowledged_of', n=acknowledged)})" if acknowledged else ""
    text = context.lines(head.rstrip(".") + ":", lines)
    if len(alerts) > _EXPLAINED:
        text += f"\n• {context.say('more', n=len(alerts) - _EXPLAINED)}"
    if len({view.device for view in views}) == 1:
        text += _actions(context, views)
    return ComputedAnswer(text, about_alerts(alerts), None)


def about_alerts(alerts: Sequence[Alert]) -> tuple[tuple[str, str | None], ...]:
    return tuple(dict.fromkeys((alert.device, alert.metric) for alert in alerts))[:12]


def _line(context: Context, view: AlertView, alert: Alert, most: int) -> str:
    """Return a text about one alert: its message, the metric's present value, and the beginning of its diagnosis.

    ``view`` has the diagnosis, of which the text contains at most ``most`` sentences.
    """
    text = context.say(
        "alert_line",
        severity=context.say(view.severity),
        name=view.name,
        message=alert_message(context, alert),
        time=context.clock(view.raised_at),
        ago=context.ago(view.raised_at),
    )
    device = context.queries.registry.get(alert.device)
    if device is not None and alert.metric in device.metrics and alert.open:
        target = Target(device, alert.metric or "")
        text += " " + context.say("now_value", value=target.show(target.latest.value))
    if alert.state == "acknowledged":
        text += " " + context.say("acknowledged_by", name=alert.acknowledged_by or "–")
    told = " ".join(sentences(view.why or "")[:most])
    why = context.say("in_english", text=told) if told else context.say("not_diagnosed")
    return f"{text} {why}"


def _actions(context: Context, views: Sequence[AlertView]) -> str:
    actions = list(dict.fromkeys(action for view in views for action in view.actions))[:3]
    return context.say("to_do", actions=" ".join(actions)).join(("\n", "")) if actions else ""


async def why(context: Context) -> ComputedAnswer:
    """Answer why the devices in the question have an alert or, if none is open, why they had their last alert."""
    if context.question.scope.is_all or context.queries.open_alerts(context.ids):
        return await open_alerts(context)
    recent = await context.queries.raised_between(context.now - 7 * DAY, context.now, context.ids)
    sources = tuple((device.id, None) for device in context.devices[:6])
    if not recent:
        text = context.say("no_alert_week", scope=context.scope_words)
        if context.mentions() and len(context.devices) <= _EXPLAINED:  # "why is it so cold?": say whether that is usual
            usual = await meaning(context)
            return ComputedAnswer(f"{text}\n{usual.text}", usual.about, usual.span, usual.is_charted)
        return ComputedAnswer(text, sources)
    (view,) = await context.queries.explained(recent[:1])
    text = context.say("last_cleared", scope=context.scope_words) + " " + _line(context, view, recent[0], 4)
    return ComputedAnswer(text + _actions(context, [view]), sources)


async def when(context: Context) -> ComputedAnswer:
    """Answer when the last alert of the devices began, and how long it lasted.

    If the question asks for the first alert, answer with the first one.
    """
    time = context.question.time
    start, end = (time.start, time.end) if time is not None else (context.now - 30 * DAY, context.now)
    alerts = await of_metric(context, await context.queries.raised_between(start, end, context.ids))
    sources = tuple((device.id, None) for device in context.devices[:3]) if not context.question.scope.is_all else ()
    if not alerts:
        words = time.words if time is not None else context.say("last", time="30 d")
        return ComputedAnswer(context.say("no_alert_in", scope=context.scope_words, time=words), sources)
    wanted = alerts[-1:] if context.question.has("first") else alerts[: context.question.top or 1]
    lines = [duration_line(context, alert) for alert in wanted]
    text = lines[0] if len(lines) == 1 else context.lines(context.count("alerts", len(lines)) + ":", lines, 40)
    return ComputedAnswer(text, about_alerts(wanted))


async def of_metric(context: Context, alerts: list[Alert]) -> list[Alert]:
    """Return the alerts on the metrics that the question names, if only by words such as "vibrating too much".

    If the question names no metric, return all ``alerts``.
    """
    if not context.question.metrics and not (context.question.has("too") and context.mentions()):
        return alerts
    keys = {target.key for target in await context.targets(most=None)}
    return [alert for alert in alerts if (alert.device, alert.metric) in keys]


def duration_line(context: Context, alert: Alert) -> str:
    view = context.queries.alert_view(alert)
    began, over = (alert.since, alert.ended_at) if alert.late else (alert.raised_at, alert.cleared_at)
    key = "alert_lasted" if over else "alert_open_for"
    return context.say(
        key,
        severity=context.say(alert.severity),
        name=view.name,
        message=alert_message(context, alert),
        start=context.clock(began),
        end=context.clock(over or context.now),
        duration=fmt.duration(max((over or context.now) - began, 0)),
    )


async def count(context: Context) -> ComputedAnswer:
    """Answer how many alerts were raised in a time range, in total and by device, area or rule."""
    question = context.question
    is_open = question.time is None and not question.has_any("past", "how_often") and not question.has("total")
    time = question.time or context_today(context)
    if question.time is None and question.has_any("how_often", "past"):
        time = TimeRange(context.now - 7 * DAY, context.now, context.say("last", time="7 d"))
    alerts = (
        context.queries.open_alerts(context.ids)
        if is_open
        else await context.queries.raised_between(time.start, time.end, context.ids)
    )
    alerts = await of_metric(context, alerts)
    if question.has("critical"):
        alerts = [alert for alert in alerts if alert.severity == "critical"]
    when_words = context.say("now") if is_open else time.words
    scope = "" if question.scope.is_all else f", {context.scope_words}"
    head = f"{when_words}{scope}: {context.count('alerts' if not is_open else 'open_alerts', len(alerts)).rstrip('.')}."
    if not alerts:
        if not is_open and not await heard(context, time):
            return ComputedAnswer(f"{when_words}{scope}: {context.say('no_data_of_time')}")
        return ComputedAnswer(head, () if question.scope.is_all else tuple((d.id, None) for d in context.devices[:3]))
    by = _by_area if question.has("by_area") and not question.has("overall_fleet") else _by_device
    counted = by(context, alerts).most_common()
    reverse = bool(question.hint and question.hint.lowest)
    lines = [f"{name}: {number}" for name, number in (reversed(counted) if reverse else counted)]
    text = context.lines(head, lines, question.top or 8)
    return ComputedAnswer(text[:1].upper() + text[1:], _ordered(alerts), None if is_open else (time.start, time.end))


def _ordered(alerts: Sequence[Alert]) -> tuple[tuple[str, str | None], ...]:
    return tuple((device, None) for device, _ in Counter(alert.device for alert in alerts).most_common(8))


def _by_device(context: Context, alerts: Sequence[Alert]) -> Counter[str]:
    return Counter(context.queries.alert_view(alert).name for alert in alerts)


def _by_area(context: Context, alerts: Sequence[Alert]) -> Counter[str]:
    found = (context.queries.registry.get(alert.device) for alert in alerts)
    return Counter((device.display_area if device else None) or context.say("no_area") for device in found)


def context_today(context: Context) -> TimeRange:
    """Return the time range from midnight (UTC) until now."""
    start = context.now - context.now % DAY
    return TimeRange(start, context.now, f"{fmt.date(start)} (UTC)")


async def heard(context: Context, time: TimeRange) -> bool:
    """Return whether any device of the question sent a reading in the time range.

    Without readings, a device raises no alerts on values, so "no alerts" would not mean that nothing was wrong.
    """
    asked = [
        SeriesQuery(device.id, metric, time.start, time.end + 1, buckets=2)
        for device in context.devices[:200]
        for metric in sorted(device.metrics)[:1]
    ]
    return any(series.points for series in await context.queries.store.history(asked))


async def acknowledged(context: Context) -> ComputedAnswer:
    """Answer who acknowledged alerts, when, and with which note."""
    open_now = context.queries.open_alerts(context.ids)
    time = context.question.time
    past = await context.queries.raised_between(time.start if time else context.now - 7 * DAY, context.now, context.ids)
    seen = {alert.id: alert for alert in [*open_now, *past]}
    done = [alert for alert in seen.values() if alert.acknowledged_at is not None]
    wants_open = context.question.has("not")
    if wants_open:
        waiting = [alert for alert in open_now if alert.state == "raised"]
        lines = [f"{context.queries.alert_view(alert).name}: {alert_message(context, alert)}" for alert in waiting]
        return ComputedAnswer(
            context.lines(context.count("unacknowledged", len(waiting)) + (":" if lines else "."), lines),
            about_alerts(waiting),
        )
    if not done:
        count = len(open_now)
        return ComputedAnswer(
            context.say("nobody_acknowledged", scope=context.scope_words) + " " + context.count("open_alerts", count),
            about_alerts(open_now),
        )
    lines = [
        context.say(
            "acknowledged_line",
            name=context.queries.alert_view(alert).name,
            message=alert_message(context, alert),
            by=alert.acknowledged_by or context.say("unnamed"),
            time=context.clock(alert.acknowledged_at or 0),
            note=f"“{alert.note}”" if alert.note else context.say("without_note"),
        )
        for alert in sorted(done, key=lambda each: -(each.acknowledged_at or 0))
    ]
    text = lines[0] if len(lines) == 1 else context.lines(context.count("acknowledged", len(lines)), lines)
    return ComputedAnswer(text, about_alerts(done))


async def happened(context: Context) -> ComputedAnswer:
    """Answer what happened in a time range: alerts and entries of the activity log, oldest first."""
    time = context.question.time or TimeRange(
        context.now - HOUR, context.now, context.say("last", time=fmt.duration(HOUR))
    )
    if time.is_point:
        time = TimeRange(time.start - HOUR // 4, min(time.start + HOUR // 4, context.now), f"{time.words} ± 15 min")
    alerts = await context.queries.raised_between(time.start, time.end, context.ids)
    log = await context.queries.activity_between(time.start, time.end, context.ids, 200)
    scope = "" if context.question.scope.is_all else f", {context.scope_words}"
    if not alerts and not log and not await heard(context, time):
        raise CannotAnswer(f"{time.words}{scope}: {context.say('no_data_of_time')}")
    views = {view.id: view for view in await context.queries.explained(alerts[:MAX_TOLD])}
    lines = []
    for alert in reversed(alerts[:MAX_TOLD]):
        cause = views[alert.id].cause
        lines.append(
            duration_line(context, alert)
            + (f". {context.say('diagnosed', cause=cause_name(context, cause))}" if cause else "")
        )
    others = [row for row in log if row.kind not in ("raised", "cleared", "diagnosed", "acknowledged")]
    discovered = [row for row in others if row.kind == "discovered"]
    if len(discovered) > 3:
        others = [row for row in others if row.kind != "discovered"]
        lines.append(context.say("discovered", n=len(discovered)))
    lines += [f"{context.clock(row.ts)}: {row.text.rstrip('.')}" for row in reversed(others[:6])]
    head = f"{time.words}{scope}: {context.count('alerts', len(alerts))}" + (":" if lines else ".")
    sources = (
        about_alerts(alerts)
        if alerts
        else ()
        if context.question.scope.is_all
        else tuple((d.id, None) for d in context.devices[:3])
    )
    return ComputedAnswer(context.lines(head[:1].upper() + head[1:], lines, 14), sources, (time.start, time.end))


MAX_TOLD = 8
