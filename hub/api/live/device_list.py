"""The ``devices`` message of ``/ws``: all devices with their values, cached for a few seconds.

With 100,000 devices the message takes a second of work and tens of megabytes. So it is built in small parts, and other
tasks run between them. Clients that connect at about the same time share one message. While it is built or shared, an
internal listener records what changes. Each client that gets the message also gets these changes, so it misses none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

import msgspec

from hub.accounts.scope import current_scope
from hub.api.live.feed_subscribers import Listener
from hub.api.schemas import serializers
from hub.registry.reader import DeviceReader
from hub.rules.reader import AlertReader

SHARED_S = 5.0
SLICE = 200
"""Number of devices that are encoded before other tasks may run."""


class DeviceList:
    """Builds and caches the ``devices`` message of ``/ws``."""

    def __init__(
        self, registry: DeviceReader, engine: AlertReader, record: Callable[[], AbstractContextManager[Listener]]
    ) -> None:
        """Create an empty cache.

        ``record`` returns a context manager, which yields a listener. Until the context is closed, the listener
        collects the devices that change, so that a client can get the changes since its message was built.
        """
        self._registry = registry
        self._engine = engine
        self._record = record
        # Clients that connect during a build wait for it instead of building another list.
        self._building = asyncio.Lock()
        self._text: str | None = None  # the shared message; None when it has expired
        # The changes since the build of the shared message began. Its clients get them afterwards.
        self._changes = Listener(readings_only=False)
        self._recording = ExitStack()  # ends the recording of changes and its timer

    async def text(self, listener: Listener) -> str:
        """Return the message ``devices``, which lists the devices that the client may see.

        Clients that may see all devices share one message, which may have been built a moment ago. The changes of
        devices since then are queued for ``listener``. For each other client, a separate message is built.
        """
        if not current_scope().whole:
            return await self._encoded()
        async with self._building:
            # If changes were lost, the shared message cannot be completed, so it is built again.
            if self._text is None or self._changes.lagged:
                await self._build()
            listener.catch_up(self._changes)
            return self._text or ""

    async def _build(self) -> None:
        self._forget()
        self._changes = self._recording.enter_context(self._record())
        try:
            self._text = await self._encoded()
        finally:
            if self._text is None:
                self._forget()
        # Recording costs a little with every batch, so it ends soon after the last use.
        timer = asyncio.get_running_loop().call_later(SHARED_S, self._forget)
        self._recording.callback(timer.cancel)

    async def _encoded(self) -> str:
        parts = []
        ids = sorted(device.id for device in self._registry.devices())
        for start in range(0, len(ids), SLICE):
            found = filter(None, map(self._registry.get, ids[start : start + SLICE]))
            parts += [
                msgspec.json.encode(serializers.device_values(device, self._engine.severity(device.id)))
                for device in found
            ]
            await asyncio.sleep(0)
        return '{"type":"devices","devices":[' + b",".join(parts).decode() + "]}"

    def _forget(self) -> None:
        self._text = None
        self._recording.close()
