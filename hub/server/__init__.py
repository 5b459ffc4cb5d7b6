"""The web server: uvicorn with limits on what a connection may cost."""

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
    """Our loop owns the signals: uvicorn would raise SIGTERM again at its end and the process would die before
    anything drains (uvicorn 0.54, Server.capture_signals)."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def create_server(app: Any, http: HttpSettings) -> Server:
    """Return a server for ``app``; whoever runs it gives it the socket that it listens on."""
    limits = connection_limits(http.max_connections, http.max_connections_per_client)
    places = ConnectionLimiter(*limits, TrustedProxies(http.trusted_proxies))
    config = uvicorn.Config(
        app,
        log_level="error",  # its warnings come once for each bad request
        access_log=False,
        lifespan="off",
        # uvicorn calls these like classes; its types ask for the classes themselves.
        http=partial(BoundedHttp, places=places, queue=ReadQueue()),  # type: ignore[arg-type]
        ws=partial(BoundedWebSocket, places=places),  # type: ignore[arg-type]
        ws_per_message_deflate=False,  # the default cost six times the CPU
        ws_max_size=1_048_576,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=2,
        server_header=False,
        proxy_headers=False,
    )
    return Server(config)
