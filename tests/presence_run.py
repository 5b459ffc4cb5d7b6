"""A hub without I/O for the tests of presence: all dialects and the default rules, driven by messages and a
simulated clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hub.dialects import DialectConfig, make_dialects, parse_mappings
from hub.events import AlertCleared, AlertRaised, PresenceChanged
from hub.ingest.activity import narrate
from hub.ingest.batch import Batch
from hub.ingest.handler import IngestHandler
from hub.model import Device, RawMessage, Tick
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse

T0 = 1_795_386_000_000
CONFIG = Path(__file__).parent.parent / "config"
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000


class PresenceRun:
    """A handler, registry and rule engine. ``now`` is the simulated clock in ms; the hub is connected since then."""

    def __init__(self, *, rules: str | None = None, mappings: str | None = None, now: int = T0) -> None:
        text = (CONFIG / "rules.toml").read_text("utf-8") if rules is None else rules
        mapped = (CONFIG / "mappings.toml").read_text("utf-8") if mappings is None else mappings
        config = DialectConfig(mappings=tuple(parse_mappings(mapped)))
        self.now = self.connected = now
        self.registry = DeviceRegistry()
        self.engine = Engine(parse(text), self.registry.tolerated_silence)
        self.handler = IngestHandler(make_dialects(config), self.registry, self.engine)
        self.batch = Batch()
        self.connection = 1

    def say(self, topic: str, body: Any = "", *, retained: bool = False) -> None:
        payload = (
            body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        )
        message = RawMessage(topic, payload, self.now, retained=retained, connection=self.connection)
        self.handler.handle(self.batch, [message])
        self.handler.flush(self.batch)

    def wait(self, ms: int, *, step: int | None = None) -> None:
        """Advance the clock by ``ms`` with ticks."""
        end = self.now + ms
        while self.now < end:
            self.now = min(end, self.now + (step or max(SECOND, ms // 200)))
            self.handler.handle(self.batch, [(Tick(self.now, self.connected), None)])
            self.handler.flush(self.batch)

    def every(self, ms: int, count: int, topic: str, body: Any) -> None:
        """Publish the same message ``count`` times, ``ms`` apart. The clock ends at the last one."""
        for number in range(count):
            if number:
                self.wait(ms)
            self.say(topic, body)

    def device(self, device_id: str) -> Device:
        return self.registry.require(device_id)

    def presence(self, device_id: str) -> str:
        return self.device(device_id).presence

    def presences(self, device_id: str) -> list[str]:
        """Return the changes of the device's presence, in order."""
        return [e.presence for e in self.batch.events if isinstance(e, PresenceChanged) and e.device == device_id]

    def log(self) -> list[str]:
        """Return the lines about presence in the activity log."""
        lines = (narrate(event, self.registry.get) for event in self.batch.events)
        return [line.text for line in lines if line is not None and line.kind == "presence"]

    def silent(self) -> list[str]:
        """Return the devices with an open silence alert."""
        return sorted(alert.device for alert in self.engine.open.values() if alert.metric is None)

    def alerts(self, device_id: str) -> list[str]:
        """Return ``raised`` and ``cleared`` for the device's silence alerts, in order."""
        return [
            "raised" if isinstance(event, AlertRaised) else "cleared"
            for event in self.batch.events
            if isinstance(event, AlertRaised | AlertCleared)
            and event.alert.device == device_id
            and event.alert.metric is None
        ]
