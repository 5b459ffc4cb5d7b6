"""Answers about rules, limits, firmware, models, areas, commands, and silent devices."""

from __future__ import annotations

from collections.abc import Callable

from hub import text_format as fmt
from hub.assistant.answers.context import (
    MAX_LINES,
    CannotAnswer,
    ComputedAnswer,
    Context,
    Target,
    about,
    shown_rows,
)
from hub.assistant.answers.current import MAX_ABOUT
from hub.assistant.answers.slices import in_slices, order_of
from hub.model import Device
from hub.rules import describe

_SHOWN = 30
"""Maximum number of lines in an answer that describes many devices."""


async def rules(context: Context) -> ComputedAnswer:
    """Answer with the rules that watch the devices, and their conditions."""
    if context.question.scope.is_all:
        lines = [
            f"{rule.name}: {describe(rule)} ({context.say(rule.severity)})" for rule in context.queries.engine.rules
        ]
        return ComputedAnswer(context.lines(context.count("rules", len(lines)) + ":", lines, 30))
    lines = []
    for device in context.devices[:6]:
        found = context.queries.engine.rules_for(device)
        wanted = {metric for mention in context.mentions() for metric in mention.on(device)}
        if context.mentions():
            named = {rule.id for rule in context.queries.engine.rules_on(device) if rule.metric in wanted}
            found = [rule for rule in found if rule.id in named]
        own = [f"{rule.name}: {describe(rule)} ({context.say(rule.severity)})" for rule in found]
        lines.append(
            context.lines(f"{device.display_name}: {context.count('rules', len(own))}" + (":" if own else "."), own, 20)
        )
    return ComputedAnswer("\n".join(lines), tuple((device.id, None) for device in context.devices[:6]))


async def limits(context: Context) -> ComputedAnswer:
    """Answer with the limits of metrics. A limit from a rule overrides the limit that the device reports."""
    if context.question.scope.is_all:
        raise CannotAnswer(context.say("name_device", scope=context.scope_words))
    wanted = {target.key for target in await context.targets()} if context.mentions() else None
    lines, sources = [], []
    for device in context.devices[:6]:
        for metric in context.queries.limits(device):
            if metric not in device.metrics or (wanted is not None and (device.id, metric) not in wanted):
                continue
            target = Target(device, metric)
            lines.append(
                context.say(
                    "limit_row",
                    name=target.name,
                    limit=limit_words(context, target),
                    value=target.show(target.latest.value),
                )
            )
            sources.append(target)
    if not lines:
        raise CannotAnswer(context.say("no_limit", scope=context.scope_words))
    return ComputedAnswer(
        lines[0] if len(lines) == 1 else context.lines(context.say("limits_head"), lines, 20),
        about(sources[:MAX_ABOUT]),
    )


def limit_words(context: Context, target: Target) -> str:
    """Return the limits of a metric as text."""
    limit = context.queries.limits(target.device)[target.metric]
    low = None if limit.min is None else context.say("at_least", value=fmt.limit_quantity(limit.min, target.unit))
    high = None if limit.max is None else context.say("at_most", value=fmt.limit_quantity(limit.max, target.unit))
    return ", ".join(part for part in (low, high) if part)


async def firmware(context: Context) -> ComputedAnswer:
    """Answer with the firmware versions that devices report."""
    versions = [word for word in context.question.unknown if any(map(str.isdigit, word))]
    if not versions:
        return await _described(context, "firmware_is", "no_firmware", lambda device: device.info.firmware)
    found = [
        device
        async for device in in_slices(context.devices)
        if any(version in (device.info.firmware or "") for version in versions)
    ]
    lines = shown_rows(
        found, lambda each: context.say("firmware_is", name=each.display_name, value=each.info.firmware), _SHOWN
    )
    head = context.say("of", n=len(found), total=len(context.devices), scope=context.scope_words)
    return ComputedAnswer(
        context.lines(head + (":" if lines else "."), lines, _SHOWN), tuple((d.id, None) for d in found[:MAX_ABOUT])
    )


async def model(context: Context) -> ComputedAnswer:
    """Answer with the manufacturers and models of devices."""
    return await _described(
        context, "model_is", "no_model", lambda d: " ".join(p for p in (d.info.manufacturer, d.info.model) if p) or None
    )


async def where(context: Context) -> ComputedAnswer:
    """Answer in which area a device is."""
    return await _described(context, "area_is", "no_area_of", lambda device: device.display_area)


async def _described(context: Context, key: str, none: str, read: Callable[[Device], str | None]) -> ComputedAnswer:
    rows: list[tuple[Device, str]] = []
    without: list[str] = []
    async for device in in_slices(context.devices):
        if text := read(device):
            rows.append((device, text))
        else:
            without.append(device.display_name)
    lines = shown_rows(rows, lambda row: context.say(key, name=row[0].display_name, value=row[1]), _SHOWN)
    if not lines:
        raise CannotAnswer(context.say(none, scope=context.scope_words))
    if len(lines) == 1 and not without:
        return ComputedAnswer(lines[0], ((context.devices[0].id, None),))
    tail = [context.say(none, scope=", ".join(without[:6]))] if without and len(without) < 7 else []
    return ComputedAnswer(
        context.lines(
            context.say("of", n=len(lines), total=len(context.devices), scope=context.scope_words) + ":",
            [*lines, *tail],
            _SHOWN,
        ),
        tuple((device.id, None) for device, _ in rows[:MAX_ABOUT]),
    )


async def commands(context: Context) -> ComputedAnswer:
    """Answer with the commands that a device accepts."""
    lines = []
    async for device in in_slices(context.devices):
        for name, command in sorted(device.info.commands.items()):
            title = command.get("title") or fmt.spoken(name)
            allowed = ", ".join(map(str, command.get("values") or ())) or (
                f"{command['minimum']}–{command['maximum']} {command.get('unit') or ''}".strip()
                if command.get("minimum") is not None and command.get("maximum") is not None
                else str(command.get("type", ""))
            )
            lines.append(f"{device.display_name}: {title} ({allowed})")
    if not lines:
        raise CannotAnswer(context.say("no_commands", scope=context.scope_words))
    return ComputedAnswer(
        context.lines(context.say("commands_head"), lines, 20),
        tuple([(d.id, None) async for d in in_slices(context.devices) if d.info.commands][:MAX_ABOUT]),
    )


async def last_seen(context: Context) -> ComputedAnswer:
    """Answer when a device last sent a message."""
    places = order_of([device.last_seen or 0 async for device in in_slices(context.devices)])
    devices = [context.devices[place] for place in places]

    def line(d: Device) -> str:
        return context.say(
            "seen_row",
            name=d.display_name,
            time=context.clock(d.last_seen) if d.last_seen else "–",
            ago=context.ago(d.last_seen),
            presence=context.say(d.presence),
        )

    lines = shown_rows(devices, line, MAX_LINES)
    text = lines[0] if len(lines) == 1 else context.lines(context.say("now_head", n=len(lines)), lines)
    return ComputedAnswer(text, tuple((device.id, None) for device in devices[:MAX_ABOUT]))


async def offline(context: Context) -> ComputedAnswer:
    """Answer which devices are silent: not online, or with an open alert because they send nothing."""
    silent = {alert.device for alert in context.queries.open_alerts(context.ids) if alert.metric is None}
    found = [d async for d in in_slices(context.devices) if d.presence != "online" or d.id in silent]
    gone = [found[place] for place in order_of([d.last_seen or 0 for d in found])]
    if len(context.devices) == 1 and not context.question.scope.is_all:
        return await last_seen(context)

    def line(d: Device) -> str:
        state = context.say("silent_alert") if d.presence == "online" else context.say(d.presence)
        alerted = f" ({context.say('silence_alerted')})" if d.id in silent and d.presence != "online" else ""
        return f"{d.display_name}: {state}, {context.say('heard', ago=context.ago(d.last_seen))}{alerted}"

    lines = shown_rows(gone, line, _SHOWN)
    head = context.say("not_online_of", n=len(gone), total=len(context.devices), scope=context.scope_words)
    return ComputedAnswer(
        context.lines(head + (":" if lines else "."), lines, _SHOWN), tuple((d.id, None) for d in gone[:MAX_ABOUT])
    )
