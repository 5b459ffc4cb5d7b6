"""Check every machine and scene: ``python -m benchmarks.independent [KIND … | scenes [ID …]]``. See README.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import get_args

import numpy as np

from benchmarks.independent import MACHINES
from benchmarks.independent.machine import DAY_S, Fault, Floats, Injection, Machine, Scheme
from benchmarks.independent.scenes import check

WEEKS, RUNS, ENOUGH = 10, 10, 8
STEP_S = 60.0


def problems(kind: type[Machine]) -> Iterator[str]:
    """Yield each problem of a kind of machine as a sentence."""
    for scheme in get_args(Scheme):
        names = kind.names.get(scheme, {})
        if names.keys() != kind.metrics.keys():
            yield f"names[{scheme!r}] has not exactly the metrics"
        if len(set(names.values())) != len(names):
            yield f"names[{scheme!r}] gives one name twice"
    week = np.arange(0, 7 * DAY_S, STEP_S)
    for seed in range(WEEKS):
        healthy = _run(kind, seed, week, None)
        if crossed := _crossed(kind, healthy, week, 0.0):
            yield f"healthy week {seed} crosses the limit of {crossed}"
        if any(not np.array_equal(healthy[name], values) for name, values in _run(kind, seed, week, None).items()):
            yield f"seed {seed} does not repeat itself"
    for fault in kind.faults:
        yield from _problems_of(kind, fault)


def _problems_of(kind: type[Machine], fault: Fault) -> Iterator[str]:
    if unknown := {*fault.first} - kind.metrics.keys():
        yield f"{fault.id}: first names unknown metrics {unknown}"
    alarms = 0
    for seed in range(RUNS):
        start, grows = 2 * DAY_S, fault.seconds[1]
        times = np.arange(0, start + 2 * grows + DAY_S, max(STEP_S, grows / 20_000))
        none = _run(kind, seed, times, Injection(fault.id, start, grows, 0.0))
        if any(not np.array_equal(none[name], values) for name, values in _run(kind, seed, times, None).items()):
            yield f"{fault.id}: severity 0 is not healthy (seed {seed})"
            return
        alarms += (
            _crossed(kind, _run(kind, seed, times, Injection(fault.id, start, grows, 1.5)), times, start) is not None
        )
    if fault.silent and alarms:
        yield f"{fault.id} is declared silent and crosses a limit in {alarms} of {RUNS} runs"
    if not fault.silent and alarms < ENOUGH:
        yield f"{fault.id} crosses a limit in only {alarms} of {RUNS} runs"


def _run(kind: type[Machine], seed: int, times: Floats, injection: Injection | None) -> dict[str, Floats]:
    values = dict(kind(np.random.default_rng(seed)).simulate(times, injection))
    assert values.keys() == kind.metrics.keys(), "simulate() returns other metrics than the class declares"
    assert all(len(each) == len(times) and np.isfinite(each).all() for each in values.values())
    return values


def _crossed(kind: type[Machine], values: dict[str, Floats], times: Floats, after: float) -> str | None:
    """Return the first metric in ``kind.limits`` that stays beyond its limit for the hold time; None if none does."""
    for limit in kind.limits:
        value = values[limit.metric]
        beyond = ((limit.high is not None) & (value > (limit.high or 0.0))) | (
            (limit.low is not None) & (value < (limit.low or 0.0))
        )
        needed = int(limit.hold_s // (times[1] - times[0])) + 1
        beyond &= times >= after
        if needed <= len(beyond) and np.convolve(beyond, np.ones(needed), "valid").max() >= needed:
            return limit.metric
    return None


def _report(wanted: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield a line and the problems of each machine and scene, or of those in ``wanted``."""
    if wanted[:1] != ["scenes"]:
        for kind in wanted or MACHINES:
            yield f"{kind}: {len(MACHINES[kind].faults)} faults", list(problems(MACHINES[kind]))
    if not wanted or wanted[0] == "scenes":
        yield from check.report(wanted[1:])


def main() -> int:
    """Check the machines or scenes that the command line names. Return 0 if all of them pass, else 1."""
    failed = False
    for line, found in _report(sys.argv[1:]):
        failed |= bool(found)
        print(f"{line}; " + ("; ".join(found) or "all checks pass"), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
