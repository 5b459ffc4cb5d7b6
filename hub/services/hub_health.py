"""Determine the health of the hub: why it is not ready, and which of its functions are degraded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hub.ingest.committer import IngestCounters
from hub.mqtt.client import MqttClientState
from hub.registry.capacity import METRIC_BYTES
from hub.registry.registry import DeviceRegistry
from hub.runtime.clock import Clock
from hub.runtime.set_aside import set_aside_files
from hub.store.base import Store, StoreStats


class MemoryUse(msgspec.Struct, frozen=True):
    """Memory used by devices, in metrics: the memory that one metric takes is the unit.

    The description of a device takes memory as well, and counts as several metrics.

    Attributes:
        metrics: Memory in use.
        total_metrics: Maximum.
        left_out: Number of stored devices that did not fit into memory at start-up.
    """

    metrics: int
    total_metrics: int
    left_out: int


class HubHealth:
    """Describes the health of the hub in sentences, for readiness probes and the status page.

    Attributes:
        broker: Function that returns the state of the broker connection.
        clock: Checks whether the machine's clock can be trusted.
        failed: Names of the hub's tasks that have failed.
        faults: Error messages about entries that the hub ignores, by the name of the file in the data folder.
        now: Function that returns the time in epoch ms.
        data: The data folder.
        replaced: True if another hub has taken over the database, so that this one has to stop.
    """

    def __init__(
        self,
        *,
        registry: DeviceRegistry,
        store: Store,
        counters: IngestCounters,
        broker: Callable[[], MqttClientState],
        clock: Clock,
        failed: list[str],
        faults: dict[str, list[str]],
        now: Callable[[], int],
        data: Path,
    ) -> None:
        self.broker = broker
        self.clock = clock
        self.failed = failed
        self.faults = faults
        self.now = now
        self.replaced = False
        self._registry = registry
        self._store = store
        self._counters = counters
        self._data = data

    def missing(self) -> list[str]:
        """Return what the hub is waiting for before it is ready. It is ready if the list is empty."""
        state = self.broker()
        missing = []
        if not state.connected:
            missing.append(f"broker: not connected to {state.address}" + (f" ({state.error})" if state.error else ""))
        elif not state.subscribed:
            if state.refused:
                missing.append(f"broker: {state.address} refuses every subscription: {_refused(state)}")
            else:
                missing.append(f"broker: {state.address} has not confirmed the subscription")
        if (problem := self._store.problem()) is not None:
            missing.append(f"store: {problem}")
        elif self._counters.store_stalled:
            missing.append("store: the history cannot be written")
        return missing

    def failing(self) -> list[str]:
        """Return a sentence for each problem of the broker, the store or the clock that keeps the hub from working."""
        return [*self.missing(), *self._doubted_clock()]

    def degraded(self) -> list[str]:
        """Return a sentence for each problem that does not keep the hub from working as a whole.

        Examples are an ignored part of the settings, a subscription that the broker refuses, and full memory.
        """
        state = self.broker()
        found = [f"ignored: {fault}" for faults in self.faults.values() for fault in faults]
        if state.subscribed and state.refused:
            found.append(f"broker: {state.address} refuses the subscription to {_refused(state)}")
        found += self._set_aside()
        return [*found, *self._doubted_clock(), *self._full_memory()]

    def _set_aside(self) -> Iterator[str]:
        """Yield a sentence for each file with lost entries of which :attr:`faults` has no error of this start."""
        for name in set_aside_files(self._data):
            if not any(name.startswith(file.partition(".")[0]) for file in self.faults):
                yield f"set aside: {name} has entries that could not be read; restore them, or delete the file"

    def memory(self) -> MemoryUse:
        """Return how much of the memory for devices is in use."""
        registry = self._registry
        return MemoryUse(
            metrics=-(-registry.capacity.used // METRIC_BYTES),
            total_metrics=registry.limits.total_metrics,
            left_out=len(registry.capacity.left_out),
        )

    def store_stats(self) -> StoreStats:
        """Return the size of the history and the time of the last commit."""
        return self._store.stats()

    def _doubted_clock(self) -> Iterator[str]:
        if self.clock.state.doubted_at is not None:
            shown, believed = (_date(ms) for ms in (self.now(), self.clock.believed()))
            yield (
                f"clock: it shows {shown}, but the last trusted date is {believed}; no old history is deleted until "
                "the clock is corrected, or confirmed with hub doctor --trust-clock"
            )

    def _full_memory(self) -> Iterator[str]:
        registry = self._registry
        if left := len(registry.capacity.left_out):
            yield (f"memory: {left:,} stored devices do not fit and are not loaded; add memory and restart the hub")
        if len(registry) >= registry.limits.devices:
            yield f"devices: {len(registry):,} of {registry.limits.devices:,} (limits.devices); new ones are refused"
        elif registry.capacity.full:
            yield (
                f"memory: no room for new devices (limits.total_metrics is {registry.limits.total_metrics:,}); they "
                "are refused. Remove devices, or give the hub more memory"
            )


def _refused(state: MqttClientState) -> str:
    return ", ".join(f"{topic} ({reason})" for topic, reason in state.refused)


def _date(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}"
