"""The outermost layer: Host and Origin checks, CORS, proof of access, and the headers that every answer carries.

Pure ASGI, around everything else: nothing behind it sees a request that it refuses. It knows neither devices nor
pages; which addresses are open without a token is told to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api.auth import Authenticator, Proof
from hub.api.clients import OpenRequests, TrustedProxies, address_of
from hub.api.errors import problem, told
from hub.api.http_settings import HttpSettings
from hub.errors import TooBusy
from hub.runtime.network_addresses import parse_ip

LOGIN_FIRST = 4401
FOREIGN_ORIGIN = 4403

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PROBES = frozenset({"/healthz", "/readyz"})
"""For load balancers and supervisors: open without a token, and by any Host."""
STREAMS = ("text/event-stream", "application/x-ndjson")
_NOT_IN_HOST = frozenset("/?#@\\")
"""What a URL has beside its host: with it in the header, others could understand another name than the hub does."""
_FORWARDED = ("forwarded", "x-forwarded-", "x-real-ip", "via")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_EXPOSED = ("Content-Disposition", "ETag", "Retry-After", "WWW-Authenticate")


class Guard:
    """``is_open(method, path)`` says which addresses need no token."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        http: HttpSettings,
        auth: Authenticator,
        requests: OpenRequests,
        is_open: Callable[[str, str], bool],
    ) -> None:
        self._app = app
        self._auth = auth
        self._requests = requests
        self._is_open = is_open
        self._hosts = Hosts(http)
        self._proxies = TrustedProxies(http.trusted_proxies)
        self._origins = frozenset(origin.rstrip("/").lower() for origin in http.allowed_origins)
        # Without credentials: a page of another origin sends the token as a bearer, never the dashboard's cookie.
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
        scope = self._proxies.resolve(scope)
        admit: ASGIApp = self._admit
        if scope["type"] == "http":
            send = _with_headers(send, secure=scope["scheme"] == "https", varies=bool(self._origins))
            if Headers(scope=scope).get("origin", "").lower() in self._origins:
                admit = self._cors
        await admit(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._requests.enter(address_of(scope)):
                refusal = self._foreign(scope) or await self._unproven(scope)
                if refusal is None:
                    await self._run(scope, receive, send)
                else:
                    await _refuse(refusal, scope, receive, send)
        except TooBusy as error:
            await _refuse(told(scope["path"], error), scope, receive, send)

    # -- checks -----------------------------------------------------------------------------------------------

    def _foreign(self, scope: Scope) -> Response | None:
        """Refuse a request by its Host, a forwarding header or its Origin."""
        path, headers = scope["path"], Headers(scope=scope)
        host = _single(headers, "host")
        if not self._hosts.known(host) and path not in PROBES:
            hint = "Add the name to http.allowed_hosts if it is this hub's."
            return problem(path, 421, "forbidden", "The hub is not known by this host name.", hint)
        if self._auth.open and path not in PROBES and any(name.startswith(_FORWARDED) for name in headers):
            hint = "Set a token (HUB_TOKEN) before you put a proxy in front of the hub."
            return problem(path, 403, "forbidden", "A forwarded request is refused while no token is set.", hint)
        origin = ", ".join(headers.getlist("origin")) if "origin" in headers else None
        if _changes(scope) and origin is not None and not self._own(origin, host):
            hint = "Add it to http.allowed_origins if it is yours."
            return problem(path, 403, "forbidden", "A page of another origin may not do this.", hint)
        return None

    async def _unproven(self, scope: Scope) -> Response | None:
        """Refuse a request without proof, where its address needs one; the proof goes into the request's state."""
        path, headers = scope["path"], Headers(scope=scope)
        open_path = scope["type"] == "http" and self._is_open(scope["method"], path)
        if open_path and path not in PROBES | {"/api/session"}:
            return None
        proof, wait = await self._auth.proof(scope)
        if path in PROBES and not self._hosts.known(_single(headers, "host")):
            proof = None
        scope["state"] = {**scope.get("state", {}), "proof": proof}
        if open_path and not (wait and path == "/api/session"):
            return None
        if wait:
            return throttled(path, wait)
        if proof is None:
            hint = "Send Authorization: Bearer TOKEN, or log in with POST /login."
            refusal = problem(path, 401, "login", "Log in first.", hint, {"WWW-Authenticate": "Bearer"})
            if self._auth.cookie in headers.get("cookie", ""):
                # A browser would send a cookie that is void with each request, and each would count as a guess.
                refusal.delete_cookie(self._auth.cookie)
            return refusal
        if proof.kind == "cookie" and _changes(scope) and "origin" not in headers:
            # A browser always says where such a request comes from.
            return problem(path, 403, "forbidden", "A request with the cookie must carry its Origin.")
        return None

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

    # -- the request itself -----------------------------------------------------------------------------------

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it. Sockets and event streams end with their session; any other request is let finish."""
        proof: Proof | None = scope.get("state", {}).get("proof")
        task = asyncio.current_task()
        if proof is None or (session := proof.session) is None or task is None:
            await self._app(scope, receive, send)
            return

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and Headers(raw=message["headers"]).get(
                "content-type", ""
            ).startswith(STREAMS):
                stream.enter_context(self._auth.stream(session, task))
            await send(message)

        try:
            with ExitStack() as stream:
                if scope["type"] == "websocket":
                    stream.enter_context(self._auth.stream(session, task))
                await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            if not self._auth.ended(session):
                raise
            task.uncancel()
            await _end_stream(scope, send)


class Hosts:
    """The names this hub may be called by. A page that points its own name at our address (DNS rebinding) carries
    that name; an address in figures cannot be pointed elsewhere, so one bound to every address takes them all."""

    def __init__(self, http: HttpSettings) -> None:
        bound = http.host.strip("[]").lower()
        self._names = {"localhost", "127.0.0.1", "::1", bound, *(name.lower() for name in http.allowed_hosts)}
        self._any_address = bound in ("", "0.0.0.0", "::")

    def known(self, host: str) -> bool:
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
    hint = f"Try again in {wait} s. The right token passes at any time."
    return problem(path, 429, "throttled", "Too many wrong tokens.", hint, {"Retry-After": str(wait)})


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
    """A page can read the close code only of a socket that was opened; a foreign one gets a plain 403."""
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
        await send({"type": "websocket.close", "code": LOGIN_FIRST, "reason": "You have signed out."})
    else:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
