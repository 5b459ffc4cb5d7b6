"""The hub's answer to a case, asked through the parts that a running hub uses: registry, rules, store, diagnosis."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.truth.case import MS, Case, Series
from hub.ai.providers import ProviderChain
from hub.diagnosis import DiagnosisService
from hub.insight import differential, match_word, outcome
from hub.insight.device_semantics import device_semantics
from hub.model import Diagnosis, Identity, Info, Reading, Record, Value, WriteDiagnosis
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse
from hub.runtime.bus import Bus
from hub.store.sqlite import SqliteStore

DEVICE = "machine"
JUDGED_S = 1_800.0
"""The rules evaluate this many seconds at the end of a case, or twice the longest hold time if that is more."""


@dataclass(frozen=True)
class Answer:
    """The parts of a diagnosis that are scored. ``cause`` is the title of the named cause, with its component."""

    cause: str | None
    component: str | None
    strength: str  # strong, medium, weak; empty without a cause
    candidates: tuple[str, ...]  # titles of the first three causes that fit
    summary: str
    first: str | None  # the metric that changed first according to the diagnosis
    onset: float | None  # epoch seconds
    seconds: float
    alerted: bool
    listed: tuple[str, ...] = ()  # all causes that fit, each with its component, best first
    possible: tuple[str, ...] = ()  # the causes offered as possible where none is named, each with its component
    kinds: frozenset[str] = frozenset()  # kinds of machine that the hub infers for the device
    score: float = 0.0  # match strength of the named cause


async def ask(case: Case) -> Answer:
    """Let a hub with the history of ``case`` diagnose the device at the time ``case.at``."""
    with tempfile.TemporaryDirectory(prefix="truth-") as folder:
        store = SqliteStore.open(Path(folder))
        try:
            await store.add(list(_readings(case)))
            await store.tidy()
            registry, engine = DeviceRegistry(), Engine(parse(_rules(case)))
            _describe(case, registry, engine)

            async def keep(_: WriteDiagnosis) -> None:
                return None

            service = DiagnosisService(
                registry=registry,
                engine=engine,
                store=store,
                bus=Bus(),
                submit=keep,
                providers=ProviderChain(ordered=[]),
                now=lambda: int(case.at * MS),
            )
            started = time.perf_counter()
            diagnosis = await service.diagnose_device(DEVICE)
            seconds = time.perf_counter() - started
            kinds = device_semantics(registry.require(DEVICE), ()).kinds
            return _answer(diagnosis, kinds, seconds)
        finally:
            await store.close()


def _answer(diagnosis: Diagnosis, kinds: frozenset[str], seconds: float) -> Answer:
    chosen = next((match for match in diagnosis.causes if match.cause == diagnosis.cause), None)
    moved = [item for item in diagnosis.evidence if item.metric and item.kind in _MOVEMENTS]
    order = next((item for item in diagnosis.evidence if item.kind == "order"), None)
    leader = order or min(moved, key=lambda item: item.start, default=None)
    result = outcome(diagnosis.cause, diagnosis.causes, diagnosis.evidence, alerted=diagnosis.alert is not None)
    offered = differential(diagnosis.causes, None) if result == "possible" else ()
    return Answer(
        cause=(chosen.title if chosen else diagnosis.cause.replace("_", " ")) if diagnosis.cause else None,
        component=diagnosis.component,
        strength=match_word(chosen.score) if chosen else "",
        candidates=tuple(match.title for match in diagnosis.causes[:3]),
        listed=tuple(f"{match.title} ({match.component})" for match in diagnosis.causes),
        possible=tuple(f"{each.title} ({each.component})" for each in offered),
        kinds=kinds,
        score=chosen.score if chosen else 0.0,
        summary=diagnosis.summary,
        first=leader.metric if leader else None,
        onset=leader.start / MS if leader else None,
        seconds=seconds,
        alerted=diagnosis.alert is not None,
    )


_MOVEMENTS = {"onset", "step", "stuck", "stays_on", "stays_off"}


def _rules(case: Case) -> str:
    lines = []
    for number, (metric, bound) in enumerate(case.bounds.items()):
        for word, limit in (("above", bound.high), ("below", bound.low)):
            if limit is not None:
                lines += ["[[rule]]", f'id = "limit-{number}-{word}"', f"metric = {_quoted(metric)}"]
                lines += [f"{word} = {float(limit)!r}", f'for = "{bound.hold_s:g}s"', 'severity = "critical"']
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _describe(case: Case, registry: DeviceRegistry, engine: Engine) -> None:
    """Register the device, and let the rules evaluate its last readings."""
    units = {name: series.unit for name, series in case.series.items() if series.unit}
    begin = int(min(float(series.times[0]) for series in case.series.values()) * MS)
    registry.identify(Identity(DEVICE, DEVICE, "native", Info(model=case.model, units=units)), begin)
    judged = max([JUDGED_S, *(2 * bound.hold_s for bound in case.bounds.values())])
    by_time: dict[int, dict[str, Value]] = {}
    for name, series in case.series.items():
        for stamp, value in _points(series, case.at - judged, case.at) or _points(series, 0, case.at)[-1:]:
            by_time.setdefault(stamp, {})[name] = value
    for stamp in sorted(by_time):
        record = Record(DEVICE, stamp, stamp, by_time[stamp])
        registry.observe(record)
        engine.observe(registry.require(DEVICE), record)
        engine.tick(stamp, begin, registry.get)
    engine.tick(int(case.at * MS), begin, registry.get)


def _readings(case: Case) -> Iterator[Reading]:
    for name, series in case.series.items():
        for stamp, value in _points(series, 0, case.at):
            yield Reading(DEVICE, name, stamp, value)


def _points(series: Series, start: float, end: float) -> list[tuple[int, Value]]:
    return [
        (round(float(at) * MS), _value(series, float(value)))
        for at, value in zip(series.times, series.values, strict=True)
        if start <= at <= end
    ]


def _value(series: Series, value: float) -> Value:
    if series.kind == "switch":
        return value >= 0.5
    return series.words[round(value)] if series.kind == "mode" else value
