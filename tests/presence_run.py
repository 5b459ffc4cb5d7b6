"""What the tests of presence share: a hub with all dialects and the rules it starts with, driven by messages and a
clock of the test's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hub.dialects import DIALECTS, Roots, parse_mappings
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
    """``now`` is the hub's clock in ms. The hub has been connected since :data:`T0`."""

    def __init__(self, *, rules: str | None = None, mappings: str | None = None, now: int = T0) -> None:
        text = (CONFIG / "rules.toml").read_text("utf-8") if rules is None else rules
        mapped = (CONFIG / "mappings.toml").read_text("utf-8") if mappings is None else mappings
        roots = Roots(mappings=tuple(parse_mappings(mapped)))
        self.now = self.connected = now
        self.registry = DeviceRegistry()
        self.engine = Engine(parse(text), self.registry.tolerated_silence)
        self.handler = IngestHandler([make(roots) for make in DIALECTS.values()], self.registry, self.engine)
        self.batch = Batch()
        self.session = 1

    def say(self, topic: str, body: Any = "", *, retained: bool = False) -> None:
        payload = (
            body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        )
        self.handler.handle(self.batch, [RawMessage(topic, payload, self.now, retained=retained, session=self.session)])
        self.handler.flush(self.batch)

    def wait(self, ms: int, *, step: int | None = None) -> None:
        """Let time pass with ticks, as often as it takes to notice all in order."""
        end = self.now + ms
        while self.now < end:
            self.now = min(end, self.now + (step or max(SECOND, ms // 200)))
            self.handler.handle(self.batch, [(Tick(self.now, self.connected), None)])
            self.handler.flush(self.batch)

    def every(self, ms: int, count: int, topic: str, body: Any) -> None:
        """Say the same ``count`` times, ``ms`` apart; the clock stands at the last one."""
        for number in range(count):
            if number:
                self.wait(ms)
            self.say(topic, body)

    def device(self, device_id: str) -> Device:
        return self.registry.require(device_id)

    def presence(self, device_id: str) -> str:
        return self.device(device_id).presence

    def presences(self, device_id: str) -> list[str]:
        """What its presence turned to, in order."""
        return [e.presence for e in self.batch.events if isinstance(e, PresenceChanged) and e.device == device_id]

    def log(self) -> list[str]:
        """The lines about presence that people see."""
        lines = (narrate(event, self.registry.get) for event in self.batch.events)
        return [line.text for line in lines if line is not None and line.kind == "presence"]

    def silent(self) -> list[str]:
        """The devices with an open alert for silence."""
        return sorted(alert.device for alert in self.engine.open.values() if alert.metric is None)

    def alerts(self, device_id: str) -> list[str]:
        """``raised`` and ``cleared`` of its alerts for silence, in order."""
        return [
            "raised" if isinstance(event, AlertRaised) else "cleared"
            for event in self.batch.events
            if isinstance(event, AlertRaised | AlertCleared)
            and event.alert.device == device_id
            and event.alert.metric is None
        ]
