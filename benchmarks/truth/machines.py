"""Cases from the independent machines: each fault, and healthy weeks. The seed draws names, speeds and intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import get_args

import numpy as np

from benchmarks.independent import MACHINES
from benchmarks.independent.machine import DAY_S, Fault, Injection, Machine, Scheme
from benchmarks.truth.case import Bound, Case, Group, Series, Truth, first_crossing, matches
from hub.insight.machine_kinds import machine_kinds
from hub.insight.metric_semantics import metric_semantics
from hub.insight.signature import built_in

MONDAY = 1_795_392_000.0
"""2026-11-23 00:00 UTC, in epoch seconds: the machines' clock begins there."""
HISTORY_S = 7 * DAY_S
MAX_READINGS = 60_480
"""A device that reports every second keeps less than a week, so that a case stays small."""
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)


def cases(seeds: Iterable[int], kinds: list[str] | None = None) -> Iterator[Case]:
    """Yield the cases of these seeds: for each kind of machine every fault and one healthy week a seed."""
    for kind, machine in MACHINES.items():
        if kinds and kind not in kinds:
            continue
        for seed in seeds:
            for fault in (None, *machine.faults):
                case = _case(machine, fault, seed)
                if case is not None:
                    yield case


def _case(kind: type[Machine], fault: Fault | None, seed: int) -> Case | None:
    """Return the case, or None if the fault crosses no limit."""
    draw = np.random.default_rng([seed, *map(ord, kind.kind), *map(ord, fault.id if fault else "healthy")])
    scheme = SCHEMES[int(draw.integers(len(SCHEMES)))]
    interval = _log_uniform(draw, *kind.period_s)
    machine = kind(np.random.default_rng(draw.integers(2**63)))
    length = min(HISTORY_S, MAX_READINGS * interval)
    onset, grows = length, 0.0
    if fault is not None:
        grows = _log_uniform(draw, max(fault.seconds[0], 1.0), max(fault.seconds[1], 1.0)) if fault.seconds[1] else 0.0
    end = onset + 2.0 * grows + max(3_600.0, 20 * interval)
    times = np.arange(draw.uniform(0, interval), end, interval) + draw.integers(0, 3) * DAY_S
    injection = Injection(fault.id, float(times[0]) + onset, grows, 1.5) if fault is not None else None
    values = machine.simulate(times, injection)
    names = kind.names[scheme]
    series = {
        names[role]: Series(times + MONDAY, values[role], metric.unit, metric.kind, metric.words)
        for role, metric in kind.metrics.items()
    }
    bounds = {names[limit.metric]: Bound(limit.low, limit.high, limit.hold_s) for limit in kind.limits}
    if injection is None or fault is None:
        at = float(times[0] + onset + MONDAY)
        return _made(kind, "healthy", None, scheme, series, bounds, at, None, seed)
    began = injection.start + MONDAY
    crossed = [t for name, bound in bounds.items() if (t := first_crossing(series[name], bound, began)) is not None]
    if not crossed:
        return None
    alarmed = min(crossed)
    group: Group = "known" if in_catalogue(kind, fault) else "unknown"
    return _made(kind, group, fault, scheme, series, bounds, alarmed + 1.0, began, seed, alarmed)


def _made(
    kind: type[Machine],
    group: Group,
    fault: Fault | None,
    scheme: Scheme,
    series: Mapping[str, Series],
    bounds: Mapping[str, Bound],
    at: float,
    onset: float | None,
    seed: int,
    alarmed: float | None = None,
) -> Case:
    names = kind.names[scheme]
    truth = Truth(
        # No signature describes such a fault, so the right answer is to name no cause.
        right=fault.right if fault and group == "known" else (),
        plausible=(*fault.plausible, *fault.right) if fault else (),
        parts=kind.parts,
        first=tuple(names[role] for role in fault.first) if fault else (),
        onset=onset,
    )
    label = f"{kind.kind}/{fault.id if fault else 'healthy'}/{seed}"
    return Case(label, "machines", group, scheme, kind.model, series, bounds, at, truth, alarmed)


def in_catalogue(kind: type[Machine], fault: Fault) -> bool:
    """Return whether a built-in signature for that kind of machine, or for any, names the fault."""
    kinds = hub_kinds(kind)
    return any(
        matches(fault.right, f"{signature.title} ({signature.component})")
        for signature in built_in()
        if not signature.kinds or kinds & set(signature.kinds)
    )


@cache
def hub_kinds(kind: type[Machine]) -> frozenset[str]:
    """Return the kinds of machine that the hub infers for a machine of this kind with metric names in snake_case."""
    names = kind.names["snake"]
    return machine_kinds(
        (kind.model,), [(names[role], metric_semantics(names[role], each.unit)) for role, each in kind.metrics.items()]
    )


def _log_uniform(draw: np.random.Generator, low: float, high: float) -> float:
    return float(math.exp(draw.uniform(math.log(low), math.log(high)))) if high > low else float(low)
