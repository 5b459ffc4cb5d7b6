"""The web server: uvicorn with limits on the resources that a connection may use."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import uvicorn

from hub.api import HttpSettings
from hub.api.clients import TrustedProxies, connection_limits
from hub.server.certificate import ServerCertificate
from hub.server.connections import ConnectionLimiter
from hub.server.http import IDLE_S, BoundedHttp
from hub.server.reading import ReadQueue
from hub.server.refusals import PLAIN_ANSWER
from hub.server.tls_listener import TlsListener
from hub.server.websocket import BoundedWebSocket

__all__ = ["Server", "ServerCertificate", "create_server"]


class Server(uvicorn.Server):
    """A uvicorn server that does not handle signals such as SIGTERM, because the hub does.

    uvicorn would raise SIGTERM again at its end, and the process would die before its queues are drained (uvicorn 0.54,
    ``Server.capture_signals``).
    """

    def __init__(
        self, config: uvicorn.Config, limiter: ConnectionLimiter, certificate: ServerCertificate | None
    ) -> None:
        super().__init__(config)
        self._limiter = limiter
        self._certificate = certificate

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on the sockets. With a certificate, they serve HTTPS."""
        if self._certificate is None:
            await super().startup(sockets)
            return
        await super().startup([])
        for listener in sockets or ():
            server = TlsListener(listener, self._certificate, self._limiter, self._protocol, PLAIN_ANSWER)
            server.start(self.config.backlog)
            self.servers.append(server)  # type: ignore[arg-type]  # uvicorn closes it and waits for it

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, let requests end for 2 s, and abort the connections that are still open then.

        Such a connection belongs to a client that does not read its response, or that connected while the server
        stopped.
        """
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:  # set when the connection is accepted
                connection.transport.abort()
        await asyncio.sleep(0)

    def _protocol(self, on_connected: Callable[[], None]) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        made: asyncio.Protocol = make(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            on_connected=on_connected,
        )
        return made


def create_server(app: Any, http: HttpSettings, certificate: ServerCertificate | None = None) -> Server:
    """Return a server for ``app``. It serves HTTPS if there is a certificate.

    The caller passes the listening sockets when it runs the server.
    """
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
    return Server(config, limiter, certificate)
