"""Reload settings while the hub is running.

A reload covers rules, calculated metrics, reactions, mappings, signatures, the broker's credentials and CA, the
settings of language models, the access token, and the certificate of the web server. The certificate is also read again
when its files change. Each part is applied independently: if a part is not valid, the error is logged with file, line
and key, and only this part stays unchanged.
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

from hub.assembly.broker_files import check_broker_files
from hub.assembly.data_files import read_if_there
from hub.assembly.from_settings import access_token, ai_settings, client_settings
from hub.assembly.parts import Hub
from hub.errors import HubError
from hub.insight import parse_signatures
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.runtime import log_setup
from hub.runtime.fault_log import FaultLog
from hub.runtime.settings import Settings
from hub.services.config_files import ConfigFile
from hub.services.topic_explorer import secondary_settings

log = logging.getLogger(__name__)
faults = FaultLog(log)

T = TypeVar("T")

SIGNATURES = "signatures.toml"
LOGIN_POLL_S = 0.5
"""Seconds between checks for a new login of the hub at the broker, and for a changed certificate of the web server."""
LOGIN_RETRY_S = 5.0
TRY_S = 5.0
"""Timeout in seconds of the test connection with new credentials."""
_FILES = ("ca_file", "cert_file", "key_file")
_APPLIED = {("mqtt", key) for key in ("username", "password", *_FILES)}


class Reloader:
    """Applies changed settings to a running hub.

    ``reread`` returns the settings, read again from the settings file, the environment and the command line.
    """

    def __init__(self, hub: Hub, settings: Settings, reread: Callable[[], Settings]) -> None:
        self._hub = hub
        self._connection = hub.connection
        self._settings = settings
        self._reread = reread
        self._certificates = _digests(settings)
        self._requested = asyncio.Event()
        self._refused: MqttClientSettings | None = None  # broker credentials that failed in the last test
        self._refused_at = 0.0  # when the broker refused them, in monotonic seconds

    def ask(self) -> None:
        """Request a reload. All requests that arrive during a reload cause one further reload."""
        self._requested.set()

    async def run(self) -> None:
        """Reload on each request, until cancelled.

        Meanwhile, apply a login that ``hub device add`` created for the hub, and a renewed certificate.
        """
        while True:
            try:
                async with asyncio.timeout(LOGIN_POLL_S):
                    await self._requested.wait()
            except TimeoutError:
                await self._apply_login()
                await self._follow_certificate()
                continue
            self._requested.clear()
            await self._reload()

    async def _reload(self) -> None:
        """Reload each part. Log which parts were reloaded, and which changed settings need a restart."""
        parts: list[Awaitable[str | None]] = [
            self._reload_file(self._hub.files.rules, "rules"),
            self._reload_file(self._hub.files.calculated, "calculated", "calculated metrics"),
            self._reload_file(self._hub.files.reactions, "reactions"),
            self._reload_file(self._hub.files.mappings, "mappings"),
            self._reload_signatures(),
            self._reload_certificate(),
        ]
        later: list[str] = []
        try:
            new = await asyncio.to_thread(self._reread)
        except HubError as error:
            log.error("The settings were not reloaded and stay unchanged: %s", error)
        else:
            log_setup.set_level_and_format(new.log.level, new.log.format)
            parts += [self._reload_broker(new), self._reload_models(new), self._reload_token(new)]
            later = _need_restart(self._settings, new, self._hub.web.auth.open)
        done = [text for part in parts if (text := await _or_log(part))]
        log.info("Reloaded: %s.", ", ".join(done) or "nothing")
        if later:
            log.warning("Restart the hub to apply these changed settings: %s.", ", ".join(later))

    async def _reload_file(self, file: ConfigFile[Any], name: str, noun: str = "") -> str:
        count = await file.reload()
        self._hub.health.faults.pop(f"{name}.toml", None)
        return f"{count} {noun or name}"

    async def _reload_signatures(self) -> str:
        text = await asyncio.to_thread(read_if_there, self._hub.info.data / SIGNATURES)
        signatures = parse_signatures(text or "", SIGNATURES)
        self._hub.ai.diagnosis.use_signatures(signatures)
        self._hub.health.faults.pop(SIGNATURES, None)
        return f"{len(signatures)} signatures"

    async def _reload_certificate(self) -> str | None:
        if (certificate := self._hub.web.certificate) is None:
            return None
        own = await asyncio.to_thread(certificate.reload)
        return f"a certificate that is valid until {own.ends:%Y-%m-%d}"

    async def _follow_certificate(self) -> None:
        certificate = self._hub.web.certificate
        if certificate is not None and await asyncio.to_thread(certificate.changed):
            reloaded = await _or_log(self._reload_certificate())
            if reloaded is not None:
                log.info("Reloaded: %s.", reloaded)

    async def _reload_models(self, new: Settings) -> str | None:
        if new.ai == self._settings.ai:
            return None
        await self._hub.ai.models.rebase(ai_settings(new.ai))
        self._settings = self._settings.model_copy(update={"ai": new.ai})
        return "models and their keys"

    async def _reload_token(self, new: Settings) -> str | None:
        """Replace the access token and end the sessions that were started with it.

        Return "access token", or None if nothing changed. To add a first token or to remove the token, the hub has to
        be restarted.
        """
        if new.http.token == self._settings.http.token:
            return None
        http = self._settings.http.model_copy(update={"token": new.http.token})
        merged = self._settings.model_copy(update={"http": http})
        token = access_token(merged, self._hub.web.listener, self._hub.install)
        if token is None or not self._hub.web.auth.has_token:
            return None
        await self._hub.web.auth.change_token(token)
        self._settings = merged
        return "access token"

    async def _reload_broker(self, new: Settings) -> str | None:
        """Apply changed credentials and TLS files of the broker if a test connection succeeds.

        Return the name of these settings for the log, or None if nothing was applied.
        """
        old = self._settings
        applied = new.mqtt.model_dump(include={key for section, key in _APPLIED if section == "mqtt"})
        merged = old.model_copy(update={"mqtt": old.mqtt.model_copy(update=applied)})
        client, certificates = self._client_settings(merged), await asyncio.to_thread(_digests, new)
        if client == self._connection.link.settings and certificates == self._certificates:
            return None
        if (reason := await self._fault_of(client, merged)) is not None:
            log.error(
                "The new broker credentials or CA do not work (%s). The present ones stay in use. "
                "Correct [mqtt] and reload again.",
                reason,
            )
            return None
        self._settings, self._certificates = merged, certificates
        self._connect(client)
        return "broker credentials and CA"

    async def _fault_of(self, client: MqttClientSettings, settings: Settings) -> str | None:
        """Return why new TLS files or credentials do not work, or None if no fault was found.

        The credentials are tested only if the hub is connected to the broker.
        """
        try:
            await asyncio.to_thread(check_broker_files, settings.mqtt)
        except HubError as error:
            return error.message.removesuffix(".")
        return await _test(client) if self._connection.link.state.connected else None

    async def _apply_login(self) -> None:
        """Connect to the broker with the login that was created for the hub, as soon as the broker accepts this login.

        Until then, the present connection stays open. Mosquitto keeps messages for a session only while its user exists
        and may read them. So the hub would lose readings if it changed to the new user too early or too late.
        """
        if self._settings.mqtt.username is not None:
            return
        link = self._connection.link
        try:
            client = await asyncio.to_thread(self._client_settings, self._settings)
        except HubError as error:
            faults.error("login", "Cannot read the hub's own broker login. The present one stays in use: %s", error)
            return
        if client == link.settings:
            return
        if link.state.connected:
            if client == self._refused and time.monotonic() - self._refused_at < LOGIN_RETRY_S:
                return
            if (reason := await _test(client)) is not None:
                if client != self._refused:
                    text = "The broker does not accept the hub's own user %s yet (%s). Retrying every %g s."
                    log.warning(text, client.username, reason, LOGIN_RETRY_S)
                self._refused, self._refused_at = client, time.monotonic()
                return
        self._connect(client)
        log.info("Connecting to the broker as %s.", client.username or "anonymous: the hub's own login was removed")

    def _client_settings(self, settings: Settings) -> MqttClientSettings:
        client = client_settings(settings, self._hub.install)
        return msgspec.structs.replace(client, had_session=self._connection.link.settings.had_session)

    def _connect(self, client: MqttClientSettings) -> None:
        self._connection.link.reconnect_with(client)
        self._connection.retained.use(secondary_settings(client, self._connection.link.state, "alerts"))
        self._connection.drop_monitor.reconnect_with(secondary_settings(client, self._connection.link.state, "drops"))


async def _or_log(part: Awaitable[T]) -> T | None:
    """Await the reload of a part and return its result. If the part is not valid, log the error and return None."""
    try:
        return await part
    except HubError as error:
        log.error("Not reloaded; the previous state stays in use: %s", error)
        return None


async def _test(client: MqttClientSettings) -> str | None:
    """Connect to the broker once, with another client id. Return None on success, else the error without full stop."""
    trial = msgspec.structs.replace(client, persistent=False, client_id=f"{client.client_id}-reload")
    link = NegotiatingClient(trial, lambda messages: len(messages), lambda since, now: None)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(link.run(), name="test of credentials")
        try:
            async with asyncio.timeout(TRY_S):
                while not link.state.connected and link.state.error is None:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            return "no answer"
        finally:
            task.cancel()
    return None if link.state.error is None else link.state.error.rstrip(".")


def _need_restart(old: Settings, new: Settings, is_open: bool) -> list[str]:
    """Return the keys that differ between ``old`` and ``new`` and that a reload does not apply, as ``section.key``.

    ``is_open`` is True if the hub requires no authentication. A first access token then needs a restart.
    """
    applied = _APPLIED if is_open or new.http.token is None else _APPLIED | {("http", "token")}
    return [".".join(key) for key in _changed(old, new) if key not in applied and key[0] not in ("ai", "log")]


def _changed(old: Settings, new: Settings) -> list[tuple[str, str]]:
    found = []
    for section in type(old).model_fields:
        before, after = getattr(old, section), getattr(new, section)
        found += [(section, key) for key in type(before).model_fields if getattr(before, key) != getattr(after, key)]
    return found


def _digests(settings: Settings) -> list[bytes | None]:
    """Return the digest of each TLS file for the connection to the broker; None for a file that cannot be read."""
    return [_digest(getattr(settings.mqtt, key)) for key in _FILES]


def _digest(file: Path | None) -> bytes | None:
    """Return a digest of the file's content, or None if it cannot be read."""
    if file is None:
        return None
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return None
