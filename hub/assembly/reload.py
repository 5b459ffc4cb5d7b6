"""Reload: read again, while the hub runs, the rules, the mappings, the signatures, the broker's credentials and CA, the
settings of models, and the access token.

Each part is applied on its own. What cannot be used is logged with its file, line and key, and the part stays as it is.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hub.assembly.from_settings import access_token, ai_settings, client_settings, read_if_there
from hub.assembly.parts import Hub
from hub.errors import HubError
from hub.insight import parse_signatures
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.runtime.fault_log import FaultLog
from hub.runtime.settings import Settings
from hub.services.config_files import ConfigFile
from hub.services.topic_explorer import for_looking

log = logging.getLogger(__name__)
faults = FaultLog(log)

T = TypeVar("T")

SIGNATURES = "signatures.toml"
LOGIN_LOOK_S = 0.5
"""How often the hub looks for a login of its own in the data folder."""
LOGIN_RETRY_S = 5.0
TRY_S = 5.0
"""How long new credentials are tried before they replace those in use."""
_APPLIED = {("mqtt", "username"), ("mqtt", "password"), ("mqtt", "ca_file")}


class Reloader:
    """``reread`` reads the settings again: the file, the environment and the command line."""

    def __init__(self, hub: Hub, settings: Settings, reread: Callable[[], Settings]) -> None:
        self._hub = hub
        self._connection = hub.connection
        self._settings = settings
        self._reread = reread
        self._ca = _digest(settings.mqtt.ca_file)
        self._asked = asyncio.Event()
        self._refused: MqttClientSettings | None = None
        """Broker credentials that did not work when they were tried last, and when that was."""
        self._refused_at = 0.0

    def ask(self) -> None:
        """Reload soon. Several requests while one is carried out become one more."""
        self._asked.set()

    async def run(self) -> None:
        """Carry out requests until cancelled. In between, take up the login that ``hub device add`` makes."""
        while True:
            try:
                async with asyncio.timeout(LOGIN_LOOK_S):
                    await self._asked.wait()
            except TimeoutError:
                await self._follow_login()
                continue
            self._asked.clear()
            await self._reload()

    async def _reload(self) -> None:
        """Apply each part on its own, and say in one line what is in force and what needs a restart."""
        parts: list[Awaitable[str | None]] = [
            self._reload_file(self._hub.files.rules, "rules"),
            self._reload_file(self._hub.files.mappings, "mappings"),
            self._reload_signatures(),
        ]
        later: list[str] = []
        try:
            new = await asyncio.to_thread(self._reread)
        except HubError as error:
            log.error("The settings are not reloaded, those in force stay: %s", error)
        else:
            parts += [self._reload_broker(new), self._reload_models(new), self._reload_token(new)]
            later = _need_restart(self._settings, new, self._hub.web.auth.open)
        done = [text for part in parts if (text := await _explained(part))]
        log.info("Reloaded: %s.", ", ".join(done) or "nothing")
        if later:
            log.warning("Changed in the settings, in force after a restart: %s.", ", ".join(later))

    async def _reload_file(self, book: ConfigFile[Any], name: str) -> str:
        count = await book.reload()
        self._hub.health.faults.pop(f"{name}.toml", None)
        return f"{count} {name}"

    async def _reload_signatures(self) -> str:
        text = await asyncio.to_thread(read_if_there, self._hub.info.data / SIGNATURES)
        signatures = parse_signatures(text or "", SIGNATURES)
        self._hub.ai.diagnosis.use_signatures(signatures)
        self._hub.health.faults.pop(SIGNATURES, None)
        return f"{len(signatures)} signatures"

    async def _reload_models(self, new: Settings) -> str | None:
        if new.ai == self._settings.ai:
            return None
        await self._hub.ai.models.rebase(ai_settings(new.ai))
        self._settings = self._settings.model_copy(update={"ai": new.ai})
        return "models and their keys"

    async def _reload_token(self, new: Settings) -> str | None:
        """Replace the access token, which ends every session. A hub that had none, or is to have none, restarts."""
        if new.http.token == self._settings.http.token:
            return None
        http = self._settings.http.model_copy(update={"token": new.http.token})
        merged = self._settings.model_copy(update={"http": http})
        token = access_token(merged, self._hub.web.listener, self._hub.install)
        if token is None or self._hub.web.auth.open:
            return None
        await self._hub.web.auth.change_token(token)
        self._settings = merged
        return "access token"

    async def _reload_broker(self, new: Settings) -> str | None:
        """Apply the broker's credentials and CA, if they work."""
        old = self._settings
        applied = new.mqtt.model_dump(include={key for section, key in _APPLIED if section == "mqtt"})
        merged = old.model_copy(update={"mqtt": old.mqtt.model_copy(update=applied)})
        wanted, ca = self._link_settings(merged), await asyncio.to_thread(_digest, new.mqtt.ca_file)
        if wanted == self._connection.link.settings and ca == self._ca:
            return None
        if self._connection.link.state.connected and (fault := await _fault(wanted)) is not None:
            log.error("The new broker credentials or CA do not work (%s) Those in use stay.", fault)
            return None
        self._settings, self._ca = merged, ca
        self._connect(wanted)
        return "broker credentials and CA"

    async def _follow_login(self) -> None:
        """Use the login that was made for the hub, before the broker asks for it or as soon as it does.

        Mosquitto queues for the session's user: readings that come while the session has none, or one that may not
        read, would be lost.
        """
        if self._settings.mqtt.username is not None:
            return
        link = self._connection.link
        try:
            wanted = await asyncio.to_thread(self._link_settings, self._settings)
        except HubError as error:
            faults.error("login", "The hub's own login cannot be used; what was in force stays: %s", error)
            return
        if wanted == link.settings:
            return
        if link.state.connected:
            if wanted == self._refused and time.monotonic() - self._refused_at < LOGIN_RETRY_S:
                return
            if (fault := await _fault(wanted)) is not None:
                if wanted != self._refused:
                    text = "The broker does not accept the hub's own user %s yet (%s) Trying again every %g s."
                    log.warning(text, wanted.username, fault, LOGIN_RETRY_S)
                self._refused, self._refused_at = wanted, time.monotonic()
                return
        self._connect(wanted)
        log.info("Connecting to the broker as %s.", wanted.username or "nobody: the hub's own login is gone")

    def _link_settings(self, settings: Settings) -> MqttClientSettings:
        wanted = client_settings(settings, self._hub.install)
        return msgspec.structs.replace(wanted, had_session=self._connection.link.settings.had_session)

    def _connect(self, wanted: MqttClientSettings) -> None:
        self._connection.link.use(wanted)
        self._connection.drop_monitor.use(for_looking(wanted, self._connection.link.state, "drops"))


async def _explained(part: Awaitable[T]) -> T | None:
    try:
        return await part
    except HubError as error:
        log.error("Not reloaded, what was in force stays: %s", error)
        return None


async def _fault(wanted: MqttClientSettings) -> str | None:
    """Try to connect under a client id of its own; return why it does not work, None if it does."""
    trial = msgspec.structs.replace(wanted, lasting=False, client_id=f"{wanted.client_id}-reload")
    link = NegotiatingClient(trial, lambda messages: len(messages), lambda since, now: None)
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


def _need_restart(old: Settings, new: Settings, is_open: bool) -> list[str]:
    """Return the changed keys that a reload does not apply."""
    applied = _APPLIED if is_open or new.http.token is None else _APPLIED | {("http", "token")}
    return [".".join(key) for key in _changed(old, new) if key not in applied and key[0] != "ai"]


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
