"""Accuracy of the built-in analyst: every machine, every fault, and healthy periods, for the given seeds.

    .venv/bin/python -m benchmarks.diagnosis 9000 9010

Top-1: the named cause is the true one. Top-3: the true cause is among the first three. Precision of the evidence: of
the metrics cited for the right cause, the share that the fault really affects. Healthy: no cause is named. Use seeds
that were not used while the signatures were written.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field

from benchmarks.labelled import observed
from hub.insight import decide, evidence, rank
from simulators import KINDS


@dataclass
class MachineScore:
    faults: int = 0
    first: int = 0
    among: int = 0
    healthy: int = 0
    quiet: int = 0
    precision: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def main(first: int, last: int) -> None:
    scores: dict[str, MachineScore] = defaultdict(MachineScore)
    took: list[float] = []
    for kind, machine in KINDS.items():
        for fault in (None, *machine.faults):
            for seed in range(first, last):
                judge(scores[kind], kind, fault, seed, took)
    print(f"seeds {first} to {last - 1}, {len(took)} cases, {statistics.median(took) * 1000:.0f} ms each (median)\n")
    print("| machine | top-1 | top-3 | evidence precision | healthy without a cause |\n|---|---|---|---|---|")
    for name, score in (*scores.items(), ("**all**", total(scores))):
        precision = statistics.mean(score.precision) if score.precision else float("nan")
        print(
            f"| {name} | {score.first / score.faults:.2f} | {score.among / score.faults:.2f} | {precision:.2f} "
            f"| {score.quiet} of {score.healthy} |"
        )
    print("\nnot right:", "; ".join(line for score in scores.values() for line in score.wrong) or "none")


def judge(score: MachineScore, kind: str, fault: str | None, seed: int, took: list[float]) -> None:
    case, at = observed(kind, fault, seed)
    started = time.process_time()
    found = evidence(case)
    metric = case.alert.metric if case.alert else None
    matches = rank(found, semantics=case.semantics, alert_metric=metric)
    took.append(time.process_time() - started)
    chosen = decide(matches)
    cause = chosen.cause if chosen else None
    if fault is None:
        score.healthy += 1
        score.quiet += cause is None
        if cause is not None:
            score.wrong.append(f"{kind} healthy, seed {seed}: {cause}")
        return
    truth = KINDS[kind].faults[fault]
    score.faults += 1
    score.first += cause == truth.cause
    score.among += truth.cause in [match.cause for match in matches[:3]]
    if chosen is None or cause != truth.cause:
        score.wrong.append(f"{kind} {fault}, seed {seed}, {at} s: {cause}")
        return
    cited = {e.metric for e in found if e.id in chosen.supporting and e.kind not in ("steady", "peers")} - {None}
    if cited:
        score.precision.append(len(cited & set(truth.metrics)) / len(cited))


def total(scores: dict[str, MachineScore]) -> MachineScore:
    sum_of_all = MachineScore()
    for score in scores.values():
        for name in ("faults", "first", "among", "healthy", "quiet"):
            setattr(sum_of_all, name, getattr(sum_of_all, name) + getattr(score, name))
        sum_of_all.precision += score.precision
    return sum_of_all


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
