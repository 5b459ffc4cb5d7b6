"""Answers about the present, or about one moment in the past: values, states, and the status of devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from hub import text_format as fmt
from hub.assistant.answers.alert_message import alert_message
from hub.assistant.answers.context import (
    MAX_LINES,
    MAX_TARGETS,
    CannotAnswer,
    ComputedAnswer,
    Context,
    Target,
    about,
    shown_rows,
)
from hub.assistant.answers.readings import value_at
from hub.assistant.answers.slices import in_slices
from hub.assistant.kinds import STATES
from hub.assistant.thing_words import same_things
from hub.assistant.time_parser import HOUR
from hub.assistant.words import split_words, stems
from hub.model import Device

_CLASSES = {
    "open": ("door", "window", "opening", "garage_door", "contact", "lock"),
    "closed": ("door", "window", "opening", "garage_door", "contact", "lock"),
    "on": ("switch", "power", "running", "light", "plug"),
    "off": ("switch", "power", "running", "light", "plug"),
    "running": ("running", "moving", "switch"),
    "locked": ("lock", "locked"),
    "unlocked": ("lock", "locked"),
    "wet": ("moisture",),
    "motion": ("motion", "occupancy", "moving", "presence"),
}
"""For each state that a question can name, the device classes of the metrics that can be in this state."""
_WORDS = {
    "open": "open",
    "closed": "closed",
    "on": "on",
    "off": "off",
    "running": "running",
    "locked": "locked",
    "unlocked": "unlocked",
    "wet": "wet",
    "motion": "detected",
}


async def now(context: Context) -> ComputedAnswer:
    """Answer with the values of the metrics that the question is about, now or at the moment that it names."""
    time = context.question.time
    targets = await context.targets(numbers=False, most=None if time is None else MAX_TARGETS)
    if time is not None and time.is_point:
        return await _at(context, targets, time.start, time.words)
    if len(targets) == 1:
        (target,) = targets
        text = context.say(
            "read_at", name=target.name, value=target.show(target.latest.value), time=context.clock(target.latest.ts)
        )
        note = _limit_note(context, target).removeprefix(".")
        return ComputedAnswer(text + _old(context, target) + note, about(targets), None, True)
    lines = shown_rows(targets, lambda t: f"{t.name}: {t.show(t.latest.value)}{_old(context, t)}", MAX_LINES)
    return ComputedAnswer(context.lines(await _summary(context, targets), lines), about(targets))


def _old(context: Context, target: Target) -> str:
    note = context.stale_note(target.device)
    return note or (f" ({context.ago(target.latest.ts)})" if context.now - target.latest.ts > HOUR else "")


def _limit_note(context: Context, target: Target) -> str:
    limit, value = context.queries.limits(target.device).get(target.metric), target.latest.value
    if limit is None or type(value) is not float:
        return ""
    for bound, sign in ((limit.max, 1), (limit.min, -1)):
        if bound is not None and sign * (value - bound) > 0:
            key = "above_limit" if sign > 0 else "below_limit"
            return ". " + context.say(key, limit=fmt.limit_quantity(bound, target.unit))
    return ""


async def _summary(context: Context, targets: Sequence[Target]) -> str:
    """Return the heading of a list of values.

    It contains the mean and the range if all values are numbers of one metric in one unit.
    """
    values = [t.latest.value async for t in in_slices(targets) if isinstance(t.latest.value, float)]
    titles = {t.title async for t in in_slices(targets)}
    units = {t.unit async for t in in_slices(targets)}
    if len(values) == len(targets) and len(units) == 1 and len(titles) == 1:
        unit = targets[0].unit
        return context.say(
            "now_summary",
            metric=targets[0].title,
            mean=fmt.quantity(float(np.mean(values)), unit),
            low=fmt.quantity(min(values), unit),
            high=fmt.quantity(max(values), unit),
            n=len(values),
        )
    return context.say("now_head", n=len(targets))


async def _at(context: Context, targets: Sequence[Target], at: int, words: str) -> ComputedAnswer:
    lines = []
    for target in targets[:40]:
        found = await value_at(context, target, at)
        if found is not None:
            value = target.show(found[1] if type(target.latest.value) is float else bool(found[1]))
            lines.append(context.say("read_at", name=target.name, value=value, time=context.clock(found[0])))
    if not lines:
        raise CannotAnswer(context.say("no_reading_at", scope=context.scope_words, time=words))
    span = (at - HOUR // 2, min(at + HOUR // 2, context.now))
    if len(lines) == 1:
        return ComputedAnswer(lines[0], about(targets), span, True)
    return ComputedAnswer(context.lines(f"{words}:", lines), about(targets), span)


async def state(context: Context) -> ComputedAnswer:
    """Answer whether a device is in a state such as open, on or running, or which devices are in it."""
    wanted = [each for each in STATES if context.question.has(each)]
    if wanted[0] in ("open", "closed") and context.mentions():
        named = await context.targets(numbers=False)
        if all(target.is_number for target in named):  # a valve whose position is in percent
            return await now(context)
    targets = await state_targets(context, wanted[0])
    if context.question.time is not None and context.question.time.is_point:
        return await _at(context, targets, context.question.time.start, context.question.time.words)
    matching = [t async for t in in_slices(targets) if is_in_state(t, wanted[0])]
    if len(targets) == 1 or context.question.scope.named:
        lines = [
            f"{t.name}: {t.show(t.latest.value)}, {context.ago(t.latest.ts)}{context.stale_note(t.device)}"
            for t in targets
        ]
        yes = context.say("yes" if matching and len(matching) == len(targets) else "no") if len(targets) == 1 else ""
        if "not" in context.question.concepts:
            yes = ""
        head = f"{yes} {lines[0]}." if len(lines) == 1 else context.lines(context.say("now_head", n=len(lines)), lines)
        return ComputedAnswer(head.strip(), about(targets))
    chosen = matching
    if context.question.has("not"):
        chosen = [t async for t in in_slices(targets) if not is_in_state(t, wanted[0])]
    head = context.say("of", n=len(chosen), total=len(targets), scope=context.scope_words)
    if not context.question.has_any("which", "list", "how_many", "where", "how_much"):
        head = f"{context.say('yes' if _is_true(context, len(chosen), len(targets)) else 'no')} {head}"
    lines = shown_rows(chosen, lambda t: f"{t.name}: {t.show(t.latest.value)}{context.stale_note(t.device)}", MAX_LINES)
    return ComputedAnswer(context.lines(head + (":" if lines else "."), lines), about(chosen or targets))


def _is_true(context: Context, chosen: int, total: int) -> bool:
    """Return whether the answer is yes. ``chosen`` of ``total`` metrics are in the state.

    For "are all …?", all of them have to be in the state. For "is a …?", one is enough.
    """
    is_of_all = any(token.word in context.language.all_of for token in context.question.words.tokens)
    return chosen == total if is_of_all else chosen > 0


async def state_targets(context: Context, wanted: str) -> list[Target]:
    """Return the metrics whose state the question asks about. ``wanted`` is the state that it names, such as "open".

    Raises CannotAnswer if no metric of the question's devices can be in this state.
    """
    time = context.question.time
    if context.mentions():
        named = await context.targets(numbers=False, most=None if time is None else MAX_TARGETS)
        if found := [target async for target in in_slices(named) if not target.is_number]:
            same = {word for mention in context.mentions() for word in same_things(mention.words)}
            return [target for target in found if _is_called(target, same)] or found
    found = [target async for target in context.shown_targets() if _can_be(target, wanted)]
    if not found:
        raise CannotAnswer(context.say("no_state", scope=context.scope_words, state=_state_word(context, wanted)))
    return found


def _is_called(target: Target, words: set[str]) -> bool:
    """Return whether the name of the device, the metric's title or its device class contains one of ``words``.

    A question about windows must not be answered with the contacts on doors.
    """
    shown = target.device.describe(target.metric)
    own = split_words(f"{target.device.display_name} {shown.title} {shown.device_class or ''}")
    return any(not words.isdisjoint(stems(word)) for word in own)


def _can_be(target: Target, wanted: str) -> bool:
    """Return whether the metric can be in the state ``wanted``, such as "open", according to its device class."""
    if target.is_number:
        return False
    if wanted == "on_battery":
        return "mains" in target.metric
    if target.device.describe(target.metric).device_class in _CLASSES[wanted]:
        return True
    return target.state() in ("on", "off") and wanted in ("on", "off", "running", "open", "closed")


def _state_word(context: Context, wanted: str) -> str:
    return next(
        (
            context.question.words.written(first, first + 1)
            for first, token in enumerate(context.question.words.tokens)
            if wanted in context.language.concepts.get(token.word, ())
        ),
        wanted,
    )


def is_in_state(target: Target, wanted: str) -> bool:
    """Return whether the latest value of the metric is the state ``wanted``."""
    text = target.state()
    if wanted == "on_battery":
        return not target.latest.value
    if text in ("on", "off") and wanted in ("open", "closed", "running"):
        return text == ("off" if wanted == "closed" else "on")
    return text.startswith(_WORDS[wanted]) or (wanted == "on" and text in ("running", "powered", "light", "plugged in"))


async def status(context: Context) -> ComputedAnswer:
    """Answer with the state and the alerts of one device, or with a short list of several devices."""
    scope = context.question.scope
    if scope.is_all or len(context.devices) > 3:
        return await overview(context)
    texts = [_about(context, device) for device in context.devices]
    first = [(d.id, m) for d in context.devices for m in context.shown_metrics(d)[:1]]
    return ComputedAnswer("\n".join(texts), tuple(first or [(d.id, None) for d in context.devices]))


def _about(context: Context, device: Device) -> str:
    place = ", ".join(part for part in (device.info.model, device.display_area) if part)
    head = context.say(
        "status_head",
        name=device.display_name + (f" ({place})" if place else ""),
        presence=context.say(device.presence),
        ago=context.ago(device.last_seen),
    )
    shown = context.shown_metrics(device)
    main = [metric for metric in shown if device.describe(metric).category != "diagnostic"] or shown
    lines = [
        f"{Target(device, metric).title}: {Target(device, metric).show(device.metrics[metric].value)}"
        f"{_limit_note(context, Target(device, metric))}"
        for metric in main
    ]
    alerts = context.queries.open_alerts([device.id])
    end = "; ".join(f"{context.say(alert.severity)}, {alert_message(context, alert)}" for alert in alerts[:3])
    tail = context.say("open_alerts_are", alerts=end) if alerts else context.say("no_open_alert")
    return context.lines(head, lines, 10) + f"\n{tail}"


async def overview(context: Context) -> ComputedAnswer:
    """Answer with the number of devices by presence, and the number of open alerts."""
    head = await presence_counts(context)
    gone = [d async for d in in_slices(context.devices) if d.presence != "online"]
    lines = shown_rows(
        gone,
        lambda d: f"{d.display_name}: {context.say(d.presence)}, {context.say('heard', ago=context.ago(d.last_seen))}",
        MAX_LINES,
    )
    alerts = context.queries.open_alerts(context.ids)
    by_device = {context.queries.alert_view(alert).name: alert for alert in reversed(alerts)}
    lines += [
        f"{name}: {context.say(alert.severity)}, {alert_message(context, alert)}"
        for name, alert in reversed(by_device.items())
    ]
    tail = context.count("open_alerts", len(alerts)) if alerts else context.say("no_open_alert")
    ids = list(dict.fromkeys([alert.device for alert in alerts] + [d.id for d in gone[:MAX_ABOUT]]))[:MAX_ABOUT]
    return ComputedAnswer(context.lines(f"{head} {tail}", lines), tuple((each, None) for each in ids))


MAX_ABOUT = 12


async def presence_counts(context: Context) -> str:
    """Return a sentence such as "7 devices: 6 online, 1 offline." on the devices of the question."""
    counted = Counter([device.presence async for device in in_slices(context.devices)])
    parts = ", ".join(f"{counted[key]} {context.say(key)}" for key in ("online", "stale", "offline") if counted[key])
    return f"{context.count('devices', len(context.devices))}: {parts}."


async def listing(context: Context) -> ComputedAnswer:
    """Answer with the names of the devices in a group, or of all devices."""

    def line(d: Device) -> str:
        place = ", ".join(part for part in (d.info.model, d.display_area) if part)
        return f"{d.display_name}{f' ({place})' if place else ''}{context.stale_note(d)}"

    lines = shown_rows(context.devices, line, 20)
    return ComputedAnswer(
        context.lines(await presence_counts(context), lines, 20),
        tuple((d.id, None) for d in context.devices[:MAX_ABOUT]),
    )
