"""An MQTT client of the hub in a test: keeps the messages, and acknowledges them or not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from hub.model import RawMessage
from hub.mqtt.backoff import Backoff
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.version_negotiation import NegotiatingClient


async def until(true: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait until ``true()``. Fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.005)


class Receiver:
    """A running client on ``port`` with a fixed client id, as an async context manager. ``protocol`` is the default
    version of MQTT."""

    protocol = "auto"

    def __init__(
        self,
        port: int,
        *topics: str,
        ack: bool = True,
        wait: bool = True,
        backoff: Backoff | None = None,
        **settings: Any,
    ) -> None:
        given = {"host": "127.0.0.1", "port": port, "client_id": "hub-test", "protocol": self.protocol} | settings
        self.settings = msgspec.convert(given, MqttClientSettings)
        self.messages: list[RawMessage] = []
        self.gaps: list[tuple[int, int]] = []
        self.ack_at_once = ack
        self.accepts = True
        self.link = NegotiatingClient(
            self.settings,
            self._take,
            lambda since, now: self.gaps.append((since, now)),
            backoff=backoff or Backoff(0.02, 0.1),
        )
        self.link.subscribe(topics or ["devices/#"])
        self._wait = wait
        self.task: asyncio.Task[None] | None = None

    def _take(self, messages: Sequence[RawMessage]) -> int:
        if not self.accepts:
            return 0
        self.messages.extend(messages)
        if self.ack_at_once:
            self.link.ack(messages)
        return len(messages)

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    @property
    def subscribed(self) -> bool:
        return self.link.state.subscribed

    async def __aenter__(self) -> Receiver:
        self.task = asyncio.create_task(self.link.run(), name="link")
        if self._wait:
            await until(lambda: self.subscribed)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Cancel the client's task, as the hub does when it stops."""
        assert self.task is not None
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
