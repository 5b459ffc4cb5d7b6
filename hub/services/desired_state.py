"""Change the desired state of a device: publish it as a retained message, then store it.

The message is published first, because the device acts on the message, and not on the stored state. A device that is
offline receives the retained message when it connects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from hub.errors import Invalid
from hub.model import DesireState, Device, Input
from hub.mqtt.client import MqttClient
from hub.registry.reader import DeviceReader

MAX_KEYS = 256
MAX_BYTES = 32_768


class DesiredState:
    """Changes the desired states of devices.

    Only devices of the native dialect, whose topics are below the topic level ``root``, have a desired state.
    """

    def __init__(
        self,
        *,
        registry: DeviceReader,
        link: MqttClient,
        root: str,
        submit: Callable[[Input], Awaitable[Any]],
        now: Callable[[], int],
    ) -> None:
        self._registry = registry
        self._link = link
        self._root = root
        self._submit = submit
        self._now = now
        self._writing = asyncio.Lock()

    async def set(self, device_id: str, values: Mapping[str, Any]) -> Device:
        """Merge values into the desired state (null removes a key), and return the device.

        Raises:
            NotFound: There is no such device.
            Invalid: The device has no desired state, or it would become too large.
            BrokerError: The message could not be published. Nothing has changed.
        """
        async with self._writing:
            device = self._registry.require(device_id)
            if device.dialect != "native":
                hint = "Use its commands to control it."
                raise Invalid(
                    f"{device.display_name} has no desired state: it uses the {device.dialect} dialect.", hint
                )
            merged = {**device.desired, **values}
            desired = {key: value for key, value in merged.items() if value is not None}
            removed = {key: None for key, value in values.items() if value is None}
            payload = msgspec.json.encode(desired | removed)
            if len(desired) > MAX_KEYS or len(payload) > MAX_BYTES:
                raise Invalid(f"A desired state has at most {MAX_KEYS} keys and {MAX_BYTES} bytes.")
            await self._link.publish(f"{self._root}/{device.native_id}/desired", payload, qos=1, retained=True)
            changed: Device = await self._submit(DesireState(device_id, dict(values), self._now()))
            return changed
