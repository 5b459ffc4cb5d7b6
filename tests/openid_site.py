"""A real OpenID provider in a thread, whose answers a test can alter, and a browser that signs in there."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from authlib.deprecate import AuthlibDeprecationWarning
from joserfc import jwt
from joserfc.jwk import RSAKey

from signed_in import Browser

with warnings.catch_warnings():
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)  # the provider uses what Authlib will remove
    from oidc_provider_mock import User, _app, run_server_in_thread

Change = Callable[[dict[str, Any], dict[str, Any]], Any]


class Provider:
    """The provider.

    Attributes:
        url: Its issuer.
        change: Called with the header and the claims of each ID token, which it may change; may return a signing key.
        answers: By path, what is sent instead of the provider's own answer: status, content type and body.
        asked: The forms that the token endpoint got.
    """

    def __init__(self, storage: Any, app: Any) -> None:
        self.url = ""
        self.change: Change = lambda header, claims: None
        self.answers: dict[str, tuple[str, str, bytes]] = {}
        self.asked: list[dict[str, str]] = []
        self.requests: list[str] = []
        self._storage = storage
        self._app = app

    def person(self, subject: str, **claims: Any) -> None:
        self._storage.store_user(User(sub=subject, claims=claims))

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        """Serve as WSGI."""
        path = environ["PATH_INFO"]
        self.requests.append(path)
        if path in self.answers:
            status, kind, body = self.answers[path]
            start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
            return [body]
        if path != "/oauth2/token":
            return list(self._app(environ, start))
        form = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        self.asked.append(dict(parse_qsl(form.decode())))
        sent: list[Any] = []
        environ["wsgi.input"] = io.BytesIO(form)
        body = b"".join(self._app(environ, lambda *words: sent.append(words)))
        if not sent[0][0].startswith("200"):
            start(*sent[0])
            return [body]
        response = json.loads(body)
        if "id_token" in response:
            key = RSAKey.import_key(self._storage.jwk.as_dict(is_private=True))
            found = jwt.decode(response["id_token"], key)
            header, claims = dict(found.header), dict(found.claims)
            signer = self.change(header, claims) or key
            response["id_token"] = signer if isinstance(signer, str) else jwt.encode(header, claims, signer)
        body = json.dumps(response).encode()
        start(sent[0][0], [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


@contextlib.contextmanager
def running_provider() -> Iterator[Provider]:
    """Run the provider on a free port of localhost."""
    kept: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # the provider's own check
        original = _app.Storage
        patch.setattr(_app, "Storage", lambda: kept.append(original()) or kept[-1])
        with run_server_in_thread() as server:
            provider = Provider(kept[0], server.app)
            provider.url = f"http://localhost:{server.server_port}"
            server.app = provider
            yield provider


async def begin(browser: Browser, path: str = "/login/openid") -> str:
    """Return the provider's page that the hub names."""
    answer = await browser.http.post(path)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


async def approve(page: str, subject: str) -> str:
    """Sign in at the provider as ``subject``. Return where it sends the browser."""
    async with httpx.AsyncClient() as http:
        answer = await http.post(page, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def sign_in(browser: Browser, subject: str) -> str:
    """Sign in through the provider. Return where the hub sends the browser."""
    return await come_back(browser, await approve(await begin(browser), subject))


async def come_back(browser: Browser, address: str) -> str:
    """Follow the provider's redirection as browsers do: without cookies that are SameSite=Strict."""
    strict = {name: value for name, value in browser.http.cookies.items() if name.startswith("hub_session")}
    for name in strict:
        browser.http.cookies.delete(name)
    answer = await browser.http.get(address)
    assert answer.status_code == 303, answer.text
    if not any(name.startswith("hub_session") for name in browser.http.cookies):
        browser.http.cookies.update(strict)
    return str(answer.headers["location"])
