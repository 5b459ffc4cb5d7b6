"""Answers about the future. They extrapolate a straight line through the last readings, and say so."""

from __future__ import annotations

from hub import text_format as fmt
from hub.assistant.answers.alert_message import alert_message
from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context, Target, about, names
from hub.assistant.answers.readings import Slope, load, recent_slope
from hub.assistant.answers.slices import in_slices
from hub.assistant.metric_words import semantics
from hub.assistant.time_parser import DAY, HOUR, MINUTE

_OVER = 30 * MINUTE
_FARTHEST = 30 * DAY
_STOCKS = ("level", "state_of_charge", "volume", "weight")
_SOON = 3 * HOUR


async def reaching(context: Context) -> ComputedAnswer:
    """Answer when a metric will reach a value, or how long a supply will last, at the rate of the last half hour."""
    targets = await _stock_or_named(context)
    tracks = await load(context, targets[:6], context.now - _OVER, context.now)
    lines = []
    for track in tracks:
        found = recent_slope(track)
        lines.append(f"{track.target.name}: {_reach(context, track.target, found)}")
    if not lines:
        raise CannotAnswer(
            context.say("no_readings", scope=context.scope_words, time=context.say("last", time=fmt.duration(_OVER)))
        )
    text = f"{lines[0]}" if len(lines) == 1 else context.lines(context.say("now_head", n=len(lines)), lines)
    return ComputedAnswer(text, about(t.target for t in tracks), (context.now - _OVER, context.now), True)


async def _stock_or_named(context: Context) -> list[Target]:
    """Return the metrics that the question names or, if it names none, the devices' levels and battery charges.

    Raises CannotAnswer if the devices have no such metric.
    """
    if context.mentions() or context.question.amounts:
        amount = next(iter(context.question.amounts), None)
        if context.mentions() or amount is None or amount.unit is None:
            return await context.targets()
        return [t for t in await _all(context) if t.unit == amount.unit] or await context.targets()
    stocks = [t for t in await _all(context) if semantics(t.device, t.metric).quantity in _STOCKS]
    if not stocks:
        raise CannotAnswer(context.say("no_stock", scope=context.scope_words, metrics=context.metric_names()))
    return stocks


async def _all(context: Context) -> list[Target]:
    return [target async for target in context.shown_targets() if target.is_number]


def _reach(context: Context, target: Target, found: Slope | None) -> str:
    if found is None:
        return context.say("too_few")
    value = fmt.quantity(found.value, target.unit)
    goals = _goals(context, target, found)
    if not found.is_real:
        if found.is_steady:
            return context.say("steady_forecast", value=value, over=_over(found))
        low, high = fmt.quantity(found.low, target.unit), fmt.quantity(found.high, target.unit)
        return context.say("no_trend_forecast", low=low, high=high, over=_over(found))
    ahead = []
    for goal, words in goals:
        hours = (goal - found.value) / found.per_hour
        if hours <= 0:
            continue
        left = round(hours * HOUR)
        if left > _FARTHEST:
            continue
        ahead.append(
            context.say(
                "reaches", goal=words, duration=fmt.duration(left), time=context.clock_ahead(context.now + left)
            )
        )
    key = "rises" if found.per_hour > 0 else "falls"
    moving = context.say(key, rate=fmt.rate(abs(found.per_hour) / 3600, target.unit), value=value)
    if not ahead:
        wanted = ", ".join(words for _, words in goals)
        return context.say("never_reaches", moving=moving, goal=wanted or "–")
    return context.say("forecast", moving=moving, ahead="; ".join(ahead), over=_over(found))


def _over(found: Slope) -> str:
    """Return the length of the period from which the slope ``found`` was computed, as text in whole minutes."""
    return f"{max(round((found.end - found.start) / MINUTE), 1)} min"


def _goals(context: Context, target: Target, found: Slope) -> list[tuple[float, str]]:
    """Return the values to forecast, each with its name in the answer ("the limit of 40 °C").

    They are the numbers in the question. If it has none, they are the limit that the slope ``found`` approaches and,
    for a level or charge in percent, 100 (full) or 0 (empty).
    """
    named = [a for a in context.question.amounts if a.unit in (None, target.unit)]
    if named:
        return [(a.value, fmt.limit_quantity(a.value, target.unit)) for a in named]
    limit = context.queries.limits(target.device).get(target.metric)
    bound = None if limit is None else limit.max if found.per_hour > 0 else limit.min
    goals = [] if bound is None else [(bound, context.say("the_limit", limit=fmt.limit_quantity(bound, target.unit)))]
    if semantics(target.device, target.metric).quantity in _STOCKS and target.unit == "%":
        full = found.per_hour > 0
        goals.append((100.0 if full else 0.0, context.say("full" if full else "empty")))
    return goals


async def run_on(context: Context) -> ComputedAnswer:
    """Answer whether a device can go on running, based on its alerts and on its metrics that approach a limit."""
    time = context.question.time
    until = max((time.end - context.now) if time is not None else 8 * HOUR, HOUR)
    lines = []
    alerts = context.queries.open_alerts(context.ids)[:5]
    for alert, view in zip(alerts, await context.queries.explained(alerts), strict=True):
        lines.append(
            context.say(
                "open_alert_line",
                severity=context.say(alert.severity),
                name=view.name,
                message=alert_message(context, alert),
            )
            + (f" {context.say('recommended', actions=' '.join(view.actions))}" if view.actions else "")
        )
    for row in (await context.queries.headings(context.devices, until / 1000))[:5]:
        lines.append(
            context.say(
                "heading",
                name=row.name,
                metric=fmt.spoken(row.metric),
                value=fmt.quantity(row.value, row.unit),
                limit=fmt.limit_quantity(row.limit, row.unit),
                duration=fmt.duration(row.left_s * 1000),
            )
        )
    key = "run_doubtful" if lines else "run_no_sign"
    head = context.say(key, scope=context.scope_words)
    return ComputedAnswer(context.lines(head, lines), tuple((d.id, None) for d in context.devices[:6]))


async def failing(context: Context) -> ComputedAnswer:
    """Answer what may fail: the open alerts, and the metrics that will reach a limit within three hours."""
    rows = await context.queries.headings(context.devices, _SOON / 1000)
    already = {alert.device for alert in context.queries.open_alerts(context.ids)}
    rows = [row for row in rows if row.device not in already]
    alarming = [device async for device in in_slices(context.devices) if device.id in already]
    text = context.say("already_alarming", names=names(alarming)) + " " if alarming else ""
    if not rows:
        text += context.say("nothing_heading", scope=context.scope_words, time=fmt.duration(_SOON))
        return ComputedAnswer(text, tuple((device.id, None) for device in alarming[:12]))
    lines = [
        context.say(
            "heading",
            name=row.name,
            metric=fmt.spoken(row.metric),
            value=fmt.quantity(row.value, row.unit),
            limit=fmt.limit_quantity(row.limit, row.unit),
            duration=fmt.duration(row.left_s * 1000),
        )
        for row in rows
    ]
    sources = tuple((row.device, row.metric) for row in rows) + tuple((device.id, None) for device in alarming)
    return ComputedAnswer(context.lines(f"{text}{context.say('headings')}", lines), sources[:12], None, True)
