"""A view of the history that shows only what the current request may see; see :mod:`hub.services.visible`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from hub.accounts.scope import current_scope
from hub.model import (
    Activity,
    Alert,
    AlertEntry,
    AlertState,
    Command,
    Diagnosis,
    Incident,
    IncidentState,
    Page,
    Rejection,
    Series,
    SeriesQuery,
)
from hub.registry.reader import DeviceReader
from hub.rules.other_devices import hide
from hub.services.visible_diagnosis import narrowed
from hub.services.visible_library import VisibleLibrary
from hub.store.reader import HistoryReader, LibraryReader

T = TypeVar("T")
P = TypeVar("P")
H = TypeVar("H", Alert, Incident)
PAGE = 500
"""Rows that are read at once if some of them may be out of scope."""
MAX_PAGES = 200
"""Maximum pages that are read for one response.

The limit keeps a request of an account with few devices from reading the whole history.
"""


class VisibleHistory:
    """The history of the devices in ``devices``. Other devices appear to have no history."""

    def __init__(self, store: HistoryReader, devices: DeviceReader) -> None:
        self._store = store
        self._devices = devices
        self._library = VisibleLibrary(store.library, devices)

    @property
    def library(self) -> LibraryReader:
        """Reads the analyses of files that are linked to visible devices, and the manuals of these devices' models."""
        return self._library

    async def history(self, queries: Sequence[SeriesQuery]) -> list[Series]:
        if current_scope().whole:
            return await self._store.history(queries)
        found = iter(await self._store.history([each for each in queries if self._devices.known(each.device)]))
        return [next(found) if self._devices.known(each.device) else _empty(each) for each in queries]

    async def series(self, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]:
        return [each for each in await self._store.series(devices, metric) if self._sees(each[0])]

    async def readings(self, device: str, metric: str, start: int, end: int, limit: int) -> Page:
        if not self._sees(device):
            return Page(device, metric, [])
        return await self._store.readings(device, metric, start, end, limit)

    async def alerts(
        self,
        *,
        states: Iterable[AlertState] | None = None,
        device: str | None = None,
        limit: int = 100,
        before: tuple[int, str] | None = None,
    ) -> list[Alert]:
        wanted = None if states is None else tuple(states)

        async def page(size: int, after: tuple[int, str] | None) -> list[Alert]:
            return await self._store.alerts(states=wanted, device=device, limit=size, before=after)

        return self._hidden(
            await _pages(
                page, limit, before, lambda alert: self._sees(alert.device), lambda alert: (alert.raised_at, alert.id)
            )
        )

    async def alert(self, alert_id: str) -> Alert | None:
        found = await self._store.alert(alert_id)
        return next(iter(self._hidden([found])), None) if found is not None and self._sees(found.device) else None

    async def alert_history(
        self, alert_id: str, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, AlertEntry]]:
        return self._entries(await self._store.alert_history(alert_id, limit, before))

    async def incidents(
        self,
        *,
        states: Iterable[IncidentState] | None = None,
        limit: int = 100,
        before: tuple[int, str] | None = None,
    ) -> list[Incident]:
        wanted = None if states is None else tuple(states)

        async def page(size: int, after: tuple[int, str] | None) -> list[Incident]:
            return await self._store.incidents(states=wanted, limit=size, before=after)

        return self._hidden(
            await _pages(
                page, limit, before, lambda each: self._sees(each.first.device), lambda each: (each.started_at, each.id)
            )
        )

    async def incident(self, incident_id: str) -> Incident | None:
        found = await self._store.incident(incident_id)
        return next(iter(self._hidden([found])), None) if found is not None and self._sees(found.first.device) else None

    async def incident_alerts(self, incident_id: str, limit: int = 500) -> list[Alert]:
        return self._own(await self._store.incident_alerts(incident_id, limit))

    async def incident_history(
        self, incident_id: str, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, AlertEntry]]:
        return self._entries(await self._store.incident_history(incident_id, limit, before))

    async def similar_alerts(self, alert: Alert, limit: int = 20) -> list[Alert]:
        return self._own(await self._store.similar_alerts(alert, limit))

    async def confirmed_alerts(self, devices: Sequence[str], metric: str | None, limit: int = 20) -> list[Alert]:
        seen = [each for each in devices if self._sees(each)]
        return self._hidden(await self._store.confirmed_alerts(seen, metric, limit))

    async def diagnoses(self, alert_ids: Sequence[str]) -> dict[str, Diagnosis]:
        found = await self._store.diagnoses(alert_ids)
        return {key: narrowed(each) for key, each in found.items() if self._sees(each.device)}

    async def diagnosis(self, diagnosis_id: str) -> Diagnosis | None:
        found = await self._store.diagnosis(diagnosis_id)
        return narrowed(found) if found is not None and self._sees(found.device) else None

    async def commands(self, device: str, limit: int = 100) -> list[Command]:
        return await self._store.commands(device, limit) if self._sees(device) else []

    async def command(self, command_id: str) -> Command | None:
        found = await self._store.command(command_id)
        return found if found is not None and self._sees(found.device) else None

    async def rejections(self, limit: int = 100) -> list[Rejection]:
        # They belong to topics, not to devices.
        return await self._store.rejections(limit) if current_scope().whole else []

    async def activity(
        self, *, device: str | None = None, kind: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, Activity]]:
        async def page(size: int, after: int | None) -> list[tuple[int, Activity]]:
            return await self._store.activity(device=device, kind=kind, limit=size, before=after)

        found = await _pages(
            page, limit, before, lambda row: row[1].device is not None and self._sees(row[1].device), lambda row: row[0]
        )
        if current_scope().whole:
            return found
        return [(number, hide(_without_summary(each), self._sees)) for number, each in found]

    def _sees(self, device_id: str) -> bool:
        return current_scope().whole or self._devices.known(device_id)

    def _own(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Return the alerts of devices in scope."""
        return self._hidden([each for each in alerts if self._sees(each.device)])

    def _entries(self, found: Iterable[tuple[int, AlertEntry]]) -> list[tuple[int, AlertEntry]]:
        """Keep the entries about alerts of devices in scope, and remove the names of other devices from them.

        Each item of ``found`` and of the result is a pair of a row number and an entry.
        """
        seen = [each for each in found if self._sees(each[1].device)]
        return seen if current_scope().whole else [(number, hide(entry, self._sees)) for number, entry in seen]

    def _hidden(self, found: list[H]) -> list[H]:
        """Return alerts or incidents without the names of devices that are out of scope."""
        return found if current_scope().whole else [hide(each, self._sees) for each in found]


async def _pages(
    page: Callable[[int, P | None], Awaitable[list[T]]],
    limit: int,
    before: P | None,
    sees: Callable[[T], bool],
    position: Callable[[T], P],
) -> list[T]:
    """Return up to ``limit`` rows that are in scope, newest first.

    The rows are read page by page. After :data:`MAX_PAGES` pages, return those that were found.

    Args:
        page: ``page(count, before)`` returns the next ``count`` rows before the position ``before``.
        limit: Maximum number of rows to return.
        before: The position before which to begin; None to begin with the newest row.
        sees: Returns whether a row is in scope.
        position: Returns the position of a row.
    """
    if current_scope().whole:
        return await page(limit, before)
    found: list[T] = []
    for _ in range(MAX_PAGES):
        rows = await page(PAGE, before)
        found += [row for row in rows if sees(row)]
        if len(rows) < PAGE or len(found) >= limit:
            break
        before = position(rows[-1])
    return found[:limit]


def _empty(query: SeriesQuery) -> Series:
    return Series(query.device, query.metric, [])


def _without_summary(entry: Activity) -> Activity:
    """Return the entry without the summary of a diagnosis, because the summary may be about other devices, too."""
    return msgspec.structs.replace(entry, text="A diagnosis was written") if entry.kind == "diagnosed" else entry
