"""HTTP/1.1 with bounds that hold before anybody has signed in.

uvicorn's protocol, which parses with httptools, has no limit on the request head and none on how long it may take.
This one bounds the bytes, the URL, the number of headers, pipelined requests, and the time for each phase::

    WAITING (idle, or a head is coming) --head complete--> BODY --body complete--> DONE --response sent--> WAITING

The time-outs never cut a response short: a stream may last as long as its client reads it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.utils import get_remote_addr

from hub.api.errors import problem
from hub.server.connections import ConnectionLimiter
from hub.server.reading import EVENTS, SLICE_BYTES, ReadFlow, ReadQueue

HEAD_BYTES = 32 * 1024
URL_BYTES = 8 * 1024
HEADERS = 100
PIPELINED = 16
HEAD_S = 10.0
"""For a head to be complete, from the connection or from its first byte."""
BODY_S = 20.0
"""In each such time ``BODY_BYTES`` of a body must come, unless the hub itself does not read."""
BODY_BYTES = 1024
READ_S = 60.0
"""For a client to read something while much waits to be sent to it."""
IDLE_S = 15
"""Between two requests of a connection."""
LINGER_S = 2.0
"""How long a refused client's data is still read and thrown away: closed under it, it would not see the answer."""
LINGERING = 64
"""Connections that linger at a time; further ones are closed at once."""

_PROBLEMS = {
    408: ("timeout", "The request did not come in time.", "Send it again, faster."),
    414: ("too_large", "The address is too long.", f"At most {URL_BYTES} bytes."),
    431: ("too_large", "The request's headers are too large.", f"At most {HEADERS} of {HEAD_BYTES} bytes in all."),
    503: ("too_busy", "Too many connections are open.", "Try again in a moment, or close other pages."),
    400: ("bad_request", "This is no valid HTTP request.", ""),
}


class _Refused(Exception):
    """Raised in a parser's callback: httptools then ends with an error of its own."""


class BoundedHttp(HttpToolsProtocol):
    """``places`` counts this server's connections, ``queue`` shares the event loop among those that send much."""

    lingering = 0
    flow: ReadFlow

    def __init__(self, *, places: ConnectionLimiter, queue: ReadQueue, **options: Any) -> None:
        super().__init__(**options)
        self.group: str | None = None
        self._places = places
        self._queue = queue
        self._rest = b""  # received, to be parsed in the connection's next turn
        self._events = 0  # of the parser in this turn
        self._placed = False
        self._phase: Literal["waiting", "body", "done"] = "waiting"
        self._begun = False  # a request, whose end has not come
        self._busy = False  # a request that has not been answered
        self._refusal = 0
        self._lingers = False
        # Bytes that have come since the parser last got on, and those of the URL and the headers that it has read.
        self._unparsed = 0
        self._head = 0
        self._body = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._timed = ""
        self._reader: asyncio.TimerHandle | None = None

    # -- the connection ---------------------------------------------------------------------------------------

    # uvicorn narrows the transport in the same way.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = ReadFlow(transport)
        peer = get_remote_addr(transport)
        self.group = self._places.group_of(peer[0] if peer else "?")
        self._placed = True
        if not self._places.add(self):
            self._refuse(503)
            return
        self._places.waits(self)
        self._time("waiting")

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def _leave(self) -> None:
        for timer in (self._deadline, self._reader):
            if timer is not None:
                timer.cancel()
        self._unset_keepalive_if_required()
        if self._lingers:
            self._lingers = False
            BoundedHttp.lingering -= 1
        if self._placed:
            self._placed = False
            self._places.remove(self)

    def give_way(self) -> None:
        self.transport.abort()

    def handle_websocket_upgrade(self) -> None:
        self._leave()  # the WebSocket's protocol takes a place of its own
        super().handle_websocket_upgrade()

    def _reads(self) -> bool:
        """Neither refused, nor a WebSocket by now, nor lost."""
        return self._placed and not self._refusal

    # -- what comes -------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._rest += data
        if not self.flow.held:
            self.read_on()

    def read_on(self) -> None:
        """Parse what waits until the turn is used up, and then wait for the next one."""
        data, self._rest = self._rest, b""
        place, self._events = 0, 0
        while place < len(data) and self._events < EVENTS and self._reads():
            self._parse(data[place : place + SLICE_BYTES])
            place += SLICE_BYTES
        if self._events >= EVENTS and self._reads():
            self._rest = data[place:]
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
            self._time("waiting")  # empty lines between two requests
        else:
            self._time(self._phase)

    def on_message_begin(self) -> None:
        self._events += 1
        super().on_message_begin()
        self._phase, self._begun = "waiting", True
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
        self._places.works(self)
        super().on_headers_complete()  # raises for a target that is no path, as CONNECT has
        self._busy = True

    def on_body(self, body: bytes) -> None:
        self._events += 1
        self._unparsed = 0
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase, self._begun = "done", False
        self._unparsed = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:
            self._busy = False
            if self._placed:
                self._places.waits(self)

    # -- time -------------------------------------------------------------------------------------------------

    def _time(self, phase: str) -> None:
        """Time ``phase`` from now on, if it is not timed already."""
        if phase == self._timed:
            return
        self._timed = phase
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if phase == "waiting":
            self._deadline = self.loop.call_later(HEAD_S, self._head_late)
        elif phase == "body":
            self._deadline = self.loop.call_later(BODY_S, self._body_late, self._body, False)

    def _head_late(self) -> None:
        if self.flow.read_paused or self.flow.held:  # it is the hub that lets it wait
            self._timed = ""
            self._time("waiting")
        else:
            self._refuse(408)

    def _body_late(self, before: int, answered: bool) -> None:
        if not self.flow.read_paused and not self.flow.held and (answered or self._body - before < BODY_BYTES):
            self._refuse(408)
            return
        # A body that goes on after its answer is read once more, so that the client sees the answer.
        answered = self.cycle.response_complete
        self._deadline = self.loop.call_later(BODY_S, self._body_late, self._body, answered)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._reader is None:
            self._reader = self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    # -- refusing ---------------------------------------------------------------------------------------------

    def _stop(self, status: int) -> None:
        """End the parser in one of its callbacks; ``send_400_response`` then answers."""
        self._refusal = status
        raise _Refused

    def send_400_response(self, msg: str) -> None:
        status, self._refusal = self._refusal or 400, 0
        self._refuse(status)

    def _refuse(self, status: int) -> None:
        """Answer with ``status`` where no other answer has begun, and close."""
        if self._refusal or self.transport.is_closing():
            return
        self._refusal = status
        self._places.works(self)
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
        elif status == 408 and not self._begun:
            self.transport.close()  # nothing was asked
            return
        self.transport.write(_answer(status))
        if BoundedHttp.lingering >= LINGERING or not self.transport.can_write_eof():
            self.transport.close()
            return
        BoundedHttp.lingering += 1
        self._lingers = True
        self.flow.resume_reading()
        self.transport.write_eof()
        self._deadline = self.loop.call_later(LINGER_S, self.transport.abort)


def _answer(status: int) -> bytes:
    answer = problem("", status, *_PROBLEMS[status])
    lines = [STATUS_LINE[status].rstrip()]
    lines += [name + b": " + value for name, value in answer.raw_headers]
    lines += [b"cache-control: no-store", b"connection: close"]
    lines += [b"retry-after: 5"] if status == 503 else []
    return b"\r\n".join(lines) + b"\r\n\r\n" + bytes(answer.body)
