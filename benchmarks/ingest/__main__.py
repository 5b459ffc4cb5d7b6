"""Print rates, CPU a message and ratios, in one run on one machine. See the folder's first words."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from benchmarks.ingest.flood import payload
from benchmarks.ingest.peers import Peer, hub, mosquitto_sub, take
from hub.mqtt.broker import DemoBroker

SIZE = len(payload(0, 0))


class Case(NamedTuple):
    name: str
    qos: int
    window: int
    devices: int
    compared: bool = True


CASES = {
    "qos0": Case("QoS 0, 1,000 devices", 0, 1_000, 1_000),
    "qos1": Case("QoS 1, window 1,000", 1, 1_000, 1_000),
    "window20": Case("QoS 1, window 20", 1, 20, 1_000),
    "many": Case("QoS 0, 100,000 devices", 0, 1_000, 100_000, compared=False),
}


class Result(NamedTuple):
    """``rate`` is messages a second, kept and committed; ``cpu`` is in microseconds a message; ``shed`` a share."""

    rate: float
    cpu: float
    shed: float


class Floods:
    """Numbers the messages on, over all runs."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._first = 0
        self.began = 0.0

    def pour(self, qos: int, messages: int, devices: int) -> None:
        """Returns when the broker has taken them all."""
        command = [sys.executable, "-m", "benchmarks.ingest.flood"]
        numbers = (self._port, qos, messages, devices, self._first)
        done = subprocess.run([*command, *map(str, numbers)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self._first += messages
        self.began = float(done.stdout.split()[0])


async def measure(case: Case, peer: Peer, floods: Floods, messages: int) -> Result:
    # All devices are met beforehand, at a pace that nobody sheds; what is measured is the steady flow.
    await take(peer, case.devices, lambda: floods.pour(1, case.devices, case.devices))
    taken = await take(peer, messages, lambda: floods.pour(case.qos, messages, case.devices))
    kept = taken.messages - taken.shed
    assert kept, "nothing came"
    return Result(kept / (taken.until - floods.began), 1e6 * taken.cpu_s / kept, taken.shed / messages)


def opened(name: str, case: Case, port: int) -> AbstractAsyncContextManager[Peer]:
    return hub(port, case.window) if name == "hub" else mosquitto_sub(port, case.qos, case.window, SIZE)


def told(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


async def run(case: Case, messages: int, rounds: int) -> None:
    names = ["mosquitto_sub", "hub"] if case.compared else ["hub"]
    results: dict[str, list[Result]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            broker = await DemoBroker.start("127.0.0.1", 0, kind="mosquitto")
            try:
                async with opened(name, case, broker.port) as peer:
                    results[name].append(await measure(case, peer, Floods(broker.port), messages))
            finally:
                await broker.stop()
    print(f"\n{case.name}: {messages:,} messages of {SIZE} bytes, {rounds} rounds; median (range)")
    for name, found in results.items():
        rates, costs, shed = [one.rate for one in found], [one.cpu for one in found], max(one.shed for one in found)
        print(f"  {name:14} {told(rates)} a second, {told(costs, 1)} us of CPU each, {shed:.0%} shed at most")
    if case.compared:
        ratios = [
            ours.rate / theirs.rate for ours, theirs in zip(results["hub"], results["mosquitto_sub"], strict=True)
        ]
        print(f"  hub / mosquitto_sub: {told(ratios, 2)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help=f"of {', '.join(CASES)}; all without")
    parser.add_argument("--messages", type=int, default=100_000, help="a flood (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of each (%(default)s)")
    arguments = parser.parse_args()
    for name in arguments.cases or CASES:
        asyncio.run(run(CASES[name], arguments.messages, arguments.rounds))


if __name__ == "__main__":
    main()
