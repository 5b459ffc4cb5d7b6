"""Ask questions in natural language: ``POST /ask``, ``/ai/ask``, ``/ai/stream``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from hub.api.audit_draft import note, note_answer
from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.errors import Json
from hub.api.schemas import requests, responses
from hub.assistant import AssistantService
from hub.bounds import decode_json
from hub.errors import AiError, Rejected

NO_QUESTION = 'JSON payload must include a "question" key.'
ALLOWED = ("question", "model")
_ASK_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["question"],
                    "additionalProperties": False,
                    "properties": {"question": {"type": "string", "minLength": 1}, "model": {"type": "string"}},
                }
            }
        },
    }
}


def routes(
    assistant: AssistantService, slots: ConcurrencyLimit, shutdown: asyncio.Event, question_chars: int
) -> APIRouter:
    router = APIRouter(tags=["assistant"])

    @router.post(
        "/ask",
        response_model=responses.Answer,
        responses={
            400: {"description": NO_QUESTION},
            403: {"description": "The role may not use this model"},
            503: {"description": "AI service error"},
        },
        openapi_extra=_ASK_BODY,
    )
    async def ask(request: Request) -> Response:
        """Answer a question about the devices. With `model`, only that model may answer.

        Return 422 if no such model is configured, 403 if your role may not use it, and 503 if it fails.
        """
        # The body is parsed here, because this path answers 400 with its own text if there is no question.
        body = _object(await request.body())
        if body is None or "question" not in body:
            return Json({"error": NO_QUESTION}, 400)
        unknown = next((key for key in body if key not in ALLOWED), None)
        if unknown is not None:
            return Json({"error": f"Unknown key {unknown[:64]!r}. Allowed: {', '.join(ALLOWED)}."}, 422)
        question, model = body["question"], body.get("model")
        if not isinstance(question, str) or not 1 <= len(question.strip()) <= question_chars:
            return Json({"error": f'"question" must be a text of 1 to {question_chars} characters.'}, 400)
        if model is not None and not isinstance(model, str):
            return Json({"error": '"model" must be a text.'}, 400)
        with slots.acquire():
            note(question=question)
            reply = await assistant.answer(question, model or None)
        note_answer(question, reply)
        return Json(responses.Answer(question=question, answer=reply.text, model=reply.model))

    @router.post(
        "/ai/ask", response_model=responses.CountedAnswer, responses={503: {"description": "AI service error"}}
    )
    async def ai_ask(body: requests.Question) -> Response:
        """Answer a question about the devices, and return the number of tokens used."""
        with slots.acquire():
            note(question=body.question)
            reply = await assistant.answer(body.question)
        note_answer(body.question, reply)
        return Json(responses.CountedAnswer(question=body.question, answer=reply.text, tokens_used=reply.tokens_used))

    @router.post(
        "/ai/stream",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, 503: {"description": "AI service error"}},
    )
    async def ai_stream(body: requests.Question) -> Response:
        """Answer a question about the devices as plain text, streamed while it is written."""
        texts = _answer(assistant, slots, shutdown, body.question)
        # The first text is awaited here, so that an error of the provider until then sets the HTTP status.
        first = await anext(texts, "")
        return StreamingResponse(_rest(first, texts), media_type="text/plain; charset=utf-8")

    return router


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = decode_json(body)
    except Rejected:
        return None
    return found if isinstance(found, dict) else None


async def _answer(
    assistant: AssistantService, slots: ConcurrencyLimit, shutdown: asyncio.Event, question: str
) -> AsyncGenerator[str, None]:
    with slots.acquire():
        note(question=question)
        async for text in assistant.stream(question, done=partial(note_answer, question)):
            yield text
            if shutdown.is_set():
                return


async def _rest(first: str, texts: AsyncGenerator[str, None]) -> AsyncIterator[str]:
    # If the client disconnects, the generator is closed at once, which frees its slot.
    async with aclosing(texts):
        yield first
        try:
            async for text in texts:
                yield text
        except AiError as error:
            yield f"\n\n[AI service error: {error}]"
