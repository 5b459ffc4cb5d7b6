"""The hub's link: MQTT 5 where the broker speaks it, 3.1.1 where not. Which one is found out by trying, and
remembered. It knows the connections by their interface only.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.mqtt.aiomqtt import AiomqttConnection
from hub.mqtt.backoff import Backoff
from hub.mqtt.client import GapListener, MqttClientSettings, Sink
from hub.mqtt.connection import HANDSHAKE_S, Connection, Silent, Take, WrongVersion
from hub.mqtt.fast import FastConnection
from hub.mqtt.reconnecting_client import ReconnectingClient

FIRST_HANDSHAKE_S = 3.0
"""While the version is not known: amqtt never answers a CONNECT of MQTT 5."""
_OTHER = {"5": "3.1.1", "3.1.1": "5"}


class NegotiatingClient(ReconnectingClient):
    """A :class:`hub.mqtt.client.Link`. ``settings.protocol`` may name the version, and no other is tried then."""

    def __init__(
        self, settings: MqttClientSettings, sink: Sink, on_gap: GapListener, *, backoff: Backoff | None = None
    ) -> None:
        super().__init__(settings, sink, on_gap, self._make, backoff)
        self._version: str = "5" if settings.protocol == "auto" else settings.protocol
        self._proven = settings.protocol != "auto"

    def _make(self, session: int, take: Take, changed: Callable[[], None]) -> Connection:
        patience = HANDSHAKE_S if self._proven else FIRST_HANDSHAKE_S
        kind = FastConnection if self._version == "5" else AiomqttConnection
        return kind(self._settings, patience, session, take, changed)

    def _connected(self, connection: Connection) -> None:
        self._proven = True
        super()._connected(connection)

    async def _live(self) -> None:
        try:
            await super()._live()
        except (WrongVersion, Silent) as lost:
            if self._settings.protocol != "auto" or (isinstance(lost, Silent) and self._proven):
                raise
            self._version = _OTHER[self._version]
            await super()._live()
