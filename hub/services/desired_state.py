"""What people want a device to be: the desired side of its twin, told to the device and kept.

The retained message is what a device finds when it connects, so it is published first; the hub hears it too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from hub.errors import Invalid
from hub.model import DesireState, Device, Input
from hub.mqtt.client import MqttClient
from hub.registry.registry import DeviceRegistry

MOST_KEYS = 256
MOST_BYTES = 32_768


class DesiredState:
    """``root`` is where the native topics begin: only devices there have a desired state that the hub may write."""

    def __init__(
        self,
        *,
        registry: DeviceRegistry,
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
        """Merge into what is desired; null takes a key away. The device as it then is.

        Raises NotFound; Invalid for a device that has no desired state or for too much of it; BrokerError when the
        device could not be told: nothing has changed then.
        """
        async with self._writing:
            device = self._registry.require(device_id)
            if device.dialect != "native":
                hint = "Its controls are its commands."
                raise Invalid(f"{device.display_name} speaks {device.dialect} and has no desired state.", hint)
            wanted = {**device.desired, **values}
            kept = {key: value for key, value in wanted.items() if value is not None}
            payload = msgspec.json.encode(kept | {key: None for key, value in values.items() if value is None})
            if len(kept) > MOST_KEYS or len(payload) > MOST_BYTES:
                raise Invalid(f"A desired state has at most {MOST_KEYS} keys and {MOST_BYTES} bytes.")
            await self._link.publish(f"{self._root}/{device.native_id}/desired", payload, qos=1, retained=True)
            changed: Device = await self._submit(DesireState(device_id, dict(values), self._now()))
            return changed
