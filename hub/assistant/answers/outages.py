"""Answers about when devices were offline, and for how long."""

from __future__ import annotations

import msgspec

from hub import text_format as fmt
from hub.assistant.answers.context import ComputedAnswer, Context, shown_rows
from hub.assistant.answers.slices import in_slices
from hub.assistant.time_parser import DAY
from hub.assistant.time_range import TimeRange
from hub.model import Activity, Device

_DAYS, _READ, _SHOWN, _DEVICES = 7, 500, 8, 12
_UNHEARD = 600_000


class _Outage(msgspec.Struct, frozen=True):
    """A period in which a device was stale or offline. ``end`` is None while it lasts."""

    start: int
    end: int | None


async def outages(context: Context) -> ComputedAnswer:
    """Answer when devices were stale or offline, with the duration of each outage."""
    time = context.question.time
    if time is None or time.kind != "range":
        time = TimeRange(context.now - _DAYS * DAY, context.now, context.say("last", time=f"{_DAYS} d"))
    ids = None if context.question.scope.is_all else [device.id for device in context.devices]
    log = await context.queries.activity_between(time.start, context.now, ids, _READ)
    found = _outages([entry for entry in reversed(log) if entry.kind == "presence" and entry.device is not None])
    lines = []
    for device, times in list(found.items())[:_DEVICES]:
        told = [_told(context, each) for each in times if each.start <= time.end][-_SHOWN:]
        name = known.display_name if (known := context.queries.registry.get(device)) is not None else device
        lines += [f"{name}: {'; '.join(told)}"] if told else []
    about = tuple((device, None) for device in found) or tuple((device.id, None) for device in context.devices[:3])
    if lines:
        return ComputedAnswer(context.lines(f"{time.words[:1].upper()}{time.words[1:]}:", lines, _DEVICES), about)
    text = context.say("no_outage", scope=context.scope_words, time=time.words)
    return ComputedAnswer(text, () if context.question.scope.is_all else about)


async def unheard(context: Context) -> ComputedAnswer:
    """Answer which devices have sent nothing for as long as the question says, by default 10 minutes."""
    time = context.question.time
    length = time.end - time.start if time is not None and time.kind == "range" else _UNHEARD
    rows = [(each.last_seen or 0, each) async for each in in_slices(context.devices)]
    silent = sorted((row for row in rows if context.now - row[0] > length), key=lambda row: row[0])

    def line(row: tuple[int, Device]) -> str:
        return f"{row[1].display_name}: {context.say('heard', ago=context.ago(row[1].last_seen))}"

    of = context.say("of", n=len(silent), total=len(rows), scope=context.scope_words)
    head = f"{context.say('unheard', duration=fmt.duration(length))} {of}" + (":" if silent else ".")
    about = tuple((each.id, None) for _, each in silent[:_DEVICES])
    return ComputedAnswer(context.lines(head, shown_rows(silent, line, _DEVICES), _DEVICES), about)


def _outages(log: list[Activity]) -> dict[str, list[_Outage]]:
    """Return the outages of each device, by device id. ``log`` has entries on presence, oldest first."""
    found: dict[str, list[_Outage]] = {}
    for entry in log:
        times = found.setdefault(entry.device or "", [])
        is_gone = entry.message_key in ("presence.offline", "presence.stale")
        if is_gone and (not times or times[-1].end is not None):
            times.append(_Outage(entry.ts, None))
        elif not is_gone and times and times[-1].end is None:
            times[-1] = _Outage(times[-1].start, entry.ts)
    return {device: times for device, times in found.items() if times}


def _told(context: Context, outage: _Outage) -> str:
    end = outage.end or context.now
    key = "outage" if outage.end is not None else "outage_open"
    duration = fmt.duration(max(end - outage.start, 0) // 1000 * 1000)
    return context.say(key, start=context.clock(outage.start), end=context.clock(end), duration=duration)
