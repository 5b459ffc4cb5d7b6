"""A day of a plant: its faults and quiet hours, drawn from a seed, and the messages that its devices send."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.labelled_day.devices import FLAGS, MODELS, REPORT_S, Device, Values, plant
from benchmarks.labelled_day.disturbances import Disturbance, disturbance
from benchmarks.labelled_day.fault_kinds import FAULT_KINDS, GATEWAY_DEAD
from benchmarks.labelled_day.faults import Change, Fault, FaultKind, drawn, met_at

HOUR = 3_600.0
WARM_UP_S = 0.75 * HOUR
"""Time before the day in which devices report already, so that windows are full and intervals are known."""
MARGIN_S = 0.5 * HOUR
"""Minimum time between the faults and quiet hours of one device."""
TRIES = 500
SPIKES_SHARE = 0.12
"""The share of the readings of a sensor with spikes that are wrong."""


class QuietHour(NamedTuple):
    """An hour in which a device has a disturbance but no fault."""

    device: str
    start: float
    disturbance: Disturbance

    @property
    def end(self) -> float:
        return self.start + HOUR


class Report(NamedTuple):
    """A message that is sent at ``at`` with values that were measured at ``measured`` (both in seconds of the day)."""

    at: float
    measured: float
    device: str
    values: dict[str, float | bool]


class ActiveFault(NamedTuple):
    label: Fault
    kind: FaultKind
    change: Change | None


@dataclass
class Day:
    """Faults and quiet hours of the plant in ``hours`` hours. Equal arguments give an equal day."""

    hours: float
    seed: int
    devices: dict[str, Device] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    quiet: list[QuietHour] = field(default_factory=list)
    _active: dict[str, list[ActiveFault]] = field(default_factory=dict)
    _quiet: dict[str, list[Disturbance]] = field(default_factory=dict)
    _booked: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    @property
    def ends(self) -> float:
        return self.hours * HOUR

    def _free(self, devices: list[str], start: float, end: float) -> bool:
        spans = [span for device in devices for span in self._booked.get(device, ())]
        return all(end + MARGIN_S <= begun or ended + MARGIN_S <= start for begun, ended in spans)

    def _book(self, devices: list[str], start: float, end: float) -> None:
        for device in devices:
            self._booked.setdefault(device, []).append((start, end))

    def add_fault(self, kind: FaultKind, draw: random.Random) -> bool:
        """Try to place a fault of this kind at a random time. Return False if that is not possible there."""
        cause = draw.choice([each for each in self.devices.values() if each.model == kind.model])
        ids = [cause.id]
        if kind.stops == "gateway":
            ids += [each.id for each in self.devices.values() if each.via == cause.id]
        lasting, change = drawn(kind, draw)
        if lasting > self.ends:
            return False
        onset = draw.uniform(0, self.ends - lasting)
        end = onset + lasting
        if not self._free(ids, onset, end):
            return False

        def ideal(t: float) -> Values:
            values = MODELS[cause.model].ideal(cause, t, True)
            if change is not None and onset <= t < end:
                change(t - onset, values)
            return values

        met = met_at(kind, [self.devices[each] for each in ids], onset, end, ideal)
        if met is None:
            return False
        self._book(ids, onset, end)
        label = Fault(kind.name, tuple(ids), kind.rules, kind.also, kind.severity, onset, met, end)
        self.faults.append(label)
        for device in ids:
            self._active.setdefault(device, []).append(ActiveFault(label, kind, change))
        return True

    def add_quiet_hour(self, draw: random.Random) -> bool:
        """Try to place a quiet hour of a random device at a random time. Return False if that is not possible there."""
        device = draw.choice([each for each in self.devices.values() if each.model != "gateway"])
        start = draw.uniform(0, max(0.0, self.ends - HOUR))
        if not self._free([device.id], start, start + HOUR):
            return False
        self._book([device.id], start, start + HOUR)
        what = disturbance(device.model, start, draw)
        self.quiet.append(QuietHour(device.id, start, what))
        self._quiet.setdefault(device.id, []).append(what)
        return True

    # -- messages ------------------------------------------------------------------------------------------------------

    def reports(self, until: float) -> Iterator[Report]:
        """Return all messages from the warm-up to the time ``until``, in the order in which they are sent."""
        senders = (self._reports_of(device, until) for device in self.devices.values())
        return heapq.merge(*senders, key=lambda report: report.at)

    def _reports_of(self, device: Device, until: float) -> Iterator[Report]:
        draw = random.Random(f"{self.seed}/{device.id}")
        energy, last, held = draw.uniform(100, 9_000), {}, []
        t = device.last_report(-WARM_UP_S)
        while (t := t + REPORT_S) < until:
            measured = t + draw.uniform(0, 2)
            fault = self._fault(device.id, measured)
            stops = fault.kind.stops if fault else ""
            values = self._ideal(device, measured, fault)
            what = self._disturbance(device.id, measured)
            energy += values.get("power", 0) * REPORT_S / HOUR
            if device.model == "meter":
                values["energy"] = energy
            if stops == "stuck":
                energy = last.get("energy", energy)
            if stops in ("silent", "gateway"):
                continue
            if what is not None and what.kind == "restart":
                energy = 0.0
                continue
            sent = self._published(device, values, what, draw)
            if fault and stops == "stuck" and fault.kind.frozen in last:
                sent[fault.kind.frozen] = last[fault.kind.frozen]
            last = sent
            report = Report(measured, measured, device.id, sent)
            if what is not None and what.kind == "late":
                held.append(report)
                continue
            if what is not None and what.kind == "missing":
                continue
            yield from (each._replace(at=measured) for each in held)
            held = []
            yield report

    def _fault(self, device: str, t: float) -> ActiveFault | None:
        found = self._active.get(device, ())
        return next((each for each in found if each.label.onset <= t < each.label.end), None)

    def _near_fault(self, device: str, t: float) -> bool:
        spans = [(each.label.onset, each.label.end) for each in self._active.get(device, ())]
        return any(onset - MARGIN_S / 2 <= t < end + MARGIN_S / 2 for onset, end in spans)

    def _ideal(self, device: Device, t: float, fault: ActiveFault | None) -> Values:
        steady = self._near_fault(device.id, t) and not (fault and fault.kind.stops)
        values = MODELS[device.model].ideal(device, t, steady)
        if fault is not None and fault.change is not None:
            fault.change(t - fault.label.onset, values)
        return values

    def _disturbance(self, device: str, t: float) -> Disturbance | None:
        for each in self._quiet.get(device, ()):
            if each.at <= t < each.at + each.lasting:
                return each
            if each.kind == "missing" and each.at + 600 <= t < each.at + 720:
                return each
        return None

    def _published(
        self, device: Device, values: Values, what: Disturbance | None, draw: random.Random
    ) -> dict[str, float | bool]:
        """Return what the sensors make of the ideal values: noise, resolution, and what is wrong for a moment."""
        model = MODELS[device.model]
        if what is not None and what.kind in ("load", "brief"):
            flag = what.metric in FLAGS
            values[what.metric] = what.size if flag else values[what.metric] + what.size
        sent: dict[str, float | bool] = {}
        for metric, value in values.items():
            noisy = value + draw.gauss(0, model.noise.get(metric, 0))
            sent[metric] = value > 0 if metric in FLAGS else round(noisy, model.digits.get(metric, 2))
        if what is not None and what.kind == "spike" and draw.random() < SPIKES_SHARE:
            sent[what.metric] = what.size
        return sent


def labelled_day(hours: float, faults: int, quiet_hours: int, seed: int) -> Day:
    """Draw a day: faults of all kinds in turn, one dead gateway in six hours, and quiet hours in between."""
    draw = random.Random(seed)
    day = Day(hours, seed, plant(draw))
    waiting = [GATEWAY_DEAD] * max(1, round(hours / 6))
    left_out = 0
    while len(day.faults) < faults:
        waiting = waiting or draw.sample(FAULT_KINDS, len(FAULT_KINDS))
        kind = waiting.pop()
        if not any(day.add_fault(kind, draw) for _ in range(TRIES)):
            left_out += 1  # it lasts longer than there is room
        if left_out > 2 * len(FAULT_KINDS):
            raise ValueError(f"There is no room for {faults} faults in {hours:g} hours.")
    for _ in range(quiet_hours):
        if not any(day.add_quiet_hour(draw) for _ in range(TRIES)):
            raise ValueError(f"There is no room for {quiet_hours} quiet hours in {hours:g} hours.")
    day.faults.sort(key=lambda fault: fault.met)
    return day
