"""Diagnose an alert (``/api/alerts/{id}/diagnose``); read or repeat a diagnosis (``/api/diagnoses``)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.audit_draft import note_model
from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.errors import Json
from hub.api.schemas import diagnoses as diagnosis_schemas
from hub.api.schemas import requests, serializers
from hub.api.schemas.api_object import ApiObject
from hub.diagnosis import DiagnosisService
from hub.errors import NotFound
from hub.services.alerts import Alerts
from hub.store.reader import HistoryReader


class MessageAsked(ApiObject):
    """One message of a prompt."""

    role: str
    text: str


class PromptShape(ApiObject):
    """The prompt of a diagnosis.

    `messages` is empty if the built-in analyst wrote the diagnosis, because it needs no model.
    """

    diagnosis_id: str
    messages: list[MessageAsked]


def routes(diagnosis: DiagnosisService, alerts: Alerts, store: HistoryReader, slots: ConcurrencyLimit) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["alerts"])

    @router.post("/alerts/{alert_id}/diagnose", response_model=diagnosis_schemas.DiagnosisShape)
    async def diagnose_alert(alert_id: str) -> Response:
        """Diagnose an open alert from the present readings, and store the diagnosis.

        If the alert showed the diagnosis of another alert of its incident (`diagnosis_for`), it then has its own.
        """
        found = await alerts.get(alert_id)
        with slots.acquire():
            made = await diagnosis.diagnose_alert(found.alert)
        note_model(made.generated_by, made.tokens_used)
        return Json(serializers.diagnosis(made))

    @router.get("/diagnoses/{diagnosis_id}/prompt", response_model=PromptShape)
    async def get_prompt(diagnosis_id: str) -> Response:
        """Return the exact prompt that the model was given: instructions, then the evidence as quoted data."""
        found = await store.diagnosis(diagnosis_id)
        if found is None:
            raise NotFound(
                f"There is no diagnosis {diagnosis_id[:64]!r}.", "An alert contains the id of its diagnosis."
            )
        messages = [MessageAsked(role, text) for role, text in found.prompt]
        return Json(PromptShape(diagnosis_id=found.id, messages=messages))

    @router.post("/diagnoses/{diagnosis_id}/repeat", response_model=diagnosis_schemas.DiagnosisShape)
    async def repeat_diagnosis(diagnosis_id: str, body: requests.Repeat | None = None) -> Response:
        """Run a diagnosis again with the same evidence and prompt, and return it without storing it.

        The same model writes it unless `model` names another one.
        """
        with slots.acquire():
            found = await diagnosis.repeat(diagnosis_id, body.model if body else None)
        note_model(found.generated_by, found.tokens_used)
        return Json(serializers.diagnosis(found))

    return router
