"""OpenID Connect against a real provider: which people sign in, as whom, and what was forged, replayed or altered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from api_hub import ApiHub, running_hub
from authenticator import encoded
from hub.accounts.account import ExternalIdentity
from hub.accounts.openid import OpenId, OpenIdSettings
from hub.accounts.openid_provider import MAX_BYTES, OpenIdClient, OpenIdProvider
from hub.api.login_attempts import LoginAttempts
from hub.assembly.load_settings import load_settings
from hub.assembly.openid_settings import openid_settings
from hub.errors import ConfigError
from openid_site import Provider, approve, begin, come_back, running_provider, sign_in
from signed_in import BEARER, TOKEN, Browser, person

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:authlib"),  # the provider uses what Authlib will remove
    pytest.mark.filterwarnings("ignore::DeprecationWarning:oidc_provider_mock"),
]
CLIENT, SECRET = "watchkeeper", "secret of the client"
made: list[OpenId] = []


@pytest.fixture(scope="module")
def site() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(site: Provider, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ApiHub]:
    """Run a hub with Ada, an administrator, and Val, a viewer."""
    settings = OpenIdSettings(client=OpenIdClient(site.url, CLIENT, SECRET), name="Plant login")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.assembly.build_api.OpenId", lambda *words: made.append(OpenId(*words)) or made[-1])
        async with running_hub(tmp_path_factory.mktemp("hub"), token=TOKEN, openid=settings) as hub:
            async with person(hub, "Ada", "administrator"), person(hub, "Val", "viewer"):
                pass
            yield hub


@pytest.fixture
def settings(started: ApiHub, site: Provider, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that replaces settings of the hub's provider for one test. Reset what earlier tests left."""
    started.app.auth._attempts = LoginAttempts()
    site.change, site.answers = lambda header, claims: None, {}
    openid = made[0]  # that of the hub `started`
    monkeypatch.setattr(openid, "_provider", OpenIdProvider(openid.settings.client))

    def replace(**fields: Any) -> None:
        monkeypatch.setattr(openid, "settings", msgspec.structs.replace(openid.settings, **fields))

    return replace


async def who(browser: Browser) -> str | None:
    account = (await browser.http.get("/api/session")).json()["account"]
    return f"{account['name']} ({account['role']})" if account else None


async def logged(hub: ApiHub) -> list[str]:
    await hub.settled()
    return [item["text"] for item in (await hub.http.get("/api/activity", headers=BEARER)).json()["items"]]


# -- accounts and roles ----------------------------------------------------------------------------------------------


async def test_new_people_get_the_role_of_the_settings(started: ApiHub, site: Provider, settings: Any) -> None:
    async with Browser(started) as browser:
        assert (await browser.http.get("/api/session")).json()["openid"] == "Plant login"
        assert await sign_in(browser, "new-1") == "/?sign_in=no_account", "nobody said that new people may"
        settings(new_people="operator")
        site.person("new-1", preferred_username="Grace", email="grace@example.org")
        assert await sign_in(browser, "new-1") == "/"
        assert await who(browser) == "Grace (operator)"
        account = (await browser.http.get("/api/account")).json()
        assert (account["has_password"], account["connected"]) == (False, True)
        assert "Grace signed in with Plant login for the first time" in await logged(started)
        assert (await browser.http.post("/logout")).status_code == 204
        assert (await browser.http.get("/api/devices")).status_code == 401
        settings(new_people=None)
        site.person("new-1", preferred_username="Renamed")
        assert await sign_in(browser, "new-1") == "/"
        assert await who(browser) == "Grace (operator)", "known by the subject"


async def test_same_name_or_e_mail_is_not_the_same_person(started: ApiHub, site: Provider, settings: Any) -> None:
    settings(new_people="viewer")
    site.person("ada-2", preferred_username="ada", email="ada@example.org", email_verified=True)
    site.person("ada-3", preferred_username="ADA", email="ada@example.org", email_verified=True)
    async with Browser(started) as browser:
        assert await sign_in(browser, "ada-2") == "/"
        assert await who(browser) == "ada 2 (viewer)", "not Ada, the administrator"
        assert await sign_in(browser, "ada-3") == "/"
        assert await who(browser) == "ADA 3 (viewer)"


async def test_invitation_is_accepted_by_its_verified_e_mail_once(
    started: ApiHub, site: Provider, settings: Any
) -> None:
    wanted = {"role": "operator", "email": "Kim@Example.org"}
    invited = await started.http.post("/api/people/invitations", json=wanted, headers=BEARER)
    assert invited.json()["invitation"]["email"] == "kim@example.org"
    site.person("kim-0", preferred_username="Kim", email="kim@example.org", email_verified=False)
    site.person("kim-1", preferred_username="Kim", email="KIM@example.org", email_verified=True)
    site.person("kim-2", preferred_username="Kim", email="kim@example.org", email_verified=True)
    async with Browser(started) as browser:
        assert await sign_in(browser, "kim-0") == "/?sign_in=no_account", "not verified"
        assert await sign_in(browser, "kim-1") == "/"
        assert await who(browser) == "Kim (operator)"
        assert await sign_in(browser, "kim-2") == "/?sign_in=no_account", "used"
        secret = invited.json()["url"].partition("#")[2]
        assert (await browser.welcome(secret, "Eve")).status_code == 403, "its link, too"


async def test_refused_sign_in_keeps_the_invitation_of_the_first_account(site: Provider, tmp_path: Path) -> None:
    """The first account must be an administrator: a person whose groups give another role can try again."""
    openid = OpenIdSettings(
        client=OpenIdClient(site.url, CLIENT, SECRET), name="Plant login", roles={"viewer": ("staff",)}
    )
    site.person("kim-3", preferred_username="Kim", email="kim@example.org", email_verified=True, groups=["staff"])
    async with running_hub(tmp_path, token=TOKEN, openid=openid) as hub, Browser(hub) as browser:
        wanted = {"role": "administrator", "email": "kim@example.org"}
        await hub.http.post("/api/people/invitations", json=wanted, headers=BEARER)
        assert await sign_in(browser, "kim-3") == "/?sign_in=no_account"
        assert len((await hub.http.get("/api/people", headers=BEARER)).json()["invitations"]) == 1


async def test_full_hub_says_so(
    started: ApiHub, site: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(new_people="viewer")
    monkeypatch.setattr("hub.accounts.openid.MAX_ACCOUNTS", len(started.app.auth.people.accounts))
    site.person("late", preferred_username="Late")
    async with Browser(started) as browser:
        assert await sign_in(browser, "late") == "/?sign_in=full"


async def test_groups_decide_the_role_at_each_sign_in(started: ApiHub, site: Provider, settings: Any) -> None:
    settings(roles={"viewer": ("staff",), "administrator": ("admins",)})
    async with Browser(started) as browser, Browser(started) as ada:
        site.person("lee", preferred_username="Lee", groups=["staff", "other"])
        assert await sign_in(browser, "lee") == "/"
        assert await who(browser) == "Lee (viewer)"
        site.person("lee", groups=["admins", "staff"])
        assert await sign_in(browser, "lee") == "/"
        assert await who(browser) == "Lee (administrator)"
        assert "Lee got another role from Plant login" in await logged(started)
        site.person("lee", groups=["other", {"admins": 1}, None])
        assert await sign_in(browser, "lee") == "/?sign_in=group"

        await ada.login("Ada")
        people = (await ada.http.get("/api/people")).json()["items"]
        [own] = [each["id"] for each in people if each["name"] == "Ada"]
        [lee] = [each["id"] for each in people if each["name"] == "Lee"]
        await browser.http.patch(f"/api/people/{own}", json={"role": "viewer"})
        site.person("lee", groups=["staff"])
        assert await sign_in(browser, "lee") == "/"
        assert await who(browser) == "Lee (administrator)", "the last administrator stays one"
        await browser.http.patch(f"/api/people/{own}", json={"role": "administrator"})
        await ada.http.patch(f"/api/people/{lee}", json={"disabled": True})
        assert await sign_in(browser, "lee") == "/?sign_in=disabled"


async def test_only_verified_addresses_of_the_domains_sign_in(started: ApiHub, site: Provider, settings: Any) -> None:
    settings(new_people="viewer", domains=("example.org",))
    site.person("dom", email="dom@example.org", email_verified=True)
    for email, verified in (
        ("dom@example.org", False),
        ("dom@evil.example", True),
        ("dom@notexample.org", True),
        ("dom@example.org@evil.example", True),
    ):
        site.person("dom-x", email=email, email_verified=verified)
        async with Browser(started) as browser:
            assert await sign_in(browser, "dom-x") == "/?sign_in=domain", email
            assert await who(browser) is None
    async with Browser(started) as browser:
        assert await sign_in(browser, "dom") == "/"


async def test_person_connects_the_own_account(started: ApiHub, site: Provider, settings: Any) -> None:
    async with Browser(started) as val, Browser(started) as other:
        assert (await other.http.post("/api/account/openid")).status_code == 401
        await val.login("Val")
        before = dict(val.http.cookies)
        page = await begin(val, "/api/account/openid")
        assert await come_back(val, await approve(page, "val-at-work")) == "/settings"
        assert await who(val) == "Val (viewer)"
        assert "Val connected their account with Plant login" in await logged(started)
        other.http.cookies.update({name: value for name, value in before.items() if "session" in name})
        assert (await other.http.get("/api/devices")).status_code == 401, "the session is a new one"
        other.http.cookies.clear()
        assert await sign_in(other, "val-at-work") == "/"
        assert await who(other) == "Val (viewer)"

        await other.login("Ada")
        page = await begin(other, "/api/account/openid")
        assert await come_back(other, await approve(page, "val-at-work")) == "/settings?sign_in=taken"
        page = await begin(other, "/api/account/openid")
        await other.http.post("/logout")
        assert await come_back(other, await approve(page, "eve")) == "/?sign_in=expired", "signed out in between"


async def test_one_subject_gets_one_account_at_the_same_time(started: ApiHub, site: Provider, settings: Any) -> None:
    settings(new_people="viewer")
    site.person("twin", preferred_username="Twin")
    async with Browser(started) as one, Browser(started) as two:
        await asyncio.gather(sign_in(one, "twin"), sign_in(two, "twin"))
    accounts = started.app.auth.people.accounts
    assert len([each for each in accounts if each.identity == ExternalIdentity(site.url, "twin")]) == 1


# -- the exchange -------------------------------------------------------------------------------------------------


async def test_sign_in_uses_pkce_state_and_a_lax_cookie(started: ApiHub, site: Provider, settings: Any) -> None:
    async with Browser(started) as browser:
        answer = await browser.http.post("/login/openid")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "Path=/login/openid" in cookie
        assert "SameSite=lax" in cookie
        sent = parse_qs(urlsplit(answer.json()["url"]).query)
        assert (sent["code_challenge_method"], sent["response_type"]) == (["S256"], ["code"])
        assert sent["redirect_uri"] == [f"{started.url}/login/openid/callback"]
        await come_back(browser, await approve(answer.json()["url"], "pkce"))
        asked = site.asked[-1]
        assert encoded(sha256(asked["code_verifier"].encode()).digest()) == sent["code_challenge"][0]
        assert asked["redirect_uri"] == sent["redirect_uri"][0]


async def test_answer_counts_once_in_the_browser_that_began(started: ApiHub, site: Provider, settings: Any) -> None:
    settings(new_people="viewer")
    async with Browser(started) as browser, Browser(started) as victim:
        address = await approve(await begin(browser), "eve")
        assert await come_back(victim, address) == "/?sign_in=expired", "signing a victim in as Eve"
        assert await come_back(browser, address) == "/?sign_in=expired", "used by that"
        await begin(victim)
        address = await approve(await begin(browser), "eve")
        assert await come_back(victim, address) == "/?sign_in=expired", "another browser's state"
        address = await approve(await begin(browser), "eve")
        assert await come_back(browser, address) == "/"
        assert await come_back(browser, address) == "/?sign_in=expired", "a replay"
        for query in ("", "?state=x&code=y", "?code=y&state=" + "x" * 5_000, "?error=%3Cscript%3E&state=x"):
            answer = await victim.http.get(f"/login/openid/callback{query}")
            assert answer.headers.get("location", "/?sign_in=expired") == "/?sign_in=expired"
        state = parse_qs(urlsplit(await begin(victim)).query)["state"][0]
        denied = f"{started.url}/login/openid/callback?error=access_denied&state={state}&next=https://evil.example"
        assert await come_back(victim, denied) == "/?sign_in=denied"
        assert await who(victim) is None


async def test_forged_or_altered_tokens_are_refused(started: ApiHub, site: Provider, settings: Any) -> None:
    settings(new_people="administrator")
    foreign = RSAKey.generate_key(2048)
    public = site._storage.jwk.as_dict()

    def with_public_key_as_secret(header: dict[str, Any], claims: dict[str, Any]) -> str:
        return jwt.encode({**header, "alg": "HS256"}, claims, OctKey.import_key(str(public)), algorithms=["HS256"])

    def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
        parts = (b'{"alg":"none"}', jwt.encode(header, claims, foreign).split(".")[1].encode())
        return f"{encoded(parts[0])}.{parts[1].decode()}."

    changes: dict[str, Any] = {
        "another issuer": lambda header, claims: claims.update(iss="https://evil.example"),
        "another audience": lambda header, claims: claims.update(aud="other"),
        "audiences without azp": lambda header, claims: claims.update(aud=[CLIENT, "other"]),
        "another azp": lambda header, claims: claims.update(aud=[CLIENT, "other"], azp="other"),
        "expired": lambda header, claims: claims.update(exp=int(time.time()) - 120),
        "no expiry": lambda header, claims: claims.pop("exp") and None,
        "another nonce": lambda header, claims: claims.update(nonce="x"),
        "no nonce": lambda header, claims: claims.pop("nonce") and None,
        "no subject": lambda header, claims: claims.pop("sub") and None,
        "a subject that is no text": lambda header, claims: claims.update(sub=["admin"]),
        "a foreign key": lambda header, claims: foreign,
        "a public key as secret": with_public_key_as_secret,
        "no signature": unsigned,
        "no token": lambda header, claims: "x",
    }
    for name, change in changes.items():
        site.change = change
        async with Browser(started) as browser:
            assert await sign_in(browser, "forged") == "/?sign_in=provider", name
            assert await who(browser) is None
    site.change = lambda header, claims: None
    async with Browser(started) as browser:
        assert await sign_in(browser, "forged") == "/", "unaltered"


async def test_passwords_work_while_provider_is_down_or_invalid(started: ApiHub, site: Provider, settings: Any) -> None:
    document = "/.well-known/openid-configuration"
    other = b'{"issuer": "https://evil.example"}'
    plain = f'{{"issuer": "{site.url}", "authorization_endpoint": "javascript:alert(1)"}}'.encode()
    for answer in (
        ("500 Error", "application/json", b"{}"),
        ("200 OK", "application/json", other),
        ("200 OK", "application/json", plain),
        ("200 OK", "text/html", b"<html>"),
        ("200 OK", "application/json", b"[]"),
        ("200 OK", "application/json", b" " * (MAX_BYTES + 1) + b"{}"),
    ):
        site.answers = {document: answer}
        provider = made[0]._provider
        provider._failed = None
        async with Browser(started) as browser:
            refused = await browser.http.post("/login/openid")
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "sign_in_unavailable"), answer[2][
                :40
            ]
            site.requests.clear()
            assert (await browser.http.post("/login/openid")).status_code == 503
            assert site.requests == [], "not asked again at once"
            assert (await browser.login("Ada")).status_code == 204
    site.answers = {}
    provider._failed = None
    async with Browser(started) as browser:
        page = await begin(browser)
        address = await approve(page, "eve")
        site.answers = {"/oauth2/token": ("500 Error", "text/plain", b"down")}
        assert await come_back(browser, address) == "/?sign_in=provider"


# -- settings -----------------------------------------------------------------------------------------------------


async def test_settings_of_the_provider_are_checked(tmp_path: Path) -> None:
    secret, file = tmp_path / "secret", tmp_path / "hub.toml"
    secret.write_text("from a file\n")
    good = f'[openid]\nissuer = "https://login.example.org/"\nclient_id = "hub"\nclient_secret_from = "{secret}"\n'
    file.write_text(f'{good}[openid.roles]\noperator = ["plant"]\n')
    found = openid_settings(load_settings(file, environ={}).openid)
    assert found.client == OpenIdClient("https://login.example.org/", "hub", "from a file")
    assert found.roles["operator"] == ("plant",)
    for text, named in (
        ('issuer = "https://x.example"', "issuer and client_id"),
        ('issuer = "http://x.example"\nclient_id = "hub"', "https"),
        ('issuer = "https://x.example"\nclient_id = "hub"\nnew_people = "boss"', "openid.new_people"),
        ('issuer = "https://x.example"\nclient_id = "hub"\nsecret = "x"', "openid.secret"),
        ('issuer = "https://x.example"\nclient_id = "hub"\nclient_secret_from = "/missing"', "client_secret_from"),
    ):
        file.write_text(f"[openid]\n{text}\n")
        with pytest.raises(ConfigError, match=named):
            openid_settings(load_settings(file, environ={}).openid)
