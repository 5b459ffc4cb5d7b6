"""Extract facts from evidence: the quantities with their roles (reading, limit, …), and the behaviour of each metric.

Numbers come from the parameters and the value of a finding, which are exact, and from its sentence, which has them
rounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.insight import quantities
from hub.insight.claims.roles import Role, role_of
from hub.insight.claims.text import Coder
from hub.model import Evidence

_MOVED = ("onset", "step", "jump", "slope")
_QUIET = ("steady", "idle", "running", "stuck")
_VALUE_ROLES: dict[str, Role] = {
    "over_limit": "reading", "onset": "difference", "step": "difference", "jump": "difference", "level": "difference",
    "stays_on": "difference", "stays_off": "difference", "slope": "rate", "deviation": "deviation",
    "peers": "deviation", "steady": "reading", "idle": "reading", "running": "reading", "stuck": "reading",
    "silent": "duration", "gap": "duration", "contradicted": "difference",
}  # fmt: skip
_PARAM_ROLES: dict[str, Role] = {
    "reading": "reading", "before": "before", "limit": "limit", "peak": "reading", "level": "reading",
    "usual_level": "before", "after": "reading", "low": "any", "high": "any", "median": "any", "expected": "any",
}  # fmt: skip
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?\b|\b\d{4}-\d{2}-\d{2}\b")


@dataclass(frozen=True, slots=True)
class Fact:
    """A number that the evidence contains, such as a reading or a limit.

    ``role`` says what the number stands for. ``unit`` is None for a number without a unit. ``places`` is the number of
    exact decimals.
    """

    value: float
    unit: str | None
    role: Role
    metric: str | None
    places: int = 6


@dataclass(slots=True)
class Motion:
    """The behaviour of one metric according to all evidence.

    Attributes:
        moves: the signs of the metric's changes: 1 for a rise, -1 for a fall.
        quiet: True if a finding says that the metric shows nothing unusual.
        on: whether the metric is on, as a switch or a running machine is; None if unknown.
        side: 1 if the metric is above its limit, -1 if it is below; None if no finding says this.
        reading: the newest value of the metric; None if no finding has it.
        before: the value of the metric before its change; None if no finding has it.
        unit: the unit of ``reading`` and ``before``.
        limit: the limit that a finding names; None if none does.
        onset: when the metric began to change, in epoch ms; None if that is not known.
        stuck: True if the metric repeats one value.
        first: True if a finding says that this metric changed first.
    """

    moves: set[int] = field(default_factory=set)
    quiet: bool = False
    on: bool | None = None
    side: int | None = None
    reading: float | None = None
    before: float | None = None
    unit: str | None = None
    limit: float | None = None
    onset: int | None = None
    stuck: bool = False
    first: bool = False


def facts(found: Iterable[Evidence], coder: Coder) -> list[Fact]:
    """Return the quantities in the evidence, and rates, percentages, ratios and differences computed from them."""
    known: list[Fact] = []
    for e in found:
        own = [*_written(e, coder), *_exact(e)]
        known += [*own, *_derived(e, own)]
    return known


def _written(e: Evidence, coder: Coder) -> Iterator[Fact]:
    text = _CLOCK.sub(" ", coder.code(e.finding))
    for start, end, quantity in quantities.find(text):
        role: Role = role_of(text[:start], text[end:]) or "any"
        if quantity.unit in quantities.SECONDS:
            role = "duration"
        elif e.kind == "slope" and quantity.unit is not None and quantity.unit == quantities.unit(e.unit):
            role = "rate"
        elif e.kind not in ("deviation", "peers") or role == "limit":
            pass
        else:
            role = "deviation" if quantity.unit == "σ" else "any"
        yield Fact(quantity.value, quantity.unit, role, _metric(e), quantity.decimals)


def _metric(e: Evidence) -> str | None:
    """Return the metric that the numbers in a finding belong to; None if they belong to several metrics."""
    return None if e.kind in ("moved_with", "order", "contradicted", "incident") else e.metric


def _exact(e: Evidence) -> Iterator[Fact]:
    if isinstance(e.value, float | int) and not isinstance(e.value, bool):
        unit = quantities.unit(e.unit)
        role = _VALUE_ROLES.get(e.kind, "any")
        # A sentence gives the sign of a change in words: "fell by 43 %".
        signed = role in ("difference", "rate", "deviation")
        for value in {float(e.value), abs(float(e.value))} if signed else {float(e.value)}:
            yield Fact(value, unit, role, _metric(e))
    unit = quantities.unit(e.params.get("metric_unit") or e.unit)
    for name, value in e.params.items():
        if isinstance(value, bool) or not isinstance(value, float | int):
            continue
        if name.endswith("_ms"):
            yield Fact(abs(value) / 1000, "s", "duration", _metric(e))
        elif name in _PARAM_ROLES:
            yield Fact(float(value), unit, _PARAM_ROLES[name], _metric(e))


def _derived(e: Evidence, own: Sequence[Fact]) -> Iterator[Fact]:
    """Yield quantities that can be computed from ``own``, the quantities that the finding ``e`` states.

    For example, a reading and a limit give the distance to the limit. If the finding states a quantity exactly in its
    fields and rounded in its sentence, the exact number is used.
    """
    value = {role: _exactly(own, role) for role in ("reading", "before", "limit", "difference")}
    reading, before, limit, change = (value[role] for role in ("reading", "before", "limit", "difference"))
    relative = quantities.unit(e.unit) != "%"  # "rose by 9 %" of a metric in percent means percentage points
    if reading is not None and before:
        yield Fact(reading / before, None, "ratio", _metric(e))
    if reading is not None and before and relative:
        yield Fact(abs(reading - before) / abs(before) * 100, "%", "difference", _metric(e))
    if reading is not None and limit:
        yield Fact(abs(reading - limit), quantities.unit(e.unit), "difference", _metric(e))
    if reading is not None and limit and relative:
        yield Fact(abs(reading - limit) / abs(limit) * 100, "%", "difference", _metric(e))
    seconds = (e.params.get("read_at", e.end) - e.start) / 1000
    if e.kind in ("onset", "step") and change is not None and seconds > 0 and (unit := quantities.unit(e.unit)):
        yield Fact(abs(change) / seconds, f"{unit}/s", "rate", _metric(e))
    if e.kind in ("over_limit", "stays_on", "stays_off", "onset", "step", "stuck", "running", "idle"):
        yield Fact(seconds, "s", "duration", _metric(e))


def _exactly(own: Sequence[Fact], role: Role) -> float | None:
    found = [fact for fact in own if fact.role == role and fact.unit != "%"] or [f for f in own if f.role == role]
    best = max(found, key=lambda fact: fact.places, default=None)
    return best.value if best else None


def motions(evidence: Iterable[Evidence], coder: Coder) -> dict[str, Motion]:
    """Return how each metric behaved according to all findings, by metric: whether it rose, fell or stayed quiet.

    ``evidence`` are the findings, and ``coder`` reads their sentences.
    """
    found: dict[str, Motion] = {}
    for e in evidence:
        if e.metric is not None and e.kind == "order":
            found.setdefault(e.metric, Motion()).first = True
        elif e.metric is not None and e.kind not in ("past", "moved_with", "gap"):
            _add(found.setdefault(e.metric, Motion()), e, coder)
    return found


def _add(motion: Motion, e: Evidence, coder: Coder) -> None:
    params: Mapping[str, Any] = e.params
    number = float(e.value) if isinstance(e.value, float | int) and not isinstance(e.value, bool) else None
    if e.kind in _MOVED and number:
        motion.moves.add(1 if number > 0 else -1)
    if e.kind == "level" and number:
        motion.moves.add(1 if number > 0 else -1)
    if e.kind in _QUIET:
        motion.quiet = True
    motion.stuck = motion.stuck or e.kind == "stuck"
    if e.kind in ("stays_on", "running"):
        motion.on = True
    elif e.kind in ("stays_off", "idle"):
        motion.on = False
    elif isinstance(e.value, bool):
        motion.on = e.value
    if e.kind in ("onset", "step", "stays_on", "stays_off"):
        motion.onset = e.start if motion.onset is None else min(motion.onset, e.start)
    if e.kind == "over_limit":
        above = params.get("is_above")
        motion.side = (1 if above else -1) if above is not None else -1 if " below its limit" in e.finding else 1
    written = list(_written(e, coder))
    values = [*_exact(e), *written]
    if e.kind in ("over_limit", "slope"):
        motion.limit = next((fact.value for fact in values if fact.role == "limit"), motion.limit)
    reading = next((fact for fact in values if fact.role == "reading" and fact.unit not in quantities.SECONDS), None)
    if reading is not None and (motion.reading is None or e.kind in ("onset", "step", "over_limit")):
        motion.reading, motion.unit = reading.value, quantities.unit(params.get("metric_unit") or e.unit)
        if "reading" in params:
            motion.reading = float(params["reading"])
    motion.before = next((fact.value for fact in values if fact.role == "before"), motion.before)
