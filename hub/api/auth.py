"""Who may speak to the hub: the Host and Origin checks, the token, and the headers that every answer carries.

Pure ASGI, around everything else: nothing behind it sees a request that it refuses. It knows neither devices nor
pages; which addresses are open without a token is told to it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import time
from collections import deque
from collections.abc import Callable
from typing import Literal
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api.problems import problem
from hub.api.services import HttpSettings

Proof = Literal["open", "bearer", "cookie"]
"""How a request has shown that it may: the hub asks nothing, by the header, by the cookie."""

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
_FORWARDED = ("forwarded", "x-forwarded-", "x-real-ip")


class Access:
    """The one shared token, until there are accounts.

    The cookie holds a keyed hash of the token and not the token: it survives a restart and ends when the token is
    changed. Wrong tokens are counted by address, and after ten within a minute no token is looked at for a while.
    """

    TRIES = 10
    WINDOW_S = 60.0
    ADDRESSES = 1_024
    COOKIE_AGE_S = 7 * 86_400

    def __init__(self, http: HttpSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = http.token.encode() if http.token else None
        self._clock = clock
        self._wrong: dict[str, deque[float]] = {}
        # Cookies do not know ports: two hubs on one machine must not overwrite each other's.
        self.cookie = f"hub_session_{http.port}"

    @property
    def open(self) -> bool:
        return self._token is None

    def cookie_value(self) -> str:
        return hmac.new(self._token or b"", b"watchkeeper session 1", hashlib.sha256).hexdigest()

    def retry_after(self, address: str) -> int:
        """Seconds until a token from ``address`` is looked at again; 0 for now."""
        tries = self._wrong.get(address)
        if tries is None:
            return 0
        now = self._clock()
        while tries and now - tries[0] > self.WINDOW_S:
            tries.popleft()
        if not tries:
            del self._wrong[address]
        return int(self.WINDOW_S - (now - tries[0])) + 1 if len(tries) >= self.TRIES else 0

    def accepts(self, token: str, address: str) -> bool:
        """Compare in constant time; a wrong one is remembered. Ask :meth:`retry_after` first."""
        if self._token is not None and hmac.compare_digest(token.encode(), self._token):
            return True
        if address not in self._wrong and len(self._wrong) >= self.ADDRESSES:
            del self._wrong[next(iter(self._wrong))]
        self._wrong.setdefault(address, deque(maxlen=self.TRIES)).append(self._clock())
        return False

    def proof(self, headers: Headers, address: str) -> Proof | None:
        """How this request shows that it may; None if it does not."""
        if self._token is None:
            return "open"
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            good = not self.retry_after(address) and self.accepts(token.strip(), address)
            return "bearer" if good else None
        found = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        return "cookie" if hmac.compare_digest(found.encode(), self.cookie_value().encode()) else None


class Guard:
    """``is_open(method, path)`` says which addresses need no token."""

    def __init__(
        self, app: ASGIApp, *, http: HttpSettings, access: Access, is_open: Callable[[str, str], bool]
    ) -> None:
        self._app = app
        self._access = access
        self._is_open = is_open
        self._hosts = Hosts(http)
        self._origins = frozenset(origin.rstrip("/").lower() for origin in http.allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "http":
            send = _with_headers(send, secure=scope["scheme"] == "https")
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await _refuse_socket(receive, send, accept_first=refusal.status_code == 401)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Why this request may not go on; None if it may."""
        path = scope["path"]
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        if not self._hosts.known(host):
            hint = "Add the name to http.allowed_hosts if it is this hub's."
            return problem(path, 421, "forbidden", "The hub is not known by this host name.", hint)
        if self._access.open and any(name.startswith(_FORWARDED) for name in headers):
            hint = "Set a token (HUB_TOKEN) before you put a proxy in front of the hub."
            return problem(path, 403, "forbidden", "A forwarded request is refused while no token is set.", hint)
        socket = scope["type"] == "websocket"
        method = "GET" if socket else scope["method"]
        changes = socket or method not in ("GET", "HEAD")
        origin = headers.get("origin")
        if changes and origin is not None and not self._own(origin, host):
            hint = "Add it to http.allowed_origins if it is yours."
            return problem(path, 403, "forbidden", "A page of another origin may not do this.", hint)
        if not socket and self._is_open(method, path):
            return None
        return self._unproven(scope, headers, changes and origin is None)

    def _unproven(self, scope: Scope, headers: Headers, origin_missing: bool) -> Response | None:
        path = scope["path"]
        address = address_of(scope)
        proof = self._access.proof(headers, address)
        if proof is None:
            wait = self._access.retry_after(address)
            if wait and "authorization" in headers:
                return throttled(path, wait)
            hint = "Send Authorization: Bearer TOKEN, or log in with POST /login."
            return problem(path, 401, "login", "Log in first.", hint, {"WWW-Authenticate": "Bearer"})
        if proof == "cookie" and origin_missing:
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


class Hosts:
    """The names this hub may be called by. A page that points its own name at our address (DNS rebinding) carries
    that name; an address in figures cannot be pointed elsewhere, so one bound to every address takes them all."""

    def __init__(self, http: HttpSettings) -> None:
        bound = http.host.strip("[]").lower()
        self._names = {"localhost", "127.0.0.1", "::1", bound, *(name.lower() for name in http.allowed_hosts)}
        self._any_address = bound in ("", "0.0.0.0", "::")

    def known(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if name in self._names or host.lower() in self._names:
            return True
        return self._any_address and _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def address_of(scope: Scope) -> str:
    """The client's address, as far as it is known."""
    client = scope.get("client")
    return str(client[0]) if client else "?"


def throttled(path: str, wait: int) -> Response:
    hint = f"Try again in {wait} s."
    return problem(path, 429, "throttled", "Too many wrong tokens.", hint, {"Retry-After": str(wait)})


def _with_headers(send: Send, *, secure: bool) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(SECURITY_HEADERS)
            headers.setdefault("Cache-Control", "no-store")
            if secure:
                headers["Strict-Transport-Security"] = "max-age=31536000"
        await send(message)

    return sending


async def _refuse_socket(receive: Receive, send: Send, *, accept_first: bool) -> None:
    """A page can read the close code only of a socket that was opened; a foreign one gets a plain 403."""
    await receive()
    if accept_first:
        await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": LOGIN_FIRST if accept_first else FOREIGN_ORIGIN})
