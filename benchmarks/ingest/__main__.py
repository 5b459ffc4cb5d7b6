"""Print the message rate and the CPU time per message of the hub and of other programs, and their ratios."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple

from benchmarks.ingest import calculated, reactions
from benchmarks.ingest.flood import payload
from benchmarks.ingest.others import home_assistant, install_home_assistant, install_node_red, node_red
from benchmarks.ingest.peers import Peer, hub, mosquitto_sub, run_flood
from benchmarks.ingest.rules import rules_toml
from hub.mqtt.demo_broker import DemoBroker

SIZE = len(payload(0, 0))
WARM_UP = 5
"""Number of messages that each device sends before the measurement."""


class Comparison(NamedTuple):
    """A comparison of the hub with another program (``beside``; None: the hub alone).

    ``share`` is the share of the messages to send: less than 1 if the other program is slow.
    """

    name: str
    qos: int
    window: int
    devices: int
    beside: str | None = "mosquitto_sub"
    share: float = 1.0


WITH_RULES = "the hub with rules"

CASES = {
    "qos0": Comparison("QoS 0, 1,000 devices", 0, 1_000, 1_000),
    "qos1": Comparison("QoS 1, window 1,000", 1, 1_000, 1_000),
    "window20": Comparison("QoS 1, window 20", 1, 20, 1_000),
    "ten-thousand": Comparison("QoS 0, 10,000 devices", 0, 1_000, 10_000),
    "many": Comparison("QoS 0, 100,000 devices", 0, 1_000, 100_000, beside=None),
    "calculated": Comparison("QoS 1, 10,000 devices, 20 calculated metrics", 1, 1_000, 10_000, "calculated"),
    "reactions": Comparison(
        "QoS 1, 10,000 devices, 20 calculated metrics and 20 reactions", 1, 1_000, 10_000, "reactions"
    ),
    "node-red": Comparison("QoS 0, beside Node-RED (mqtt in, json, function)", 0, 1_000, 1_000, "node-red"),
    "node-red-qos1": Comparison("QoS 1, window 1,000, beside Node-RED (the same)", 1, 1_000, 1_000, "node-red"),
    "home-assistant": Comparison(
        "QoS 1, window 1,000, beside Home Assistant (4,000 MQTT sensors, no recorder)",
        *(1, 1_000, 1_000, "home-assistant", 0.1),
    ),
}


class Result(NamedTuple):
    """Result of a flood.

    ``rate`` is the number of processed messages a second, ``cpu`` the CPU time per message in microseconds, and
    ``shed`` the share of the messages that were dropped.
    """

    rate: float
    cpu: float
    shed: float


class Floods:
    """Starts floods. Sequence numbers continue from one flood to the next, so that no message is a duplicate."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._first = 0
        self.began = 0.0

    def pour(self, qos: int, messages: int, devices: int) -> None:
        """Publish the messages, and return when the broker has received them all."""
        command = [sys.executable, "-m", "benchmarks.ingest.flood"]
        numbers = (self._port, qos, messages, devices, self._first)
        done = subprocess.run([*command, *map(str, numbers)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self._first += messages
        self.began = float(done.stdout.split()[0])


async def measure(case: Comparison, peer: Peer, floods: Floods, messages: int) -> Result:
    # Introduce all devices first, slowly enough that nothing is shed: only the steady flow is measured.
    for _ in range(WARM_UP):
        await run_flood(peer, case.devices, lambda: floods.pour(1, case.devices, case.devices))
    result = await run_flood(peer, messages, lambda: floods.pour(case.qos, messages, case.devices))
    kept = result.messages - result.shed
    assert kept, "no message arrived"
    return Result(kept / (result.until - floods.began), 1e6 * result.cpu_s / kept, result.shed / messages)


def start_peer(
    name: str, case: Comparison, port: int, others: Path, rules: int | None
) -> AbstractAsyncContextManager[Peer]:
    match name:
        case "the hub with rules":
            return hub(port, case.window, rules_toml(rules or 0))
        case "node-red":
            return node_red(port, others)
        case "home-assistant":
            return home_assistant(port, others, case.devices)
        case "calculated":
            return hub(port, case.window, calculated=calculated.twenty())
        case "reactions":
            return hub(port, case.window, calculated=calculated.twenty(), reactions=reactions.twenty())
        case "mosquitto_sub":
            return mosquitto_sub(port, case.qos, case.window, SIZE)
    return hub(port, case.window, None if rules is None else "")


def install(name: str, others: Path) -> str:
    """Install the program if needed, and return its version for the label."""
    match name:
        case "node-red":
            return f" {install_node_red(others)}"
        case "home-assistant":
            return f" {install_home_assistant(others)}"
    return ""


def summary(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


async def run(case: Comparison, messages: int, rounds: int, others: Path, rules: int | None) -> float:
    """Print the results, and return the hub's CPU time per message in microseconds.

    If ``rules`` is given, compare the hub with this number of rules on each device to the hub without rules.
    """
    if rules is not None:
        case = case._replace(beside=WITH_RULES)
    names = ["hub"] if case.beside is None else [case.beside, "hub"]
    versions = {name: install(name, others) for name in names}
    messages = int(messages * case.share)
    results: dict[str, list[Result]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            broker = await DemoBroker.start("127.0.0.1", 0, kind="mosquitto")
            try:
                async with start_peer(name, case, broker.port, others, rules) as peer:
                    results[name].append(await measure(case, peer, Floods(broker.port), messages))
            finally:
                await broker.stop()
    if rules is not None:
        pairs = list(zip(results[WITH_RULES], results["hub"], strict=True))
        shares = summary([more.rate / plain.rate for more, plain in pairs], 2)
        more_cpu = summary([more.cpu - plain.cpu for more, plain in pairs], 1)
        print(f"\n{rules} rules a device: {shares} of the rate without rules, {more_cpu} us more CPU time a message")
    print(f"\n{case.name}: {messages:,} messages of {SIZE} bytes, {rounds} rounds; median (range)")
    for name, found in results.items():
        rates, costs, shed = [one.rate for one in found], [one.cpu for one in found], max(one.shed for one in found)
        label = f"{name}{versions[name]}"
        print(f"  {label:24} {summary(rates)} a second, {summary(costs, 1)} us of CPU each, {shed:.0%} shed at most")
    if case.beside is not None:
        pairs = list(zip(results["hub"], results[case.beside], strict=True))
        print(f"  rate, hub / {case.beside}: {summary([ours.rate / theirs.rate for ours, theirs in pairs], 2)}")
        print(
            f"  CPU, {case.beside} / hub: {summary([theirs.cpu / ours.cpu for ours, theirs in pairs], 2)}", flush=True
        )
    return statistics.median(one.cpu for one in results["hub"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument(
        "cases", nargs="*", choices=[*CASES, []], help=f"comparisons to run, all by default: {', '.join(CASES)}"
    )
    parser.add_argument("--messages", type=int, default=100_000, help="number of messages in a flood (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each comparison is repeated (%(default)s)")
    parser.add_argument(
        "--rules",
        type=int,
        metavar="COUNT",
        help="compare the hub with COUNT rules on each device to the hub without rules",
    )
    parser.add_argument(
        "--others",
        type=Path,
        default=Path(tempfile.gettempdir()) / "watchkeeper-others",
        help="folder into which Node-RED and Home Assistant are installed from npm and PyPI at first use (%(default)s)",
    )
    arguments = parser.parse_args()
    costs = {
        name: asyncio.run(run(CASES[name], arguments.messages, arguments.rounds, arguments.others, arguments.rules))
        for name in arguments.cases or CASES
    }
    if {"qos0", "many"} <= costs.keys():
        print(f"\nCPU time a message, 100,000 devices / 1,000 devices: {costs['many'] / costs['qos0']:.2f}")


if __name__ == "__main__":
    main()
