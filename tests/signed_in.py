"""People with accounts at a hub, and their browsers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import httpx
from argon2 import PasswordHasher

from api_hub import ApiHub
from hub.accounts.passwords import Passwords

# A hash of the real cost takes 0.15 s of both cores, and these tests calculate hundreds.
Passwords.hasher = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1)

TOKEN = "correct horse battery staple"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PASSWORD = "a quiet lighthouse 7"


class Browser:
    """A browser of one person: keeps the session cookie, and sends the hub's own origin."""

    def __init__(self, hub: ApiHub) -> None:
        self.hub = hub
        self.http = httpx.AsyncClient(base_url=hub.url, headers={"Origin": hub.url}, timeout=60, verify=False)

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def welcome(self, link: str, name: str | None = None, password: str = PASSWORD) -> httpx.Response:
        return await self.http.post("/api/welcome", json={"link": link, "name": name, "password": password})

    async def login(self, name: str, password: str = PASSWORD) -> httpx.Response:
        return await self.http.post("/login", json={"name": name, "password": password})

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())}


async def link(hub: ApiHub, role: str) -> str:
    answer = await hub.http.post("/api/people/invitations", json={"role": role}, headers=BEARER)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"].partition("#")[2])


@contextlib.asynccontextmanager
async def person(hub: ApiHub, name: str, role: str) -> AsyncIterator[Browser]:
    """Create an account through an invitation and yield its signed-in browser."""
    async with Browser(hub) as browser:
        answer = await browser.welcome(await link(hub, role), name)
        assert answer.status_code == 200, answer.text
        yield browser
