"""``POST /analyze/image``, ``/analyze/audio`` and ``/analyze/document``: analyse an uploaded file.

With ``Accept: application/x-ndjson`` the response is a stream of lines: ``progress`` repeatedly, then ``done`` with the
analysis, or ``error``. If the client disconnects, the analysis is stopped. With ``keep`` it continues: the first line
is then ``started`` with the id of the analysis, and ``/api/analyses/{id}/progress`` streams its progress.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Header, UploadFile
from starlette.responses import Response

from hub.analysis import FileAnalyzer, new_id
from hub.api.analysis_jobs import Job, Jobs, Shape
from hub.api.audit_draft import note, note_model
from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.errors import Json
from hub.api.http_settings import HttpSettings
from hub.api.ndjson import LINES, line, streamed
from hub.api.schemas import analyses as shapes
from hub.errors import HubError, TooBusy, TooLarge
from hub.model import Analysis, AnalysisKind
from hub.worker import Progress

MULTIPART_BYTES = 64 * 1024
"""Maximum size of the multipart form without the file itself, in bytes."""
Device = Annotated[str | None, Form(max_length=128, description="Link the analysis to this device.")]
Accept = Annotated[str, Header(description="`application/x-ndjson` streams the progress.")]
Keep = Annotated[bool, Form(description="Continue if the client disconnects. Only with streamed progress.")]


def body_limits(http: HttpSettings) -> dict[str, int]:
    """Return the maximum size of a request's body in bytes, by path."""
    return {
        "/analyze/image": http.image_bytes + MULTIPART_BYTES,
        "/analyze/audio": http.audio_bytes + MULTIPART_BYTES,
        "/analyze/document": http.document_bytes + MULTIPART_BYTES,
    }


def busy() -> HubError:
    """Return the error for too many analyses at the same time."""
    return TooBusy("Too many files are being analysed already.", "Try again in a moment.")


def routes(analyzer: FileAnalyzer, slots: ConcurrencyLimit, http: HttpSettings, jobs: Jobs) -> APIRouter:
    router = APIRouter(tags=["analysis"])
    limits = body_limits(http)

    def options_of(path: str, wrong_type: str) -> dict[str, Any]:
        return {
            "path": path,
            "responses": {
                200: {"content": {LINES: {}}},
                400: {"description": wrong_type},
                404: {},
                413: {"description": "The file is too large."},
                501: {},
            },
            # Enforced while the body is streamed to a temporary file, so that it cannot fill the disk.
            "max_body_size": limits[path],
        }

    async def analyse(
        kind: AnalysisKind,
        file: UploadFile,
        max_bytes: int,
        accept: str,
        shape: Shape = shapes.analysis,
        *,
        keep: bool,
        **options: Any,
    ) -> Response:
        data = await file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise TooLarge(f"The file may have at most {max_bytes // 1024 // 1024} MB.", "Send a smaller file.")

        analysis_id = new_id()
        note(object=analysis_id, file=file.filename, **options)

        async def work(progress: Progress) -> Analysis:
            with slots.acquire():
                found = await analyzer.analyse(
                    kind, file.filename, data, progress=progress, analysis_id=analysis_id, **options
                )
            note_model(found.generated_by, found.tokens_used)
            return found

        if LINES not in accept:
            return Json(shape(await work(lambda stage, done, of: None)))
        job = jobs.start(analysis_id, work)
        if keep:
            jobs.keep(job)
        return await streamed(_lines(job, shape, keep=keep))

    @router.post(
        response_model=shapes.ImageAnswer, **options_of("/analyze/image", "The file is not a PNG, JPEG or WebP image.")
    )
    async def analyze_image(
        file: Annotated[UploadFile, File()], device_id: Device = None, accept: Accept = "", keep: Keep = False
    ) -> Response:
        """Describe a picture. The format (PNG, JPEG or WebP) is detected from the content, not from the name."""
        return await analyse("image", file, http.image_bytes, accept, shapes.image, keep=keep, device=device_id)

    @router.post(
        response_model=shapes.AnalysisShape,
        **options_of("/analyze/audio", "The file is not a WAV, FLAC, MP3 or OGG recording."),
    )
    async def analyze_audio(
        file: Annotated[UploadFile, File()], device_id: Device = None, accept: Accept = "", keep: Keep = False
    ) -> Response:
        """Measure the sound of a recording and transcribe its speech. Formats: WAV, FLAC, MP3, OGG."""
        return await analyse("audio", file, http.audio_bytes, accept, keep=keep, device=device_id)

    @router.post(response_model=shapes.AnalysisShape, **options_of("/analyze/document", "The file is not a PDF."))
    async def analyze_document(
        file: Annotated[UploadFile, File()],
        device_id: Device = None,
        model: Annotated[list[Annotated[str, Form(max_length=200)]], Form(max_length=32)] = [],  # noqa: B006 (FastAPI copies the default)
        accept: Accept = "",
        keep: Keep = False,
    ) -> Response:
        """Extract text and tables of a PDF, and summarise it.

        With `model` (repeatable), the document is the manual of that device model and is quoted in diagnoses of its
        devices.
        """
        return await analyse("document", file, http.document_bytes, accept, keep=keep, device=device_id, models=model)

    return router


async def _lines(job: Job, shape: Shape, *, keep: bool) -> AsyncGenerator[bytes, None]:
    """Yield the lines of the response to one analysis: its progress, and at the end the result.

    ``job`` is the analysis under way, and ``shape`` converts its result to an object of the API. If the client
    disconnects, the analysis is stopped. With ``keep`` it goes on, and the first line has its id.
    """
    try:
        await job.started()
        if keep:
            yield line({"type": "started", "id": job.id})
        async with contextlib.aclosing(job.lines(shape)) as lines:
            async for each in lines:
                yield each
    finally:
        if not keep:
            await job.stop()
