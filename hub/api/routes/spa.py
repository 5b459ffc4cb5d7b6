"""The dashboard's files, and ``index.html`` for every page of the dashboard.

If a browser opens a path that belongs neither to the API nor to a file, it gets ``index.html``. The router in the
browser (``web/src/routes.ts``) then shows the page, or "not found". So a new page of the dashboard needs no change
here.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from hub.api.clients import root_path_of
from hub.api.errors import allowed_methods

HASHED = "assets/"
"""Folder of files whose names contain a hash of their content, so browsers may cache them forever."""
FOREVER = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Watchkeeper</title></head><body>
<h1>Watchkeeper is running</h1>
<p>The dashboard has not been built yet. In a checkout, <code>make setup</code> builds it.</p>
<p>The API is described at <a href="/docs">/docs</a>.</p>
</body></html>
"""


def routes(web_dir: Path, reserved: AbstractSet[str]) -> APIRouter:
    """Return the route that serves the files in ``web_dir``.

    Paths whose first segment is in ``reserved`` belong to the API and are never pages.
    """
    router = APIRouter()
    files = StaticFiles(directory=web_dir, check_dir=False)

    @router.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(path: str, request: Request) -> Response:
        if path.partition("/")[0] in reserved:
            raise HTTPException(405 if allowed_methods(request) else 404)
        if path in ("", "index.html"):
            return index(request)
        try:
            file = await files.get_response(path, request.scope)
        except HTTPException:
            # Only requests for a page get index.html. Others, such as for scripts and pictures, get the 404.
            if "text/html" not in request.headers.get("accept", ""):
                raise
            return index(request)
        file.headers["Cache-Control"] = FOREVER if path.startswith(HASHED) else REVALIDATE
        return file

    def index(request: Request) -> Response:
        file, root = web_dir / "index.html", root_path_of(request.scope)
        if not file.is_file():
            return HTMLResponse(NOT_BUILT.replace('="/', f'="{root}/'), headers={"Cache-Control": REVALIDATE})
        if root:
            page = file.read_text("utf-8").replace('="/', f'="{root}/')
            page = page.replace("<head>", f'<head>\n    <meta name="root-path" content="{root}" />', 1)
            return HTMLResponse(page, headers={"Cache-Control": REVALIDATE})
        return FileResponse(file, headers={"Cache-Control": REVALIDATE}, media_type="text/html")

    return router
