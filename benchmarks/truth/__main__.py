"""Accuracy of diagnoses on machines and data from outside the project.

    python -m benchmarks.truth                      development seeds, independent machines and scenes
    python -m benchmarks.truth --report             the reported run: half of its seeds come from the commit's hash
    python -m benchmarks.truth --stages             also the stage at which the right cause of a known fault is lost
    python -m benchmarks.truth --skab DIR --lbnl DIR --nab DIR   public data that you have downloaded

Nothing in the hub is tuned on the seeds of a reported run. Data whose folder is not given is printed as "not run".
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.truth import lbnl, machines, scenes, skab
from benchmarks.truth.answer import ask
from benchmarks.truth.calibration import calibration
from benchmarks.truth.case import Case
from benchmarks.truth.score import Score, judge, speed, table
from benchmarks.truth.stages import stages

DEVELOPMENT = range(1_000, 1_004)


def reported_seeds(count: int) -> list[int]:
    """Return ``count`` seeds. Half of them are derived from the hash of the commit under test."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    start = int(head.stdout[:7], 16)
    half = count // 2
    return [*range(start, start + half), *range(7_000, 7_000 + count - half)]


async def scored(cases: Iterable[Case], *, verbose: bool) -> list[Score]:
    """Ask the hub about each case, and score the answers. If ``verbose``, print a line for each case."""
    found = []
    for case in cases:
        score = judge(case, await ask(case))
        found.append(score)
        if verbose:
            print(
                f"{score.verdict:9} {case.name} [{case.scheme}] {score.answer.cause} ({score.answer.strength})",
                file=sys.stderr,
            )
    return found


def report(scores: list[Score], *, by_stage: bool = False) -> None:
    """Print the tables; with ``by_stage``, also the table of the stages at which known faults are lost."""
    for title, key in (
        ("group", lambda score: score.case.group),
        ("machine", lambda score: score.case.name.split("/")[0]),
        ("fault to alarm", speed),
        ("naming", lambda score: score.case.scheme),
    ):
        print(*table(scores, title, key), "", sep="\n")
    print(*calibration(scores), "", sep="\n")
    if by_stage:
        print(*stages(scores), "", sep="\n")
    times = sorted(score.answer.seconds for score in scores)
    if times:
        print(f"time: median {statistics.median(times) * 1000:.0f} ms, longest {times[-1] * 1000:.0f} ms")


def main() -> int:
    """Run the benchmark with the options of the command line. Return 0, the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--report", action="store_true", help="use the seeds of a reported run")
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds of a reported run (10)")
    parser.add_argument("--kind", action="append", help="only this kind of machine; may be repeated")
    parser.add_argument("--only", help="only sources with this word in the title, such as skab")
    parser.add_argument("--stages", action="store_true", help="print at which stage causes of known faults are lost")
    parser.add_argument("--verbose", action="store_true", help="print a line for each case")
    for name in ("skab", "lbnl", "nab"):
        parser.add_argument(f"--{name}", type=Path, help="folder of the downloaded data")
    arguments = parser.parse_args()
    seeds = reported_seeds(arguments.seeds) if arguments.report else list(DEVELOPMENT)
    sources: list[tuple[str, Iterable[Case] | None]] = [
        ("Independent machines", machines.cases(seeds, arguments.kind)),
        ("Everyday scenes", scenes.cases()),
        ("SKAB pump test bed", skab.cases(arguments.skab) if arguments.skab else None),
        ("LBNL air handler", lbnl.cases(arguments.lbnl) if arguments.lbnl else None),
    ]
    for title, cases in sources:
        if arguments.only and arguments.only not in title.lower():
            continue
        print(f"## {title}\n")
        if cases is None:
            print("not run: the folder of its data is not given\n")
        else:
            scores = asyncio.run(scored(cases, verbose=arguments.verbose))
            report(scores, by_stage=arguments.stages)
    return 0


if __name__ == "__main__":
    sys.exit(main())
