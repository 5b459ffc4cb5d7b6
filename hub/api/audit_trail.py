"""Write the audit log: an entry for each operation that changes something, and for each that was refused.

The middleware records the person, the client, the operation and the outcome. Handlers add further facts with
:func:`hub.api.audit_draft.note`. The entry is stored before the response is complete.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api.audit_draft import Draft, drafting
from hub.api.audited import AUDITED, Audited, audited
from hub.api.clients import address_of
from hub.api.field_changes import MAX_CHANGES
from hub.api.proof import Proof
from hub.errors import Forbidden, HubError
from hub.model import Actor, AuditEntry, AuditOutcome
from hub.services.audit_log import AuditLog

MAX_TEXT = 300
DENIED = frozenset({401, 403, 429})
DENIAL = Audited("denied", "was denied")
"""Kind and text of the entry for a refused request, if the operation would otherwise leave no entry."""


class AuditTrail:
    """Creates the entries of the audit log, and writes them."""

    def __init__(self, log: AuditLog) -> None:
        self.log = log

    @contextlib.asynccontextmanager
    async def recording(self, scope: Scope, operation: str, object: str = "") -> AsyncIterator[None]:
        """Run the ``with`` block and write an audit entry about it, which says whether it succeeded.

        The block carries out an operation that a client requested over a WebSocket.

        Args:
            scope: The WebSocket connection.
            operation: The REST operation that does the same, as ``METHOD path``. Its kind and default text are used for
                the audit entry.
            object: The id of the object that is changed; empty if there is none.
        """
        draft = Draft()
        outcome: AuditOutcome = "interrupted"
        try:
            with drafting(draft):
                yield
            outcome = "success"
        except HubError as error:
            outcome = "denied" if isinstance(error, Forbidden) else "failed"
            draft.details["error"] = error.message[:MAX_TEXT]
            raise
        finally:
            self.put(scope, draft, AUDITED[operation], f"SOCKET {scope['path']}", outcome, object)
        await self.log.flush()

    def denied(self, scope: Scope, status: int) -> None:
        """Record a request that was refused with the HTTP status ``status`` before it reached an operation.

        Many such requests share one entry of the audit log, which has their number.
        """
        draft = Draft()
        draft.details["status"] = status
        method = "SOCKET" if scope["type"] == "websocket" else scope["method"]
        operation = f"{method} {scope['path']}"[:MAX_TEXT]
        self.put(scope, draft, DENIAL, operation, "denied", operation)

    def put(
        self, scope: Scope, draft: Draft, what: Audited, operation: str, outcome: AuditOutcome, object: str = ""
    ) -> None:
        """Queue the audit entry of an operation. ``log.flush()`` writes the queued entries.

        Args:
            scope: The ASGI scope of the request, which gives the person and the client's address.
            draft: What the operation has added to the entry, such as changes.
            what: The kind of the entry, and its text if ``draft`` has none.
            operation: The method and the path of the request.
            outcome: How the operation ended.
            object: The changed object if ``draft`` names none.
        """
        proof: Proof | None = scope.get("state", {}).get("proof")
        now = self.log.now()
        self.log.put(
            AuditEntry(
                at=now,
                until=now,
                kind=what.kind,
                operation=operation,
                actor=draft.actor or (proof.actor if proof is not None else Actor()),
                client=address_of(scope),
                object=(draft.object or object)[:MAX_TEXT],
                text=("; ".join(draft.texts) or what.text)[:MAX_TEXT],
                outcome=outcome,
                changes=tuple(draft.changes[:MAX_CHANGES]),
                details=draft.details,
            )
        )


class AuditMiddleware:
    """ASGI middleware that writes the audit entries of HTTP requests. It runs inside :class:`~hub.api.guard.Guard`."""

    def __init__(self, app: ASGIApp, *, trail: AuditTrail) -> None:
        self._app = app
        self._trail = trail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(self._trail, scope, send)
        try:
            with drafting(request.draft):
                await self._app(scope, receive, request.send)
        finally:
            request.ended()


class _Request:
    """A request in progress. The last part of its response is sent after its audit entry was written."""

    def __init__(self, trail: AuditTrail, scope: Scope, send: Send) -> None:
        self.draft = Draft()
        self._trail, self._scope, self._send = trail, scope, send
        self._status = 0
        self._start: Message | None = None  # not sent yet, because a client may take it for the complete response
        self._written = False

    async def send(self, message: Message) -> None:
        """Send a part of the response, and write the audit entry before the last part."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            if self._what() is None:
                self._write()
            else:
                self._start = message
                return
        elif message["type"] == "http.response.body" and not message.get("more_body", False) and not self._written:
            self._write()
            if self._status < 400:
                await self._trail.log.flush()
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)
        await self._send(message)

    def ended(self) -> None:
        """Queue an audit entry if the request ended before its response was complete."""
        if not self._written and self._what() is not None:
            self._write("interrupted")

    def _what(self) -> Audited | None:
        return audited(self._scope["method"], self._scope.get("route"), described=bool(self.draft.texts))

    def _write(self, outcome: AuditOutcome | None = None) -> None:
        self._written = True
        outcome = outcome or ("denied" if self.draft.refused else _outcome(self._status))
        scope, draft, what = self._scope, self.draft, self._what()
        if what is None and outcome != "denied":
            return
        if outcome != "success":
            draft.details["status"] = self._status
        route = scope.get("route")
        path = scope["path"] if route is None else route.path
        operation = f"{scope['method']} {path}"[:MAX_TEXT]
        ids = "/".join(str(value) for value in scope.get("path_params", {}).values())
        object = operation if what is None else ids
        self._trail.put(scope, draft, what or DENIAL, operation, outcome, object)


def _outcome(status: int) -> AuditOutcome:
    if status < 400:
        return "success"
    return "denied" if status in DENIED else "failed"
