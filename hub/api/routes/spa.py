"""The dashboard's files: ``/`` and everything that is no address of the API.

Files with a hash in their name are kept for good by browsers, the page itself is asked for anew each time. The page's
own addresses (``/d/pump-01``) all give ``index.html``. It knows nothing of the hub.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from hub.api.errors import allowed_methods

PAGES = frozenset({"d", "alerts", "assistant", "analyse", "rules", "topics", "activity", "settings", "login"})
"""First parts of the page's own addresses."""
HASHED = "assets/"
FOREVER = "public, max-age=31536000, immutable"

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Watchkeeper</title></head><body>
<h1>Watchkeeper is running</h1>
<p>The dashboard has not been built yet. In a checkout, <code>make setup</code> builds it.</p>
<p>The API is described at <a href="/docs">/docs</a>.</p>
</body></html>
"""


def first_parts(web_dir: Path) -> frozenset[str]:
    """What the addresses of the page and of its files begin with."""
    files = {file.name for file in web_dir.iterdir()} if web_dir.is_dir() else set()
    return PAGES | files | {""}


def routes(web_dir: Path, taken: AbstractSet[str]) -> APIRouter:
    """Addresses that begin with a part in ``taken`` belong to the API: a wrong one there is no page."""
    router = APIRouter()
    files = StaticFiles(directory=web_dir, check_dir=False)

    @router.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(path: str, request: Request) -> Response:
        if path.partition("/")[0] in taken:
            raise HTTPException(405 if allowed_methods(request) else 404)
        if path and path != "index.html":
            try:
                found = await files.get_response(path, request.scope)
                found.headers["Cache-Control"] = FOREVER if path.startswith(HASHED) else "no-cache"
                return found
            except HTTPException:
                if path.partition("/")[0] not in PAGES and "text/html" not in request.headers.get("accept", ""):
                    raise
        return index(200 if path in ("", "index.html") or path.partition("/")[0] in PAGES else 404)

    def index(status: int) -> Response:
        file = web_dir / "index.html"
        if not file.is_file():
            return HTMLResponse(NOT_BUILT, status, {"Cache-Control": "no-cache"})
        return FileResponse(file, status, {"Cache-Control": "no-cache"}, media_type="text/html")

    return router
