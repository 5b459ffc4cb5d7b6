"""HTTP, Server-Sent Events and WebSockets. The only package that imports FastAPI.

:func:`create_api` puts the resources together, one file each; ``guard.py`` stands around all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

from fastapi import APIRouter
from fastapi.routing import APIRoute, APIWebSocketRoute

from hub.api import errors
from hub.api.analysis_jobs import Jobs
from hub.api.auth import Authenticator
from hub.api.body_limit import Sizes
from hub.api.change_log import ChangeLog
from hub.api.clients import OpenRequests, connection_limits
from hub.api.concurrency_limit import Turns
from hub.api.guard import Guard
from hub.api.live import dashboard_socket, public_socket, sse
from hub.api.live.broadcaster import Broadcaster
from hub.api.login_attempts import LoginAttempts
from hub.api.openapi import OPEN, DescribedApi, operation_id
from hub.api.routes import (
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
    expected_range,
    history,
    import_export,
    logs,
    mappings,
    messages,
    models,
    rules,
    session,
    spa,
    status,
    topics,
)
from hub.api.schemas import live as live_schemas
from hub.api.services import HttpSettings, Services
from hub.runtime.sessions import SessionStore

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
    changes = ChangeLog(services.ingest_queue.submit, services.now)
    routers = (
        devices.routes(
            broadcaster.devices, services.desired_state, broadcaster.alerts, services.diagnostician, turns, changes
        ),
        device_rules.routes(services.registry, services.engine, services.store),
        messages.routes(services.registry, services.messages, services.now),
        alerts.routes(broadcaster.alerts, services.store),
        diagnoses.routes(services.diagnostician, services.store, turns),
        commands.routes(broadcaster.commands),
        history.routes(services.registry, services.store, services.now),
        import_export.routes(services),
        expected_range.routes(services.registry, services.store, services.now),
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
        sse.routes(broadcaster, services.registry, services.store),
        public_socket.routes(services, broadcaster, turns),
        dashboard_socket.routes(broadcaster.live, services.shutdown),
        session.routes(auth),
        docs.routes(http.web_dir),
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
