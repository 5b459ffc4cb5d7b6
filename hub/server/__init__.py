"""The web server: uvicorn with limits on the resources that a connection may use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import uvicorn

from hub.api import HttpSettings
from hub.api.clients import TrustedProxies, connection_limits
from hub.server.connections import ConnectionLimiter
from hub.server.http import IDLE_S, BoundedHttp
from hub.server.reading import ReadQueue
from hub.server.websocket import BoundedWebSocket

__all__ = ["Server", "create_server"]


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals alone.

    uvicorn would raise SIGTERM again at its end, and the process would die before its queues are drained (uvicorn 0.54,
    ``Server.capture_signals``).
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def create_server(app: Any, http: HttpSettings) -> Server:
    """Return a server for ``app``. The caller passes the listening socket when it runs the server."""
    limits = connection_limits(http.max_connections, http.max_connections_per_client)
    limiter = ConnectionLimiter(*limits, TrustedProxies(http.trusted_proxies))
    config = uvicorn.Config(
        app,
        log_level="error",  # uvicorn logs a warning for each bad request
        access_log=False,
        lifespan="off",
        # uvicorn calls these like classes; its types ask for the classes themselves.
        http=partial(BoundedHttp, limiter=limiter, queue=ReadQueue()),  # type: ignore[arg-type]  # uvicorn calls it
        ws=partial(BoundedWebSocket, limiter=limiter),  # type: ignore[arg-type]
        ws_per_message_deflate=False,  # compression takes six times the CPU
        ws_max_size=1_048_576,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=2,
        server_header=False,
        proxy_headers=False,
    )
    return Server(config)
