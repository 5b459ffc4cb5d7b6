"""``/docs``: the API reference (Swagger UI). Its files are part of the web build, so it works offline."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Watchkeeper API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="swagger/favicon-32x32.png">
<link rel="stylesheet" href="swagger/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="swagger/swagger-ui-bundle.js"></script><script src="docs/init.js"></script></body></html>
"""
SCRIPT = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null, displayRequestDuration: true
});
"""
NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Watchkeeper API</title></head>
<body><h1>Watchkeeper API</h1><p>The description is at <a href="openapi.json">/openapi.json</a>. This page needs the
dashboard, which has not been built yet.</p></body></html>
"""


def routes(web_dir: Path) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def docs() -> Response:
        built = (web_dir / "swagger" / "swagger-ui-bundle.js").is_file()
        return HTMLResponse(PAGE if built else NOT_BUILT)

    @router.get("/docs/init.js")
    async def init() -> Response:
        return Response(SCRIPT, media_type="text/javascript")

    return router
