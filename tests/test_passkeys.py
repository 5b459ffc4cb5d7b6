"""Passkeys: registration, sign-in, and responses that were replayed, altered or made for somebody else."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from api_hub import ApiHub, running_hub
from authenticator import PRESENT, VERIFIED, Authenticator, decoded, encoded
from hub.accounts.passkey_ceremonies import LIFETIME_S, relying_party
from hub.accounts.passkeys import MAX_PASSKEYS
from hub.accounts.pending import MAX_PENDING, MAX_PER_CLIENT, Pending
from hub.api.login_attempts import LoginAttempts
from hub.errors import Invalid
from signed_in import TOKEN, Browser, person

pytestmark = pytest.mark.asyncio(loop_scope="module")
BEGIN, SIGN_IN, OWN = "/login/passkey/challenge", "/login/passkey", "/api/account/passkeys"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ApiHub]:
    """Run a hub with Ada, an administrator, and Val, a viewer."""
    async with running_hub(tmp_path_factory.mktemp("hub"), token=TOKEN) as hub:
        async with person(hub, "Ada", "administrator"), person(hub, "Val", "viewer"):
            pass
        yield hub


@pytest_asyncio.fixture(loop_scope="module")
async def hub(started: ApiHub) -> ApiHub:
    """Return the hub without passkeys and failed attempts."""
    auth = started.app.auth
    auth._attempts = LoginAttempts()
    for account in auth.people.accounts:
        await auth.people.passkeys.remove_all(account.id)
    return started


class Visitor(Browser):
    """A browser that opens the hub by the name localhost, as passkeys need it."""

    def __init__(self, hub: ApiHub) -> None:
        super().__init__(hub)
        self.origin = f"http://localhost:{hub.port}"
        self.http.base_url = self.origin
        self.http.headers["Origin"] = self.origin


@contextlib.asynccontextmanager
async def signed_in(hub: ApiHub, name: str) -> AsyncIterator[Visitor]:
    async with Visitor(hub) as visitor:
        assert (await visitor.login(name)).status_code == 204
        yield visitor


async def add(browser: Visitor, name: str = "phone", **options: Any) -> Authenticator:
    """Register a passkey for the person of this browser."""
    device = Authenticator(browser.origin, **options)
    asked = (await browser.http.post(f"{OWN}/challenge")).json()["options"]
    answer = await browser.http.post(OWN, json={"name": name, "credential": device.create(asked)})
    assert answer.status_code == 201, answer.text
    return device


async def begin(browser: Browser) -> dict[str, Any]:
    answer = await browser.http.post(BEGIN)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["options"])


async def send(browser: Browser, credential: dict[str, Any]) -> int:
    browser.http.cookies.clear()
    return (await browser.http.post(SIGN_IN, json={"credential": credential})).status_code


async def logged(hub: ApiHub) -> list[str]:
    await hub.settled()
    items = (await hub.http.get("/api/activity", headers={"Authorization": f"Bearer {TOKEN}"})).json()["items"]
    return [item["text"] for item in items]


async def test_person_signs_in_with_a_passkey_and_no_name(hub: ApiHub) -> None:
    async with signed_in(hub, "Ada") as ada, Visitor(hub) as other:
        assert (await other.http.get("/api/session")).json()["passkeys"] is False
        device = await add(ada)
        asked = await begin(other)
        assert asked.get("allowCredentials", []) == [], "the browser offers what it has"
        assert (asked["userVerification"], asked["rpId"]) == ("required", "localhost")
        assert await send(other, device.get(asked)) == 204
        session = (await other.http.get("/api/session")).json()
        assert (session["account"]["name"], session["passkeys"]) == ("Ada", True)
        [own] = (await other.http.get(OWN)).json()["items"]
        assert (own["name"], own["host"]) == ("phone", "localhost")
        assert own["used_at"] >= own["created_at"]
        assert (await other.http.delete(f"{OWN}/{own['id']}")).status_code == 204
        assert await send(other, device.get(await begin(other))) == 401, "removed"
        assert {"Ada added the passkey phone", "Ada removed the passkey phone"} <= set(await logged(hub))


async def test_changed_or_foreign_responses_are_refused(hub: ApiHub) -> None:
    async with signed_in(hub, "Ada") as ada, signed_in(hub, "Val") as val:
        device, theirs = await add(ada), await add(val)
        async with Visitor(hub) as eve:
            for origin in ("https://evil.example", "http://localhost", f"http://127.0.0.1:{hub.port}"):
                assert await send(eve, device.get(await begin(eve), origin=origin)) == 401, origin
            assert await send(eve, device.get({**await begin(eve), "challenge": encoded(b"x" * 32)})) == 401
            assert await send(eve, device.get({**await begin(eve), "rpId": "evil.example"})) == 401
            assert await send(eve, device.get(await begin(eve), type="webauthn.create")) == 401

            device.flags = PRESENT
            assert await send(eve, device.get(await begin(eve))) == 401, "the user was not verified"
            device.flags = PRESENT | VERIFIED

            unsigned = device.get(await begin(eve))
            signature = bytearray(decoded(unsigned["response"]["signature"]))
            signature[-1] ^= 1
            unsigned["response"]["signature"] = encoded(bytes(signature))
            assert await send(eve, unsigned) == 401

            swapped = theirs.get(await begin(eve))
            swapped["response"]["userHandle"] = encoded(device.user)
            assert await send(eve, swapped) == 401, "another account's user handle"
            swapped = theirs.get(await begin(eve))
            swapped["id"] = swapped["rawId"] = encoded(device.id)
            assert await send(eve, swapped) == 401, "another account's credential id"
            assert await send(eve, device.get(await begin(eve))) == 204, "unchanged"
        log = await logged(hub)
        assert not [text for text in log if "copied" in text], "only a signed counter counts"


async def test_challenge_is_valid_once_and_only_for_what_it_was_made(
    hub: ApiHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with signed_in(hub, "Ada") as ada, signed_in(hub, "Val") as val:
        device = await add(ada, counts=False)
        signed = device.get(await begin(ada))
        assert await send(ada, signed) == 204
        assert await send(ada, signed) == 401, "a replay"
        await ada.login("Ada")

        asked = (await ada.http.post(f"{OWN}/challenge")).json()["options"]
        assert await send(val, device.get({**asked, "rpId": "localhost"})) == 401, "made to register"
        await val.login("Val")
        asked = (await ada.http.post(f"{OWN}/challenge")).json()["options"]
        body = {"name": "x", "credential": Authenticator(device.origin).create(asked)}
        assert (await val.http.post(OWN, json=body)).status_code == 403, "made for somebody else"
        assert (await ada.http.post(OWN, json=body)).status_code == 403, "used by that"
        asked = (await ada.http.post(f"{OWN}/challenge")).json()["options"]
        again = {"name": "again", "credential": device.create(asked)}
        assert (await ada.http.post(OWN, json=again)).status_code == 409, "registered already"

        signed = device.get(await begin(ada))
        monkeypatch.setattr(hub.app.auth.people.ceremonies._challenges, "_now", lambda: time.time() + LIFETIME_S)
        assert await send(ada, signed) == 401, "too late"


async def test_counter_that_goes_back_is_refused_and_logged(hub: ApiHub) -> None:
    async with signed_in(hub, "Ada") as ada:
        device = await add(ada)
        assert await send(ada, device.get(await begin(ada))) == 204
        device.counter -= 1  # a copy that was made before
        assert await send(ada, device.get(await begin(ada))) == 401
        assert "hub refused a passkey of Ada: it may have been copied" in await logged(hub)
        assert await send(ada, device.get(await begin(ada))) == 204, "the original goes on"


async def test_one_signed_counter_is_accepted_once(hub: ApiHub) -> None:
    async with signed_in(hub, "Ada") as ada:
        device = await add(ada)
        device.counter = 5
        first = device.get(await begin(ada))
        device.counter = 5
        second = device.get(await begin(ada))
        answers = await asyncio.gather(*(ada.http.post(SIGN_IN, json={"credential": each}) for each in (first, second)))
        assert sorted(each.status_code for each in answers) == [204, 401]


async def test_disabled_and_removed_people_cannot_use_their_passkeys(hub: ApiHub) -> None:
    async with person(hub, "Ole", "viewer"), signed_in(hub, "Ada") as ada, signed_in(hub, "Ole") as ole:
        device = await add(ole)
        account = f"/api/people/{(await ole.http.get('/api/account')).json()['id']}"
        await ada.http.patch(account, json={"disabled": True})
        assert await send(ole, device.get(await begin(ole))) == 401
        await ada.http.patch(account, json={"disabled": False})
        assert await send(ole, device.get(await begin(ole))) == 204
        await ada.http.delete(account)
        assert await send(ole, device.get(await begin(ole))) == 401
        assert len(hub.app.auth.people.passkeys) == 0


async def test_wrong_passkeys_are_throttled_and_the_right_one_passes(hub: ApiHub) -> None:
    async with signed_in(hub, "Ada") as ada:
        device = await add(ada)
        async with Visitor(hub) as eve:
            stranger = Authenticator(device.origin)
            codes = [await send(eve, stranger.get(await begin(eve))) for _ in range(11)]
            assert codes == [401] * 10 + [429]
            assert await send(eve, device.get(await begin(eve))) == 204


async def test_last_way_to_sign_in_cannot_be_removed(hub: ApiHub) -> None:
    async with signed_in(hub, "Ada") as ada:
        account = (await ada.http.get("/api/account")).json()["id"]
        accounts = hub.app.auth.people.accounts
        password = accounts.require(account).password
        await accounts.change(account, password=None)
        await add(ada, "phone")
        [phone] = (await ada.http.get(OWN)).json()["items"]
        assert (await ada.http.delete(f"{OWN}/{phone['id']}")).status_code == 409
        await add(ada, "key")
        assert (await ada.http.delete(f"{OWN}/{phone['id']}")).status_code == 204
        await accounts.change(account, password=password)


async def test_passkeys_of_a_person_are_limited_and_need_a_browser(hub: ApiHub) -> None:
    async with signed_in(hub, "Ada") as ada, signed_in(hub, "Val") as val:
        for _ in range(MAX_PASSKEYS):
            await add(ada)
        asked = (await ada.http.post(f"{OWN}/challenge")).json()["options"]
        assert len(asked["excludeCredentials"]) == MAX_PASSKEYS
        body = {"name": "one more", "credential": Authenticator(f"http://localhost:{hub.port}").create(asked)}
        assert (await ada.http.post(OWN, json=body)).status_code == 409
        first = (await ada.http.get(OWN)).json()["items"][0]["id"]
        assert (await val.http.delete(f"{OWN}/{first}")).status_code == 404, "somebody else's"
        token = (await val.http.post("/api/account/tokens", json={"name": "t", "role": "viewer"})).json()["value"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert (await hub.http.post(f"{OWN}/challenge", headers=bearer)).status_code == 403


async def test_responses_of_another_form_are_refused(hub: ApiHub) -> None:
    assert (await hub.http.post(BEGIN)).status_code == 422, "an IP address"
    async with Visitor(hub) as eve:
        for response in (
            {},
            [],
            "x",
            {"clientDataJSON": 1},
            {"clientDataJSON": "e30"},
            {"clientDataJSON": "WzFd"},
            None,
        ):
            assert await send(eve, {"id": "x", "response": response}) == 401, response
        challenge = encoded(b'{"challenge": "' + (await begin(eve))["challenge"].encode() + b'"}')
        assert await send(eve, {"id": "x", "response": {"clientDataJSON": challenge}}) == 401


async def test_site_is_the_host_that_the_browser_has_opened() -> None:
    assert relying_party("https", "Hub.Example:443") == ("hub.example", "https://hub.example")
    assert relying_party("https", "hub.example:8443") == ("hub.example", "https://hub.example:8443")
    assert relying_party("http", "localhost:8000") == ("localhost", "http://localhost:8000")
    for scheme, host in (
        ("http", "hub.example"),
        ("https", "192.0.2.1"),
        ("https", "[2001:db8::1]:8443"),
        ("http", ""),
    ):
        with pytest.raises(Invalid):
            relying_party(scheme, host)


async def test_pending_sign_ins_are_bounded_and_one_client_drops_only_its_own() -> None:
    now = 0.0
    pending = Pending[int](10, lambda: now)
    pending.add("honest", 1, "a")
    for number in range(MAX_PER_CLIENT + 5):
        pending.add(f"b{number}", number, "b")
    assert len(pending) == MAX_PER_CLIENT + 1
    assert (pending.take("b0"), pending.take("honest"), pending.take("honest")) == (None, 1, None)
    for number in range(MAX_PENDING + 5):
        pending.add(f"c{number}", number, f"client {number}")
    assert len(pending) == MAX_PENDING
    now = 10.0
    assert pending.take(f"c{MAX_PENDING}") is None, "expired"
    assert len(pending) == 0
