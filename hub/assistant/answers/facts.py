"""Answers from descriptions: rules, limits, firmware, models, areas, commands, silence."""

from __future__ import annotations

from hub import text_format as fmt
from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context, Target, about
from hub.assistant.answers.current import MAX_ABOUT
from hub.rules import describe


async def rules(context: Context) -> ComputedAnswer:
    """Answer with the rules that watch the devices, each with its condition."""
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
    """Answer with the limits of metrics. Bounds of rules override those that the device reports."""
    if context.question.scope.is_all:
        raise CannotAnswer(context.say("name_device", scope=context.scope_words))
    wanted = context.targets() if context.mentions() else None
    lines, sources = [], []
    for device in context.devices[:6]:
        for metric in context.queries.limits(device):
            if metric not in device.metrics or (
                wanted is not None and (device.id, metric) not in {t.key for t in wanted}
            ):
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
    """Answer with the firmware that devices report."""
    versions = [word for word in context.question.unknown if any(map(str.isdigit, word))]
    if not versions:
        return _described(context, "firmware_is", "no_firmware", lambda device: device.info.firmware)
    found = [d for d in context.devices if d.info.firmware and any(version in d.info.firmware for version in versions)]
    lines = [context.say("firmware_is", name=device.display_name, value=device.info.firmware) for device in found]
    head = context.say("of", n=len(found), total=len(context.devices), scope=context.scope_words)
    return ComputedAnswer(context.lines(head + (":" if lines else "."), lines, 30), tuple((d.id, None) for d in found))


async def model(context: Context) -> ComputedAnswer:
    """Answer with manufacturer and model."""
    return _described(
        context, "model_is", "no_model", lambda d: " ".join(p for p in (d.info.manufacturer, d.info.model) if p) or None
    )


async def where(context: Context) -> ComputedAnswer:
    """Answer with the area of a device."""
    return _described(context, "area_is", "no_area_of", lambda device: device.display_area)


def _described(context: Context, key: str, none: str, value: object) -> ComputedAnswer:
    read = value if callable(value) else None
    rows = [(device, read(device) if read else None) for device in context.devices]
    lines = [context.say(key, name=device.display_name, value=text) for device, text in rows if text]
    without = [device.display_name for device, text in rows if not text]
    if not lines:
        raise CannotAnswer(context.say(none, scope=context.scope_words))
    if len(lines) == 1 and not without:
        return ComputedAnswer(lines[0], ((context.devices[0].id, None),))
    tail = [context.say(none, scope=", ".join(without[:6]))] if without and len(without) < 7 else []
    return ComputedAnswer(
        context.lines(
            context.say("of", n=len(lines), total=len(rows), scope=context.scope_words) + ":", [*lines, *tail], 30
        ),
        tuple((device.id, None) for device, text in rows if text)[:MAX_ABOUT],
    )


async def commands(context: Context) -> ComputedAnswer:
    """Answer with the commands that a device accepts."""
    lines = []
    for device in context.devices:
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
        tuple((d.id, None) for d in context.devices if d.info.commands)[:MAX_ABOUT],
    )


async def last_seen(context: Context) -> ComputedAnswer:
    """Answer when a device last sent a message."""
    devices = sorted(context.devices, key=lambda device: device.last_seen or 0)
    lines = [
        context.say(
            "seen_row",
            name=d.display_name,
            time=context.clock(d.last_seen) if d.last_seen else "–",
            ago=context.ago(d.last_seen),
            presence=context.say(d.presence),
        )
        for d in devices
    ]
    text = lines[0] if len(lines) == 1 else context.lines(context.say("now_head", n=len(lines)), lines)
    return ComputedAnswer(text, tuple((device.id, None) for device in devices[:MAX_ABOUT]))


async def offline(context: Context) -> ComputedAnswer:
    """Answer which devices are silent: by their presence and by open alerts for silence."""
    silent = {alert.device for alert in context.queries.open_alerts(context.ids) if alert.metric is None}
    gone = sorted(
        (d for d in context.devices if d.presence != "online" or d.id in silent), key=lambda d: d.last_seen or 0
    )
    if len(context.devices) == 1 and not context.question.scope.is_all:
        return await last_seen(context)
    lines = [
        f"{d.display_name}: {context.say('silent_alert') if d.presence == 'online' else context.say(d.presence)}, "
        f"{context.say('heard', ago=context.ago(d.last_seen))}"
        + (f" ({context.say('silence_alerted')})" if d.id in silent and d.presence != "online" else "")
        for d in gone
    ]
    head = context.say("not_online_of", n=len(gone), total=len(context.devices), scope=context.scope_words)
    return ComputedAnswer(
        context.lines(head + (":" if lines else "."), lines, 30), tuple((d.id, None) for d in gone[:MAX_ABOUT])
    )
