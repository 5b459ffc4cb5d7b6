"""Interface for reading the history on behalf of people, within their scope (:mod:`hub.services.visible_history`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from hub.model import (
    Activity,
    Alert,
    AlertEntry,
    AlertState,
    Analysis,
    AnalysisKind,
    Command,
    Diagnosis,
    Incident,
    IncidentState,
    Page,
    Quote,
    Rejection,
    Series,
    SeriesQuery,
)


class LibraryReader(Protocol):
    """Interface to the stored analyses of files, as :class:`hub.store.documents.DocumentLibrary` implements it."""

    async def put(self, analysis: Analysis, pages: Sequence[str] = ()) -> None: ...

    async def update(self, analysis: Analysis) -> None: ...

    async def delete(self, analysis_id: str) -> None: ...

    async def one(self, analysis_id: str) -> Analysis | None: ...

    async def newest(
        self,
        *,
        kind: AnalysisKind | None = None,
        device: str | None = None,
        limit: int = 50,
        before: tuple[int, str] | None = None,
    ) -> list[Analysis]: ...

    async def quotes(
        self, words: str, *, model: str | None = None, document: str | None = None, limit: int = 4
    ) -> list[Quote]: ...


class IncidentReader(Protocol):
    """Reads incidents."""

    async def incidents(
        self,
        *,
        states: Iterable[IncidentState] | None = None,
        limit: int = 100,
        before: tuple[int, str] | None = None,
    ) -> list[Incident]:
        """Return incidents, newest first. If ``before`` is given, begin after the one of this ``(started_at, id)``."""
        ...

    async def incident(self, incident_id: str) -> Incident | None: ...

    async def incident_alerts(self, incident_id: str, limit: int = 500) -> list[Alert]:
        """Return the alerts of an incident, in the order in which they were raised."""
        ...

    async def incident_history(
        self, incident_id: str, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, AlertEntry]]:
        """Return what happened to the alerts of an incident, newest first, as pairs of a row number and an entry.

        ``before`` is the row number at which the previous page ended: only older entries are returned. None starts with
        the newest entry.
        """
        ...


class HistoryReader(IncidentReader, Protocol):
    """Reads the history; :class:`hub.store.base.Store` describes the methods."""

    @property
    def library(self) -> LibraryReader: ...

    async def history(self, queries: Sequence[SeriesQuery]) -> list[Series]: ...

    async def series(self, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]: ...

    async def readings(self, device: str, metric: str, start: int, end: int, limit: int) -> Page: ...

    async def alerts(
        self,
        *,
        states: Iterable[AlertState] | None = None,
        device: str | None = None,
        limit: int = 100,
        before: tuple[int, str] | None = None,
    ) -> list[Alert]: ...

    async def alert(self, alert_id: str) -> Alert | None: ...

    async def alert_history(
        self, alert_id: str, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, AlertEntry]]: ...

    async def similar_alerts(self, alert: Alert, limit: int = 20) -> list[Alert]: ...

    async def confirmed_alerts(self, devices: Sequence[str], metric: str | None, limit: int = 20) -> list[Alert]: ...

    async def diagnoses(self, alert_ids: Sequence[str]) -> dict[str, Diagnosis]: ...

    async def diagnosis(self, diagnosis_id: str) -> Diagnosis | None: ...

    async def commands(self, device: str, limit: int = 100) -> list[Command]: ...

    async def command(self, command_id: str) -> Command | None: ...

    async def rejections(self, limit: int = 100) -> list[Rejection]: ...

    async def activity(
        self, *, device: str | None = None, kind: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, Activity]]: ...
