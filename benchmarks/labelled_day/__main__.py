"""Run the labelled day, and print the scores of the hub and of Prometheus. See the package's docstring."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os

import benchmarks.labelled_day as package
from benchmarks.labelled_day.day import labelled_day
from benchmarks.labelled_day.live import run
from benchmarks.labelled_day.report import details, table
from benchmarks.labelled_day.score import score

A_DAY = 200
"""Default number of faults, and of quiet hours, in 24 hours."""
LATE_S = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.labelled_day",
        description=package.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--hours", type=float, default=24, help="length of the simulated day (24)")
    parser.add_argument("--faults", type=int, help="number of faults (default: 200 in 24 hours)")
    parser.add_argument("--quiet-hours", type=int, help="number of quiet hours (default: 200 in 24 hours)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compress", type=float, default=24, help="factor by which all times are shortened (24)")
    parser.add_argument("-v", "--verbose", action="store_true", help="print each fault and each false alarm")
    options = parser.parse_args()
    share = round(A_DAY * options.hours / 24)
    faults = share if options.faults is None else options.faults
    quiet = share if options.quiet_hours is None else options.quiet_hours
    day = labelled_day(options.hours, faults, quiet, options.seed)
    logging.getLogger("mqtt").setLevel(logging.ERROR)
    outcome = asyncio.run(run(day, options.compress))
    hub = score(day.faults, day.quiet, day.hours, outcome.hub, outcome.hub_messages)
    other = score(day.faults, day.quiet, day.hours, outcome.prometheus, outcome.prometheus_messages)
    print(f"{len(day.faults)} faults, {len(day.quiet)} quiet hours in {day.hours:g} hours, seed {day.seed}")
    print(f"The publisher was at most {outcome.late_s:.2f} s late. Load average: {os.getloadavg()[0]:.1f}\n")
    if outcome.late_s > LATE_S:
        print("The publisher could not keep up: the machine is too busy, and these figures mean little.\n")
    print(table(hub, other, outcome.hub_gateway, outcome.prometheus_gateway))
    if options.verbose:
        print(details(day.faults, hub, other))


if __name__ == "__main__":
    main()
