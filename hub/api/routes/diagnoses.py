"""``/api/diagnoses/{id}/prompt`` and ``/repeat``: what a model was asked, and the same asked once more."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response
from typing_extensions import TypedDict

from hub.api.concurrency_limit import Turns
from hub.api.errors import Json
from hub.api.schemas import requests, responses, serializers
from hub.diagnosis import DiagnosisService
from hub.errors import NotFound
from hub.store.base import Store


class MessageAsked(TypedDict):
    role: str
    text: str


class PromptShape(TypedDict):
    """``messages`` is empty where no model was asked: the built-in analyst writes from the evidence alone."""

    diagnosis_id: str
    messages: list[MessageAsked]


def routes(diagnosis: DiagnosisService, store: Store, turns: Turns) -> APIRouter:
    router = APIRouter(prefix="/api/diagnoses", tags=["alerts"])

    @router.get("/{diagnosis_id}/prompt", response_model=PromptShape)
    async def prompt(diagnosis_id: str) -> Response:
        """Word for word what the model was given: instructions, then the evidence inside its fence."""
        found = await store.diagnosis(diagnosis_id)
        if found is None:
            raise NotFound(f"There is no diagnosis {diagnosis_id[:64]!r}.", "An alert names its own.")
        messages = [{"role": role, "text": text} for role, text in found.prompt]
        return Json({"diagnosis_id": found.id, "messages": messages})

    @router.post("/{diagnosis_id}/repeat", response_model=responses.DiagnosisShape)
    async def repeat(diagnosis_id: str, body: requests.Repeat | None = None) -> Response:
        """The same evidence and prompt again, by the same model unless ``model`` names another. Not stored."""
        with turns.turn():
            return Json(serializers.diagnosis(await diagnosis.repeat(diagnosis_id, body.model if body else None)))

    return router
