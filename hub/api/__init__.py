"""The hub's outside face: HTTP, event streams and WebSockets. The only place that knows FastAPI.

:func:`create_api` puts the resources together, one file each; ``guard.py`` stands around all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

from fastapi import APIRouter
from fastapi.routing import APIRoute, APIWebSocketRoute

from hub.api import (
    alerts,
    analyses,
    analyze,
    ask,
    commands,
    conversations,
    credentials,
    device_rules,
    devices,
    diagnoses,
    docs,
    expected,
    history,
    live,
    live_shapes,
    logs,
    mappings,
    messages,
    models,
    page,
    problems,
    rules,
    session,
    simple,
    sse,
    status,
    tables,
    topics,
)
from hub.api.analysis_jobs import Jobs
from hub.api.attempts import LoginAttempts
from hub.api.auth import Authenticator
from hub.api.broadcast import Broadcaster
from hub.api.changes import ChangeLog
from hub.api.clients import OpenRequests, connection_limits
from hub.api.description import OPEN, DescribedApi, operation_id
from hub.api.guard import Guard
from hub.api.services import HttpSettings, Services
from hub.api.sizes import Sizes
from hub.api.turns import Turns
from hub.sessions import SessionStore

__all__ = ["Authenticator", "Broadcaster", "HttpSettings", "Services", "create_api"]


def create_api(services: Services, http: HttpSettings, broadcaster: Broadcaster) -> DescribedApi:
    """The ASGI application. Whoever serves it also runs ``broadcaster.run()``."""
    app = DescribedApi(
        title="Watchkeeper",
        version=services.version,
        description="An IoT hub whose alerts explain themselves. Times are epoch milliseconds.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    sessions = SessionStore(services.data / "sessions.json", http.token, time.time) if http.token else None
    auth, turns = Authenticator(http, sessions, LoginAttempts()), Turns(http.ai_requests)
    app.auth, app.cookie, app.asks = auth, auth.cookie, not auth.open
    jobs = Jobs(services.shutdown)
    changes = ChangeLog(services.inbox.submit, services.now)
    routers = (
        devices.routes(broadcaster.devices, services.twins, broadcaster.alerts, services.diagnostician, turns, changes),
        device_rules.routes(services.fleet, services.engine, services.store),
        messages.routes(services.fleet, services.messages, services.now),
        alerts.routes(broadcaster.alerts, services.store),
        diagnoses.routes(services.diagnostician, services.store, turns),
        commands.routes(broadcaster.commands),
        history.routes(services.fleet, services.store, services.now),
        tables.routes(services),
        expected.routes(services.fleet, services.store, services.now),
        logs.routes(services.store),
        rules.routes(services, changes),
        mappings.routes(services, changes),
        credentials.routes(services.credentials, changes),
        models.routes(services.models, changes),
        topics.routes(services.explorer, services.messages),
        status.routes(services, http, broadcaster),
        ask.routes(services.assistant, turns, services.shutdown, http.question_chars),
        conversations.routes(services.memory, turns, services.shutdown),
        analyze.routes(services.analyst, Turns(http.ai_requests, analyze.busy), http, jobs),
        analyses.routes(services.analyst, services.store.library, turns, jobs),
        sse.routes(broadcaster, services.fleet, services.store),
        simple.routes(services, broadcaster, turns),
        live.routes(broadcaster.live, services.shutdown),
        session.routes(auth),
        docs.routes(http.web_dir),
    )
    for router in routers:
        app.include_router(router, max_body_size=http.body_bytes)
    app.state.api_routes = [route for router in routers for route in router.routes]
    taken = frozenset(part for router in routers for part in _first_parts(router))
    app.include_router(page.routes(http.web_dir, taken))
    live_shapes.describe(app)
    problems.install(app)
    # The last one added is the outermost.
    app.add_middleware(problems.Crashes)
    limits = {**analyze.longest(http), tables.IMPORT: tables.IMPORT_BYTES, session.LOGIN: session.LOGIN_BYTES}
    app.add_middleware(Sizes, limit=lambda path: limits.get(path, http.body_bytes))
    most, per_client = connection_limits(http.max_connections, http.max_connections_per_client)
    app.add_middleware(
        Guard,
        http=http,
        auth=auth,
        requests=OpenRequests(most, per_client),
        is_open=_open(page.first_parts(http.web_dir) - taken),
    )
    return app


def _first_parts(router: APIRouter) -> Iterator[str]:
    """``ask``, ``api``, …: addresses that begin with these are never pages."""
    for route in router.routes:
        if isinstance(route, APIRoute | APIWebSocketRoute):
            yield route.path.split("/")[1]


def _open(pages: AbstractSet[str]) -> Callable[[str, str], bool]:
    """Closed unless said otherwise: only the page with its files, and what stands in ``description.OPEN``."""

    def is_open(method: str, path: str) -> bool:
        method = "GET" if method == "HEAD" else method
        return (method, path) in OPEN or (method == "GET" and path.startswith("/") and path.split("/")[1] in pages)

    return is_open
