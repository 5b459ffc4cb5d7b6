"""HTTP, Server-Sent Events and WebSockets. The only package that imports FastAPI.

A resource is one file in ``routes/``, whose ``routes()`` takes its collaborators by name. :func:`create_api` includes
the routers in one application and puts ``guard.py`` around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from fastapi import APIRouter
from fastapi.routing import APIRoute, APIWebSocketRoute

from hub.api import errors
from hub.api.auth import Authenticator
from hub.api.body_limit import Sizes
from hub.api.clients import OpenRequests, connection_limits
from hub.api.guard import Guard
from hub.api.http_settings import HttpSettings
from hub.api.hub_info import HubInfo
from hub.api.openapi import OPEN, DescribedApi, operation_id
from hub.api.routes import analyze, import_export, session, spa
from hub.api.schemas import live as live_schemas

__all__ = ["Api", "Authenticator", "HttpSettings", "HubInfo", "Router", "create_api"]

# For the assembly, which builds the routers and must not import FastAPI.
Api = DescribedApi
Router = APIRouter


def create_api(routers: Sequence[Router], http: HttpSettings, auth: Authenticator, version: str) -> Api:
    """Return the ASGI application that serves ``routers`` and the dashboard."""
    app = DescribedApi(
        auth,
        title="Watchkeeper",
        version=version,
        description="An IoT hub whose alerts explain themselves. Times are epoch milliseconds.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    for router in routers:
        app.include_router(router, max_body_size=http.body_bytes)
    app.state.api_routes = [route for router in routers for route in router.routes]
    taken = frozenset(part for router in routers for part in _first_parts(router))
    app.include_router(spa.routes(http.web_dir, taken))
    live_schemas.describe(app)
    errors.install(app)
    # The last one added is the outermost.
    app.add_middleware(errors.Crashes)
    limits = {
        **analyze.longest(http),
        import_export.IMPORT: import_export.IMPORT_BYTES,
        session.LOGIN: session.LOGIN_BYTES,
    }
    app.add_middleware(Sizes, limit=lambda path: limits.get(path, http.body_bytes))
    most, per_client = connection_limits(http.max_connections, http.max_connections_per_client)
    app.add_middleware(
        Guard,
        http=http,
        auth=auth,
        requests=OpenRequests(most, per_client),
        is_open=_open(spa.first_parts(http.web_dir) - taken),
    )
    return app


def _first_parts(router: APIRouter) -> Iterator[str]:
    """Yield the first path segment of each route: addresses that begin with it are never pages of the dashboard."""
    for route in router.routes:
        if isinstance(route, APIRoute | APIWebSocketRoute):
            yield route.path.split("/")[1]


def _open(pages: AbstractSet[str]) -> Callable[[str, str], bool]:
    """Return a predicate for requests that need no token: the dashboard's files, and what is in ``openapi.OPEN``."""

    def is_open(method: str, path: str) -> bool:
        method = "GET" if method == "HEAD" else method
        return (method, path) in OPEN or (method == "GET" and path.startswith("/") and path.split("/")[1] in pages)

    return is_open
