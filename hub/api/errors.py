"""Turn errors into responses: the hub's own errors by :data:`STATUS`, everything else into 500.

The body has one of three forms: ``{"error": text}`` for ``/ask``, ``{"detail": text}`` for ``/ai`` and ``/analyze``,
``{"error": {"code", "message", "hint"}}`` for all other paths. The text of an unexpected error is logged, not sent.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub import errors
from hub.runtime.fault_log import FaultLog
from hub.topics import printable

log = logging.getLogger(__name__)
faults = FaultLog(log)

STATUS: tuple[tuple[type[errors.HubError], int], ...] = (
    (errors.NotFound, 404),
    (errors.TooLarge, 413),
    (errors.WrongType, 400),
    (errors.NotInstalled, 501),
    (errors.Invalid, 422),
    (errors.Conflict, 409),
    (errors.InUse, 409),
    (errors.Forbidden, 403),
    (errors.Rejected, 422),
    (errors.BrokerError, 503),
    (errors.StoreRefused, 422),
    (errors.StoreError, 503),
    (errors.SignInUnavailable, 503),
    (errors.TooBusy, 503),
    (errors.WorkFailed, 422),
    (errors.AiError, 503),
)
"""HTTP status by error class. The first entry whose class matches applies. All other errors are 500."""

_MESSAGES = {
    400: (
        "The body cannot be parsed. Send JSON (UTF-8, nested at most 32 levels deep, integers of 64 bits), or "
        "multipart/form-data where a file is expected."
    ),
    404: "There is nothing at this path.",
    405: "This path does not support the method.",
}
_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}


class Json(JSONResponse):
    """A JSON response encoded by msgspec, which supports structs and is ten times as fast as the standard library."""

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


def problem(
    path: str, status: int, code: str, message: str, hint: str = "", headers: dict[str, str] | None = None
) -> Response:
    """Return an error response. ``path`` decides which form the body has."""
    if path == "/ask":
        return Json({"error": message}, status, headers)
    if path.startswith(("/ai/", "/analyze/")):
        return Json({"detail": message}, status, headers)
    return Json({"error": {"code": code, "message": message, "hint": hint}}, status, headers)


def status_of(error: errors.HubError) -> int:
    """Return the HTTP status of one of the hub's own errors."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def error_response(path: str, error: errors.HubError) -> Response:
    """Return the response for one of the hub's own errors."""
    message = f"AI service error: {error}" if isinstance(error, errors.AiError) else error.message
    after_s = error.after_s if isinstance(error, errors.TooBusy) else None
    headers = None if after_s is None else {"Retry-After": str(math.ceil(after_s))}
    return problem(path, status_of(error), error.code, message, error.hint, headers)


def too_large(path: str, *, close: bool) -> Response:
    """Return a 413 response, which says that the body of a request is too large.

    ``path`` is the path of the request. ``close`` closes the connection after the response. Otherwise the server reads
    the rest of the body, so ``close`` is needed for a body that is very long or may have no end.
    """
    headers = {"Connection": "close"} if close else None
    return problem(path, 413, "too_large", "The body is too large.", "GET /api/status returns the limits.", headers)


def install(app: FastAPI) -> None:
    """Add the exception handlers to ``app``, except for unexpected errors: see :class:`CrashHandler`."""

    @app.exception_handler(errors.HubError)
    async def hub_error(request: Request, error: errors.HubError) -> Response:
        return error_response(request.scope["path"], error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        faults = error.errors()
        if request.scope["path"].startswith(("/ai/", "/analyze/")):
            # FastAPI's own form, without the input, which may be long or secret.
            return Json({"detail": [{key: fault[key] for key in ("type", "loc", "msg")} for fault in faults]}, 422)
        return problem(request.scope["path"], 422, "invalid", _sentence(faults), "See /docs for the parameters.")

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        path = request.scope["path"]
        if error.status_code == 413:
            return too_large(path, close=True)
        code = _CODES.get(error.status_code, "http")
        message = _MESSAGES.get(error.status_code, str(error.detail))
        headers = dict(error.headers) if error.headers else None
        if error.status_code == 405:
            headers = {"Allow": ", ".join(sorted(allowed_methods(request) or {"GET", "HEAD"}))}
        return problem(path, error.status_code, code, message, "See /docs for all paths.", headers)


def allowed_methods(request: Request) -> set[str]:
    """Return the methods that the API supports for the path of this request."""
    found: set[str] = set()
    for route in request.app.state.api_routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] != Match.NONE:
            found |= route.methods or set()
    return found


def _sentence(faults: Sequence[Any]) -> str:
    """Return the faults of a request as one text: ``limit: Input should be less than or equal to 1000; name: …``."""
    parts = []
    for fault in faults[:5]:
        if fault["type"] == "json_invalid":
            reason = fault.get("ctx", {}).get("error", "cannot be parsed")
            parts.append(f"The body is not valid JSON: {reason} at character {fault['loc'][-1]}")
            continue
        where = ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0])
        parts.append(f"{where}: {fault['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)


class CrashHandler:
    """Innermost ASGI middleware: logs an unexpected error once with its traceback, and answers 500 without details."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] in ("http.response.start", "websocket.accept")
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            log.debug("A client disconnected during %s.", scope["path"])
        except Exception as error:
            faults.unexpected("Answering %s failed. Report this.", printable(scope["path"]), cause=error)
            await self._respond(scope, receive, send, started)

    async def _respond(self, scope: Scope, receive: Receive, send: Send, started: bool) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1011})
        elif not started:
            message = "An unexpected error occurred in the hub."
            answer = problem(scope["path"], 500, "internal", message, "See the hub's log for details.")
            await answer(scope, receive, send)
