"""Client of ``/api/live`` that applies and acknowledges snapshots and deltas, as the dashboard does."""

from __future__ import annotations

from typing import Any

from api_hub import Socket


class Page(Socket):
    """Dashboard state: ``devices`` by handle, ``values`` by (device id, metric)."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.epoch = ""
        self.seq = -1
        self.devices: dict[int, dict[str, Any]] = {}
        self.values: dict[tuple[str, str], Any] = {}
        self.units: dict[tuple[str, str], str | None] = {}

    async def start(self, **hello: Any) -> dict[str, Any]:
        await self.say(type="hello", **hello)
        return await self.frame()

    async def frame(self, *, ack: bool = True, within: float = 5.0) -> dict[str, Any]:
        """Wait for the next snapshot or delta, apply it and return it."""
        message = await self.wait("snapshot", "delta", within=within)
        self.apply(message)
        if ack:
            await self.say(type="ack", seq=message["seq"])
        return message

    async def until(self, device: str, metric: str, value: Any) -> None:
        while self.values.get((device, metric)) != value:
            await self.frame()

    def apply(self, message: dict[str, Any]) -> None:
        if message["type"] == "snapshot":
            self.devices, self.values, self.units, self.epoch = {}, {}, {}, message["epoch"]
            self.describe(message["devices"])
            for metric, columns in message["metrics"].items():
                for handle, value, unit in zip(columns["i"], columns["v"], columns["u"], strict=True):
                    self.values[self.devices[handle]["id"], metric] = value
                    self.units[self.devices[handle]["id"], metric] = unit
        else:
            assert message["seq"] > self.seq
            self.describe(message.get("new", {"i": []}))
            for place, handle in enumerate(message.get("i", [])):
                for name in ("seen", "presence", "severity"):
                    self.devices[handle][name] = message[name][place]
            for metric, (handles, values) in message.get("m", {}).items():
                for handle, value in zip(handles, values, strict=True):
                    self.values[self.devices[handle]["id"], metric] = value
            for metric, (handles, units) in message.get("units", {}).items():
                for handle, unit in zip(handles, units, strict=True):
                    self.units[self.devices[handle]["id"], metric] = unit
            for handle in message.get("gone", []):
                gone = self.devices.pop(handle, {"id": None})["id"]
                self.values = {key: value for key, value in self.values.items() if key[0] != gone}
        self.seq = message["seq"]

    def describe(self, columns: dict[str, list[Any]]) -> None:
        for place, handle in enumerate(columns["i"]):
            self.devices[handle] = {name: column[place] for name, column in columns.items()}

    def device(self, device_id: str) -> dict[str, Any]:
        return next(device for device in self.devices.values() if device["id"] == device_id)
