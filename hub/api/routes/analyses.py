"""``/api/analyses``: what was told of files, kept; linked to devices and models, and asked."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.analysis import DeviceLink, FileAnalyzer
from hub.api import cursors
from hub.api.analysis_jobs import Jobs
from hub.api.concurrency_limit import Turns
from hub.api.errors import Json
from hub.api.ndjson import LINES, line, streamed
from hub.api.schemas import analyses as shapes
from hub.api.schemas import requests
from hub.api.schemas.responses import QuoteShape, WriterShape
from hub.errors import NotFound
from hub.model import AnalysisKind
from hub.store.documents import DocumentLibrary


def routes(analyzer: FileAnalyzer, library: DocumentLibrary, turns: Turns, jobs: Jobs) -> APIRouter:
    router = APIRouter(prefix="/api/analyses", tags=["analysis"])

    @router.get("", response_model=shapes.AnalysisPage)
    async def listing(
        kind: AnalysisKind | None = None,
        device_id: Annotated[str | None, Query(max_length=128)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        """Newest first."""
        before = cursors.unpack(cursor, tuple[int, str])
        found = await library.newest(kind=kind, device=device_id, limit=limit + 1, before=before)
        more = len(found) > limit
        last = found[limit - 1] if more else None
        answer: shapes.AnalysisPage = {
            "items": [shapes.analysis(each) for each in found[:limit]],
            "next": cursors.pack((last.created_at, last.id)) if last else None,
        }
        return Json(answer)

    @router.get("/{analysis_id}", response_model=shapes.AnalysisShape)
    async def one(analysis_id: str) -> Response:
        found = await library.one(analysis_id)
        if found is None:
            raise NotFound(f"There is no analysis {analysis_id[:64]!r}.", "GET /api/analyses lists them.")
        return Json(shapes.analysis(found))

    @router.get("/{analysis_id}/progress", responses={200: {"content": {LINES: {}}}})
    async def progress(analysis_id: str) -> Response:
        """Follow an analysis that was begun with ``keep``, line by line as it was begun; one that is done comes at
        once."""
        job = jobs.get(analysis_id)
        if job is not None:
            return await streamed(job.lines(shapes.analysis))
        found = await library.one(analysis_id)
        if found is None:
            raise NotFound(f"There is no analysis {analysis_id[:64]!r}.", "It was stopped, or the hub was restarted.")
        return Response(line({"type": "done", "analysis": shapes.analysis(found)}), media_type=LINES)

    @router.delete("/{analysis_id}/progress", status_code=204)
    async def stop(analysis_id: str) -> None:
        """Stop an analysis that was begun with ``keep``."""
        await jobs.stop(analysis_id)

    @router.patch("/{analysis_id}", response_model=shapes.AnalysisShape)
    async def link(analysis_id: str, body: requests.AnalysisEdit) -> Response:
        """A key that is absent leaves its link; ``device_id`` null takes it away."""
        given = body.model_fields_set
        change = DeviceLink(
            device=body.device_id if "device_id" in given else msgspec.UNSET,
            models=tuple(body.models) if "models" in given else msgspec.UNSET,
        )
        return Json(shapes.analysis(await analyzer.link(analysis_id, change)))

    @router.delete("/{analysis_id}", status_code=204)
    async def forget(analysis_id: str) -> None:
        """A deleted document is quoted no more; what diagnoses have quoted stays in them."""
        await library.delete(analysis_id)

    @router.post("/{analysis_id}/ask", response_model=shapes.DocumentAnswer)
    async def ask(analysis_id: str, body: requests.DocumentQuestion) -> Response:
        """An answer from one document, with the quotes it rests on and their pages."""
        with turns.turn():
            found = await analyzer.ask(analysis_id, body.question)
        answer: shapes.DocumentAnswer = {
            "answer": found.answer,
            "quotes": [QuoteShape.of(each) for each in found.quotes],
            "generated_by": WriterShape.of(found.generated_by),
            "tokens_used": found.tokens_used,
        }
        return Json(answer)

    return router
