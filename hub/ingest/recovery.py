"""Restore registry, rules, commands and dialects from the store: at start, and after the store refused a batch.

A stored state that cannot be read is left out and returned to the caller, which quarantines it. One damaged row must
not keep the hub from starting.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec

from hub.control import CommandTracker
from hub.dialects import Action, Dialect, DialectState, Subscribe, Unsubscribe
from hub.errors import HubError
from hub.ingest.batch import Batch
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.fault_log import FaultLog
from hub.store.base import StoredSnapshot
from hub.store.rows import Unreadable

log = logging.getLogger(__name__)
faults = FaultLog(log)


def subscriptions_to_end(
    snapshot: StoredSnapshot, dialects: Sequence[Dialect], disabled: Sequence[Dialect], effects: Sequence[Action]
) -> list[Action]:
    """Return actions that unsubscribe from the topics to which only disabled dialects had subscribed.

    The broker keeps such a subscription in the hub's session, but no dialect would decode its messages.

    Args:
        snapshot: The stored state, from which the subscriptions of the disabled dialects are found.
        dialects: The dialects in use. What their own filters subscribe to is kept.
        disabled: The disabled dialects.
        effects: What the restored state of the dialects in use asks for. What it subscribes to is kept, too.
    """
    kept = {each for dialect in dialects for each in dialect.filters}
    kept.update(each for effect in effects if isinstance(effect, Subscribe) for each in effect.filters)
    ended: set[str] = set()
    for dialect in disabled:
        for key, value in snapshot.learnt.get(dialect.name, {}).items():
            with suppress(Exception):  # written by another version, or damaged
                actions = dialect.apply(DialectState(key, value))
                ended.update(each for one in actions if isinstance(one, Subscribe) for each in one.filters)
    ended -= kept
    return [Unsubscribe(tuple(sorted(ended)))] if ended else []


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
    """Replace the state of registry, engine, command tracker and dialects by the stored state ``snapshot``.

    Args:
        snapshot: The stored states, and the records that were stored after these states.
        registry: Is cleared and filled.
        engine: Is cleared and filled.
        command_tracker: Is cleared and filled.
        dialects: Receive their stored states.
        learnt: Dialect and key of each state that a dialect has learned since start-up. The dialect forgets those that
            are not in ``snapshot``.
        now: The time in epoch ms.

    Returns:
        A batch with the changes that the restored state requires, such as withdrawn alerts of deleted rules; and the
        stored rows that cannot be read.
    """
    batch, unreadable = Batch(), list(snapshot.unreadable)
    registry.clear()
    engine.clear()
    command_tracker.clear()
    registry.window.restore(snapshot.keys_of, snapshot.keys)
    broken = registry.restore(snapshot.states, now, snapshot.checkpoint)
    unreadable += [Unreadable("device", name, problem) for name, problem in broken.items()]
    registry.capacity.left_out.update(snapshot.left_out)
    # The engine withdraws alerts of unknown devices. Devices that did not fit in memory are unknown, so their alerts
    # are not loaded.
    engine.load(alert for alert in snapshot.alerts if alert.device not in registry.capacity.left_out)
    engine.silencing.load(snapshot.silences)
    engine.incidents.load(snapshot.incidents)
    for device in registry.devices():  # a record may be evaluated by rules that read other devices, too
        engine.published.publish_latest(device)
    for record in registry.missed(snapshot.records):
        calculated = registry.require(record.device).calculated
        if calculated and record.values.keys() <= calculated.keys():
            record = msgspec.structs.replace(record, live=False)
        try:
            registry.observe(record)
            # Their events were published before the restart, unless the rules have changed since.
            batch.events += engine.observe(registry.require(record.device), record)
        except HubError:
            continue  # a limit was lowered since; the record stays in the history
        except Exception as error:
            faults.unexpected("A record of %s failed to load and is left out. Report this.", record.device, cause=error)
    command_tracker.restore(snapshot.commands)
    batch.events += engine.restore(registry.with_latest_values(), now)
    batch.events[:] = engine.incidents.restore(batch.events, registry.get, now)
    batch.placed = len(batch.events)
    for dialect in dialects:
        stored = snapshot.learnt.get(dialect.name, {})
        for key in [key for name, key in learnt if name == dialect.name and key not in stored]:
            batch.effects += dialect.apply(DialectState(key, None))
        for key, value in stored.items():
            try:
                batch.effects += dialect.apply(DialectState(key, value))
            except Exception as error:  # written by another version, or damaged: the dialect learns it again
                unreadable.append(Unreadable("learnt", f"{dialect.name}\n{key}", f"{type(error).__name__}: {error}"))
                batch.effects += dialect.apply(DialectState(key, None))
    return batch, unreadable
