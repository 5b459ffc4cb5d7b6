"""``/mcp``: read-only tools and resources for other AI programs (Model Context Protocol, streamable HTTP)."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.api.audit_draft import note
from hub.api.errors import Json
from hub.tools import ModelContextServer

_BODY = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
MAX_ARGUMENTS = 300
"""Maximum number of characters of a tool's arguments in the audit log."""


def routes(server: ModelContextServer) -> APIRouter:
    router = APIRouter(tags=["assistant"])

    @router.post("/mcp", response_model=dict[str, object], responses={202: {}}, openapi_extra={"requestBody": _BODY})
    async def model_context(request: Request) -> Response:
        """Answer a JSON-RPC message of the Model Context Protocol: `initialize`, `ping`, `tools/…`, `resources/…`.

        Notifications are answered with 202. Tools and resources only read, and show what the account of the token may
        see. The audit log records each call of a tool.
        """
        answer = await server.answer(await request.body(), record=_record)
        return Response(status_code=202) if answer is None else Json(answer)

    return router


def _record(tool: str, arguments: Any) -> None:
    """Describe a call of a tool in the audit entry of the request."""
    given = msgspec.json.encode(arguments).decode()[:MAX_ARGUMENTS] if arguments else ""
    note(f"called the tool {tool}", tool=tool, arguments=given)
