"""Answers about silenced and assigned alerts, about a person's actions, and about which page shows other things."""

from __future__ import annotations

from hub.assistant.answers.alert_message import alert_message
from hub.assistant.answers.alerts import about_alerts
from hub.assistant.answers.context import ComputedAnswer, Context
from hub.assistant.kinds import PAGES
from hub.assistant.time_parser import DAY
from hub.assistant.time_range import TimeRange
from hub.model import Activity, Alert

_READ = 2_000
"""Maximum number of log entries of a person that are read."""


async def silenced(context: Context) -> ComputedAnswer:
    """Answer which open alerts are silenced, suppressed or assigned or, with "not" in the question, which are not.

    If the question names a person, answer which alerts are assigned to this person.
    """
    question, name = context.question, context.question.assignee
    asked = next(each for each in ("silenced", "suppressed", "assigned") if question.has(each))
    alerts = context.queries.open_alerts(context.ids)
    wanted = not question.has("not")
    if asked == "assigned" and name is not None:
        found = [alert for alert in alerts if _is_assigned_to(alert, name) is wanted]
        asked = "with_assignee"
    else:
        found = [alert for alert in alerts if (_reason(context, alert, asked) is not None) is wanted]
    key = asked if wanted else f"not_{asked}"
    head = context.say(key, n=len(found), total=len(alerts), scope=context.scope_words, name=name)
    lines = []
    for alert in found:
        reason = _reason(context, alert, asked)
        line = f"{context.queries.alert_view(alert).name}: {alert_message(context, alert)}"
        lines.append(f"{line} ({reason})" if reason else line)
    text = context.lines(head + (":" if lines else "."), lines)
    return ComputedAnswer(
        f"{text}\n{context.say('silences_page')}" if asked == "silenced" else text, about_alerts(found)
    )


def _reason(context: Context, alert: Alert, asked: str) -> str | None:
    """Return a text on what silences or suppresses an alert, or on who is assigned to it; None if nothing or nobody.

    ``asked`` is what the question asks for: ``silenced``, ``suppressed``, ``assigned`` or ``with_assignee``.
    """
    if asked == "suppressed":
        return alert.suppressed_by
    if asked in ("assigned", "with_assignee"):
        return alert.assignee.name if alert.assignee else None
    notes = [each.note for each in alert.silenced_by]
    if alert.muted is not None:
        until = context.clock_ahead(alert.muted.until) if alert.muted.until is not None else None
        notes.append(context.say("muted_until" if until else "muted", name=alert.muted.by, time=until or ""))
    return ", ".join(notes) if notes else None


async def hub_page(context: Context) -> ComputedAnswer:
    """Answer with the dashboard page that shows what the question is about.

    The built-in analyst itself cannot read these parts of the hub, such as reactions or accounts.
    """
    (asked, *_) = (each for each in PAGES if context.question.has(each))
    return ComputedAnswer(context.say(asked))


async def person(context: Context) -> ComputedAnswer:
    """Answer what a person did, as recorded in the activity log: commands, acknowledgements, comments, settings."""
    name = context.question.person or ""
    time = context.question.time
    if time is None or time.kind != "range":
        time = TimeRange(context.now - 7 * DAY, context.now, context.say("last", time="7 d"))
    ids = None if context.ids is None else set(context.ids)
    of_kind = "acknowledged" if context.question.has("acknowledged") else None

    def is_wanted(row: Activity) -> bool:
        return _is_by(row, name) and (ids is None or row.device in ids) and of_kind in (None, row.kind)

    rows, reached = await context.queries.search_activity(time.start, time.end, is_wanted, _READ)
    shown = time.words if reached <= time.start else context.say("since", time=context.clock(reached))
    parts = []
    if reached < time.end:
        head = context.say("person_did" if rows else "person_nothing", name=name, time=shown)
        parts.append(context.lines(head, [f"{context.clock(row.ts)}: {row.text.rstrip('.')}" for row in rows]))
    if reached > time.start:
        parts.append(context.say("person_not_searched", time=context.clock(reached)))
    devices = dict.fromkeys((row.device, None) for row in rows if row.device is not None)
    return ComputedAnswer("\n".join([*parts, context.say("audit")]), tuple(devices)[:12], (time.start, time.end))


def _is_by(row: Activity, name: str) -> bool:
    """Return whether a log entry is about an action of the person called ``name``. A first name suffices."""
    by = row.message_params.get("by")
    return isinstance(by, str) and _is_called(by, name)


def _is_assigned_to(alert: Alert, name: str) -> bool:
    """Return whether the alert is assigned to the person called ``name``. A first name suffices."""
    return alert.assignee is not None and _is_called(alert.assignee.name, name)


def _is_called(full_name: str, name: str) -> bool:
    known, wanted = full_name.casefold(), name.casefold()
    return known == wanted or wanted in known.split()
