"""Sign in with an OpenID provider: ``/login/openid``, and ``/api/account/openid`` to connect one's own account.

The session cookie is ``SameSite=Strict``, so the browser does not send it when the provider redirects the person back.
The sign-in therefore has another cookie, which is ``Lax`` and valid for its path only, and the hub remembers the
session that the browser had. The response sets the session cookie and redirects to the dashboard, whose requests then
send it.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from hub.accounts.openid import LIFETIME_S, OpenId, SignedIn, SignInRefused
from hub.api.audit_draft import note
from hub.api.auth import Authenticator, client_of
from hub.api.change_log import Change, ChangeLog
from hub.api.clients import is_secure, root_path_of
from hub.api.errors import Json
from hub.api.routes.account import signed_in
from hub.api.routes.session import SIGN_IN_BYTES, with_cookie
from hub.api.schemas import accounts as shapes
from hub.errors import HubError, NotFound, SignInUnavailable

PATH = "/login/openid"
Text = Annotated[str, Query(max_length=4_096)]
CHANGED = {
    "created": ("people.accepted", "signed in with {} for the first time"),
    "connected": ("people.connected", "connected their account with {}"),
    "role": ("people.role", "got another role from {}"),
}


def routes(auth: Authenticator, openid: OpenId | None, changes: ChangeLog) -> APIRouter:
    router = APIRouter()
    people = auth.people

    @router.post(
        PATH, tags=["session"], response_model=shapes.ProviderPage, responses={404: {}}, max_body_size=SIGN_IN_BYTES
    )
    async def begin_openid_login(request: Request) -> Response:
        """Return the URL of the provider's sign-in page.

        The sign-in must be completed in the same browser within ten minutes.
        """
        return await begin(request, None)

    @router.post("/api/account/openid", tags=["account"], response_model=shapes.ProviderPage, responses={404: {}})
    async def connect_openid(request: Request) -> Response:
        """Return the URL of the provider's page that connects your account. Needs a signed-in browser."""
        return await begin(request, signed_in(request)[0].id)

    async def begin(request: Request, account: str | None) -> Response:
        provider = require()
        session = auth.session_of(request.scope)
        redirect_uri = f"{request.base_url}{PATH.lstrip('/')}/callback"
        key = session.key if session else None
        url, secret = await provider.begin(redirect_uri, client_of(request.scope), key, account)
        answer = Json({"url": url})
        return _with_cookie(answer, request, auth, secret)

    @router.get(
        f"{PATH}/callback",
        tags=["session"],
        status_code=303,
        response_class=RedirectResponse,
        responses={404: {}},
    )
    async def complete_openid_login(request: Request, state: Text = "", code: Text = "", error: Text = "") -> Response:
        """Sign in the person whom the OpenID provider has identified, and redirect to the dashboard.

        On failure, redirect as well; the URL then contains the reason.
        """
        started = require().take(state, request.cookies.get(_cookie(request, auth), ""))
        if started is None:
            wait = await auth.count_wrong(request.scope)
            return back(request, "/", "throttled" if wait else "expired")
        page = "/" if started.account is None else "/settings"
        if error or not code:
            return back(request, page, "denied" if error == "access_denied" else "provider")
        if started.account is not None and (started.session is None or people.sessions.use(started.session) is None):
            return back(request, "/", "expired")
        was_open = auth.open
        try:
            found = await require().complete(started, code)
            if was_open:
                await people.links.clear()  # also done when a link creates the first account
            value = await auth.start_session(found.account, request.scope, replaces=started.session)
        except HubError as failed:
            return back(request, page, _reason(failed))
        await write(found)
        return with_cookie(back(request, page), request, auth, value)

    async def write(found: SignedIn) -> None:
        if found.changed is not None:
            key, text = CHANGED[found.changed]
            params = {"name": found.account.name, "role": found.account.role}
            await changes.write(found.account.name, Change(key, text.format(require().settings.name), params))

    def back(request: Request, page: str, reason: str | None = None) -> Response:
        """Redirect to a page of the dashboard; with ``reason``, as a failed sign-in.

        The address of the page contains nothing that the request sent.
        """
        if reason is not None:
            note("tried to sign in with OpenID Connect", refused=True, reason=reason)
        page = root_path_of(request.scope) + page
        answer = RedirectResponse(page if reason is None else f"{page}?sign_in={reason}", 303)
        return _with_cookie(answer, request, auth, None)

    def require() -> OpenId:
        if openid is None:
            raise NotFound("This hub has no OpenID provider.", "Set openid.issuer and openid.client_id in hub.toml.")
        return openid

    return router


def _cookie(request: Request, auth: Authenticator) -> str:
    """Return the name of the cookie that belongs to a sign-in in progress.

    The name contains the hub's port, like the name of the session cookie.
    """
    name = auth.cookie.replace("session", "openid")
    return f"__Secure-{name}" if is_secure(request.scope) else name


def _with_cookie(answer: Response, request: Request, auth: Authenticator, value: str | None) -> Response:
    answer.set_cookie(
        _cookie(request, auth),
        value or "",
        max_age=int(LIFETIME_S) if value else 0,
        path=root_path_of(request.scope) + PATH,
        httponly=True,
        samesite="lax",
        secure=is_secure(request.scope),
    )
    return answer


def _reason(error: HubError) -> str:
    if isinstance(error, SignInRefused):
        return error.reason
    return "provider" if isinstance(error, SignInUnavailable) else "failed"
