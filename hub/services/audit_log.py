"""The audit log: queue entries, and write many entries in one transaction.

Refused and failed requests are counted: there is one entry for each client, operation and minute. So thousands of
attempts fill neither the disk nor the queue of the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from hub.errors import StoreError, StoreRefused
from hub.model import Actor, AuditEntry
from hub.runtime.fault_log import FaultLog
from hub.runtime.network_addresses import client_group
from hub.store.audit import AuditStore

log = logging.getLogger(__name__)
faults = FaultLog(log)

MINUTE_MS = 60_000
MAX_REPEATED = 100
"""Maximum entries for refused and failed requests in one minute.

Further requests are counted together, in one entry for each kind and outcome.
"""
OTHERS = "several clients"
COUNTING_S = 1.0
"""Seconds for which refused and failed requests are counted before they are written."""
MAX_WAITING = 1_000
"""Maximum entries that wait while the store cannot write. A newer entry then replaces the oldest one."""


LOGGED = frozenset(("sign_in", "people", "settings"))
"""Kinds of audit entries that are also written to the log of the process."""


class AuditLog:
    """Writes entries of the audit log.

    If writing fails, the failure is logged and no exception is raised, because the operation of the entry has already
    been carried out.
    """

    def __init__(self, store: AuditStore, now: Callable[[], int]) -> None:
        self.store = store
        self.now = now
        self._waiting: list[tuple[AuditEntry, str | None]] = []
        self._counted: dict[str, AuditEntry] = {}
        self._minute, self._keys = 0, set[str]()  # the keys in _counted of the current minute
        self._writing = asyncio.Lock()
        self._later: asyncio.Task[None] | None = None

    async def write(self, entry: AuditEntry) -> None:
        """Write an entry, and wait until it is on the disk or writing has failed."""
        self.put(entry)
        await self.flush()

    def put(self, entry: AuditEntry) -> None:
        """Queue an entry, which is written about a second later.

        Equal entries for refused and failed operations are counted, and not written one by one.
        """
        if entry.outcome == "success":
            if len(self._waiting) >= MAX_WAITING:
                lost, _ = self._waiting.pop(0)
                log.error("The audit log lost an entry: %s %s (%s).", lost.actor.name, lost.text, lost.object)
            self._waiting.append((entry, None))
        else:
            self._count(entry)
        if self._later is None or self._later.done():
            self._later = asyncio.create_task(self._flush_later(), name="audit log")

    def _count(self, entry: AuditEntry) -> None:
        minute = entry.at // MINUTE_MS
        if minute != self._minute:
            self._minute, self._keys = minute, set()
        # Denied requests of a client are counted together for all operations; failed sign-ins separately for each name.
        what = "" if entry.kind == "denied" else entry.operation
        whose = entry.object if entry.kind == "sign_in" else ""
        client = client_group(entry.client)
        key = "\n".join((str(minute), entry.kind, entry.outcome, client, entry.actor.account or "", what, whose))
        if key not in self._keys and len(self._keys) >= MAX_REPEATED:
            key = "\n".join((str(minute), entry.kind, entry.outcome))
            entry = msgspec.structs.replace(entry, client=OTHERS, actor=Actor(), object="", operation="", details={})
        else:
            self._keys.add(key)
        known = self._counted.get(key)
        if known is not None:
            entry = msgspec.structs.replace(known, count=known.count + entry.count, until=entry.until)
        self._counted[key] = entry

    async def _flush_later(self) -> None:
        await asyncio.sleep(COUNTING_S)
        await self.flush()

    async def flush(self) -> None:
        """Write the queued entries now."""
        async with self._writing:  # entries that are queued while a call writes are written in the next transaction
            entries = [*self._waiting, *((entry, key) for key, entry in self._counted.items())]
            if not entries:
                return
            self._waiting, self._counted = [], {}
            for entry, _ in entries:
                if entry.kind in LOGGED:
                    _log(entry)
            try:
                await self.store.add(entries)
            except StoreRefused as error:
                faults.unexpected("The audit log lost %d entries. Report this.", len(entries), cause=error)
            except StoreError as error:
                log.warning("Cannot write the audit log (%s). The next entry tries again.", error.message)
                self._waiting = [*entries, *self._waiting][-MAX_WAITING:]

    async def close(self) -> None:
        """Write the queued entries, before the store is closed."""
        if self._later is not None:
            self._later.cancel()
        await self.flush()


def _log(entry: AuditEntry) -> None:
    """Write an entry to the log of the process as one line."""
    who = entry.actor.name or "somebody"
    what = f" {entry.object}" if entry.object else ""
    how = "" if entry.outcome == "success" else f": {entry.outcome}"
    how += f", {entry.count} times" if entry.count > 1 else ""
    log.info("Audit: %s (%s) %s%s%s", who, entry.client, entry.text, what, how)
