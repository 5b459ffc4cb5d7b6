"""The small phrases that answers are made of."""

from __future__ import annotations

from collections.abc import Sequence

from hub import text_format as fmt
from hub.model import Device, Latest
from hub.tools import Queries


def one_or_many(count: int, one: str, many: str) -> str:
    return one if count == 1 else many


def ago(stamp: int | None, now: int) -> str:
    return "never" if stamp is None else f"{fmt.duration((now - stamp) // 1000 * 1000)} ago"


def listed(lines: Sequence[str], most: int = 8) -> str:
    more = f", and {len(lines) - most} more" if len(lines) > most else ""
    return ", ".join(lines[:most]) + more


def named(devices: Sequence[Device], most: int = 8) -> str:
    return listed([d.display_name for d in devices], most)


def name_of(device: Device, metric: str) -> str:
    """Return what a sentence calls a metric of a device."""
    return fmt.in_sentence(device.describe(metric).title)


def shown(device: Device, metric: str, latest: Latest) -> str:
    """Return a metric with its newest value."""
    name, value = name_of(device, metric), latest.value
    if isinstance(value, float):
        return f"{name} {fmt.quantity(value, device.unit(metric))}"
    if isinstance(value, bool):
        return f"{name} {'on' if value else 'off'}"
    return f"{name} “{value[:40]}”"


def about(queries: Queries, device: Device, metric: str | None) -> str:
    """Return the status of one device in two or three sentences."""
    now = queries.now()
    place = ", ".join(part for part in (device.info.model, device.display_area) if part)
    text = f"{device.display_name}{f' ({place})' if place else ''} is {device.presence}, "
    text += f"last heard {ago(device.last_seen, now)}."
    fitting = {m: v for m, v in sorted(device.metrics.items()) if metric is None or metric in m.casefold()}
    chosen = list((fitting or device.metrics).items())[:10]
    if chosen:
        readings = fmt.join([shown(device, m, v) for m, v in chosen])
        text += f" {readings[0].upper()}{readings[1:]}."
    limits = queries.limits(device)
    beyond = [
        name_of(device, m)
        for m, v in device.metrics.items()
        if isinstance(v.value, float)
        and (limit := limits.get(m))
        and ((limit.max is not None and v.value > limit.max) or (limit.min is not None and v.value < limit.min))
    ]
    alerts = queries.open_alerts([device.id])
    if alerts:
        text += " Open: " + "; ".join(f"{a.severity}, {a.message}" for a in alerts[:3]) + "."
    elif beyond:
        text += f" Beyond its limit, but without an alert so far: {fmt.join(beyond)}."
    else:
        text += " No alert is open."
    return text
