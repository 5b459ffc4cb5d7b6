"""A running site: one clock for all machines, which send their history first, then live readings.

Machines are simulated on a fixed clock: reading ``k`` of a device has the same time and values, however busy process or
network are; only its arrival may be late.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from simulators import wire
from simulators.faults import GATEWAY_LOSS, Plan
from simulators.fleet import SimulatedDevice, behind
from simulators.link import Link, State
from simulators.machine import Readings
from simulators.network import Network
from simulators.orders import Orders

HISTORY_RECORDS_A_SECOND = 10_000.0
STEPS_A_TURN = 200
LONGEST_WAIT = 0.1
SHORTEST_WAIT = 0.02
"""Readings that are due within this time are sent together. Otherwise 1,000 devices would wake the loop 500 times a
second.
"""
READINGS_KEPT = 50_000
"""Live readings of all devices that are queued while the broker is away."""

Emit = Callable[[str, dict[str, Any]], None]


@dataclass(slots=True)
class Unit:
    """A running device: its link, its phase within the interval, and the number of its next reading."""

    number: int
    device: SimulatedDevice
    link: Link
    phase: float
    seq: int = 0


def _orders(device: SimulatedDevice) -> Orders | None:
    return Orders(device.machine.command) if device.machine.controls else None


class Site:
    """A fleet that publishes to a broker.

    Args:
        devices: the fleet.
        network: drives their connections.
        plans: the faults, checked by :func:`simulators.fleet.check`.
        emit: is called with a name and fields at the start and the repair of each fault, and at the end of the history.
        interval: seconds between two live readings.
        history: seconds of history that are sent first.
    """

    def __init__(
        self,
        devices: list[SimulatedDevice],
        network: Network,
        plans: list[Plan],
        emit: Emit,
        interval: float,
        history: float,
    ) -> None:
        self._devices = devices
        self._network = network
        self._emit = emit
        self._interval = interval
        self._history = history
        self._stopped = False
        waiting = max(20, min(300, READINGS_KEPT // max(1, len(devices))))
        self._units = [
            Unit(
                i,
                device,
                network.add(device.id, wire.encode(device.info()), waiting, _orders(device)),
                interval * i / len(devices),
            )
            for i, device in enumerate(devices)
        ]
        self._events: list[tuple[float, int, Callable[[], None]]] = []  # heap: when, order, what to call
        for plan in plans:
            self._schedule(plan)
        self._past: deque[tuple[Unit, Iterator[tuple[int, bytes]]]] = deque()  # devices whose history is being sent
        self._live: list[tuple[float, int]] = []  # heap: when the next reading is due, index of the unit
        self._records = 0  # records of history sent so far
        self._allowance = 0.0  # records of history that may be sent now
        self._began = self._refilled = time.monotonic()
        self._epoch = 0  # epoch ms of time 0

    def run(self) -> None:
        """Run until :meth:`stop`, then disconnect all devices cleanly within two seconds."""
        self._began = self._refilled = time.monotonic()
        self._epoch = time.time_ns() // 1_000_000
        self._past.extend((unit, wire.history(self._records_of(unit))) for unit in self._units)
        try:
            while not self._stopped:
                now = time.monotonic() - self._began
                while self._events and self._events[0][0] <= now:
                    heapq.heappop(self._events)[2]()
                self._send_past()
                busy = self._send_present(now)
                self._network.turn(0.0 if busy else self._wait())
        finally:
            self._network.close(within=2.0)
        if dropped := sum(unit.link.dropped for unit in self._units):
            self._emit("dropped", {"readings": dropped})

    def stop(self) -> None:
        """End :meth:`run`. Safe to call from a signal handler."""
        self._stopped = True

    # History.

    def _records_of(self, unit: Unit) -> Iterator[tuple[int, Readings]]:
        step = 10.0 if len(self._devices) <= 50 else 60.0
        for i in range(-int(self._history // step), 0):
            yield self._epoch + round(i * step * 1000), unit.device.machine.step(i * step)

    def _send_past(self) -> None:
        """Send history at the limited rate. A device whose history is sent starts with live readings."""
        if not self._past:
            return
        now = time.monotonic()
        earned = (now - self._refilled) * HISTORY_RECORDS_A_SECOND
        self._allowance = min(self._allowance + earned, HISTORY_RECORDS_A_SECOND / 10)
        self._refilled = now
        for _ in range(len(self._past)):
            if self._allowance <= 0.0 or not self._past:
                return
            unit, chunks = self._past[0]
            if unit.link.state is State.CUT:
                self._finish_past(unit)
            elif unit.link.state is State.UP and not unit.link.crowded:
                self._send_past_of(unit, chunks)
            else:
                self._past.rotate(-1)

    def _send_past_of(self, unit: Unit, chunks: Iterator[tuple[int, bytes]]) -> None:
        while self._allowance > 0.0 and not unit.link.crowded:
            chunk = next(chunks, None)
            if chunk is None:
                self._finish_past(unit)
                return
            records, payload = chunk
            unit.link.send(payload)
            self._network.watch(unit.link)
            self._records += records
            self._allowance -= records

    def _finish_past(self, unit: Unit) -> None:
        self._past.popleft()
        heapq.heappush(self._live, (unit.phase, unit.number))
        if not self._past:
            seconds = round(time.monotonic() - self._began, 2)
            self._emit("history", {"devices": len(self._units), "records": self._records, "seconds": seconds})

    # Live readings.

    def _send_present(self, now: float) -> bool:
        """Send readings that are due. Return True if more are due than one turn may send."""
        for _ in range(STEPS_A_TURN):
            if not self._live or self._live[0][0] > now:
                return False
            _, index = self._live[0]
            unit = self._units[index]
            at = unit.phase + unit.seq * self._interval
            readings = unit.device.machine.step(at)
            unit.link.send(wire.live(readings, self._epoch + round(at * 1000), unit.seq))
            self._network.watch(unit.link)
            unit.seq += 1
            heapq.heapreplace(self._live, (unit.phase + unit.seq * self._interval, index))
        return True

    def _wait(self) -> float:
        if self._past:
            return SHORTEST_WAIT
        now = time.monotonic() - self._began
        due = min([LONGEST_WAIT + now] + [q[0][0] for q in (self._live, self._events) if q])
        return max(SHORTEST_WAIT, due - now)

    # Faults.

    def _schedule(self, plan: Plan) -> None:
        affected = behind(plan.device, self._devices) if plan.fault == GATEWAY_LOSS else [plan.device]
        begin, end = self._machine_fault(plan) if plan.fault != GATEWAY_LOSS else self._gateway_loss(plan, affected)
        heapq.heappush(self._events, (plan.at, len(self._events), begin))
        if plan.duration is not None:
            heapq.heappush(self._events, (plan.at + plan.duration, len(self._events), end))

    def _machine_fault(self, plan: Plan) -> tuple[Callable[[], None], Callable[[], None]]:
        machine = next(d.machine for d in self._devices if d.id == plan.device)
        # The machine gets it at once: a fault begins on the machine's clock, not when this loop comes to it.
        machine.inject(plan.fault, plan.at, plan.speed, plan.duration)
        kind = machine.faults[plan.fault]
        truth = self._truth(plan, cause=kind.cause, component=kind.component, metrics=list(kind.metrics))
        return (lambda: self._emit("truth", truth(plan.at)), lambda: self._emit("repaired", truth(plan.at)))

    def _gateway_loss(self, plan: Plan, affected: list[str]) -> tuple[Callable[[], None], Callable[[], None]]:
        gateway = next(d.gateway for d in self._devices if d.id == affected[0])
        truth = self._truth(plan, cause=GATEWAY_LOSS, component=gateway, metrics=[], devices=affected)

        def begin() -> None:
            for device in affected:
                self._network.links[device].cut()
            self._emit("truth", truth(plan.at))

        def end() -> None:
            for device in affected:
                self._network.restore(device)
            self._emit("repaired", truth(plan.at))

        return begin, end

    def _truth(self, plan: Plan, **fields: Any) -> Callable[[float], dict[str, Any]]:
        """Return a function that takes the start of a fault (s) and returns the fields of the event to emit."""

        def event(seconds: float) -> dict[str, Any]:
            start = self._epoch + round(seconds * 1000)
            end = None if plan.duration is None else start + round(plan.duration * 1000)
            times = {"start": start, "end": end, "speed": plan.speed}
            return {"device": plan.device, "fault": plan.fault, **fields, **times}

        return event
