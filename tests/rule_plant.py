"""A registry with one device and a rule engine, driven as the pipeline drives them."""

from __future__ import annotations

from collections.abc import Iterable

from hub.events import AlertChanged, AlertCleared, AlertEvent, AlertRaised, Event
from hub.model import Alert, AlertRequest, Identity, Info, Record
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse

T0 = 1_795_386_000_000
CONNECTED = 0
WORDS = {AlertRaised: "raised", AlertChanged: "changed", AlertCleared: "cleared"}


class Plant:
    """One device and its rules. Times are in seconds after T0."""

    def __init__(self, rules: str, device: str = "sensor_9", info: Info | None = None) -> None:
        self.registry, self.device = DeviceRegistry(), device
        self.engine = self._engine(rules)
        self.registry.identify(Identity(device, device, "native", info), T0)
        self._records: list[tuple[int, Record]] = []
        self._states: dict[str, bytes] = {}

    def _engine(self, rules: str) -> Engine:
        return Engine(parse(rules), lambda device, silence_ms: self.registry.tolerated_silence(device, silence_ms))

    def reading(self, second: float, value: object, *, metric="t", ts=None, quality="good") -> list[str]:
        return self.readings(second, {metric: value}, ts=ts, quality=quality)

    def readings(self, second: float, values: dict, *, ts=None, quality="good") -> list[str]:
        at = T0 + int(second * 1000)
        record = Record(self.device, at if ts is None else T0 + int(ts * 1000), at, values, quality)
        self.registry.observe(record)
        events = self.engine.observe(self.registry.require(self.device), record)
        self.commit(record)
        return words(events)

    def tick(self, second: float, connected_since: int | None = CONNECTED) -> list[str]:
        now, events = T0 + int(second * 1000), list[Event]()
        for lost in self.registry.tick(now, connected_since):
            events += self.engine.lose(self.registry.require(lost.device), now)
        events += self.engine.tick(now, connected_since, self.registry.get)
        if turned := self.engine.take_turned(self.registry.devices):
            self.engine.judge_later(turned)
            events += self.engine.judge_next(1, self.registry.get, now)
        self.commit()
        return words(events)

    def reload(self, second: float, rules: str) -> list[str]:
        """Replace the rules."""
        self.engine.replace(parse(rules), [self.device])
        events = self.engine.judge_next(1, self.registry.get, T0 + int(second * 1000))
        self.commit()
        return words(events)

    def restart(self, second: float, rules: str) -> list[str]:
        """Kill the hub, and start it from the committed state."""
        alerts = list(self.engine.open.values())
        self.registry, now = DeviceRegistry(), T0 + int(second * 1000)
        self.engine = self._engine(rules)
        self.registry.restore(self._states, now)
        self.engine.load(alerts)
        events: list[Event] = []
        for device in self.registry.devices():
            self.engine.published.publish_latest(device)
        for record in self.registry.missed(self._records):
            self.registry.observe(record)
            events += self.engine.observe(self.registry.require(self.device), record)
        return words(events + self.engine.restore(self.registry.with_latest_values(), now))

    def commit(self, *records: Record) -> None:
        number = len(self._records)
        self._records += [(number + 1 + k, record) for k, record in enumerate(records)]
        for name in self.engine.take_changed():
            self.registry.touch(name)
        self._states |= self.registry.take_states(len(self._records), 0)[0]

    def handle(self, request: AlertRequest) -> tuple[Alert, list[AlertEvent]]:
        return self.engine.handle(request, self.registry.require)

    def alert(self) -> Alert:
        (alert,) = self.engine.open.values()
        return alert


def words(events: Iterable[Event]) -> list[str]:
    return [WORDS[type(event)] for event in events]
