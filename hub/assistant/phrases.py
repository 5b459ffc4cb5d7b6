"""Whom a question is about, and the small phrases that answers are made of."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.insight import words
from hub.model import Device, Latest
from hub.tools import Queries
from hub.tools.lookup import Lookup, also


class Scope(msgspec.Struct, frozen=True):
    """The devices meant. ``named``: by their own names; ``group``: the word for their kind or place; neither: all."""

    devices: list[Device]
    named: bool = False
    group: str | None = None

    @property
    def whole(self) -> bool:
        return not self.named and self.group is None

    @property
    def mentioned(self) -> bool:
        return not self.whole

    def counted(self) -> str:
        count = len(self.devices)
        if self.group:
            return f"{count} {one_or_many(count, 'device', 'devices')} under “{self.group}”"
        return f"{count} {one_or_many(count, 'device', 'devices')}"

    def the(self) -> str:
        if self.named:
            return words.join([d.display_name for d in self.devices[:5]])
        return f"the {len(self.devices)} under “{self.group}”" if self.group else f"the {len(self.devices)} devices"

    def The(self) -> str:  # noqa: N802 (the capital is the point)
        text = self.the()
        return text[0].upper() + text[1:]


def scope_of(lookup: Lookup, text: str) -> Scope:
    """Named devices first, else a group, else all."""
    named_devices = lookup.named_in(text) or lookup.named_in(also(text))
    if named_devices:
        return Scope(named_devices, named=True)
    group = lookup.group_in(text) or lookup.group_in(also(text))
    if group:
        return Scope(group[1], group=group[0])
    return Scope(lookup.matching(""))


def one_or_many(count: int, one: str, many: str) -> str:
    return one if count == 1 else many


def ago(stamp: int | None, now: int) -> str:
    return "never" if stamp is None else f"{words.span(max(now - stamp, 0) / 1000)} ago"


def listed(lines: Sequence[str], most: int = 8) -> str:
    more = f", and {len(lines) - most} more" if len(lines) > most else ""
    return ", ".join(lines[:most]) + more


def named(devices: Sequence[Device], most: int = 8) -> str:
    return listed([d.display_name for d in devices], most)


def shown(device: Device, metric: str, latest: Latest) -> str:
    value = latest.value
    if isinstance(value, float):
        return f"{words.spoken(metric)} {words.quantity(value, device.unit(metric))}"
    if isinstance(value, bool):
        return f"{words.spoken(metric)} {'on' if value else 'off'}"
    return f"{words.spoken(metric)} “{value[:40]}”"


def about(queries: Queries, device: Device, metric: str | None) -> str:
    """The status of one device in two or three sentences."""
    now = queries.now()
    place = ", ".join(part for part in (device.info.model, device.display_area) if part)
    text = f"{device.display_name}{f' ({place})' if place else ''} is {device.presence}, "
    text += f"last heard {ago(device.last_seen, now)}."
    fitting = {m: v for m, v in sorted(device.metrics.items()) if metric is None or metric in m.casefold()}
    chosen = list((fitting or device.metrics).items())[:10]
    if chosen:
        readings = words.join([shown(device, m, v) for m, v in chosen])
        text += f" {readings[0].upper()}{readings[1:]}."
    limits = queries.limits(device)
    beyond = [
        words.spoken(m)
        for m, v in device.metrics.items()
        if isinstance(v.value, float)
        and (limit := limits.get(m))
        and ((limit.max is not None and v.value > limit.max) or (limit.min is not None and v.value < limit.min))
    ]
    alerts = queries.open_alerts([device.id])
    if alerts:
        text += " Open: " + "; ".join(f"{a.severity}, {a.message}" for a in alerts[:3]) + "."
    elif beyond:
        text += f" Beyond its limit, but without an alert so far: {words.join(beyond)}."
    else:
        text += " No alert is open."
    return text
