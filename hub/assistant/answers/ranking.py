"""Answers that choose among devices: the highest and lowest, and those that meet a condition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hub import text_format as fmt
from hub.assistant.answers.context import MAX_TARGETS, CannotAnswer, ComputedAnswer, Context, Target, about, names
from hub.assistant.answers.current import is_in_state, listing, presence_counts, state_targets
from hub.assistant.answers.readings import load, value_at
from hub.assistant.answers.statistics import tracks_of
from hub.assistant.kinds import STATES
from hub.assistant.question import Amount
from hub.assistant.time_parser import DAY, HOUR, TimeRange
from hub.model import Device, SeriesQuery
from hub.tools.views import celsius

_THERMAL = ("°C", "°F", "K")
_LOOK_BACK, _STEPS, _RIVALS = 6 * HOUR, 360, 12


async def rank(context: Context) -> ComputedAnswer:
    """Answer which device has, or had within a time, the highest or lowest of a metric."""
    question = context.question
    hint = question.hint or question.comparative
    lowest = bool(hint and hint.lowest)
    if not context.mentions():
        raise CannotAnswer(context.say("which_metric_rank", metrics=context.metric_names()))
    time = question.time
    targets = alike(context, context.targets(most=None if time is None else MAX_TARGETS))
    if time is not None and not time.is_point:
        return await _rank_in(context, targets, time, lowest=lowest)
    if time is not None:
        found = [(t, await value_at(context, t, time.start)) for t in targets]
        values = {t.key: pair[1] for t, pair in found if pair is not None}
    else:
        online = [t for t in targets if t.device.presence != "offline"]
        if len(online) < len(targets):
            gone = {t.device.id: t.device for t in targets if t.device.presence == "offline"}
            context.notes.append(context.say("without_offline", names=names(gone.values(), 4)))
        targets = online or targets
        values = {t.key: float(t.latest.value) for t in targets}
    best_of: dict[str, Target] = {}
    for target in _sorted([t for t in targets if t.key in values], values, lowest=lowest):
        best_of.setdefault(target.device.id, target)
    rows = list(best_of.values())
    if not rows:
        raise CannotAnswer(context.say("no_reading_at", scope=context.scope_words, time=time.words if time else ""))
    lines = [f"{t.name}: {t.show(values[t.key])}" for t in rows]
    head = context.say(
        "lowest_is" if lowest else "highest_is",
        row=lines[0],
        time=time.words if time else context.clock(rows[0].latest.ts),
    )
    if question.has("since_when") and time is None:
        head += " " + await _leading_since(context, rows[:_RIVALS], lowest=lowest)
    rest = lines[1 : question.top or 4] if question.top != 1 else []
    if question.top and question.top > 1:
        return ComputedAnswer(
            context.lines(
                context.say("top_head", n=len(lines[: question.top]), total=len(rows)), lines[: question.top], 40
            ),
            about(rows[: question.top]),
            None,
            True,
        )
    text = context.lines(f"{head} {context.say('next')}", rest) if rest else head
    if len(rows) > 1:
        text += f"\n{context.say('compared', n=len(rows))}"
    return ComputedAnswer(text, about(rows), None, True)


def alike(context: Context, targets: Sequence[Target]) -> list[Target]:
    """Return the targets that have the most frequent unit; only values of one unit can be ranked."""
    units = [t.unit for t in targets]
    main = max(units, key=units.count)
    kept = [t for t in targets if t.unit == main or (t.unit in _THERMAL and main in _THERMAL)]
    if len(kept) < len(targets):
        left = sorted({t.unit or "–" for t in targets if t not in kept})
        context.notes.append(context.say("other_units", n=len(targets) - len(kept), units=", ".join(left)))
    return kept


def _sorted(targets: Sequence[Target], values: dict[tuple[str, str], float], *, lowest: bool) -> list[Target]:
    return sorted(targets, key=lambda t: ((1 if lowest else -1) * celsius(values[t.key], t.unit), t.device.id))


async def _rank_in(context: Context, targets: Sequence[Target], time: TimeRange, *, lowest: bool) -> ComputedAnswer:
    """Rank by the extremes within a time, or by the means if the question asks for them."""
    series = await context.queries.store.history(
        [SeriesQuery(t.device.id, t.metric, time.start, time.end + 1, buckets=1) for t in targets]
    )
    by_mean = context.question.has("mean")
    place = 2 if by_mean else 1 if lowest else 3
    values = {
        t.key: float(one.points[0][place])
        for t, one in zip(targets, series, strict=True)
        if one.points and len(one.points[0]) == 5
    }
    rows = _sorted([t for t in targets if t.key in values], values, lowest=lowest)
    if not rows:
        raise CannotAnswer(context.say("no_readings", scope=context.scope_words, time=time.words))
    lines = [f"{t.name}: {t.show(values[t.key])}" for t in rows]
    (best,) = await load(context, rows[:1], time.start, time.end)
    at = (
        "" if by_mean else " " + context.say("at", time=context.clock((best.lowest() if lowest else best.highest())[1]))
    )
    if len(rows) == 1:
        return ComputedAnswer(
            f"{time.words}: {context.say('lowest' if lowest else 'highest')} {lines[0]}{at}.",
            about(rows),
            (time.start, time.end),
            True,
        )
    kept = lines[: context.question.top or 5]
    kept[0] += at
    key = ("lowest_mean" if lowest else "highest_mean") if by_mean else ("lowest_head" if lowest else "highest_head")
    text = context.lines(context.say(key, time=time.words, n=len(rows)), kept, 40)
    return ComputedAnswer(text, about(rows), (time.start, time.end), True)


async def _leading_since(context: Context, rows: Sequence[Target], *, lowest: bool) -> str:
    """Return since when the first row has been ahead of the others, to the minute, at most six hours ago."""
    if len(rows) == 1:
        return context.say("no_rival")
    end = context.now
    start, step = end - _LOOK_BACK, _LOOK_BACK // _STEPS
    series = await context.queries.store.history(
        [SeriesQuery(t.device.id, t.metric, start, end, buckets=_STEPS) for t in rows]
    )
    sign = -1 if lowest else 1
    slots = [
        {round((p[0] - start) / step): sign * celsius(float(p[2]), t.unit) for p in one.points if len(p) == 5}
        for t, one in zip(rows, series, strict=True)
    ]
    own, rivals = slots[0], slots[1:]
    earliest: int | None = None
    for slot in sorted(own, reverse=True):
        others = [values[slot] for values in rivals if slot in values]
        if others and max(others) > own[slot]:
            break
        earliest = slot
    if earliest is None:
        return context.say("leads_just_now")
    if earliest == min(own):
        return context.say("leads_always", time=context.clock(start + earliest * step))
    return context.say("leads_since", time=fmt.clock_minute(start + earliest * step))


async def when_extreme(context: Context) -> ComputedAnswer:
    """Answer when a metric was highest or lowest."""
    span = context.span(DAY)
    lowest = bool(context.question.hint and context.question.hint.lowest)
    tracks = await tracks_of(context, span)
    lines = []
    for track in tracks:
        value, at = track.lowest() if lowest else track.highest()
        key = "lowest_at" if lowest else "highest_at"
        lines.append(f"{track.target.name}: {context.say(key, value=track.target.show(value), time=context.clock(at))}")
    text = f"{span.words}: {lines[0]}." if len(lines) == 1 else context.lines(f"{span.words}:", lines)
    return ComputedAnswer(text, about(t.target for t in tracks), (span.start, span.end), True)


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


def condition_targets(context: Context, amount: Amount) -> list[Target]:
    """Return the metrics to compare an amount with: those of the question, else of its unit. Raises CannotAnswer."""
    if context.mentions() or amount.unit is None:
        return context.targets(most=None if context.question.time is None else MAX_TARGETS)
    found = [
        Target(device, metric)
        for device in context.devices
        for metric in context.shown_metrics(device)
        if type(device.metrics[metric].value) is float and meets(0.0, device.unit(metric), amount) is not None
    ]
    if not found:
        raise CannotAnswer(context.say("no_unit", unit=amount.unit, scope=context.scope_words))
    titles = dict.fromkeys(target.title for target in found)
    if len(titles) > 1 and amount.unit not in _THERMAL:
        main = [t for t in found if t.metric == context.shown_metrics(t.device)[0]]
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
    devices: dict[str, Device] = {device.id: device for device in context.devices}
    shown: dict[str, str] = {}
    of_metric: tuple[tuple[str, str | None], ...] = ()
    if amount is not None:
        targets = condition_targets(context, amount)
        values = {t.key: float(t.latest.value) for t in targets}
        if time is not None:
            found = [(t, await value_at(context, t, time.start)) for t in targets]
            values = {t.key: pair[1] for t, pair in found if pair is not None}
        judged = [(t, meets(values[t.key], t.unit, amount)) for t in targets if t.key in values]
        if all(result is None for _, result in judged):
            raise CannotAnswer(context.say("no_unit", unit=amount.unit or "", scope=context.scope_words))
        meeting = [t for t, result in judged if result is not None and result is not question.has("not")]
        for t in meeting:
            row = f"{t.title} {t.show(values[t.key])}"
            shown[t.device.id] = (
                f"{shown[t.device.id]}, {row}" if t.device.id in shown else f"{t.device.display_name}: {row}"
            )
        of_metric = about(meeting)
        considered = {t.device.id for t, result in judged if result is not None}
        devices = {key: each for key, each in devices.items() if key in shown}
        total = len(considered)
    else:
        total = len(devices)
        states = [each for each in STATES if question.has(each)]
        if states and not question.has_any("online", "offline"):
            judged_states = state_targets(context, states[0])
            matching = {t.device.id: t for t in judged_states if is_in_state(t, states[0]) is not question.has("not")}
            total = len({t.device.id for t in judged_states})
            devices = {key: each for key, each in devices.items() if key in matching}
            shown = {key: f"{t.name}: {t.show(t.latest.value)}" for key, t in matching.items()}
    if question.has("online") != question.has("offline"):
        wants_online = question.has("online") is not question.has("not")
        devices = {key: each for key, each in devices.items() if (each.presence == "online") is wants_online}
    if question.has_any("alert", "attention"):
        alerting = {alert.device for alert in context.queries.open_alerts(context.ids)}
        devices = {key: each for key, each in devices.items() if (key in alerting) is not question.has("not")}
    lines = [shown.get(key, f"{each.display_name}{context.stale_note(each)}") for key, each in devices.items()]
    head = context.say("of", n=len(devices), total=total, scope=context.scope_words) + (":" if lines else ".")
    return ComputedAnswer(context.lines(head, lines, 20), of_metric or tuple((key, None) for key in list(devices)[:12]))


async def count(context: Context) -> ComputedAnswer:
    """Answer how many devices there are, or how many meet a condition; how many readings of a metric."""
    question = context.question
    if question.compares or question.has_any("online", "offline", "alert", "attention", *STATES):
        return await filtered(context)
    if context.mentions():
        if question.time is None:
            devices = {target.device.id: target.device for target in context.targets(numbers=False, most=None)}
            head = context.say("of", n=len(devices), total=len(context.devices), scope=context.scope_words)
            return ComputedAnswer(
                context.lines(f"{head}:", [each.display_name for each in devices.values()], 20),
                tuple((key, None) for key in devices),
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
    return found if not question.scope.is_all else ComputedAnswer(presence_counts(context), found.about)


async def correlation(context: Context) -> ComputedAnswer:
    """Answer how closely two metrics go together: Pearson's coefficient of their means over equal parts of a time."""
    targets, span = context.targets(), context.span(2 * HOUR)
    if len(targets) != 2:
        raise CannotAnswer(context.say("two_needed", metrics=", ".join(t.name for t in targets[:6])))
    series = await context.queries.store.history(
        [SeriesQuery(t.device.id, t.metric, span.start, span.end, buckets=120) for t in targets]
    )
    one, other = ({p[0]: p[2] for p in each.points if len(p) == 5} for each in series)
    common = sorted(one.keys() & other.keys())
    x, y = np.array([one[at] for at in common], dtype=float), np.array([other[at] for at in common], dtype=float)
    pair = f"{targets[0].name} ↔ {targets[1].name}"
    if len(common) < 8 or not np.std(x) or not np.std(y):
        raise CannotAnswer(context.say("no_correlation", pair=pair, time=span.words))
    r = float(np.corrcoef(x, y)[0, 1])
    word = "strong" if abs(r) >= 0.7 else "moderate" if abs(r) >= 0.4 else "weak_or_none"
    text = context.say(
        "correlation", pair=pair, time=span.words, r=fmt.number(round(r, 2)), n=len(common), word=context.say(word)
    )
    return ComputedAnswer(text, about(targets), (span.start, span.end), True)
