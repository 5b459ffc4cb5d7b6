"""``/api/audit``: search and export the audit log. The log cannot be changed through the API."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from hub.api import cursors
from hub.api.audit_draft import note
from hub.api.errors import Json
from hub.api.ndjson import LINES, line
from hub.api.schemas.audit import AuditEntryShape, AuditPage
from hub.api.streamed_exports import Export, ExportSlots
from hub.errors import Invalid, StoreError
from hub.formats.csv import escape
from hub.model import AuditFilter, AuditKind, AuditOutcome
from hub.services.audit_log import AuditLog

MAX_TS = 2**53
EXPORT_PAGE = 500
EXPORTS = 2
COLUMNS = (
    *("time", "until", "count", "kind", "outcome", "person", "account", "token", "client"),
    *("operation", "object", "text", "changes", "details"),
)
MEDIA = {"csv": "text/csv; charset=utf-8", "ndjson": LINES}

Format = Literal["csv", "ndjson"]
Short = Annotated[str | None, Query(max_length=200)]
Time = Annotated[int | None, Query(ge=0, le=MAX_TS)]


def _filter(
    person: Short = None,
    kind: AuditKind | None = None,
    outcome: AuditOutcome | None = None,
    object: Short = None,
    q: Annotated[str | None, Query(max_length=200, description="Text to find in any column.")] = None,
    start: Annotated[int | None, Query(alias="from", ge=0, le=MAX_TS)] = None,
    end: Annotated[int | None, Query(alias="to", ge=0, le=MAX_TS)] = None,
) -> AuditFilter:
    if start is not None and end is not None and start > end:
        raise Invalid('"from" is later than "to".', "Both are epoch milliseconds.")
    return AuditFilter(
        person=person or None, kind=kind, outcome=outcome, object=object or None, text=q or None, start=start, end=end
    )


Filter = Annotated[AuditFilter, Depends(_filter)]


def routes(log: AuditLog, shutdown: asyncio.Event) -> APIRouter:
    router = APIRouter(prefix="/api/audit", tags=["people"])
    slots = ExportSlots(EXPORTS)

    @router.get("", response_model=AuditPage)
    async def list_audit_entries(
        wanted: Filter,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """Return a page of the audit log, newest first: who did what, from where, and with which outcome.

        `person` is a name or the id of an account. All given filters have to match. If there are more entries, `next`
        is the `cursor` of the following page.
        """
        await log.flush()
        found = await log.store.page(wanted, limit + 1, cursors.unpack(cursor, int))
        page = found[:limit]
        after = cursors.pack(page[-1][0]) if len(found) > limit else None
        return Json(AuditPage(items=[AuditEntryShape.from_record(*each) for each in page], next=after))

    @router.get("/export", response_class=Response, responses={200: {"content": {"text/csv": {}, LINES: {}}}})
    async def export_audit_log(wanted: Filter, format: Format = "csv") -> Response:
        """Export the entries that match, newest first, as CSV or as lines of JSON.

        In CSV, an apostrophe is put before cells that a spreadsheet would run as a formula.
        """
        await log.flush()
        slot = slots.acquire()
        note(format=format, filter=msgspec.to_builtins(wanted))

        async def chunks() -> AsyncGenerator[bytes]:
            if format == "csv":
                yield _csv([COLUMNS])
            before: int | None = None
            while page := await log.store.page(wanted, EXPORT_PAGE, before):
                before = page[-1][0]
                entries = [AuditEntryShape.from_record(*each) for each in page]
                yield _csv(map(_row, entries)) if format == "csv" else b"".join(map(line, entries))
                if shutdown.is_set():
                    raise StoreError("The hub is stopping.")  # the client must see that the file is not complete

        async def finish() -> None:
            slots.release(slot)

        name = {"Content-Disposition": f'attachment; filename="audit.{format}"'}
        return Export(chunks(), slot, MEDIA[format], name, finish)

    return router


def _row(entry: AuditEntryShape) -> list[Any]:
    first, last = _time(entry.at), _time(entry.until)
    texts = (entry.kind, entry.outcome, entry.person, entry.account, entry.token, entry.client)
    rest = (entry.operation, entry.object, entry.text, _json(entry.changes), _json(entry.details))
    return [first, last, entry.count, *(escape(text or "") for text in (*texts, *rest))]


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode() if value else ""


def _csv(rows: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()
