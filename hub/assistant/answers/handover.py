"""The handover of a shift: alerts, silent devices, and metrics that approach a limit.

It describes the state at the end of the shift, also if the shift is over. It is written for the person who takes over:
all alerts of one condition (a rule on a metric of a device) are one line, open ones come first, with the person who
handles them, and times are given to the minute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from hub import text_format as fmt
from hub.assistant.answers.alert_message import alert_message, cause_name
from hub.assistant.answers.alerts import about_alerts
from hub.assistant.answers.context import ComputedAnswer, Context, listed
from hub.assistant.answers.current import presence_counts
from hub.assistant.answers.slices import in_slices
from hub.assistant.time_parser import DAY, HOUR, MINUTE, SHIFT_MS
from hub.assistant.time_range import TimeRange
from hub.model import SEVERITIES, Alert, Device
from hub.tools.views import AlertView

_LOOK_BACK = 30 * DAY
"""Cleared alerts of a shift are searched back to this long (ms) before the shift. Open alerts may be older."""
_OPEN, _CLEARED, _SILENT = 8, 6, 6
"""Maximum number of lines about open alerts, of lines about cleared alerts, and of devices named as not online."""


async def summary(context: Context) -> ComputedAnswer:
    """Answer with a handover: presence of devices, alerts of the shift, open alerts, notes, metrics near a limit."""
    time = context.question.time
    span = (
        time
        if time is not None and not time.is_point
        else TimeRange(context.now - SHIFT_MS, context.now, context.say("last", time=fmt.duration(SHIFT_MS)))
    )
    is_past = context.now - span.end >= MINUTE
    alerts = await _alerts_until(context, span)
    raised = [alert for alert in alerts if _began(alert) >= span.start]
    still = [alert for alert in alerts if _is_open_at(alert, span.end)]
    cleared = [alert for alert in alerts if not _is_open_at(alert, span.end) and _lasted(alert)[1] >= span.start]
    views = {view.id: view for view in await context.queries.explained(still[:_OPEN])}
    lines = [
        context.say(
            "summary_alerts_past" if is_past else "summary_alerts",
            raised=len(raised),
            cleared=len(cleared),
            open=len(still),
        ),
        *(
            f"{context.say('open_label')}: {_open(context, alert, views.get(alert.id), span.end)}"
            for alert in still[:_OPEN]
        ),
        *_more(context, len(still) - _OPEN),
    ]
    repeated = _by_condition(cleared)
    lines += [f"{context.say('over_label')}: {_cleared(context, alerts)}" for alerts in repeated[:_CLEARED]]
    lines += _more(context, len(repeated) - _CLEARED)
    head = _head(context, span)
    if not is_past:  # the present state does not belong to a shift that is over
        lines += await _present(context)
        head += f" {await presence_counts(context)}"
    text = context.lines(head, lines, len(lines))
    return ComputedAnswer(text, about_alerts([*still, *cleared]), (span.start, span.end))


async def _alerts_until(context: Context, span: TimeRange) -> list[Alert]:
    """Return the open alerts, and alerts raised during the shift ``span`` or in the 30 days before it.

    The most severe alerts come first. Alerts that began after the end of the shift are left out.
    """
    known = {alert.id: alert for alert in context.queries.open_alerts(context.ids)}
    stored = await context.queries.raised_between(max(span.start - _LOOK_BACK, 0), span.end, context.ids)
    known |= {alert.id: alert for alert in stored}
    found = [alert for alert in known.values() if _began(alert) <= span.end]
    return sorted(found, key=lambda alert: (-SEVERITIES.index(alert.severity), -_began(alert)))


def _began(alert: Alert) -> int:
    return alert.since if alert.late else alert.raised_at


def _is_open_at(alert: Alert, time: int) -> bool:
    """Return whether an alert that began before ``time`` (epoch ms) was open then."""
    return alert.open or _lasted(alert)[1] > time


def _head(context: Context, span: TimeRange) -> str:
    show = fmt.clock_minute if context.now - span.start < 12 * HOUR else fmt.date_time
    return context.say("summary_head", time=f"{span.words} ({show(span.start)} – {show(span.end)})")


def _open(context: Context, alert: Alert, view: AlertView | None, end: int) -> str:
    """Return a line about an alert that was open at ``end``: its message, its start, who acknowledged it, its cause.

    It is not known when an alert was assigned, so only the handover of a shift that ends now names the assignee.
    """
    parts = [
        context.say(
            "handover_open",
            severity=context.say(alert.severity),
            name=context.queries.alert_view(alert).name,
            message=alert_message(context, alert),
            start=_at(context, alert.raised_at),
            duration=_minutes(end - alert.raised_at),
        )
    ]
    is_acknowledged = alert.acknowledged_at is not None and alert.acknowledged_at <= end
    if is_acknowledged:
        parts.append(context.say("acknowledged_by", name=alert.acknowledged_by or context.say("unnamed")))
    if alert.assignee is not None and context.now - end < MINUTE:
        parts.append(context.say("assigned_to", name=alert.assignee.name))
    if alert.note and (is_acknowledged or context.now - end < MINUTE):
        parts.append(context.say("note_is", note=alert.note))
    if view is not None and view.cause:
        parts.append(context.say("diagnosed", cause=cause_name(context, view.cause)))
    return " ".join(parts)


def _by_condition(cleared: Iterable[Alert]) -> list[list[Alert]]:
    """Group alerts by condition (a rule on a metric of a device), newest first."""
    found: dict[tuple[str, str, str | None], list[Alert]] = defaultdict(list)
    for alert in sorted(cleared, key=lambda each: -each.raised_at):
        found[alert.device, alert.rule, alert.metric].append(alert)
    return list(found.values())


def _cleared(context: Context, alerts: Sequence[Alert]) -> str:
    newest = alerts[0]
    lasted = [_lasted(alert) for alert in alerts]
    began, over = lasted[0]
    return context.say(
        "handover_cleared" if len(alerts) == 1 else "handover_repeated",
        severity=context.say(newest.severity),
        name=context.queries.alert_view(newest).name,
        message=alert_message(context, newest),
        n=len(alerts),
        start=_at(context, began),
        end=_at(context, over),
        duration=_minutes(sum(end - start for start, end in lasted)),
    )


def _lasted(alert: Alert) -> tuple[int, int]:
    began, over = _began(alert), alert.ended_at if alert.late else alert.cleared_at
    return began, max(over or began, began)


async def _present(context: Context) -> list[str]:
    """Return lines about the devices that are not online now, and about metrics that approach a limit."""
    gone = [device async for device in in_slices(context.devices) if device.presence != "online"]
    lines = []
    if gone:
        named = [_silent(context, device) for device in gone[:_SILENT]]
        more = [f"… (+{len(gone) - _SILENT})"] if len(gone) > _SILENT else []
        lines.append(context.say("not_online", names=listed([*named, *more])))
    rows = await context.queries.headings(context.devices, 3 * 3600)
    return lines + [
        context.say(
            "heading",
            name=r.name,
            metric=fmt.spoken(r.metric),
            value=fmt.quantity(r.value, r.unit),
            limit=fmt.limit_quantity(r.limit, r.unit),
            duration=_minutes(r.left_s * 1000),
        )
        for r in rows[:3]
    ]


def _silent(context: Context, device: Device) -> str:
    if device.last_seen is None:
        return device.display_name
    return f"{device.display_name} ({context.say('since', time=_at(context, device.last_seen))})"


def _more(context: Context, count: int) -> list[str]:
    return [context.say("more", n=count)] if count > 0 else []


def _at(context: Context, stamp: int) -> str:
    """Return a time to the minute, with the date if it is more than twelve hours ago."""
    return fmt.clock_minute(stamp) if context.now - stamp < 12 * HOUR else fmt.date_time(stamp)


def _minutes(ms: float) -> str:
    """Return a duration as text in whole minutes, or in seconds if it is shorter than a minute."""
    return fmt.duration(ms if ms < MINUTE else ms // MINUTE * MINUTE)
