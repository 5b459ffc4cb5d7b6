"""``POST /analyze/image``: what can be told of a picture."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from starlette.responses import Response

from hub.api import shapes
from hub.api.problems import Json
from hub.api.services import Analyst, HttpSettings
from hub.api.turns import Turns
from hub.errors import TooLarge

PATH = "/analyze/image"
MULTIPART_BYTES = 64 * 1024
"""What the form around the file may take."""


def most_bytes(http: HttpSettings) -> int:
    """The length of a whole request."""
    return http.image_bytes + MULTIPART_BYTES


def routes(analyst: Analyst, turns: Turns, http: HttpSettings) -> APIRouter:
    router = APIRouter(tags=["analysis"])

    @router.post(
        PATH,
        response_model=shapes.ImageAnswer,
        responses={400: {"description": "Not a PNG or JPEG picture"}, 413: {"description": "Too large"}},
        # Enforced while the body streams in, so that nobody fills the disk.
        max_body_size=most_bytes(http),
    )
    async def image(
        file: Annotated[UploadFile, File()], device_id: Annotated[str | None, Form(max_length=128)] = None
    ) -> Response:
        """PNG or JPEG, by its content and not by its name."""
        data = await file.read(http.image_bytes + 1)
        if len(data) > http.image_bytes:
            raise TooLarge(f"A picture has at most {http.image_bytes // 1024 // 1024} MB.")
        with turns.turn():
            found = await analyst.analyse_image(file.filename, data, device_id)
        answer: shapes.ImageAnswer = {
            "filename": found.filename,
            "analysis": found.analysis,
            "model": found.model,
            "provider": found.provider,
            "generative": found.generative,
            "format": found.format,
            "width": found.width,
            "height": found.height,
            "device_id": found.device_id,
            "properties": dict(found.properties),
            "tokens_used": found.tokens_used,
        }
        return Json(answer)

    return router
