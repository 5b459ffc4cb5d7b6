"""Two requests, processes or faults at the same time: links, names, passwords, and files that cannot be written."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher

from api_hub import ApiHub, running_hub
from hub.accounts import Account, People
from hub.accounts.passwords import Passwords
from hub.errors import Conflict, Forbidden, HubError, StoreError
from hub.runtime.private_files import write_draft
from signed_in import BEARER, PASSWORD, TOKEN, Browser, link, person

OTHER = "another lighthouse 8"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    """Run a hub with an access token and no accounts."""
    async with running_hub(tmp_path, token=TOKEN) as hub:
        yield hub


@pytest.fixture
def people(tmp_path: Path) -> People:
    """Return the people of an empty data folder."""
    return People(tmp_path, None)


async def account(people: People, name: str, role: str = "administrator") -> Account:
    _, secret = await people.invite("administrator", "test")
    made = await people.accept(secret, name, PASSWORD, "client")
    return made if role == "administrator" else await people.edit(made.id, role=role)  # type: ignore[arg-type]  # callers pass a Role


class FullDisk:
    """Makes writes of some files fail while ``names`` contains them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: set[str] = set()

        def full(path: Path, content: bytes) -> Path:
            if path.name in self.names:
                raise OSError(28, os.strerror(28))
            return write_draft(path, content)

        monkeypatch.setattr("hub.accounts.json_file.write_draft", full)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    """Return a disk that is not full yet."""
    return FullDisk(monkeypatch)


# -- links --------------------------------------------------------------------------------------------------------


async def test_link_sent_twice_at_the_same_time_makes_one_account(hub: ApiHub) -> None:
    secret = await link(hub, "administrator")
    async with Browser(hub) as one, Browser(hub) as other:
        answers = await asyncio.gather(one.welcome(secret, "Ada"), other.welcome(secret, "Eve"))
    assert sorted(answer.status_code for answer in answers) == [200, 403]
    assert len((await hub.http.get("/api/people", headers=BEARER)).json()["items"]) == 1


async def test_links_made_at_the_same_time_are_all_kept(people: People) -> None:
    secrets = [secret for _, secret in await asyncio.gather(*(people.invite("administrator", "x") for _ in range(12)))]
    for secret in secrets:
        people.find_link(secret)


async def test_link_command_and_hub_do_not_lose_links_of_each_other(people: People, tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom hub.accounts import People\n"
        "people = People(Path(sys.argv[1]), None)\n"
        "for _ in range(40): print(asyncio.run(people.links.create('administrator', by='other'))[1], flush=True)\n"
    )
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(tmp_path), stdout=subprocess.PIPE)
    assert other.stdout is not None
    first = await other.stdout.readline()  # it is writing now
    own = [(await people.invite("administrator", "hub"))[1] for _ in range(40)]
    written, _ = await other.communicate()
    assert other.returncode == 0
    for secret in (*(first + written).decode().split(), *own):
        people.find_link(secret)


async def test_link_of_somebody_who_is_no_administrator_any_more_is_refused(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator") as ada, person(hub, "Bea", "administrator") as bea:
        made = await bea.http.post("/api/people/invitations", json={"role": "administrator"})
        secret = made.json()["url"].partition("#")[2]
        account = (await bea.http.get("/api/account")).json()["id"]
        await ada.http.patch(f"/api/people/{account}", json={"role": "viewer"})
        assert (await ada.http.get("/api/people")).json()["invitations"] == []
        async with Browser(hub) as browser:
            assert (await browser.http.post("/api/welcome/check", json={"link": secret})).status_code == 403
            assert (await browser.welcome(secret, "Eve")).status_code == 403


@pytest.mark.parametrize("removed", [False, True])
async def test_password_link_ends_with_its_account(hub: ApiHub, removed: bool) -> None:
    async with person(hub, "Ada", "administrator") as ada, person(hub, "Val", "viewer") as val, Browser(hub) as other:
        path = f"/api/people/{(await val.http.get('/api/account')).json()['id']}"
        secret = (await ada.http.post(f"{path}/link")).json()["url"].partition("#")[2]
        if removed:
            await ada.http.delete(path)
        else:
            await ada.http.patch(path, json={"disabled": True})
            assert (await ada.http.post(f"{path}/link")).status_code == 409
        assert (await other.http.post("/api/welcome/check", json={"link": secret})).status_code == 403
        assert (await other.welcome(secret, "Val")).status_code == 403


async def test_first_account_of_an_open_hub_makes_other_links_invalid(tmp_path: Path) -> None:
    """Before it, anybody on this machine could make a link."""
    async with running_hub(tmp_path) as hub, Browser(hub) as thief, Browser(hub) as owner:
        made = [await hub.http.post("/api/people/invitations", json={"role": "administrator"}) for _ in range(2)]
        secrets = [answer.json()["url"].partition("#")[2] for answer in made]
        assert (await owner.welcome(secrets[1], "Ada")).status_code == 200
        assert (await thief.welcome(secrets[0], "Eve")).status_code == 403


async def test_link_survives_an_account_that_could_not_be_stored(people: People, disk: FullDisk) -> None:
    _, secret = await people.invite("administrator", "test")
    disk.names = {"accounts.json"}
    with pytest.raises(StoreError):
        await people.accept(secret, "Ada", PASSWORD, "client")
    disk.names = set()
    assert (await people.accept(secret, "Ada", PASSWORD, "client")).name == "Ada"
    with pytest.raises(Forbidden):
        await people.accept(secret, "Eve", PASSWORD, "client")


async def test_link_that_cannot_be_used_up_makes_no_account(people: People, disk: FullDisk) -> None:
    _, secret = await people.invite("administrator", "test")
    disk.names = {"links.json"}
    with pytest.raises(StoreError):
        await people.accept(secret, "Ada", PASSWORD, "client")
    assert not people.accounts


# -- names and passwords ------------------------------------------------------------------------------------------


async def test_two_people_cannot_take_the_same_name_at_the_same_time(people: People) -> None:
    ada, bea = await account(people, "Ada"), await account(people, "Bea")
    results = await asyncio.gather(
        people.edit_own(ada, name="Cleo"), people.edit_own(bea, name="cleo"), return_exceptions=True
    )
    assert [type(result) for result in results].count(Conflict) == 1


class HeldHasher(PasswordHasher):
    """Verifies a password only after ``go`` is set; ``reached`` is set when it is about to."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=1_024, parallelism=1)
        self.reached, self.go = threading.Event(), threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.reached.set()
        assert self.go.wait(10)
        return super().verify(hash, password)


async def test_sign_in_with_a_password_that_is_replaced_meanwhile_fails(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the session of somebody who knew the old password would outlive the change."""
    ada = await account(people, "Ada")
    changed = await people._passwords.hashed(OTHER, "other")
    monkeypatch.setattr(Passwords, "hasher", hasher := HeldHasher())
    checking = asyncio.create_task(people.check_password("Ada", PASSWORD, "client"))
    assert await asyncio.to_thread(hasher.reached.wait, 10)
    await people.accounts.set_password(ada, changed)
    hasher.go.set()
    assert await checking is None


async def test_password_change_does_not_undo_a_link_that_was_used_meanwhile(people: People) -> None:
    ada = await account(people, "Ada")
    _, secret = await people.links.create("administrator", by="test", account=ada.id)
    changes = await asyncio.gather(
        people.accept(secret, "", OTHER, "owner"),
        people.change_password(ada, PASSWORD, "the thief's choice", keep=None, client="thief"),
        return_exceptions=True,
    )
    assert sum(isinstance(change, HubError) for change in changes) == 1
    stored = people.accounts.require(ada.id).password
    won = [OTHER, "the thief's choice"][isinstance(changes[0], HubError)]
    assert await people._passwords.matches(stored, won, "client")


async def test_tokens_that_could_not_be_revoked_are_not_revived_with_the_account(
    people: People, disk: FullDisk
) -> None:
    await account(people, "Ada")
    val = await account(people, "Val", "viewer")
    token, value = await people.tokens.create(val.id, "ci", "viewer", 86_400.0)
    ended: list[str] = []
    people.on_end = ended.append
    disk.names = {"api-tokens.json"}
    with pytest.raises(StoreError):
        await people.edit(val.id, disabled=True)
    assert token.id in ended, "its streams are closed all the same"
    disk.names = set()
    await people.edit(val.id, disabled=False)
    assert people.tokens.find(value) is None


# -- files --------------------------------------------------------------------------------------------------------


async def test_failed_write_leaves_file_and_memory_unchanged(people: People, disk: FullDisk, tmp_path: Path) -> None:
    ada = await account(people, "Ada")
    before = (tmp_path / "accounts.json").read_bytes()
    disk.names = {"accounts.json", "api-tokens.json"}
    with pytest.raises(StoreError, match="No space"):
        await people.edit_own(ada, name="Cleo")
    with pytest.raises(StoreError, match="No space"):
        await people.tokens.create(ada.id, "ci", "viewer", 60.0)
    assert (tmp_path / "accounts.json").read_bytes() == before
    assert (people.accounts.require(ada.id).name, people.tokens.of_account(ada.id)) == ("Ada", [])


async def test_file_does_not_grow_beyond_what_can_be_read(
    people: People, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A hub that wrote more could not start again."""
    ada = await account(people, "Ada")
    monkeypatch.setattr("hub.accounts.json_file.MAX_BYTES", 1_000)
    made = (people.tokens.create(ada.id, "ci", "viewer", 60.0) for _ in range(20))
    results = await asyncio.gather(*made, return_exceptions=True)
    assert any(isinstance(result, StoreError) and "larger" in str(result) for result in results)
    assert People(tmp_path, None).tokens.of_account(ada.id)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to another user")
async def test_file_written_by_root_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    """``sudo hub link`` must not take the links away from a hub that runs as another user."""
    os.chown(tmp_path, 12_345, 12_346)
    await People(tmp_path, None).invite("administrator", "hub link")
    status = (tmp_path / "links.json").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (12_345, 12_346, 0o600)


async def test_expiry_is_counted_from_the_token(tmp_path: Path) -> None:
    now = [time.time()]
    people = People(tmp_path, None, lambda: now[0])
    ada = await account(people, "Ada")
    token, _ = await people.tokens.create(ada.id, "ci", "viewer", 60.0)
    now[0] += 45
    assert people.tokens.remaining_s(token.id) == pytest.approx(15)
