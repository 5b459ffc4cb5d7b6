"""Calculate metrics when they are due, and add their values to the batch. The values are applied like readings.

If a metric is calculated on many devices, the values become one record batch (columns), so that the devices stay on the
fast path (:mod:`hub.registry.fastpath`). If it is calculated once, for a device of its own, the value becomes a record,
which counts as a sign of life of that device.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import numpy as np

from hub.calculated import Calculation, NewValues
from hub.errors import Rejected
from hub.events import DeviceChanged
from hub.ingest.batch import Batch
from hub.ingest.liveness import Liveness
from hub.model import (
    NO_KEY,
    CalculatedMetric,
    Device,
    Identity,
    Info,
    Ints,
    Record,
    RecordBatch,
    ValueExpired,
)
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.fault_log import FaultLog

faults = FaultLog(logging.getLogger(__name__))

DIALECT = "calculated"
"""Name of the dialect of devices that exist only for a calculated metric."""
REMARK_MS = 600_000
"""How often (ms) the unit of a calculated metric is derived again, if the metric has a device of its own."""


class Calculating:
    """Calculates the metrics that are due, in small steps, so that other inputs need not wait.

    A round calculates all metrics that have the same interval, for all devices. ``pending`` is True while a round is
    not finished. During this time, the pipeline puts the input CalculateNext into its queue for each next step.
    """

    def __init__(
        self,
        registry: DeviceRegistry,
        engine: Engine,
        calculation: Calculation,
        liveness: Liveness,
        apply: Callable[[Batch, Record], None],
    ) -> None:
        """Create the object that calculates metrics when they are due.

        Args:
            registry: The devices.
            engine: The rules.
            calculation: The definitions and their state.
            liveness: Records signs of life, and values that expire.
            apply: Applies a new record to the registry and the rules, and adds it to a batch.
        """
        self._registry, self._engine, self._calculation = registry, engine, calculation
        self._liveness, self._apply = liveness, apply
        self.pending = False

    def clear(self) -> None:
        """Discard all state, including unfinished rounds of calculations, before the devices are restored."""
        self._calculation.clear()
        self.pending = False

    def tick(self, batch: Batch, now: int) -> None:
        """Begin to calculate the metrics that are due, and do the first portion of the work.

        The values are added to ``batch``. ``now`` is the time in epoch ms.
        """
        if self._calculation.definitions:
            self._calculation.begin(now, self._devices, self._registry.get)
            self.step(batch)

    def step(self, batch: Batch) -> None:
        """Calculate the next portion of devices. Results are added to ``batch``."""
        try:
            for result in self._calculation.step():
                self._take(batch, result)
        except Exception as error:  # a bug here must not end the pipeline
            faults.unexpected("Calculated metrics failed and start again. Report this.", cause=error)
            self._calculation.clear()
        self.pending = self._calculation.pending

    def replace(self, batch: Batch, metrics: Iterable[CalculatedMetric], now: int) -> None:
        """Replace the definitions. The value of a metric that is no longer calculated becomes unknown."""
        self._calculation.replace(list(metrics))
        self.pending = False
        current = {(each.id, each.metric) for each in self._calculation.definitions}
        for device in list(self._registry.devices()):
            for metric, mark in device.calculated.items():
                if (mark.id, metric) not in current:
                    self._registry.calculated.unmark(device.id, metric)
                    batch.events += self._liveness.expire(ValueExpired(device.id, metric, now, withdrawn=True))

    def forget(self, device: str) -> None:
        """Forget the state of a deleted device."""
        self._calculation.forget(device)

    def _devices(self) -> list[str]:
        return [device.id for device in self._registry.devices()]

    def _take(self, batch: Batch, result: NewValues) -> None:
        definition = result.definition
        try:
            if definition.device is not None and len(result.rows):
                self._take_single(batch, result)
            elif len(result.rows):
                self._take_many(batch, result)
        except Rejected as error:
            faults.error(("room", definition.id), "Cannot calculate %s: %s", definition.name, error)
        for name in result.missing:
            device = self._registry.get(name)
            latest = device.metrics.get(definition.metric) if device is not None else None
            if latest is not None and latest.quality != "unknown":
                batch.events += self._liveness.expire(ValueExpired(name, definition.metric, result.at))

    def _take_single(self, batch: Batch, result: NewValues) -> None:
        definition, at, name = result.definition, result.at, result.definition.device or ""
        if not self._registry.known(name):
            info = Info(name=definition.name if definition.name != definition.id else None)
            batch.events += self._registry.identify(Identity(name, name, DIALECT, info), at)
        device = self._registry.require(name)
        self._mark(batch, result, device, int(result.rows[0]), at // REMARK_MS)
        live = device.dialect == DIALECT
        self._apply(batch, Record(name, at, at, {definition.metric: float(result.values[0])}, live=live))

    def _take_many(self, batch: Batch, result: NewValues) -> None:
        """Apply the new values of a calculated metric on many devices.

        The values are set, the rules that read them are evaluated, and one record batch is added to ``batch``.
        """
        metric, at, written = result.definition.metric, result.at, []
        for place, (row, value) in enumerate(zip(result.rows.tolist(), result.values.tolist(), strict=True)):
            name = result.state.owners[row]
            device = self._registry.get(name)
            if device is None:
                continue  # deleted since the round began
            if result.state.described[row] is not device.info:
                self._mark(batch, result, device, row, device.info)
            try:
                self._registry.calculated.set(device, metric, value, at)
            except Rejected as error:
                faults.error(("room", name), "%s has no room for a calculated metric: %s", name, error)
                continue
            reads, together = self._engine.plans.readers(device, metric)
            if together:  # the range in which no rule changes state depends on this value
                self._registry.fast_path.demote(name)
            if reads:
                batch.events += self._engine.observe(device, Record(name, at, at, {metric: value}, live=False))
            written.append(place)
        if written:
            batch.record_batches.append(_record_batch(result, np.array(written, np.int64)))

    def _mark(self, batch: Batch, result: NewValues, device: Device, row: int, described: object) -> None:
        """Mark a metric of a device as calculated by the hub.

        Args:
            batch: Receives an event if the mark has changed.
            result: The calculated values of the metric.
            device: The device.
            row: The device's row in ``result.state``.
            described: Stands for the version of the device's description. If it is the same as at the last call for
                this device, nothing is done.
        """
        if result.state.described[row] == described:
            return
        result.state.described[row] = described
        definition = result.definition
        mark = self._calculation.mark(definition, device, self._registry.get, self._devices)
        if self._registry.calculated.mark(device.id, definition.metric, mark):
            batch.events.append(DeviceChanged(device.id, result.at))


def _record_batch(result: NewValues, places: Ints) -> RecordBatch:
    times = np.full(len(places), result.at, np.int64)
    return RecordBatch(
        result.state.table,
        (result.definition.metric,),
        result.state.owners,
        result.rows[places],
        times,
        times,
        np.full(len(places), NO_KEY),
        result.values[places].reshape(-1, 1),
    )
