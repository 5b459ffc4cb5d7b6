"""Sessions, streams, restricted tokens, names and throttling, as an attacker with a lower role would use them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from api_hub import ApiHub, Socket, running_hub
from hub.accounts import People, passwords
from hub.accounts.account import account_name, lookup_key
from hub.accounts.passwords import WAITING_PER_CLIENT, Passwords
from hub.accounts.sessions import MAX_PER_ACCOUNT, SessionStore
from hub.api.login_attempts import BURST, LoginAttempts
from hub.errors import Invalid, TooBusy
from signed_in import BEARER, PASSWORD, TOKEN, Browser, link, person


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    """Run a hub with an access token and no accounts."""
    async with running_hub(tmp_path, token=TOKEN) as hub:
        yield hub


async def closed(socket: Any) -> int:
    """Read until the socket is closed and return its code."""
    async with asyncio.timeout(5):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            return int(socket.close_code)


# -- sessions -----------------------------------------------------------------------------------------------------


async def test_session_is_new_with_each_sign_in_and_the_one_before_ends(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada:
        before = ada.cookie
        await ada.login("Ada")
        assert ada.cookie != before
        assert (await hub.http.get("/api/devices", headers=before)).status_code == 401, "fixation, or a copied cookie"
        await ada.http.post("/logout")
        assert (await hub.http.get("/api/devices", headers=ada.cookie)).status_code == 401


async def test_chosen_cookie_is_not_taken_as_session(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada:
        name = next(iter(ada.http.cookies))
        ada.http.cookies.clear()
        ada.http.cookies.set(name, "chosen-by-the-attacker", domain="127.0.0.1")
        answer = await ada.login("Ada")
        assert "chosen" not in answer.headers["set-cookie"]


@pytest.mark.parametrize("secure", [False, True])
async def test_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(tmp_path: Path, secure: bool) -> None:
    async with running_hub(tmp_path, token=TOKEN, trusted_proxies=("127.0.0.1",)) as hub:
        proxy = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"} if secure else {}
        answer = await hub.http.post("/login", json={"token": TOKEN}, headers=proxy)
        flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
        assert {"httponly", "samesite=strict", "path=/"} <= flags
        assert ("secure" in flags) == secure
        assert not any(flag.startswith("domain") for flag in flags)


async def test_expired_cookie_is_deleted_also_while_its_client_is_throttled(hub: ApiHub) -> None:
    """Somebody else behind the same address may have used up the attempts."""
    for _ in range(BURST):
        await hub.http.get("/api/devices", headers={"Authorization": "Bearer wrong"})
    answer = await hub.http.get("/api/session", headers={"Cookie": f"hub_session_{hub.port}=expired"})
    assert answer.status_code == 429
    assert "max-age=0" in answer.headers["set-cookie"].lower()


async def test_signing_in_often_ends_only_own_sessions(tmp_path: Path) -> None:
    sessions = SessionStore(tmp_path / "sessions.json", None, lambda: 1_000.0)
    ada = await sessions.create("192.0.2.1", person="u-ada")
    for _ in range(MAX_PER_ACCOUNT + 5):
        newest = await sessions.create("192.0.2.2", person="u-val")
    assert len(sessions.of_account("u-val")) == MAX_PER_ACCOUNT
    assert sessions.find(ada) is not None
    assert sessions.find(newest) is not None


# -- streams ------------------------------------------------------------------------------------------------------


async def test_streams_of_an_open_hub_end_with_its_first_account(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub, Browser(hub) as browser, hub.socket("/ws") as socket:
        await Socket(socket).wait("devices")
        made = await hub.http.post("/api/people/invitations", json={"role": "administrator"})
        answer = await browser.welcome(made.json()["url"].partition("#")[2], "Ada")
        assert answer.status_code == 200
        assert await closed(socket) == 4401


async def test_streams_of_a_replaced_access_token_end(hub: ApiHub) -> None:
    async with hub.socket("/ws", additional_headers=BEARER) as socket:
        await Socket(socket).wait("devices")
        await hub.app.auth.change_token(TOKEN)
        await socket.send(json.dumps({"action": "chat", "message": "How many devices are there?"}))
        await Socket(socket).wait("ai_response")
        await hub.app.auth.change_token("another access token 123")
        assert await closed(socket) == 4401


async def test_stream_ends_when_its_token_expires(hub: ApiHub, monkeypatch: pytest.MonkeyPatch) -> None:
    async with person(hub, "Ada", "administrator") as ada:
        made = await ada.http.post("/api/account/tokens", json={"name": "ci", "role": "viewer", "days": 1})
        bearer = {"Authorization": f"Bearer {made.json()['value']}"}
        tokens = hub.app.auth.people.tokens
        monkeypatch.setattr(tokens, "_now", lambda: made.json()["token"]["expires_at"] / 1000 - 0.5)
        async with hub.socket("/ws", additional_headers=bearer) as socket:
            await Socket(socket).wait("devices")
            monkeypatch.setattr(tokens, "_now", lambda: made.json()["token"]["expires_at"] / 1000 + 1)
            assert await closed(socket) == 4401


# -- restricted tokens --------------------------------------------------------------------------------------------


async def test_api_token_cannot_change_its_account(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada:
        wanted = {"name": "script", "role": "viewer"}
        made = (await ada.http.post("/api/account/tokens", json=wanted)).json()
        other = (await ada.http.post("/api/account/tokens", json=wanted)).json()["token"]["id"]
        bearer = {"Authorization": f"Bearer {made['value']}"}
        (session,) = (await ada.http.get("/api/account/sessions")).json()["items"]
        for method, path, body in (
            ("PATCH", "/api/account", {"name": "Eve"}),
            ("POST", "/api/account/password", {"current": PASSWORD, "password": "a brighter lighthouse"}),
            ("POST", "/api/account/tokens", wanted),
            ("DELETE", f"/api/account/sessions/{session['id']}", None),
            ("DELETE", f"/api/account/tokens/{other}", None),
        ):
            answer = await hub.http.request(method, path, json=body, headers=bearer)
            assert answer.status_code == 403, (method, path)
        answer = await hub.http.delete(f"/api/account/tokens/{made['token']['id']}", headers=bearer)
        assert answer.status_code == 204, "it may revoke itself"


async def test_administrators_api_token_cannot_turn_itself_into_an_account(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada:
        made = await ada.http.post("/api/account/tokens", json={"name": "ci", "role": "administrator"})
        bearer = {"Authorization": f"Bearer {made.json()['value']}"}
        account = (await ada.http.get("/api/account")).json()["id"]
        assert (await hub.http.get("/api/people", headers=bearer)).status_code == 200
        assert (await hub.http.post(f"/api/people/{account}/link", headers=bearer)).status_code == 403
        invitation = await hub.http.post("/api/people/invitations", json={"role": "viewer"}, headers=bearer)
        assert invitation.status_code == 403


# -- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "   ",
            "a\nb",
            "a\x00",
            "Ada\u200b",
            "Ada\u202e",
            "\u2066Ada",
            "Ada\ufe0f",
            "\u3164",
            "\u2800",
            "Ad\u034fa",
        ),
        *("operator", "OPERATOR", "ｏperator", "hub", "Hub  Link", "\u0410da", "Ad\u03b1", "x" * 65, "\ufdfa" * 10),
    ],
)
def test_name_that_could_deceive_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        account_name(name)


@pytest.mark.parametrize(
    "name", ["Ada", "Zoë", "Łukasz", "Дарья", "Ελένη", "山田太郎", "O'Neil-Smith 2", "ada@example.org"]
)
def test_names_of_all_languages_are_allowed(name: str) -> None:
    assert account_name(name) == name


@pytest.mark.parametrize("other", ["ADA  Maß", "Ａda Maß", " ada MASS ", "Ada\u2003Maß"])
def test_names_that_differ_only_in_form_are_the_same(other: str) -> None:
    assert lookup_key(other) == lookup_key("Ada Maß")


async def test_new_name_is_in_the_activity_log(hub: ApiHub) -> None:
    """Nobody can act under another name without a trace."""
    async with person(hub, "Ada", "administrator") as ada, person(hub, "Olaf", "operator") as olaf:
        assert (await olaf.http.patch("/api/account", json={"name": "Ada"})).status_code == 409
        assert (await olaf.http.patch("/api/account", json={"name": "operator"})).status_code == 422
        assert (await olaf.http.patch("/api/account", json={"name": "Otto"})).status_code == 200
        await hub.settled()
        items = (await ada.http.get("/api/activity")).json()["items"]
        assert any(item["text"] == "Olaf is now called Otto" for item in items), items


async def test_activity_log_names_what_opens_or_closes_access(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada, person(hub, "Val", "viewer") as val:
        made = await val.http.post("/api/account/tokens", json={"name": "ci", "role": "viewer"})
        await val.http.delete(f"/api/account/tokens/{made.json()['token']['id']}")
        change = {"current": PASSWORD, "password": "a brighter lighthouse"}
        assert (await val.http.post("/api/account/password", json=change)).status_code == 204
        await hub.settled()
        texts = {item["text"] for item in (await ada.http.get("/api/activity")).json()["items"]}
        assert texts >= {
            "Val used a one-time link",
            "Val created an API token as viewer",
            "Val revoked an API token",
            "Val changed their password",
        }


# -- throttling ---------------------------------------------------------------------------------------------------


async def test_guessing_the_current_password_is_throttled(hub: ApiHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody with a stolen session could otherwise try passwords without limit."""
    # Attempts are regained with time, and a slow machine takes long for the hashes.
    monkeypatch.setattr(hub.app.auth._attempts, "_clock", lambda: 1_000.0)
    async with person(hub, "Ada", "administrator") as ada:
        body = {"current": "a wrong password", "password": "a brighter lighthouse"}
        codes = [(await ada.http.post("/api/account/password", json=body)).status_code for _ in range(BURST + 1)]
        assert codes == [403] * BURST + [429]
        body["current"] = PASSWORD
        assert (await ada.http.post("/api/account/password", json=body)).status_code == 204


async def test_attempts_on_one_person_count_from_all_addresses() -> None:
    attempts = LoginAttempts(lambda: 0.0)
    for number in range(BURST):
        assert await attempts.count_wrong_and_wait(f"192.0.2.{number}", "person ada") == 0
    assert await attempts.count_wrong_and_wait("198.51.100.1", "person ada") > 0
    assert await attempts.count_wrong_and_wait("198.51.100.1", "person bea") == 0


async def test_client_that_sends_many_passwords_does_not_delay_others(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    monkeypatch.setattr(Passwords, "_verify", lambda self, stored, password: bool(verified.append(password)))
    hasher = Passwords()
    flood = [asyncio.create_task(hasher.matches(None, "guess", "attacker")) for _ in range(100)]
    await asyncio.sleep(0)
    await hasher.matches(None, "honest", "somebody else")
    assert verified.index("honest") < 4
    results = await asyncio.gather(*flood, return_exceptions=True)
    assert sum(isinstance(result, TooBusy) for result in results) == 100 - WAITING_PER_CLIENT
    assert (hasher._clients, hasher._waiting) == ({}, {}), "nothing is kept of a client"


async def test_many_sign_ins_take_bounded_memory_and_ingest_goes_on(
    hub: ApiHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = most = 0
    verify = Passwords._verify

    def counted(self: Passwords, stored: str | None, password: str) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return verify(self, stored, password)
        finally:
            running -= 1

    async with person(hub, "Ada", "administrator"), Browser(hub) as guesser:
        monkeypatch.setattr(Passwords, "_verify", counted)
        guesses = [asyncio.create_task(guesser.login("Ada", f"guess {number}")) for number in range(100)]
        await hub.telemetry("pump-01", temperature=20)
        assert not all(guess.done() for guess in guesses), "the reading was stored in the meantime"
        codes = {(await guess).status_code for guess in guesses}
        assert codes <= {401, 429, 503}
        assert most <= passwords._CONCURRENT


# -- records ------------------------------------------------------------------------------------------------------


async def test_no_secret_and_no_forged_line_is_logged(hub: ApiHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "hub")
    async with person(hub, "Ada", "administrator") as ada, Browser(hub) as other:
        secret = await link(hub, "viewer")
        made = (await ada.http.post("/api/account/tokens", json={"name": "ci", "role": "viewer"})).json()
        await other.login("Ada", "a wrong password")
        await other.login("Eve\nINFO Ada signed in", "a wrong password")
        await hub.http.get("/api/devices", headers={"Authorization": "Bearer wk_wrong", "User-Agent": "x\ty"})
        await hub.settled()
        text = caplog.text + (await ada.http.get("/api/activity")).text + (await ada.http.get("/api/people")).text
        for value in (PASSWORD, "a wrong password", secret, made["value"], *ada.http.cookies.values(), "argon2"):
            assert value not in text
        assert "\nINFO Ada" not in text


# -- profile ------------------------------------------------------------------------------------------------------


async def test_profile_is_stored_validated_and_returned_in_the_session(hub: ApiHub, tmp_path: Path) -> None:
    async with person(hub, "Ada", "administrator") as ada:
        home: dict[str, Any] = {"home_order": [], "home_hidden": []}
        unset = {"language": None, "units": None, "units_of": {}, "time_zone": None, **home}
        assert (await ada.http.get("/api/session")).json()["account"]["profile"] == unset
        wanted = {"language": "de", "units": "imperial", "units_of": {"temperature": "metric"}}
        zone = {"time_zone": "America/New_York"}
        assert (await ada.http.patch("/api/account", json=wanted)).json()["profile"] == {**unset, **wanted}
        assert (await ada.http.patch("/api/account", json=zone)).json()["name"] == "Ada", "absent keys stay"
        assert (await ada.http.get("/api/session")).json()["account"]["profile"] == {**wanted, **zone, **home}
        home = {"home_order": ["lamp", "door"], "home_hidden": ["hub"]}
        assert (await ada.http.patch("/api/account", json=home)).json()["profile"] == {**wanted, **zone, **home}
        for wrong in (
            {"language": "fr"},
            {"units": "nautical"},
            {"units_of": {"temperature": "kelvin"}},
            {"units_of": {"happiness": "metric"}},
            {"time_zone": "Mars/Olympus"},
            {"time_zone": "../../etc/passwd"},
            {"time_zone": ""},
            {"theme": "dark"},
            {"home_order": ["x"] * 501},
            {"home_hidden": [""]},
            {"home_hidden": ["x" * 129]},
        ):
            assert (await ada.http.patch("/api/account", json=wrong)).status_code == 422, wrong
        read = {each.name: each.profile for each in People(tmp_path, TOKEN).accounts}
        assert json.loads(msgspec.json.encode(read["Ada"])) == {**wanted, **zone, **home}
        assert (await ada.http.patch("/api/account", json={"language": None})).json()["profile"]["language"] is None


async def test_assistant_answers_in_the_language_of_the_person(tmp_path: Path) -> None:
    async with running_hub(tmp_path, token=TOKEN, real_ai=True) as hub, person(hub, "Ada", "administrator") as ada:
        await hub.telemetry("pump-01", temperature=20)
        answers = []
        for language in (None, "de"):
            await ada.http.patch("/api/account", json={"language": language})
            asked = f"/api/conversations/talk-{language}-0001/turns"
            lines = (await ada.http.post(asked, json={"question": "pump-01?"})).text.splitlines()
            answers.append("".join(json.loads(line).get("text", "") for line in lines))
        english, german = answers
        assert english != german, german
        assert "Temperatur" in german or "Gerät" in german or " ist " in german, german
