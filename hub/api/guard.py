"""Outermost ASGI middleware: Host and Origin checks, CORS, authentication, authorization, and security headers.

A request that this middleware refuses reaches no other code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.accounts.requester import requested_by
from hub.accounts.scope import viewing
from hub.api.audit_trail import DENIED, AuditTrail
from hub.api.auth import Authenticator, Permits
from hub.api.authorization import Authorization
from hub.api.clients import OpenRequests, TrustedProxies, address_of, below, is_secure
from hub.api.errors import error_response, problem
from hub.api.http_settings import HttpSettings
from hub.api.proof import Proof
from hub.errors import TooBusy
from hub.runtime.network_addresses import parse_ip

LOGIN_FIRST = 4401
FOREIGN_ORIGIN = 4403

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "font-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PROBES = frozenset({"/healthz", "/readyz"})
"""Paths for load balancers and supervisors: allowed without a token and with any Host header."""
STREAMS = ("text/event-stream", "application/x-ndjson")
_NOT_IN_HOST = frozenset("/?#@\\")
"""URL delimiters. Other programs could read a Host header with one of them as another host name than the hub does."""
_FORWARDED = ("forwarded", "x-forwarded-", "x-real-ip", "via")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_EXPOSED = ("Content-Disposition", "ETag", "Retry-After", "WWW-Authenticate")


class Guard:
    """The outermost ASGI middleware. ``is_open(method, path)`` is True for requests that need no authentication."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        http: HttpSettings,
        auth: Authenticator,
        requests: OpenRequests,
        trail: AuditTrail,
        is_open: Callable[[str, str], bool],
    ) -> None:
        self._app = app
        self._auth = auth
        self._requests = requests
        self._trail = trail
        self._is_open = is_open
        self._authorization = Authorization()
        self._hosts = Hosts(http)
        self._root_path = http.root_path
        self._proxies = TrustedProxies(http.trusted_proxies)
        self._origins = frozenset(origin.rstrip("/").lower() for origin in http.allowed_origins)
        # No credentials: a page of another origin has to send the token as a bearer, not the dashboard's cookie.
        self._cors = CORSMiddleware(
            self._admit,
            allow_origins=sorted(self._origins),
            allow_methods=_METHODS,
            allow_headers=["*"],
            allow_credentials=False,
            expose_headers=_EXPOSED,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope = self._proxies.resolve(below(scope, self._root_path))
        admit: ASGIApp = self._admit
        if scope["type"] == "http":
            send = _with_headers(send, secure=is_secure(scope), varies=bool(self._origins))
            if Headers(scope=scope).get("origin", "").lower() in self._origins:
                admit = self._cors
        await admit(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._requests.enter(address_of(scope)):
                refusal = self._check_origin(scope) or await self._authenticate(scope)
                if refusal is None:
                    await self._run(scope, receive, send)
                else:
                    if refusal.status_code in DENIED and scope["path"] not in PROBES:
                        self._trail.denied(scope, refusal.status_code)
                    await _refuse(refusal, scope, receive, send)
        except TooBusy as error:
            await _refuse(error_response(scope["path"], error), scope, receive, send)

    # -- checks -----------------------------------------------------------------------------------------------

    def _check_origin(self, scope: Scope) -> Response | None:
        """Return the response that refuses the request because of its path or headers, None to accept it."""
        path, headers = scope["path"], Headers(scope=scope)
        if not path.isprintable() and any(character < " " or character == "\x7f" for character in path):
            # The "$" in the router's patterns also matches before a final line feed, so the router could ignore it.
            return problem(path, 400, "bad_request", "The path contains a control character.", "Remove it.")
        host = _single(headers, "host")
        if not self._hosts.known(host) and path not in PROBES:
            hint = "Add it to http.allowed_hosts in hub.toml if it belongs to this hub."
            return problem(path, 421, "forbidden", "The host name is not allowed.", hint)
        if self._auth.open and path not in PROBES and any(name.startswith(_FORWARDED) for name in headers):
            hint = (
                "Create an account (hub link), or set a token (HUB_TOKEN), before you put a proxy in front of the hub."
            )
            return problem(path, 403, "forbidden", "Forwarded requests are refused while nobody has to sign in.", hint)
        origin = ", ".join(headers.getlist("origin")) if "origin" in headers else None
        if _changes(scope) and origin is not None and not self._own(origin, host):
            hint = "Add it to http.allowed_origins in hub.toml if you trust it."
            return problem(path, 403, "forbidden", "Requests from this origin are not allowed.", hint)
        return None

    async def _authenticate(self, scope: Scope) -> Response | None:
        """Authenticate and authorize a request. Return the response that refuses it, None if it is allowed.

        Store the proof in the request's state.
        """
        path, headers = scope["path"], Headers(scope=scope)
        open_path = scope["type"] == "http" and self._is_open(scope["method"], path)
        if open_path and path not in PROBES | {"/api/session"}:
            return None
        proof, wait = await self._auth.proof(scope)
        if path in PROBES and not self._hosts.known(_single(headers, "host")):
            proof = None
        scope["state"] = {**scope.get("state", {}), "proof": proof, "permits": self._permits(proof)}
        if open_path and not (wait and path == "/api/session"):
            return None
        if wait or proof is None:
            message, hint = "Sign in first.", "Send Authorization: Bearer TOKEN, or sign in with POST /login."
            if "authorization" in headers:
                message = "The access token is not valid."
                hint = "It may be mistyped, expired or revoked. Create another one in the settings, or sign in."
            refusal = problem(path, 401, "login", message, hint, {"WWW-Authenticate": "Bearer"})
            if wait:
                refusal = throttled(path, wait)
            for name in (self._auth.cookie, self._auth.secure_cookie):
                # Otherwise, the browser would send the invalid cookie again, and each time would count as an attempt.
                if name in cookie_parser(headers.get("cookie", "")):
                    refusal.delete_cookie(name, secure=is_secure(scope), httponly=True, samesite="strict")
            return refusal
        if proof.kind == "cookie" and _changes(scope) and "origin" not in headers:
            # Browsers always send the Origin header with such a request.
            return problem(path, 403, "forbidden", "A request with the session cookie needs an Origin header.")
        method = "SOCKET" if scope["type"] == "websocket" else scope["method"]
        if proof.role != "administrator" and not self._authorization.permits(proof.role, method, path):
            least = self._authorization.least_role(method, path)
            hint = f"Your role is {proof.role}; this needs {least}. Ask an administrator."
            return problem(path, 403, "forbidden", "Your role does not permit this.", hint)
        if not self._auth.scope_now(proof).whole and self._authorization.needs_whole_hub(method, path):
            hint = "Your account is limited to some devices. Ask an administrator."
            return problem(path, 403, "forbidden", "This concerns the whole hub.", hint)
        return None

    def _permits(self, proof: Proof | None) -> Permits:
        def permits(operation: str) -> bool:
            role = self._auth.role_now(proof) if proof is not None else None
            return role is not None and self._authorization.permits(role, *operation.split())

        return permits

    def _own(self, origin: str, host: str) -> bool:
        origin = origin.lower()
        if origin in self._origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        default = {"http": ":80", "https": ":443"}.get(parts.scheme)
        return default is not None and parts.netloc.removesuffix(default) == host.lower().removesuffix(default)

    # -- the request ------------------------------------------------------------------------------------------

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request. If it is a WebSocket or a stream, cancel it when its session or token ends."""
        proof: Proof | None = scope.get("state", {}).get("proof")
        task = asyncio.current_task()
        if proof is None or (key := proof.key) is None or task is None:
            with viewing(lambda: self._auth.scope_now(proof)):
                await self._app(scope, receive, send)
            return

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and Headers(raw=message["headers"]).get(
                "content-type", ""
            ).startswith(STREAMS):
                stream.enter_context(self._auth.stream(key, task))
            await send(message)

        try:
            with viewing(lambda: self._auth.scope_now(proof)), requested_by(proof.requester), ExitStack() as stream:
                if scope["type"] == "websocket":
                    stream.enter_context(self._auth.stream(key, task))
                await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            if not self._auth.ended(key):
                raise
            task.uncancel()
            await _end_stream(scope, send)


class Hosts:
    """Host names that the hub accepts, against DNS rebinding.

    In such an attack, a page's host name resolves to the hub's address, and the browser sends that name as the Host. A
    numeric address cannot be rebound, so a hub that listens on all addresses accepts any numeric address.
    """

    def __init__(self, http: HttpSettings) -> None:
        bound = http.host.strip("[]").lower()
        self._names = {"localhost", "127.0.0.1", "::1", bound, *(name.lower() for name in http.allowed_hosts)}
        self._any_address = bound in ("", "0.0.0.0", "::")

    def known(self, host: str) -> bool:
        """Return True if the Host header names this hub."""
        if _NOT_IN_HOST & set(host):
            return False
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if name in self._names or host.lower() in self._names:
            return True
        return self._any_address and parse_ip(name) is not None


def throttled(path: str, wait: int) -> Response:
    """Return a 429 response that asks the client to wait for ``wait`` seconds."""
    hint = f"Try again in {wait} s. The correct password or token is accepted at any time."
    return problem(path, 429, "throttled", "Too many failed sign-ins.", hint, {"Retry-After": str(wait)})


def _single(headers: Headers, name: str) -> str:
    values = headers.getlist(name)
    return values[0] if len(values) == 1 else ""


def _changes(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")


def _with_headers(send: Send, *, secure: bool, varies: bool) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(SECURITY_HEADERS)
            headers.setdefault("Cache-Control", "no-store")
            if varies:
                headers.add_vary_header("Origin")
            if secure:
                headers["Strict-Transport-Security"] = "max-age=31536000"
        await send(message)

    return sending


async def _refuse(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the response ``refusal``, or close the WebSocket that it refuses.

    A WebSocket is accepted and then closed with a code, because a page cannot read the status of a refused handshake.
    Only a WebSocket from a foreign origin gets a plain 403.
    """
    if scope["type"] == "http":
        await refusal(scope, receive, send)
        return
    await receive()
    code = {401: LOGIN_FIRST, 429: LOGIN_FIRST, 503: 1013}.get(refusal.status_code, FOREIGN_ORIGIN)
    if code != FOREIGN_ORIGIN:
        await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code})


async def _end_stream(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": LOGIN_FIRST, "reason": "The session has ended."})
    else:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
