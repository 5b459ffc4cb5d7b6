"""Reload: read the rules, the mappings, the broker's credentials and its CA again while the hub runs.

Each part is applied on its own. What cannot be used is logged with its file, line and key, and the part stays as it is.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from hub.assembly import Hub, now_ms
from hub.book import Book, mapbook, rulebook
from hub.config import Settings
from hub.dialects import reserved
from hub.errors import HubError
from hub.mqtt.explorer import for_looking
from hub.mqtt.link import LinkSettings
from hub.mqtt.versions import MqttLink
from hub.wiring import dialect_roots, link_settings

log = logging.getLogger(__name__)

TRY_S = 5.0
"""How long new credentials are tried before they replace those in use."""
_APPLIED = {("mqtt", "username"), ("mqtt", "password"), ("mqtt", "ca_file")}


class Reloader:
    """``reread`` reads the settings again: the file, the environment and the command line."""

    def __init__(self, hub: Hub, settings: Settings, reread: Callable[[], Settings]) -> None:
        self._hub = hub
        self._settings = settings
        self._reread = reread
        self._ca = _digest(settings.mqtt.ca_file)
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Reload soon. Several requests while one is carried out become one more."""
        self._asked.set()

    async def run(self) -> None:
        """Carry out requests until cancelled."""
        submit, data = self._hub.inbox.submit, self._hub.data
        rules = rulebook(data, submit, now_ms)
        mappings = mapbook(data, submit, now_ms, reserved(dialect_roots(self._settings)))
        while True:
            await self._asked.wait()
            self._asked.clear()
            log.info("Reloading settings, rules and mappings.")
            for part in (
                self._reload_file(rules, "rules"),
                self._reload_file(mappings, "mappings"),
                self._reload_settings(),
            ):
                await _explained(part)

    async def _reload_file(self, book: Book[Any], name: str) -> None:
        log.info("%d %s are in force.", await book.reload(), name)
        self._hub.faults.pop(f"{name}.toml", None)

    async def _reload_settings(self) -> None:
        """Apply the broker's credentials and CA; name other settings that have changed. Raises HubError."""
        new = await asyncio.to_thread(self._reread)
        old = self._settings
        if changed := [".".join(key) for key in _changed(old, new) if key not in _APPLIED]:
            log.warning("Changed in the settings, in force after a restart: %s.", ", ".join(changed))
        applied = new.mqtt.model_dump(include={key for _, key in _APPLIED})
        merged = old.model_copy(update={"mqtt": old.mqtt.model_copy(update=applied)})
        wanted, ca = link_settings(merged, self._hub.install), await asyncio.to_thread(_digest, new.mqtt.ca_file)
        used = self._hub.link.settings
        wanted = msgspec.structs.replace(wanted, had_session=used.had_session)
        if wanted == used and ca == self._ca:
            return
        if self._hub.link.state.connected and (fault := await _fault(wanted)) is not None:
            log.error("The new broker credentials or CA do not work (%s) Those in use stay.", fault)
            return
        self._settings, self._ca = merged, ca
        self._hub.link.use(wanted)
        self._hub.drops.use(for_looking(wanted, self._hub.link.state, "drops"))
        log.info("Connecting to the broker with the new credentials and CA.")


async def _explained(part: Awaitable[None]) -> None:
    try:
        await part
    except HubError as error:
        log.error("Not reloaded, what was in force stays: %s", error)


async def _fault(wanted: LinkSettings) -> str | None:
    """Try to connect under a client id of its own; return why it does not work, None if it does."""
    trial = msgspec.structs.replace(wanted, lasting=False, client_id=f"{wanted.client_id}-reload")
    link = MqttLink(trial, lambda messages: len(messages), lambda since, now: None)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(link.run(), name="trial of credentials")
        try:
            async with asyncio.timeout(TRY_S):
                while not link.state.connected and link.state.error is None:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            return "no answer."
        finally:
            task.cancel()
    return None if link.state.error is None else link.state.error


def _changed(old: Settings, new: Settings) -> list[tuple[str, str]]:
    found = []
    for section in type(old).model_fields:
        before, after = getattr(old, section), getattr(new, section)
        found += [(section, key) for key in type(before).model_fields if getattr(before, key) != getattr(after, key)]
    return found


def _digest(file: Path | None) -> bytes | None:
    """Return a digest of the file's content, None where it cannot be read."""
    if file is None:
        return None
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return None
