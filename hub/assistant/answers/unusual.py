"""Answer the question "is anything unusual?" with open alerts, and with unusual readings of the last day.

A reading is unusual if there were no such readings in the week before.
"""

from __future__ import annotations

import math

from hub import text_format as fmt
from hub.assistant.answers.alerts import open_alerts
from hub.assistant.answers.context import ComputedAnswer, Context, Target
from hub.insight.anomalies import ALERT_SCORE, UNUSUAL_SCORE, UnusualPeriod
from hub.tools.unusual import RECENT_MS, unusual

_MAX_SHOWN = 5


async def unusual_readings(context: Context) -> ComputedAnswer:
    """Answer with the open alerts, and with unusual readings that no rule watches.

    For several devices, only readings that are unusual enough for an alert are listed. Among hundreds of healthy
    metrics, some are always a little unusual.
    """
    alerts = await open_alerts(context)
    named = {target.key for target in await context.targets()} if context.mentions() else None
    result = await unusual(context.queries, context.devices)
    level = UNUSUAL_SCORE if len(context.devices) == 1 else ALERT_SCORE
    found = [
        (Target(device, period.metric), period)
        for device, period in result.found
        if period.score >= level and (named is None or (device.id, period.metric) in named)
    ]
    if found:
        lines = [_line(context, target, period) for target, period in found]
        text = context.lines(context.say("unusual_head"), lines, _MAX_SHOWN)
    else:
        text = context.say("nothing_unusual")
    is_complete = result.checked == result.metrics
    checked = context.say("checked_metrics" if is_complete else "checked_some", n=result.checked, all=result.metrics)
    about = tuple(dict.fromkeys([*(target.key for target, _ in found[:_MAX_SHOWN]), *alerts.about]))
    span = (context.now - RECENT_MS, context.now) if found else None
    return ComputedAnswer(f"{alerts.text}\n{text}\n{checked}", about, span, is_charted=bool(found))


def _line(context: Context, target: Target, period: UnusualPeriod) -> str:
    text = context.say(
        f"unusual_{period.feature}",
        name=target.name,
        time=context.clock(period.at),
        learned=fmt.duration(period.learned_ms),
        reached=_shown(period, period.reached),
        low=_shown(period, period.low),
        high=_shown(period, period.high),
        farthest=_shown(period, period.high if period.reached > period.high else period.low),
    )
    return (
        text if period.end is not None else f"{text}; {context.say('unusual_since', time=context.clock(period.start))}"
    )


def _shown(period: UnusualPeriod, value: float) -> str:
    """Return ``value`` of the feature that is unusual in ``period`` as text, in the metric's unit.

    ``value`` is a reading for the features ``value`` and ``level``, the logarithm of a standard deviation for
    ``noise``, and a difference between readings for the others.
    """
    if period.feature in ("value", "level"):
        return fmt.quantity(value, period.unit)
    return fmt.difference(math.exp(value) if period.feature == "noise" else abs(value), period.unit)
