"""Answers about the settings of devices, such as a desired temperature."""

from __future__ import annotations

from hub import text_format as fmt
from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context, Target
from hub.assistant.answers.current import MAX_ABOUT
from hub.assistant.metric_words import semantics


async def setpoint(context: Context) -> ComputedAnswer:
    """Answer what a device is set to: its set points, and its desired and reported settings."""
    lines: list[str] = []
    sources: list[tuple[str, str | None]] = []
    for device in context.devices[:40]:
        rows = [
            Target(device, m)
            for m in device.metrics
            if semantics(device, m).role == "setpoint" or "setpoint" in m or "set_point" in m
        ]
        lines += [f"{t.name}: {t.show(t.latest.value)}" for t in rows]
        sources += [(device.id, t.metric) for t in rows]
        known = {t.metric for t in rows}
        settings = {**device.reported, **{key: value for key, value in device.desired.items() if key in device.differs}}
        for key, value in settings.items():
            if key not in known and key not in device.metrics:
                wanted = context.say("wanted") if key in device.differs else ""
                is_plain = isinstance(value, str | bool | int | float)
                shown = fmt.exact_value(value, None) if is_plain else str(value)[:60]
                lines.append(f"{device.display_name}, {fmt.spoken(key)}: {shown}{wanted}")
                sources.append((device.id, None))
    if not lines:
        raise CannotAnswer(context.say("no_setpoint", scope=context.scope_words))
    return ComputedAnswer(
        lines[0] + "." if len(lines) == 1 else context.lines(context.say("settings_head"), lines),
        tuple(sources[:MAX_ABOUT]),
    )
