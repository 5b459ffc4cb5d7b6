"""Load registry, rules, commands and dialects as they are stored: at a start, and after a batch was refused.

A stored state that cannot be read is left out and reported to the caller, which sets it aside: one damaged row must not
keep the hub from starting.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from hub.control import CommandTracker
from hub.dialects import Dialect, DialectState
from hub.errors import HubError
from hub.ingest.batch import Batch
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.fault_log import FaultLog
from hub.store.base import StoredSnapshot
from hub.store.rows import Unreadable

log = logging.getLogger(__name__)
faults = FaultLog(log)


def recover(
    snapshot: StoredSnapshot,
    *,
    registry: DeviceRegistry,
    engine: Engine,
    command_tracker: CommandTracker,
    dialects: Sequence[Dialect],
    learnt: Iterable[tuple[str, str]],
    now: int,
) -> tuple[Batch, list[Unreadable]]:
    """Replace the state of all parts by ``snapshot``.

    ``learnt`` are dialect and key of the states that dialects have learned since the start; those that are not stored
    are forgotten. Returns a batch with what follows (alerts of rules that are gone are withdrawn), and what cannot be
    read.
    """
    batch, unreadable = Batch(), list(snapshot.unreadable)
    registry.clear()
    engine.clear()
    command_tracker.clear()
    registry.window.restore(snapshot.keys_of, snapshot.keys)
    broken = registry.restore(snapshot.states, now, snapshot.checkpoint)
    unreadable += [Unreadable("device", name, problem) for name, problem in broken.items()]
    registry.capacity.left_out.update(snapshot.left)
    engine.load(
        alert for alert in snapshot.alerts if alert.device not in registry.capacity.left_out
    )  # else these would be ended
    for record in registry.missed(snapshot.records):
        try:
            registry.observe(record)
            # Their events were published before the restart, unless the rules have changed since.
            batch.events += engine.observe(registry.require(record.device), record)
        except HubError:
            continue  # a cap that has been lowered since: the record stays in the history
        except Exception as error:
            faults.unexpected("A record of %s failed to load and is left out. Report this.", record.device, cause=error)
    command_tracker.restore(snapshot.commands)
    batch.events += engine.restore(registry.with_latest_values(), now)
    for dialect in dialects:
        stored = snapshot.learnt.get(dialect.name, {})
        for key in [key for name, key in learnt if name == dialect.name and key not in stored]:
            batch.effects += dialect.apply(DialectState(key, None))
        for key, value in stored.items():
            try:
                batch.effects += dialect.apply(DialectState(key, value))
            except Exception as error:  # a value of another version, or of a fault: a dialect learns it anew
                unreadable.append(Unreadable("learnt", f"{dialect.name}\n{key}", f"{type(error).__name__}: {error}"))
                batch.effects += dialect.apply(DialectState(key, None))
    return batch, unreadable
