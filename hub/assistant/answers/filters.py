"""Answers that choose devices by a condition: a value, a state, presence, an open alert."""

from __future__ import annotations

from hub.assistant.answers.context import (
    MAX_TARGETS,
    CannotAnswer,
    ComputedAnswer,
    Context,
    Target,
    about,
    shown_rows,
)
from hub.assistant.answers.current import MAX_ABOUT, is_in_state, listing, presence_counts, state_targets
from hub.assistant.answers.readings import value_at
from hub.assistant.answers.slices import in_slices
from hub.assistant.answers.statistics import tracks_of
from hub.assistant.kinds import STATES
from hub.assistant.question import Amount
from hub.model import Device
from hub.tools.views import celsius

_NAMED = 8
"""Devices whose names an answer to "how many" has at most."""
_THERMAL = ("°C", "°F", "K")


def meets(value: float, unit: str | None, amount: Amount) -> bool | None:
    """Return whether a value meets a condition; None if the units cannot be compared."""
    if amount.unit in _THERMAL and unit in _THERMAL:
        value, wanted, upper = celsius(value, unit), celsius(amount.value, amount.unit), amount.upper
        upper = None if upper is None else celsius(upper, amount.unit)
    elif amount.unit is not None and amount.unit != unit:
        return None
    else:
        wanted, upper = amount.value, amount.upper
    if upper is not None:
        return wanted <= value <= upper
    return value > wanted if amount.side == "above" else value < wanted if amount.side == "below" else value == wanted


async def condition_targets(context: Context, amount: Amount) -> list[Target]:
    """Return the metrics to compare an amount with: by the question, else by the unit. Raises CannotAnswer."""
    if context.mentions() or amount.unit is None:
        return await context.targets(most=None if context.question.time is None else MAX_TARGETS)
    found = [
        target
        async for target in context.shown_targets()
        if target.is_number and meets(0.0, target.unit, amount) is not None
    ]
    if not found:
        raise CannotAnswer(context.say("no_unit", unit=amount.unit, scope=context.scope_words))
    titles = {target.title: None async for target in in_slices(found)}
    if len(titles) > 1 and amount.unit not in _THERMAL:
        main = [t async for t in in_slices(found) if t.metric == context.shown_metrics(t.device)[0]]
        if len({t.metric for t in main}) != 1:
            raise CannotAnswer(context.say("which_metric", metrics=", ".join(titles)))
        return main
    return found


async def filtered(context: Context) -> ComputedAnswer:
    """Answer which devices, or how many, meet the conditions: a value, a state, presence, an open alert."""
    question, amount = context.question, context.question.compares
    time = question.time
    if time is not None and not (time.is_point and amount):
        raise CannotAnswer(context.say("only_now"))
    devices: dict[str, Device] = {device.id: device async for device in in_slices(context.devices)}
    shown: dict[str, list[Target]] = {}
    values: dict[tuple[str, str], float] = {}
    of_metric: tuple[tuple[str, str | None], ...] = ()
    if amount is not None:
        targets = await condition_targets(context, amount)
        if time is None:
            values = {t.key: float(t.latest.value) async for t in in_slices(targets)}
        else:
            found = [(t, await value_at(context, t, time.start)) for t in targets]
            values = {t.key: pair[1] for t, pair in found if pair is not None}
        considered: set[str] = set()
        meeting: list[Target] = []
        async for t in in_slices(targets):
            result = meets(values[t.key], t.unit, amount) if t.key in values else None
            if result is None:
                continue
            considered.add(t.device.id)
            if result is not question.has("not"):
                meeting.append(t)
                shown.setdefault(t.device.id, []).append(t)
        if not considered:
            raise CannotAnswer(context.say("no_unit", unit=amount.unit or "", scope=context.scope_words))
        of_metric = about(meeting)
        devices = {key: devices[key] async for key in in_slices(list(shown))}
        total = len(considered)
    else:
        total = len(devices)
        states = [each for each in STATES if question.has(each)]
        if states and not question.has_any("online", "offline"):
            judged_states = await state_targets(context, states[0])
            total = len({t.device.id async for t in in_slices(judged_states)})
            async for t in in_slices(judged_states):
                if is_in_state(t, states[0]) is not question.has("not"):
                    shown[t.device.id] = [t]
            devices = {key: devices[key] async for key in in_slices(list(shown))}
    if question.has("online") != question.has("offline"):
        wants_online = question.has("online") is not question.has("not")
        kept = [each async for each in in_slices(list(devices.values())) if (each.presence == "online") is wants_online]
        devices = {each.id: each for each in kept}
    if question.has_any("alert", "attention"):
        alerting = {alert.device for alert in context.queries.open_alerts(context.ids)}
        wants_alerting = not question.has("not")
        kept = [each async for each in in_slices(list(devices.values())) if (each.id in alerting) is wants_alerting]
        devices = {each.id: each for each in kept}

    def line(device: Device) -> str:
        rows = shown.get(device.id)
        if not rows:
            return f"{device.display_name}{context.stale_note(device)}"
        if amount is None:
            return f"{rows[0].name}: {rows[0].show(rows[0].latest.value)}"
        return f"{device.display_name}: {', '.join(f'{t.title} {t.show(values[t.key])}' for t in rows)}"

    is_long = question.has("how_many") and len(devices) > _NAMED
    lines = [] if is_long else shown_rows(list(devices.values()), line, 20)
    head = context.say("of", n=len(devices), total=total, scope=context.scope_words) + (":" if lines else ".")
    return ComputedAnswer(context.lines(head, lines, 20), of_metric or tuple((key, None) for key in list(devices)[:12]))


async def count(context: Context) -> ComputedAnswer:
    """Answer how many devices there are, or how many meet a condition; how many readings of a metric."""
    question = context.question
    if question.compares or question.has_any("online", "offline", "alert", "attention", *STATES):
        return await filtered(context)
    if context.mentions():
        if question.time is None:
            targets = await context.targets(numbers=False, most=None)
            devices = {target.device.id: target.device async for target in in_slices(targets)}
            head = context.say("of", n=len(devices), total=len(context.devices), scope=context.scope_words)
            lines = shown_rows(list(devices.values()), lambda each: each.display_name, 20)
            return ComputedAnswer(
                context.lines(f"{head}:", lines, 20), tuple((key, None) for key in list(devices)[:MAX_ABOUT])
            )
        span = context.span()
        tracks = await tracks_of(context, span)
        lines = [f"{t.target.name}: {context.count('readings', t.total)}" for t in tracks]
        return ComputedAnswer(
            context.lines(f"{span.words}:", lines), about(t.target for t in tracks), (span.start, span.end)
        )
    if question.time is not None:
        raise CannotAnswer(context.say("only_now"))
    if question.scope.is_all and not question.has("overall_fleet"):
        raise CannotAnswer(context.say("count_what"))
    found = await listing(context)
    return found if not question.scope.is_all else ComputedAnswer(await presence_counts(context), found.about)
