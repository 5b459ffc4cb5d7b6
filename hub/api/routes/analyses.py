"""``/api/analyses``: stored analyses of files, their links to devices and models, and questions about documents."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.analysis import DeviceLink, FileAnalyzer
from hub.api import cursors
from hub.api.analysis_jobs import Jobs
from hub.api.audit_draft import note, note_model
from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.errors import Json
from hub.api.ndjson import LINES, line, streamed
from hub.api.schemas import analyses as shapes
from hub.api.schemas import requests
from hub.api.schemas.diagnoses import QuoteShape, WriterShape
from hub.errors import NotFound
from hub.model import AnalysisKind
from hub.store.reader import LibraryReader


def routes(analyzer: FileAnalyzer, library: LibraryReader, slots: ConcurrencyLimit, jobs: Jobs) -> APIRouter:
    router = APIRouter(prefix="/api/analyses", tags=["analysis"])

    @router.get("", response_model=shapes.AnalysisPage)
    async def list_analyses(
        kind: AnalysisKind | None = None,
        device_id: Annotated[str | None, Query(max_length=128)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        """Return a page of your analyses and of all manuals, newest first. Administrators get everybody's analyses."""
        before = cursors.unpack(cursor, tuple[int, str])
        found = await library.newest(kind=kind, device=device_id, limit=limit + 1, before=before)
        more = len(found) > limit
        last = found[limit - 1] if more else None
        answer = shapes.AnalysisPage(
            items=[shapes.analysis(each) for each in found[:limit]],
            next=cursors.pack((last.created_at, last.id)) if last else None,
        )
        return Json(answer)

    @router.get("/{analysis_id}", response_model=shapes.AnalysisShape)
    async def get_analysis(analysis_id: str) -> Response:
        """Return a stored analysis."""
        found = await library.one(analysis_id)
        if found is None:
            raise NotFound(f"There is no analysis {analysis_id[:64]!r}.", "GET /api/analyses lists them.")
        return Json(shapes.analysis(found))

    @router.get("/{analysis_id}/progress", responses={200: {"content": {LINES: {}}}})
    async def follow_analysis(analysis_id: str) -> Response:
        """Stream the progress of an analysis that was started with `keep`, as lines of JSON.

        The lines have the same form as in the response of the request that started the analysis. A finished analysis is
        returned as a single `done` line.
        """
        job = jobs.get(analysis_id)
        if job is not None:
            return await streamed(job.lines(shapes.analysis))
        found = await library.one(analysis_id)
        if found is None:
            raise NotFound(
                f"There is no analysis {analysis_id[:64]!r}.", "It may have been stopped, or the hub was restarted."
            )
        return Response(line({"type": "done", "analysis": shapes.analysis(found)}), media_type=LINES)

    @router.delete("/{analysis_id}/progress", status_code=204)
    async def stop_analysis(analysis_id: str) -> None:
        """Stop a running analysis that was started with `keep`."""
        await jobs.stop(analysis_id)

    @router.patch("/{analysis_id}", response_model=shapes.AnalysisShape)
    async def edit_analysis(analysis_id: str, body: requests.AnalysisEdit) -> Response:
        """Link an analysis to a device, or a document to the device models for which it is the manual.

        Absent keys stay unchanged. Null as `device_id` removes the link to the device.
        """
        given = body.model_fields_set
        change = DeviceLink(
            device=body.device_id if "device_id" in given else msgspec.UNSET,
            models=tuple(body.models) if "models" in given else msgspec.UNSET,
        )
        return Json(shapes.analysis(await analyzer.link(analysis_id, change)))

    @router.delete("/{analysis_id}", status_code=204)
    async def delete_analysis(analysis_id: str) -> None:
        """Delete an analysis. A deleted document is no longer quoted; existing diagnoses keep their quotes."""
        await library.delete(analysis_id)

    @router.post("/{analysis_id}/ask", response_model=shapes.DocumentAnswer)
    async def ask_document(analysis_id: str, body: requests.DocumentQuestion) -> Response:
        """Answer a question from one document, with quotes and their pages."""
        with slots.acquire():
            note(question=body.question)
            found = await analyzer.ask(analysis_id, body.question)
        note_model(found.generated_by, found.tokens_used)
        answer = shapes.DocumentAnswer(
            answer=found.answer,
            quotes=[QuoteShape.of(each) for each in found.quotes],
            generated_by=WriterShape.of(found.generated_by),
            tokens_used=found.tokens_used,
        )
        return Json(answer)

    return router
