"""``/mcp``: the assistant's read-only tools for other AI programs (Model Context Protocol, streamable HTTP)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.api.errors import Json
from hub.tools import ModelContextServer

_BODY = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}


def routes(server: ModelContextServer) -> APIRouter:
    router = APIRouter(tags=["assistant"])

    @router.post("/mcp", response_model=dict[str, object], responses={202: {}}, openapi_extra={"requestBody": _BODY})
    async def model_context(request: Request) -> Response:
        """Answer a JSON-RPC message of the Model Context Protocol: `initialize`, `tools/list`, `tools/call`, `ping`.

        Notifications are answered with 202. The tools only read, and see what the account of the token may see.
        """
        answer = await server.answer(await request.body())
        return Response(status_code=202) if answer is None else Json(answer)

    return router
