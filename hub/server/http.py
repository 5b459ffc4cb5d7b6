"""HTTP/1.1 with limits that apply before authentication.

uvicorn's httptools protocol limits neither the size of the request head nor the time it may take. The protocol in this
file limits the bytes, the URL, the number of headers, pipelined requests, and the time of each phase::

    WAITING (idle, or receiving a head) --head complete--> BODY --body complete--> DONE --response sent--> WAITING

The time-outs never cut a response short: a stream may last as long as its client reads it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import get_remote_addr

from hub.server.connections import ConnectionLimiter
from hub.server.reading import EVENTS, SLICE_BYTES, ReadFlow, ReadQueue
from hub.server.refusals import HEAD_BYTES, HEADERS, URL_BYTES, refusal
from hub.server.write_timeout import WriteTimeout

PIPELINED = 16
HEAD_S = 10.0
"""Seconds for a complete request head, from the opening of the connection or from the first byte of the head."""
BODY_S = 20.0
"""In each period of this many seconds, ``BODY_BYTES`` of a body have to arrive, unless the hub has paused reading."""
BODY_BYTES = 1024
IDLE_S = 15
"""Seconds that a connection may be idle between two requests."""
LINGER_S = 2.0
"""Seconds for which data of a refused client is read and discarded: closing at once could destroy the answer."""
LINGERING = 64
"""Maximum number of connections that linger (see ``LINGER_S``) at the same time. Others are closed at once."""


class _Refused(Exception):
    """Raised in a parser callback to make httptools stop with an error."""


class BoundedHttp(HttpToolsProtocol):
    """An HTTP connection with the limits of this module.

    Attributes:
        group: Identifies the client for the limits on connections by client.
        lingering: Number of refused connections in the whole process that are still open, because closing at once could
            destroy the answer (see ``LINGER_S``).
    """

    lingering = 0
    flow: ReadFlow

    def __init__(
        self,
        *,
        limiter: ConnectionLimiter,
        queue: ReadQueue,
        on_connected: Callable[[], None] | None = None,
        **options: Any,
    ) -> None:
        """Create the protocol. ``on_connected`` is called before the limiter counts the connection."""
        super().__init__(**options)
        self._on_connected = on_connected
        self.group: str | None = None
        self._limiter = limiter
        self._queue = queue  # shares the event loop between connections that send much
        self._rest = b""  # received data, to be parsed in the next turn
        self._events = 0  # parser events in this turn
        self._counted = False  # whether the limiter counts this connection
        self._phase: Literal["waiting", "body", "done"] = "waiting"
        self._receiving = False  # a request has begun and is not complete
        self._busy = False  # a request has not been answered yet
        self._refusal = 0  # status of the refusal, 0 for none
        self._lingers = False
        self._unparsed = 0  # bytes received since the last parser event
        self._head = 0  # bytes of the headers
        self._body = 0  # bytes of the body
        self._deadline: asyncio.TimerHandle | None = None
        self._timed = ""  # the phase that _deadline limits
        self._write_timeout = WriteTimeout()

    # -- connection -------------------------------------------------------------------------------------------

    # uvicorn narrows the transport in the same way.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = ReadFlow(transport)
        peer = get_remote_addr(transport)
        self.group = self._limiter.group_of(peer[0] if peer else "?")
        if self._on_connected is not None:
            self._on_connected()
        self._counted = True
        if not self._limiter.add(self):
            self._refuse(503)
            return
        self._limiter.mark_idle(self)
        self._start_deadline("waiting")

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def _leave(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._write_timeout.cancel()
        self._unset_keepalive_if_required()
        if self._lingers:
            self._lingers = False
            BoundedHttp.lingering -= 1
        if self._counted:
            self._counted = False
            self._limiter.remove(self)

    def close_for_another(self) -> None:
        self.transport.abort()

    def handle_websocket_upgrade(self) -> None:
        self._leave()  # BoundedWebSocket counts the connection itself
        super().handle_websocket_upgrade()

    def _reads(self) -> bool:
        """Return True if received data is still parsed.

        It is no longer parsed if the connection was refused or lost, or has become a WebSocket.
        """
        return self._counted and not self._refusal

    # -- receiving --------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._rest += data
        if not self.flow.held:
            self.read_on()

    def read_on(self) -> None:
        """Parse received data until this connection's turn is used up, then wait for its next turn.

        A turn is a limited number of parser events: see :mod:`hub.server.reading`.
        """
        data, self._rest = self._rest, b""
        offset, self._events = 0, 0
        while offset < len(data) and self._events < EVENTS and self._reads():
            self._parse(data[offset : offset + SLICE_BYTES])
            offset += SLICE_BYTES
        if self._events >= EVENTS and self._reads():
            self._rest = data[offset:]
            self.flow.hold()
            self._queue.add(self)
        elif self.flow.held:
            self.flow.release()

    def _parse(self, data: bytes) -> None:
        self._unparsed += len(data)
        super().data_received(data)
        if not self._reads():
            return
        if self._unparsed > HEAD_BYTES and self._phase != "done":
            self._refuse(431)
        elif self._phase == "done" and not self._busy:
            self._start_deadline("waiting")  # empty lines between two requests
        else:
            self._start_deadline(self._phase)

    def on_message_begin(self) -> None:
        self._events += 1
        super().on_message_begin()
        self._phase, self._receiving = "waiting", True
        self._unparsed = self._head = self._body = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > URL_BYTES:
            self._stop(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._events += 1
        self._head += len(name) + len(value) + 4  # ": " and the end of the line
        if self._head > HEAD_BYTES or len(self.headers) >= HEADERS:
            self._stop(431)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= PIPELINED:
            self._stop(503)
        self._phase = "body"
        self._unparsed = 0
        self._limiter.mark_busy(self)
        super().on_headers_complete()  # raises if the target is not a path, as in CONNECT
        self._busy = True

    def on_body(self, body: bytes) -> None:
        self._events += 1
        self._unparsed = 0
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase, self._receiving = "done", False
        self._unparsed = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:
            self._busy = False
            if self._counted:
                self._limiter.mark_idle(self)

    # -- time-outs --------------------------------------------------------------------------------------------

    def _start_deadline(self, phase: str) -> None:
        """Start the time limit for a phase of the connection.

        A phase may be ``waiting`` (for the head of a request), ``body`` or another one, which has no limit. If the
        connection is in this phase already, its time limit keeps running.
        """
        if phase == self._timed:
            return
        self._timed = phase
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if phase == "waiting":
            self._deadline = self.loop.call_later(HEAD_S, self._head_timeout)
        elif phase == "body":
            self._deadline = self.loop.call_later(BODY_S, self._body_timeout, self._body, False)

    def _head_timeout(self) -> None:
        if self.flow.read_paused or self.flow.held:  # the hub itself does not read
            self._timed = ""
            self._start_deadline("waiting")
        else:
            self._refuse(408)

    def _body_timeout(self, received_before: int, answered: bool) -> None:
        too_slow = self._body - received_before < BODY_BYTES
        if not self.flow.read_paused and not self.flow.held and (answered or too_slow):
            self._refuse(408)
            return
        # A body that continues after its answer gets one more period, so that the client sees the answer.
        answered = self.cycle.response_complete
        self._deadline = self.loop.call_later(BODY_S, self._body_timeout, self._body, answered)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timeout.start(self.transport)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._write_timeout.cancel()

    # -- refusing ---------------------------------------------------------------------------------------------

    def _stop(self, status: int) -> None:
        """Stop the parser from within one of this class's callbacks, and answer with the HTTP status ``status``."""
        self._refusal = status
        raise _Refused

    def send_400_response(self, msg: str) -> None:
        status, self._refusal = self._refusal or 400, 0
        self._refuse(status)

    def _refuse(self, status: int) -> None:
        """Answer with the HTTP status ``status``, unless another answer was begun, and close the connection."""
        if self._refusal or self.transport.is_closing():
            return
        self._refusal = status
        self._limiter.mark_busy(self)
        if self._deadline is not None:
            self._deadline.cancel()
        self._unset_keepalive_if_required()
        if self._busy:
            cycle = self.cycle
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started or self.pipeline:
                self.transport.abort()
                return
        elif status == 408 and not self._receiving:
            self.transport.close()  # there is no request to answer
            return
        self.transport.write(refusal(status))
        if BoundedHttp.lingering >= LINGERING or not self.transport.can_write_eof():
            self.transport.close()
            return
        BoundedHttp.lingering += 1
        self._lingers = True
        self.flow.resume_reading()
        self.transport.write_eof()
        self._deadline = self.loop.call_later(LINGER_S, self.transport.abort)
