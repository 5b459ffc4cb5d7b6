"""Opening the store on PostgreSQL when its server goes away at the wrong moment."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hub.api import HttpSettings
from hub.assembly.open_store import open_store
from hub.errors import StoreBusy, StoreError
from hub.runtime.settings import StoreSection
from hub.store.lock import DirectoryLock


class Driver:
    """Stands for the classes of the driver: the lease is free, and opening the store fails with ``errors``."""

    def __init__(self, *errors: StoreError) -> None:
        self.errors = list(errors)
        self.polls = 0

    def __call__(self, url: str, holder: str) -> Driver:
        return self

    def poll(self) -> object:
        self.polls += 1
        return object()

    def open(self, url: str, lease: object) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "store"


async def opened(driver: Driver, data: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("hub.assembly.open_store.postgresql", lambda: (driver, driver))
    monkeypatch.setattr("hub.assembly.standby.POLL_S", 0.05)
    section = StoreSection(data=data, url=SecretStr("postgresql://hub@/w"))
    with DirectoryLock.acquire(data), socket.create_server(("127.0.0.1", 0)) as listener:
        return await asyncio.wait_for(open_store(section, HttpSettings(web_dir=data), listener, None), 10)


async def test_hub_waits_if_the_server_goes_away_after_it_got_the_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    driver = Driver(StoreBusy("The connection is lost."), StoreBusy("It is lost again."))
    assert await opened(driver, tmp_path, monkeypatch) == "store"
    assert driver.polls == 3
    assert "The hub cannot use its database: The connection is lost. It tries again." in caplog.text


async def test_tables_that_cannot_be_used_end_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(StoreError("A right is missing."))
    with pytest.raises(StoreError, match="A right is missing"):
        await opened(driver, tmp_path, monkeypatch)
    assert driver.polls == 1
