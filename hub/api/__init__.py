"""HTTP, Server-Sent Events and WebSockets. The only package that imports FastAPI.

Each resource is a file in ``routes/``. Its function ``routes()`` takes the services that it needs as arguments, and
returns a router. :func:`create_api` includes the routers in one application and wraps it in
:class:`~hub.api.guard.Guard`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet

from fastapi import APIRouter
from starlette.routing import BaseRoute, Route, WebSocketRoute

from hub.api import errors
from hub.api.audit_trail import AuditMiddleware, AuditTrail
from hub.api.auth import Authenticator
from hub.api.body_limit import BodyLimit
from hub.api.clients import OpenRequests, connection_limits
from hub.api.guard import Guard
from hub.api.http_settings import HttpSettings
from hub.api.hub_info import HubInfo
from hub.api.openapi import OPEN, DescribedApi, operation_id
from hub.api.routes import analyze, import_export, session, spa

__all__ = ["Api", "AuditTrail", "Authenticator", "HttpSettings", "HubInfo", "Router", "create_api"]

# For the assembly, which must not import FastAPI.
Api = DescribedApi
Router = APIRouter


def create_api(
    routers: Sequence[Router], http: HttpSettings, auth: Authenticator, trail: AuditTrail, version: str
) -> Api:
    """Return the ASGI application that serves ``routers`` and the dashboard."""
    app = DescribedApi(
        auth,
        trail,
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
    reserved = _first_segments((*app.routes, *app.state.api_routes))
    app.include_router(spa.routes(http.web_dir, reserved))
    errors.install(app)
    # The middleware that is added last is the outermost one.
    app.add_middleware(errors.CrashHandler)
    limits = {
        **analyze.body_limits(http),
        import_export.IMPORT: import_export.IMPORT_BYTES,
        **dict.fromkeys(session.SIGN_IN_PATHS, session.SIGN_IN_BYTES),
    }
    app.add_middleware(BodyLimit, limit=lambda path: limits.get(path, http.body_bytes))
    app.add_middleware(AuditMiddleware, trail=trail)
    total, per_client = connection_limits(http.max_connections, http.max_connections_per_client)
    app.add_middleware(
        Guard,
        http=http,
        auth=auth,
        trail=trail,
        requests=OpenRequests(total, per_client),
        is_open=_needs_no_token(reserved),
    )
    return app


def _first_segments(routes: Iterable[BaseRoute]) -> frozenset[str]:
    """Return the first segment of each path of the API, such as ``api``, ``ask`` or ``openapi.json``."""
    return frozenset(route.path.split("/")[1] for route in routes if isinstance(route, Route | WebSocketRoute))


def _needs_no_token(reserved: AbstractSet[str]) -> Callable[[str, str], bool]:
    """Return a function that is called with a method and a path, and returns True if the request needs no token.

    These are the operations ``openapi.OPEN``, and the dashboard's pages and files: all paths whose first segment is not
    ``reserved`` for the API.
    """

    def is_open(method: str, path: str) -> bool:
        method = "GET" if method == "HEAD" else method
        page = method == "GET" and path.startswith("/") and path.split("/")[1] not in reserved
        return page or (method, path) in OPEN

    return is_open
