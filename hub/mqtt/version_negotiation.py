"""The hub's MQTT client, which finds out whether the broker supports MQTT 5 or only 3.1.1.

It tries one version and, if the broker does not accept that, the other version. It keeps the version that worked.
It also discards a session with which the broker refuses every connection, while it answers other clients.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

import msgspec

from hub.mqtt.aiomqtt import AiomqttConnection
from hub.mqtt.backoff import Backoff
from hub.mqtt.client import GapListener, MqttClientSettings, OutageListener, Sink
from hub.mqtt.connection import HANDSHAKE_S, Connection, Silent, Take, WrongVersion
from hub.mqtt.fast import FastConnection
from hub.mqtt.reconnecting_client import ReconnectingClient

log = logging.getLogger(__name__)

FIRST_HANDSHAKE_S = 3.0
"""Handshake timeout (s) while the version is not known. It is short: amqtt never answers a CONNECT of MQTT 5."""
_OTHER = {"5": "3.1.1", "3.1.1": "5"}


class NegotiatingClient(ReconnectingClient):
    """A :class:`hub.mqtt.client.MqttClient` that negotiates the version, unless ``settings.protocol`` sets it."""

    def __init__(
        self,
        settings: MqttClientSettings,
        sink: Sink,
        on_gap: GapListener,
        *,
        backoff: Backoff | None = None,
        on_outage: OutageListener = lambda connected, address, reason: None,
    ) -> None:
        super().__init__(settings, sink, on_gap, self._make, backoff, on_outage)
        self._version: str = "5" if settings.protocol == "auto" else settings.protocol
        self._proven = settings.protocol != "auto"  # a connection with this version succeeded

    def _make(self, number: int, take: Take, changed: Callable[[], None]) -> Connection:
        timeout_s = HANDSHAKE_S if self._proven else FIRST_HANDSHAKE_S
        kind = FastConnection if self._version == "5" else AiomqttConnection
        return kind(self._settings, timeout_s, number, take, changed)

    def _connected(self, connection: Connection) -> None:
        self._proven = True
        super()._connected(connection)

    async def _run_connection(self) -> None:
        try:
            await super()._run_connection()
        except (WrongVersion, Silent) as lost:
            if self._settings.protocol != "auto" or (isinstance(lost, Silent) and self._proven):
                if self._subscribing.session_is_suspect(lost):
                    await self._discard_session()
                raise
            self._version = _OTHER[self._version]
            await super()._run_connection()

    async def _discard_session(self) -> None:
        """Make the broker delete the hub's session, if it answers other clients. Raises Lost if it does not."""
        await self._connect_once(f"{self._settings.client_id}-probe", persistent=False)
        with suppress(Silent):  # the broker may just have become ready
            await self._connect_once(self._settings.client_id, persistent=True)
            return
        log.warning(
            "The MQTT broker at %s answers, but not to the hub's stored session. The hub deletes the session: messages "
            "that the broker kept for it are lost.",
            self._state.address,
        )
        await self._connect_once(self._settings.client_id, persistent=False)

    async def _connect_once(self, client_id: str, *, persistent: bool) -> None:
        """Connect and disconnect. Raises Lost."""
        settings = self._settings
        self._settings = msgspec.structs.replace(settings, persistent=persistent, client_id=client_id)
        connection = self._make(0, lambda messages: None, lambda: None)
        self._settings = settings
        try:
            await connection.open()
        finally:
            await connection.close()
