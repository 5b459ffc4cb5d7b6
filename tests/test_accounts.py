"""Accounts: one-time links, passwords, roles, sessions, API tokens, and who is named as the author of a change."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed

from api_hub import ApiHub, Socket, running_hub
from hub.accounts import People
from hub.accounts.permissions import LEAST_ROLE, SIGNED_OUT
from hub.api.auth import RECHECK_S
from hub.api.guard import PROBES
from hub.errors import ConfigError
from signed_in import BEARER, PASSWORD, TOKEN, Browser, link, person

HOT = {"metric": "temperature", "above": 50}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    """Run a hub with an access token and no accounts."""
    async with running_hub(tmp_path, token=TOKEN) as hub:
        yield hub


# -- links --------------------------------------------------------------------------------------------------------


async def test_invitation_makes_an_account_that_can_sign_in_again(hub: ApiHub) -> None:
    async with Browser(hub) as browser:
        secret = await link(hub, "administrator")
        assert (await browser.http.post("/api/welcome/check", json={"link": secret})).json()["role"] == "administrator"
        made = await browser.welcome(secret, "Ada")
        assert made.json()["name"] == "Ada"
        assert PASSWORD not in made.text
        assert "argon2" not in made.text
        assert (await browser.http.get("/api/session")).json()["account"]["name"] == "Ada"
        await browser.http.post("/logout")
        assert (await browser.http.get("/api/devices")).status_code == 401
        assert (await browser.login("ada")).status_code == 204, "the name counts in any case"
        assert (await browser.http.get("/api/devices")).status_code == 200


async def test_link_works_once(hub: ApiHub) -> None:
    secret = await link(hub, "administrator")
    async with Browser(hub) as browser:
        assert (await browser.welcome(secret, "Ada", "short")).status_code == 422, "it is not used up by an error"
        assert (await browser.welcome(secret, "Ada")).status_code == 200
    async with Browser(hub) as browser:
        answer = await browser.welcome(secret, "Eve")
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "forbidden"
        assert (await browser.http.post("/api/welcome/check", json={"link": secret})).status_code == 403


async def test_first_account_must_be_an_administrator(hub: ApiHub) -> None:
    answer = await hub.http.post("/api/people/invitations", json={"role": "viewer"}, headers=BEARER)
    assert answer.status_code == 409
    assert "administrator" in answer.json()["error"]["message"]


async def test_withdrawn_invitation_is_refused(hub: ApiHub) -> None:
    secret = await link(hub, "administrator")
    (shown,) = (await hub.http.get("/api/people", headers=BEARER)).json()["invitations"]
    assert secret not in str(shown)
    await hub.http.delete(f"/api/people/invitations/{shown['id']}", headers=BEARER)
    async with Browser(hub) as browser:
        assert (await browser.welcome(secret, "Ada")).status_code == 403


async def test_password_link_replaces_password_and_ends_sessions(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada, Browser(hub) as forgetful:
        account = (await ada.http.get("/api/account")).json()["id"]
        address = (await hub.http.post(f"/api/people/{account}/link", headers=BEARER)).json()["url"]
        answer = await forgetful.welcome(address.partition("#")[2], None, "another lighthouse")
        assert answer.json()["id"] == account
        assert (await ada.http.get("/api/devices")).status_code == 401
        assert (await forgetful.login("Ada")).status_code == 401
        assert (await forgetful.login("Ada", "another lighthouse")).status_code == 204


async def test_hub_without_token_requires_signing_in_from_the_first_account_on(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub, Browser(hub) as browser:
        assert (await hub.http.get("/api/devices")).status_code == 200
        answer = await hub.http.post("/api/people/invitations", json={"role": "administrator"})
        assert (await browser.welcome(answer.json()["url"].partition("#")[2], "Ada")).status_code == 200
        assert (await hub.http.get("/api/devices")).status_code == 401
        assert (await browser.http.get("/api/devices")).status_code == 200
        told = (await hub.http.get("/api/session")).json()
        assert (told["auth"], told["accounts"], told["token"]) == ("token", True, False)
    async with running_hub(tmp_path) as hub, Browser(hub) as browser:
        assert (await hub.http.get("/api/devices")).status_code == 401, "also after a restart"
        assert (await browser.login("Ada")).status_code == 204


# -- passwords ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "allowed"),
    [("1234567", False), ("password1", False), ("PASSWORD1", False), ("x7 lamp!", True), ("long " * 50, True)],
)
async def test_short_and_common_passwords_are_refused(hub: ApiHub, password: str, allowed: bool) -> None:
    async with Browser(hub) as browser:
        answer = await browser.welcome(await link(hub, "administrator"), "Ada", password)
        assert answer.status_code == (200 if allowed else 422), answer.text
        assert password not in answer.text


def test_hashes_are_argon2id_with_the_cost_of_rfc_9106() -> None:
    code = "from hub.accounts.passwords import Passwords; print(Passwords.hasher.hash('x'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_unknown_name_and_wrong_password_look_the_same(hub: ApiHub, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, stored: str, password: str) -> bool:
        verified.append(stored)
        return verify(hasher, stored, password)

    async with person(hub, "Ada", "administrator") as ada:
        monkeypatch.setattr(PasswordHasher, "verify", counted)
        wrong = await ada.login("Ada", "not her password")
        assert len(verified) == 1
        unknown = await ada.login("Bob", "not her password")
        assert len(verified) == 2, "the answer for an unknown name would be faster"
        assert wrong.status_code == unknown.status_code == 401
        assert wrong.json() == unknown.json()
        assert wrong.headers.keys() == unknown.headers.keys()


async def test_failed_sign_ins_are_throttled_but_the_right_password_passes(
    hub: ApiHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Attempts are regained with time, and a slow machine takes long for the hashes.
    monkeypatch.setattr(hub.app.auth._attempts, "_clock", lambda: 1_000.0)
    async with person(hub, "Ada", "administrator"), Browser(hub) as guesser:
        answers = [await guesser.login("Ada", f"guess {number} of many") for number in range(12)]
        assert [answer.status_code for answer in answers[:10]] == [401] * 10
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) > 0
        assert (await guesser.login("Ada")).status_code == 204


async def test_own_password_change_keeps_only_this_browser(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada, Browser(hub) as other:
        await other.login("Ada")
        change = {"current": "wrong", "password": "a brighter lighthouse"}
        assert (await ada.http.post("/api/account/password", json=change)).status_code == 403
        change["current"] = PASSWORD
        assert (await ada.http.post("/api/account/password", json=change)).status_code == 204
        assert (await ada.http.get("/api/account")).status_code == 200
        assert (await other.http.get("/api/account")).status_code == 401


def stored_files(data: Path) -> list[Path]:
    return list(data.glob("*.json"))


async def test_no_password_token_or_link_is_stored_in_clear(tmp_path: Path) -> None:
    async with running_hub(tmp_path, token=TOKEN) as hub, person(hub, "Ada", "administrator") as ada:
        token = (await ada.http.post("/api/account/tokens", json={"name": "ci", "role": "viewer"})).json()["value"]
        secret = await link(hub, "viewer")
    stored = b"".join(file.read_bytes() for file in stored_files(tmp_path))
    assert b"Ada" in stored
    for value in (PASSWORD, token, secret):
        assert value.encode() not in stored
    assert all(file.stat().st_mode & 0o077 == 0 for file in stored_files(tmp_path))


# -- roles --------------------------------------------------------------------------------------------------------


async def test_table_of_permissions_lists_exactly_the_routes(hub: ApiHub) -> None:
    declared = set()
    for route in hub.app.state.api_routes:
        if isinstance(route, WebSocketRoute) or not hasattr(route, "methods"):
            declared.add(f"SOCKET {route.path}")
        elif isinstance(route, Route):
            declared |= {f"{method} {route.path}" for method in route.methods or () if method != "HEAD"}
    probes = {f"GET {path}" for path in PROBES}
    assert declared - probes == (LEAST_ROLE.keys() | SIGNED_OUT) - {"GET /openapi.json"}


async def test_each_role_has_exactly_the_permissions_of_the_table(hub: ApiHub) -> None:
    """Send each operation as each role. Whatever else is wrong with the request, a forbidden one gets 403 first."""
    async with person(hub, "Ada", "administrator"):
        for role, refused in (("viewer", ("operator", "administrator")), ("operator", ("administrator",))):
            async with person(hub, f"a {role}", role) as browser:
                for operation, least in LEAST_ROLE.items():
                    method, path = operation.split()
                    if method == "SOCKET" or operation == "POST /logout" or path == "/events/devices":
                        continue
                    answer = await browser.http.request(method, re.sub(r"{[\w:]+}", "x", path))
                    forbidden = answer.status_code == 403 and "role" in answer.text
                    assert forbidden == (least in refused), (role, operation, answer.status_code)


async def test_unlisted_operation_is_for_administrators(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada, person(hub, "Val", "viewer") as val:
        assert (await val.http.post("/api/added-later")).status_code == 403
        assert (await ada.http.post("/api/added-later")).status_code in (404, 405)


async def test_role_in_a_body_is_refused_where_nobody_may_set_it(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator"), person(hub, "Val", "viewer") as val:
        assert (await val.http.patch("/api/account", json={"name": "Val", "role": "administrator"})).status_code == 422
        assert (await val.http.get("/api/account")).json()["role"] == "viewer"


async def test_viewer_may_read_streams_and_operator_may_acknowledge(hub: ApiHub) -> None:
    async with (
        person(hub, "Ada", "administrator"),
        person(hub, "Val", "viewer") as val,
        person(hub, "Olaf", "operator") as olaf,
    ):
        await hub.telemetry("pump-01", temperature=95)
        alert = (await val.http.get("/api/alerts")).json()["items"][0]["id"]
        assert (await val.http.post(f"/api/alerts/{alert}/acknowledge")).status_code == 403
        async with hub.socket("/api/live", additional_headers=val.cookie) as live:
            await Socket(live).say(type="hello")
            await Socket(live).wait("snapshot")
        answer = await olaf.http.post(f"/api/alerts/{alert}/acknowledge", json={"note": "on my way"})
        assert answer.json()["acknowledged_by"] == "Olaf"


async def test_last_administrator_cannot_be_lost(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada, person(hub, "Val", "viewer") as val:
        me = (await ada.http.get("/api/account")).json()["id"]
        for edit in ({"role": "viewer"}, {"disabled": True}):
            answer = await ada.http.patch(f"/api/people/{me}", json=edit)
            assert (answer.status_code, "only administrator" in answer.text) == (409, True)
        assert (await ada.http.delete(f"/api/people/{me}")).status_code == 409
        other = (await val.http.get("/api/account")).json()["id"]
        assert (await ada.http.patch(f"/api/people/{other}", json={"role": "administrator"})).status_code == 200
        assert (await ada.http.delete(f"/api/people/{me}")).status_code == 204
        assert (await val.http.get("/api/people")).status_code == 200, "a new role counts at once"


async def test_disabling_an_account_closes_its_streams_at_once(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada, person(hub, "Val", "viewer") as val:
        token = (await val.http.post("/api/account/tokens", json={"name": "ci", "role": "viewer"})).json()["value"]
        bearer = {"Authorization": f"Bearer {token}"}
        account = (await val.http.get("/api/account")).json()["id"]
        async with (
            hub.socket("/ws", additional_headers=val.cookie) as by_cookie,
            hub.socket("/ws", additional_headers=bearer) as by_token,
        ):
            for socket in (by_cookie, by_token):
                await Socket(socket).wait("devices")
            await ada.http.patch(f"/api/people/{account}", json={"disabled": True})
            for socket in (by_cookie, by_token):
                async with asyncio.timeout(5):
                    with contextlib.suppress(ConnectionClosed):
                        while True:
                            await socket.recv()
                assert socket.close_code == 4401
        assert (await val.login("Val")).status_code == 401
        assert (await hub.http.get("/api/devices", headers=bearer)).status_code == 401
        await ada.http.patch(f"/api/people/{account}", json={"disabled": False})
        assert (await val.login("Val")).status_code == 204


# -- sessions and tokens ------------------------------------------------------------------------------------------


async def test_sessions_are_listed_and_ended(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada, Browser(hub) as phone:
        await phone.http.post("/login", json={"name": "Ada", "password": PASSWORD}, headers={"User-Agent": "a phone"})
        items = (await ada.http.get("/api/account/sessions")).json()["items"]
        assert [item["current"] for item in items].count(True) == 1
        (other,) = [item for item in items if not item["current"]]
        assert (other["agent"], other["address"]) == ("a phone", "127.0.0.1")
        assert (await ada.http.delete(f"/api/account/sessions/{other['id']}")).status_code == 204
        assert (await phone.http.get("/api/account")).status_code == 401
        assert (await ada.http.delete(f"/api/account/sessions/{other['id']}")).status_code == 404


async def test_session_of_another_person_cannot_be_ended(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada, person(hub, "Val", "viewer") as val:
        (session,) = (await ada.http.get("/api/account/sessions")).json()["items"]
        assert (await val.http.delete(f"/api/account/sessions/{session['id']}")).status_code == 404
        assert (await ada.http.get("/api/account")).status_code == 200


async def test_changed_access_token_keeps_sessions_of_accounts(tmp_path: Path) -> None:
    async with running_hub(tmp_path, token=TOKEN) as hub, person(hub, "Ada", "administrator") as ada:
        value = next(iter(ada.http.cookies.values()))
    async with running_hub(tmp_path, token="another access token 123") as hub:
        cookie = {"Cookie": f"hub_session_{hub.port}={value}"}
        assert (await hub.http.get("/api/devices", headers=cookie)).status_code == 200


async def test_api_token_has_at_most_the_role_it_was_made_with(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada, person(hub, "Val", "viewer") as val:
        wanted = {"name": "dashboard", "role": "viewer", "days": 30}
        value = (await ada.http.post("/api/account/tokens", json=wanted)).json()["value"]
        bearer = {"Authorization": f"Bearer {value}"}
        assert (await hub.http.get("/api/devices", headers=bearer)).status_code == 200
        assert (await hub.http.get("/api/people", headers=bearer)).status_code == 403
        assert (await hub.http.post("/api/account/tokens", json=wanted, headers=bearer)).status_code == 403
        answer = await val.http.post("/api/account/tokens", json={**wanted, "role": "operator"})
        assert answer.status_code == 403, "no more than its owner"
        (shown,) = (await ada.http.get("/api/account/tokens")).json()["items"]
        assert value not in str(shown)
        assert (await val.http.delete(f"/api/account/tokens/{shown['id']}")).status_code == 404
        assert (await ada.http.delete(f"/api/account/tokens/{shown['id']}")).status_code == 204
        assert (await hub.http.get("/api/devices", headers=bearer)).status_code == 401


async def test_token_of_an_account_that_lost_its_role_loses_it_as_well(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada, person(hub, "Bea", "administrator") as bea:
        wanted = {"name": "admin", "role": "administrator"}
        value = (await bea.http.post("/api/account/tokens", json=wanted)).json()["value"]
        bearer = {"Authorization": f"Bearer {value}"}
        assert (await hub.http.get("/api/people", headers=bearer)).status_code == 200
        account = (await bea.http.get("/api/account")).json()["id"]
        await ada.http.patch(f"/api/people/{account}", json={"role": "viewer"})
        assert (await hub.http.get("/api/people", headers=bearer)).status_code == 403


async def test_expired_tokens_and_links_are_refused(tmp_path: Path) -> None:
    now = [time.time()]
    people = People(tmp_path, None, lambda: now[0])
    _, secret = await people.invite("administrator", "test")
    account = await people.accept(secret, "Ada", PASSWORD, "client")
    _, value = await people.tokens.create(account.id, "ci", "viewer", 86_400.0)
    _, later = await people.invite("viewer", "test")
    assert people.tokens.find(value) is not None
    now[0] += 8 * 86_400
    assert people.tokens.find(value) is None
    assert people.links.valid() == []
    assert later
    assert RECHECK_S <= 3_600, "a stream of an expired token ends within the hour"


# -- records ------------------------------------------------------------------------------------------------------


async def test_changes_name_the_person_who_made_them(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada:
        await hub.telemetry("pump-01", temperature=20)
        await ada.http.patch("/api/devices/pump-01", json={"name": "Feed pump"})
        await hub.settled()
        items: list[dict[str, Any]] = (await ada.http.get("/api/activity")).json()["items"]
        assert any(item["text"].startswith("Ada renamed") for item in items), items
        assert any("operator created an invitation" in item["text"] for item in items), "made with the access token"


async def test_damaged_file_of_accounts_stops_the_start(tmp_path: Path) -> None:
    """Without its accounts a hub could let everybody in."""
    (tmp_path / "accounts.json").write_text('[{"id": 1}]')
    with pytest.raises(ConfigError, match="damaged"):
        People(tmp_path, None)
