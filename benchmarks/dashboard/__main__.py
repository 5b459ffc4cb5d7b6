"""Measure the dashboard, and print each figure beside its budget.

    python -m benchmarks.dashboard [--runs 3] [--seconds 6] [--minutes 10] [--pages 50]

The page runs in a real Chromium against the fake live server; then the hub's process feeds pages that only receive
frames. Figures are medians over the runs; those of long tasks and staleness are the worst of all runs. The benchmark
takes about 13 minutes, ten of them for the JavaScript heap.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics

from benchmarks.dashboard import feed
from benchmarks.dashboard.page import Cost, Measurements, measure

WIDTH = 58


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m benchmarks.dashboard")
    words.add_argument("--devices", type=int, default=10_000)
    words.add_argument("--rate", type=int, default=5_000, help="readings a second")
    words.add_argument("--runs", type=int, default=3, help="how often a new page is opened and measured")
    words.add_argument("--seconds", type=float, default=6, help="duration of each measurement")
    words.add_argument("--minutes", type=float, default=10, help="how long a page is open when its heap is measured")
    words.add_argument("--pages", type=int, default=50, help="number of pages that are open at once")
    options = words.parse_args()
    print(f"{options.devices:,} devices, {options.rate:,} readings a second\n")
    print(f"{'figure':{WIDTH}}{'measured':>14}  budget")
    print_page(measure(options.devices, options.rate, options.runs, options.seconds, options.minutes), options.minutes)
    with feed.hub(options.devices, options.rate) as (port, process):
        alone, together, frames = asyncio.run(feed.cost_of_pages(port, process, options.pages, options.seconds))
        line(f"hub's CPU, ms/s, no page ({frames:.1f} frames/s a page)", f"{alone:.0f}", "")
        line(f"hub's CPU for {options.pages} pages above that, ms/s", f"{together - alone:.0f}", "< 30")
        late, neighbour, frames = asyncio.run(feed.staleness_of_slow_page(port, 4 * options.seconds))
        line(f"oldest frame of a page that reads one in {feed.SLOW_S:.0f} s, s", f"{late:.1f}", "<= 5")
        line(f"oldest frame of another page, s ({frames:.1f} frames/s)", f"{neighbour:.1f}", "not slowed")
        silent, caught_up, length = asyncio.run(feed.frames_of_hidden_page(port, options.seconds))
        line("frames sent to a hidden page", f"{silent}", "0")
        line(f"frames when it is shown again (length: {length:.1f} usual frames)", f"{caught_up}", "1")


def print_page(found: Measurements, minutes: float) -> None:
    line("first device on the page, s", f"{statistics.median(found.first):.2f}", "< 2")
    for name, costs, budget in (
        ("left alone", found.idle, "<= 80"),
        ("scrolling", found.scrolling, "<= 250"),
        ("hidden", found.hidden, "nothing"),
        ("with 200 tiles", found.tiles, "<= 100"),
        ("with 200 tiles, scrolling", found.tiles_scrolling, "<= 250"),
    ):
        medians = {part: statistics.median(getattr(cost, part) for cost in costs) for part in Cost.__annotations__}
        parts = f"script {medians['script']:.0f}, style {medians['style']:.0f}, layout {medians['layout']:.0f}"
        line(f"main thread {name}, ms/s ({parts})", f"{medians['main']:.1f}", budget)
    longest = max(
        *found.loading, *(cost.longest for cost in (*found.idle, *found.scrolling, *found.hidden, *found.tiles))
    )
    line(f"longest task, ms (while loading {max(found.loading):.0f})", f"{longest:.0f}", "<= 100")
    line("frames to the hidden page; when shown again", f"{max(found.silent)}; {max(found.caught_up)}", "0; 1")
    line(f"heap after {minutes:g} minutes, MB", f"{found.heap:.1f}", "< 80")


def line(figure: str, value: str, budget: str) -> None:
    print(f"{figure:{WIDTH}}{value:>14}  {budget}", flush=True)


if __name__ == "__main__":
    main()
